"""A search with terms: one candidate set, and from it the list, the page and the facets.

The engine is asked once for the arms, of every facet with a filter of its own once more in the same call, and once for
what is shown and counted. Only where the order itself lies in the products (a field, groups, at most n of a kind, a
boost, diversity) is the page known after that second call, and its products are a third.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from catalog.errors import InvalidInput
from search.filters import Filter, Products
from search.parts import Part, dense_vectors, product_paths
from search.ranking import Candidates, members, rank
from search.results.boosts import lifted
from search.results.diversity import DEEP, diversify
from search.results.facets import Tally
from search.results.listing import arrange, page_of, paths_to_arrange
from search.results.outcome import Outcome
from search.retriever import Sought
from search.rows import PRODUCT_ID, row_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from search.encoding.query import ArmQuery, QueryEncoder
    from search.kept_rows import Kept, KeptRows
    from search.ranking import Candidate, Found, Ranking
    from search.results.boosts import Boosts
    from search.results.outcome import End
    from search.retriever import Retriever
    from search.rows import Row
    from search.schemas import Term
    from search.understood import Understood


@dataclass(frozen=True, slots=True)
class Listed:
    """The candidate set of a query and the list that its pages are cut from.

    `query` is what the arms looked for. `whole` is under the whole filter, `others` one for each selected facet,
    without the condition on its own field, in no order. `founds` are of all of these. `rows` are of all candidates,
    where the order lies in them.
    """

    query: Mapping[str, ArmQuery]
    founds: Sequence[Found]
    whole: Candidates
    others: Sequence[Candidates]
    entries: Sequence[Candidate]
    rows: Mapping[str, Row]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Rows to have: of which points, with what lies at `paths` at least; and where they are kept, if anywhere."""

    point_ids: Sequence[str]
    paths: Sequence[str]
    kept: KeptRows | None

    def parted(self, versions: Mapping[str, int]) -> tuple[dict[str, Row], Part]:
        """Return the rows that are kept at these versions, and what is to be read for the others."""
        if self.kept is None:
            return {}, Part(self.point_ids, self.paths)
        paths = self.kept.widened(self.paths)
        known = self.kept.known(self.point_ids, versions)
        return known, Part([point_id for point_id in self.point_ids if point_id not in known], paths)


class Finder:
    """Finds what terms ask for."""

    def __init__(self, encoder: QueryEncoder, retriever: Retriever, boosts: Boosts, kept: Kept | None = None) -> None:
        self._encoder = encoder
        self._retriever = retriever
        self._boosts = boosts
        self._kept_rows = kept.rows if kept is not None else None
        self._kept_products = kept.products if kept is not None else None

    async def find(self, asked: Understood, after: End | None) -> Outcome:
        """Return the page that is asked for, of what follows `after` where there is one."""
        listed = await self.listed(asked)
        shown, end = page_of(listed.entries, listed.rows, asked, after)
        rows, of_page = listed.rows, self._page(asked, shown)
        if self._order_lies_in_rows(asked):
            (products,) = await self._rows(listed.founds, asked, of_page)
        else:
            of_sets = self._wanted(asked, (listed.whole, *listed.others))
            rows, products = await self._rows(listed.founds, asked, of_sets, of_page)
        with asked.stages.timed("rank"):
            facets = _facets(asked, listed, rows)
        return Outcome(
            shown=shown,
            listed=len(listed.entries),
            products=len(listed.whole),
            exact=all(one.exact for one in (listed.whole, *listed.others)),
            facets=facets,
            end=end,
            read={point_id: _only(row.product, asked.request.fields) for point_id, row in products.items()},
            found=listed.founds[0],
            query=listed.query,
            boosts=self._lifts(shown, rows),
        )

    async def listed(self, asked: Understood) -> Listed:
        """Return the candidate set in the order in which it is shown."""
        ranking = asked.ranking
        # Explanations tell of every hit, those that have no say included.
        seen = replace(ranking, cut_off="off") if asked.request.explain else ranking
        query, founds = await self.ask(asked, seen)
        with asked.stages.timed("rank"):
            whole = rank(founds[0].arms, ranking, founds[0].named)
            others = [members(found.arms, ranking, found.named) for found in founds[1:]]
        ordered: Sequence[Candidate] = whole
        rows: dict[str, Row] = {}
        if self._order_lies_in_rows(asked):
            (rows,) = await self._rows(founds, asked, self._wanted(asked, (whole, *others)))
            with asked.stages.timed("rank"):
                ordered = lifted(whole, rows, self._boosts)
            if self._paths(asked):  # one that was deleted a moment ago has no row
                ordered = [one for one in ordered if one.point_id in rows]
        if asked.request.diversity and asked.order is None:
            ordered = await self._diversified(ordered, asked)
        with asked.stages.timed("rank"):
            entries = arrange(ordered, rows, asked.request, asked.order)
        return Listed(query, founds, whole, others, entries, rows)

    async def ask(self, asked: Understood, ranking: Ranking) -> tuple[Mapping[str, ArmQuery], Sequence[Found]]:
        """Return what each arm looks for, and what was found: under the whole filter, then for each selected facet.

        Hits that have no say in `ranking` may be left out, and of selected facets, which are only counted, all that are
        no candidates. Arms without a weight in it are not asked. Raises `InvalidInput` that names the term.
        """
        products = await self._vectors_of(asked)
        with asked.stages.timed("encode"):
            query = await self._encoder.encode(asked.terms, asked.uploads, products, ranking.weights)
        leaving_out = searched_with(asked.terms)
        others = [one.without_own for one in asked.selected if one.without_own is not None]
        sought = [
            Sought.above(ranking.silent, query, asked.wanted & leaving_out),
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

    def _lifts(self, shown: Sequence[Candidate], rows: Mapping[str, Row]) -> dict[str, dict[str, float]]:
        if not self._boosts.paths:
            return {}
        return {one.point_id: self._boosts.of(rows[one.point_id]) for one in shown if one.point_id in rows}

    def _order_lies_in_rows(self, asked: Understood) -> bool:
        return bool(paths_to_arrange(asked.request, asked.order) or self._boosts.paths or asked.request.diversity)

    def _paths(self, asked: Understood) -> tuple[str, ...]:
        counted = [path for one in asked.facets for path in one.facet.paths]
        paths = (*paths_to_arrange(asked.request, asked.order), *self._boosts.paths, *counted)
        return (PRODUCT_ID, *paths) if paths else ()

    def _wanted(self, asked: Understood, sets: Sequence[Candidates]) -> _Wanted:
        """Return the rows of the sets, as far as something is ordered or counted by them."""
        paths = self._paths(asked)
        union = dict.fromkeys(point_id for one in sets for point_id in one.point_ids) if paths else ()
        return _Wanted(list(union), paths, self._kept_rows)

    def _page(self, asked: Understood, shown: Sequence[Candidate]) -> _Wanted:
        """Return the products of a page: whole where they are kept, for the next request may ask for another field."""
        paths = product_paths(asked.request.fields if self._kept_products is None else None)
        return _Wanted([one.point_id for one in shown], paths, self._kept_products)

    async def _rows(self, founds: Sequence[Found], asked: Understood, *wanted: _Wanted) -> list[dict[str, Row]]:
        """Return the rows of each: those that are kept at just the version that a hit told, the others as read."""
        versions: dict[str, int] = {}
        for found in founds if any(one.kept and one.point_ids for one in wanted) else ():
            versions.update(found.versions)
        known, missing = zip(*(one.parted(versions) for one in wanted), strict=True)
        with asked.stages.timed("retrieve"):
            read = await self._retriever.read(missing, asked.scope)
        for one, part, points, rows in zip(wanted, missing, read, known, strict=True):
            new = {point_id: row_of(point) for point_id, point in points.items()}
            if one.kept is not None:
                one.kept.keep(new, versions, part.paths)
            rows.update(new)
        return list(known)

    async def _diversified(self, ordered: Sequence[Candidate], asked: Understood) -> list[Candidate]:
        first = Part([one.point_id for one in ordered[:DEEP]], (), vectors=True)
        with asked.stages.timed("retrieve"):
            (points,) = await self._retriever.read([first], asked.scope)
        vectors = {point_id: dense_vectors(point) for point_id, point in points.items()}
        with asked.stages.timed("rank"):
            return diversify(ordered, vectors, asked.request.diversity)


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


def _facets(asked: Understood, listed: Listed, rows: Mapping[str, Row]) -> dict[str, Any]:
    """Count each facet over the candidate set, or over the one that its own filter does not narrow."""
    if not asked.facets:
        return {}
    whole, own = _tally(listed.whole, rows), iter(listed.others)
    return {
        one.facet.name: one.facet.count(whole if one.without_own is None else _tally(next(own), rows))
        for one in asked.facets
    }


def _tally(candidates: Candidates, rows: Mapping[str, Row]) -> Tally:
    return Tally([rows[point_id] for point_id in candidates.point_ids if point_id in rows])
