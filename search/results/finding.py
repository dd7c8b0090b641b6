"""A search with terms: one candidate set, and from it the list, the page and the facets.

The engine is asked twice at most: once for the arms, in the same call once more of every facet with a filter of its
own, and once for what is counted, compared, shown and told. Products that are terms are read before: that encodes them.
Where much may be on a page, what terms say of it is read once the page is known.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.errors import InvalidInput
from search.filters import Filter, Products
from search.questions import Sought
from search.ranking import Candidates, members, rank
from search.results.boosts import lifted
from search.results.diversity import DEEP, diversify_compared
from search.results.explaining import words_of_terms
from search.results.facets import Tally
from search.results.listing import around_page, listing_of, narrowings, paths_to_arrange
from search.results.outcome import Outcome
from search.results.reading import CarriedReading, KeptReading, Wanted
from search.rows import PRODUCT_ID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from search.encoding.query import ArmQuery, QueryEncoder
    from search.kept_rows import KeptRows
    from search.ranking import Candidate, Found, Ranking
    from search.results.boosts import Boosts
    from search.results.listing import Listing
    from search.results.outcome import End
    from search.results.reading import Read, Reading
    from search.retriever import Retriever
    from search.rows import Row
    from search.schemas import Term
    from search.understood import Understood


@dataclass(frozen=True, slots=True)
class Listed:
    """The candidate set of a query, the list that its pages are cut from, and one page of it.

    `query` is what the arms looked for. `whole` is under the whole filter, `others` one for each selected facet,
    without the condition on its own field, in no order. `founds` are of all of these. `rows` hold what the order lies
    in, where it lies in the products. `read` is of the page and of what is counted, of more where that was not known
    before the call.
    """

    query: Mapping[str, ArmQuery]
    founds: Sequence[Found]
    whole: Candidates
    others: Sequence[Candidates]
    rows: Mapping[str, Row]
    read: Read
    listing: Listing


class Finder:
    """Finds what terms ask for."""

    def __init__(
        self, encoder: QueryEncoder, retriever: Retriever, boosts: Boosts, kept: KeptRows | None = None
    ) -> None:
        self._encoder = encoder
        self._retriever = retriever
        self._boosts = boosts
        self._kept = kept

    async def find(self, asked: Understood, after: End | None) -> Outcome:
        """Return the page that is asked for, of what follows `after` where there is one."""
        listed = await self.listed(asked, after, telling=asked.request.explain)
        with asked.stages.timed("rank"):
            facets = _facets(asked, listed)
        return Outcome(
            shown=listed.listing.shown,
            listed=len(listed.listing.entries),
            products=len(listed.whole),
            exact=all(one.exact for one in (listed.whole, *listed.others)),
            facets=facets,
            end=listed.listing.end,
            read=self._products(asked, listed),
            found=listed.founds[0],
            query=listed.query,
            boosts=self._lifts(listed),
            told=listed.read.told,
            watermark=listed.founds[0].watermark,
        )

    async def listed(self, asked: Understood, after: End | None = None, *, telling: bool = False) -> Listed:
        """Return the candidate set in the order in which it is shown, and the page of it that is asked for.

        With `telling`, what each term says of that is read as well, which `/v1/explain` does not ask for.
        """
        ranking, ordering = asked.ranking, self._ordering(asked)
        # Explanations tell of every hit, those that have no say included.
        seen = replace(ranking, cut_off="off") if asked.request.explain else ranking
        query, founds = await self.ask(asked, seen, () if self._kept is not None else ordering)
        with asked.stages.timed("rank"):
            whole = rank(founds[0].arms, ranking, founds[0].named)
            others = [members(found.arms, ranking, found.named) for found in founds[1:]]
            reading = self._reading(asked, founds, ordering)
            rows = reading.known(whole.point_ids) if ordering else {}
            unknown = [point_id for point_id in whole.point_ids if point_id not in rows] if ordering else []
            ordered = self._ordered(whole, rows, unknown)
            listing = None if unknown else listing_of(ordered, rows, asked, after)
            near = around_page(ordered, rows, asked, after, len(unknown)) if listing is None else listing.shown
            wanted = self._wanted(asked, (whole, *others), ordered, near, unknown)
            words = words_of_terms(query) if telling else {}
            if telling and len(wanted.shown) <= DEEP + asked.request.limit:
                wanted = replace(wanted, told=wanted.shown, words=words)
        with asked.stages.timed("retrieve"):
            read = await reading.read(wanted)
        if listing is None or wanted.compared:
            with asked.stages.timed("rank"):
                rows = {**rows, **read.shown} if unknown else rows
                ordered = self._ordered(whole, rows, unknown)
                if wanted.compared:
                    ordered = diversify_compared(ordered, read.compared, asked.request.diversity)
                listing = listing_of(ordered, rows, asked, after)
        if telling and not wanted.told:  # too many for that may be shown: only now it is known which are
            page = Wanted(told=[one.point_id for one in listing.shown], words=words)
            with asked.stages.timed("retrieve"):
                read = replace(read, told=(await reading.read(page)).told)
        return Listed(query, founds, whole, others, rows, read, listing)

    def _ordered(self, whole: Candidates, rows: Mapping[str, Row], unknown: Sequence[str]) -> Sequence[Candidate]:
        """Return the candidates best first, of those that were `unknown` the ones that have a row by now."""
        ordered = lifted(whole, rows, self._boosts)
        lacking = {point_id for point_id in unknown if point_id not in rows}
        return [one for one in ordered if one.point_id not in lacking] if lacking else ordered

    def _wanted(
        self,
        asked: Understood,
        sets: Sequence[Candidates],
        ordered: Sequence[Candidate],
        near: Sequence[Candidate],
        unknown: Sequence[str],
    ) -> Wanted:
        """Return what is to be read: of what is shown all that may be on the page once the `unknown` are known."""
        whole, *_ = sets
        paths = [path for one in asked.facets for path in one.facet.paths]
        counted = dict.fromkeys(point_id for one in sets for point_id in one.point_ids) if paths else ()
        compared: Sequence[str] = ()
        if asked.request.diversity and asked.order is None:
            first = whole[: self._may_be_first(whole)] if unknown else ordered[:DEEP]
            compared = [one.point_id for one in first]
        if (compared and unknown) or ((compared or unknown) and narrowings(asked.request) > 1):
            shown = whole.point_ids
        else:  # the first ones change places among themselves: however narrowed once, those after them stay
            shown = list(dict.fromkeys((*unknown, *compared, *(one.point_id for one in near))))
        return Wanted(list(counted), (PRODUCT_ID, *paths), shown, asked.request.fields, compared)

    def _may_be_first(self, whole: Candidates) -> int:
        """Return how many of what is best without a lift may be among the first `DEEP` with it."""
        if whole.scores is None or len(whole) <= DEEP or not self._boosts.paths:
            return DEEP
        return int(np.count_nonzero(whole.scores * self._boosts.highest >= whole.scores[DEEP - 1]))

    async def ask(
        self, asked: Understood, ranking: Ranking, paths: Sequence[str] = ()
    ) -> tuple[Mapping[str, ArmQuery], Sequence[Found]]:
        """Return what each arm looks for, and what was found: under the whole filter, then for each selected facet.

        What is found under the whole filter carries what lies at `paths`.

        Hits that have no say in `ranking` may be left out, and of selected facets, which are only counted, all that are
        no candidates. Arms without a weight in it are not asked. Raises `InvalidInput` that names the term.
        """
        products = await self._vectors_of(asked)
        with asked.stages.timed("encode"):
            query = await self._encoder.encode(asked.terms, asked.uploads, products, ranking.weights)
        leaving_out = searched_with(asked.terms)
        others = [one.without_own for one in asked.selected if one.without_own is not None]
        sought = [
            Sought.above(ranking.silent, query, asked.wanted & leaving_out, paths),
            *(Sought.above(ranking.far, query, wanted & leaving_out) for wanted in others),
        ]
        with asked.stages.timed("retrieve"):
            founds = await self._retriever.retrieve_each(query, _names(asked), sought, asked.scope)
        return query, founds

    async def _vectors_of(self, asked: Understood) -> dict[str, Any]:
        named = {term.product: f"terms.{number}.product" for number, term in enumerate(asked.terms) if term.product}
        if not named:
            return {}
        with asked.stages.timed("retrieve"):
            vectors = await self._retriever.vectors(list(named), asked.scope)
        for product_id, where in named.items():
            if product_id not in vectors:
                raise InvalidInput(f"there is no product {product_id!r}", field=where)
        return vectors

    def _ordering(self, asked: Understood) -> tuple[str, ...]:
        """Return where in products their places in the list lie, nothing where scores alone make it."""
        paths = (*paths_to_arrange(asked.request, asked.order), *self._boosts.paths)
        return (PRODUCT_ID, *paths) if paths else ()

    def _reading(self, asked: Understood, founds: Sequence[Found], ordering: Sequence[str]) -> Reading:
        if self._kept is None:
            return CarriedReading(self._retriever, asked.scope, founds)
        return KeptReading(self._retriever, asked.scope, founds, asked.ranking, kept=self._kept, ordering=ordering)

    def _products(self, asked: Understood, listed: Listed) -> dict[str, Mapping[str, Any]]:
        shown = {one.point_id: listed.read.shown.get(one.point_id) for one in listed.listing.shown}
        return {one: _only(row.product, asked.request.fields) for one, row in shown.items() if row is not None}

    def _lifts(self, listed: Listed) -> dict[str, dict[str, float]]:
        if not self._boosts.paths:
            return {}
        return {one.point_id: self._boosts.of(listed.rows[one.point_id]) for one in listed.listing.shown}


def searched_with(terms: Sequence[Term]) -> Filter:
    """Return the filter that leaves out the products among the terms: they are no answer to themselves."""
    products = tuple(dict.fromkeys(term.product for term in terms if term.product is not None))
    return Filter(must_not=(Products(products),)) if products else Filter()


def _names(asked: Understood) -> list[str]:
    """Return what an id or a code may be written as, of each positive term in words, as it was typed."""
    typed = [term.text.strip() for term in asked.request.all_terms() if term.text is not None and term.weight > 0]
    return list(dict.fromkeys(name for text in typed for name in (text, text.upper(), text.lower())))


def _only(product: Mapping[str, Any], fields: Sequence[str] | None) -> Mapping[str, Any]:
    """Return the fields of a product that are asked for, and its id."""
    return product if fields is None else {name: product[name] for name in ("id", *fields) if name in product}


def _facets(asked: Understood, listed: Listed) -> dict[str, Any]:
    """Count each facet over the candidate set, or over the one that its own filter does not narrow."""
    if not asked.facets:
        return {}
    rows = listed.read.counted
    whole, own = _tally(listed.whole, rows), iter(listed.others)
    return {
        one.facet.name: one.facet.count(whole if one.without_own is None else _tally(next(own), rows))
        for one in asked.facets
    }


def _tally(candidates: Candidates, rows: Mapping[str, Row]) -> Tally:
    return Tally([rows[point_id] for point_id in candidates.point_ids if point_id in rows])
