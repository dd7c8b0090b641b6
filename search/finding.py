"""A search with terms: one candidate set, and from it the list, the page and the facets.

The engine is asked once for the arms, of every facet with a filter of its own once more in the same call, and once for
what is shown and counted. Only where the order itself lies in the products (a field, groups, at most n of a kind, a
boost, diversity) is the page known after that second call, and its products are a third.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from catalog.errors import InvalidInput
from catalog.points import PRODUCT
from search.boosts import lifted
from search.diversity import DEEP, diversify
from search.filters import Filter, Products
from search.listing import arrange, paths_to_arrange, place_after
from search.outcome import End, Outcome
from search.ranking import Candidates, rank
from search.retriever import Part, dense_vectors, products_part, row_of
from search.rows import PRODUCT_ID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from search.boosts import Boosts
    from search.listing import Entry
    from search.query import ArmQuery, QueryEncoder
    from search.ranking import Found
    from search.retriever import Retriever
    from search.rows import Row
    from search.understood import Understood


class Finder:
    """Finds what terms ask for."""

    def __init__(self, encoder: QueryEncoder, retriever: Retriever, boosts: Boosts) -> None:
        self._encoder = encoder
        self._retriever = retriever
        self._boosts = boosts

    async def find(self, asked: Understood, after: End | None) -> Outcome:
        """Return the page that is asked for, of what follows `after` where there is one."""
        query, founds = await self.ask(asked, asked.ranking.weights)
        with asked.stages.timed("rank"):
            whole, *others = [rank(found.arms, asked.ranking, found.named) for found in founds]
        paths = self._paths(asked)
        if self._order_lies_in_rows(asked):
            rows = await self._rows(whole, others, paths, asked)
            entries = await self._arranged(whole, rows, asked)
            shown, end = self._page(entries, rows, asked, after)
            read = None
        else:
            entries = await self._arranged(whole, {}, asked)
            shown, end = self._page(entries, {}, asked, None)
            rows, read = await self._rows_and_products(whole, others, paths, shown, asked)
        with asked.stages.timed("rank"):
            facets = _facets(asked, whole, others, rows)
        today = datetime.now(UTC)
        return Outcome(
            shown=shown,
            listed=len(entries),
            products=len(whole),
            exact=all(one.exact for one in (whole, *others)),
            facets=facets,
            end=end,
            read=read,
            found=founds[0],
            query=query,
            boosts={one.point_id: self._boosts.of(rows[one.point_id], today) for one in shown if one.point_id in rows},
        )

    async def ask(
        self, asked: Understood, weights: Mapping[str, float]
    ) -> tuple[Mapping[str, ArmQuery], Sequence[Found]]:
        """Return what each arm looks for, and what was found: under the whole filter, then for each selected facet.

        `weights` say which arms are asked. Raises `InvalidInput` that names the term.
        """
        with asked.stages.timed("retrieve"):
            products = await self._vectors_of(asked)
        with asked.stages.timed("encode"):
            query = await self._encoder.encode(asked.terms, asked.uploads, products, weights)
        themselves = Filter(must_not=(Products(tuple(products)),)) if products else Filter()
        filters = [asked.wanted, *(one.without_own for one in asked.selected if one.without_own is not None)]
        names = _names(asked)
        with asked.stages.timed("retrieve"):
            founds = await self._retriever.retrieve_each(
                query, names, [one & themselves for one in filters], asked.scope
            )
        return query, founds

    async def _vectors_of(self, asked: Understood) -> dict[str, Any]:
        named = {term.product: f"terms.{number}.product" for number, term in enumerate(asked.terms) if term.product}
        if not named:
            return {}
        vectors = await self._retriever.vectors(list(named), asked.scope)
        for product_id, where in named.items():
            if product_id not in vectors:
                raise InvalidInput(f"there is no product {product_id!r}", field=where)
        return vectors

    def _order_lies_in_rows(self, asked: Understood) -> bool:
        return bool(paths_to_arrange(asked.request, asked.order) or self._boosts.paths or asked.request.diversity)

    def _paths(self, asked: Understood) -> list[str]:
        counted = [path for one in asked.facets for path in one.facet.paths]
        paths = [*paths_to_arrange(asked.request, asked.order), *self._boosts.paths, *counted]
        return [PRODUCT_ID, *paths] if paths else []

    async def _rows(
        self, whole: Candidates, others: Sequence[Candidates], paths: Sequence[str], asked: Understood
    ) -> dict[str, Row]:
        with asked.stages.timed("retrieve"):
            (points,) = await self._retriever.read([_counted_part(whole, others, paths)], asked.scope)
        return {point_id: row_of(point) for point_id, point in points.items()}

    async def _rows_and_products(
        self,
        whole: Candidates,
        others: Sequence[Candidates],
        paths: Sequence[str],
        shown: Sequence[Entry],
        asked: Understood,
    ) -> tuple[dict[str, Row], dict[str, Mapping[str, Any]]]:
        parts = [
            _counted_part(whole, others, paths),
            products_part([one.point_id for one in shown], asked.request.fields),
        ]
        with asked.stages.timed("retrieve"):
            counted, products = await self._retriever.read(parts, asked.scope)
        rows = {point_id: row_of(point) for point_id, point in counted.items()}
        return rows, {point_id: (point.payload or {})[PRODUCT] for point_id, point in products.items()}

    async def _arranged(self, whole: Candidates, rows: Mapping[str, Row], asked: Understood) -> list[Entry]:
        request = asked.request
        with asked.stages.timed("rank"):
            ordered = lifted(whole, rows, self._boosts, datetime.now(UTC)).ordered
        if rows:  # one that was deleted a moment ago has none
            ordered = [one for one in ordered if one.point_id in rows]
        if request.diversity and asked.order is None:
            first = Part([one.point_id for one in ordered[:DEEP]], (), vectors=True)
            with asked.stages.timed("retrieve"):
                (points,) = await self._retriever.read([first], asked.scope)
            vectors = {point_id: dense_vectors(point) for point_id, point in points.items()}
            with asked.stages.timed("rank"):
                ordered = diversify(ordered, vectors, request.diversity)
        with asked.stages.timed("rank"):
            return arrange(ordered, rows, request, asked.order)

    @staticmethod
    def _page(
        entries: Sequence[Entry], rows: Mapping[str, Row], asked: Understood, after: End | None
    ) -> tuple[Sequence[Entry], End | None]:
        order = asked.order
        place = asked.page(place_after(entries, rows, order, after) if order and after else None)
        shown = entries[place]
        more = order is not None and shown and place.stop < len(entries)
        return shown, End(order.key(rows[shown[-1].point_id])) if more and order else None


def _names(asked: Understood) -> list[str]:
    """Return what an id or a code may be written as, of each positive term in words."""
    typed = [term.text.strip() for term in asked.terms if term.text is not None and term.weight > 0]
    return list(dict.fromkeys(name for text in typed for name in (text, text.upper(), text.lower())))


def _counted_part(whole: Candidates, others: Sequence[Candidates], paths: Sequence[str]) -> Part:
    point_ids = dict.fromkeys(point_id for one in (whole, *others) for point_id in one.point_ids) if paths else {}
    return Part(list(point_ids), paths)


def _facets(
    asked: Understood, whole: Candidates, others: Sequence[Candidates], rows: Mapping[str, Row]
) -> dict[str, Any]:
    """Count each facet over the candidate set, or over the one that its own filter does not narrow."""
    own = iter(others)
    counted = {}
    for one in asked.facets:
        candidates = whole if one.without_own is None else next(own)
        counted[one.facet.name] = one.facet.count(
            [rows[point_id] for point_id in candidates.point_ids if point_id in rows]
        )
    return counted
