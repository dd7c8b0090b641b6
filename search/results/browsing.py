"""A search without terms: everything that passes the filter, exact, counted by the engine where it is much.

What is little enough to be read whole (`depth` products) is counted by the same functions as a candidate set, and so is
what `limit_per` thins out: of more than `depth` products, the first so many.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from catalog.points import GROUP
from search.filters import AnyOf, Filter, Within
from search.ranking import Candidate
from search.results import buckets
from search.results.facets import NumbersFacet, Tally
from search.results.listing import arrange, page_of, paths_to_arrange
from search.results.ordering import Order
from search.results.outcome import End, Outcome
from search.results.walking import Step, Walk
from search.rows import PRODUCT_ID

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from search.results.facets import Facet
    from search.retriever import Retriever
    from search.rows import Row
    from search.understood import FacetAsked, Understood


class Browser:
    """Goes through what passes a filter."""

    def __init__(self, retriever: Retriever) -> None:
        self._retriever = retriever

    async def browse(self, asked: Understood, after: End | None) -> Outcome:
        """Return the page that is asked for, of what follows `after` where there is one."""
        with asked.stages.timed("retrieve"):
            watermark = await self._retriever.recent_watermark(asked.scope)
            return replace(await self._browsed(asked, after), watermark=watermark)

    async def _browsed(self, asked: Understood, after: End | None) -> Outcome:
        total = await self._retriever.count(asked.wanted, asked.scope)
        facets = {one.facet.name: await self._facet(one, asked, total) for one in asked.facets}
        if asked.request.limit_per.limits() or (asked.request.group_by and total <= self._retriever.depth):
            return await self._from_rows(asked, after, total, facets)
        if asked.request.group_by:
            return await self._groups(asked, after, total, facets)
        walk = self._walk(asked)
        place = asked.page(0 if after else None)
        steps = await _some(walk.steps(after), place)
        shown, end = _page(steps, walk.order, place)
        return Outcome([Candidate(step.row.point_id) for step in shown], total, total, True, facets, end)  # noqa: FBT003

    def _walk(self, asked: Understood, paths: Sequence[str] = ()) -> Walk:
        assert asked.order is not None, "browsing has an order"
        depth = self._retriever.depth
        return Walk(self._retriever, asked.order, asked.wanted, asked.scope, paths, most_ties=depth)

    async def places(self, asked: Understood) -> tuple[Sequence[Candidate], dict[str, Row]]:
        """Return the list as far as pages by number go through it, and the rows that it was made of."""
        total, depth = await self._retriever.count(asked.wanted, asked.scope), self._retriever.depth
        if total <= depth or not asked.request.group_by or asked.request.limit_per.limits():
            return await self.listed(asked)
        steps = await _some(self._firsts(self._walk(asked, (GROUP,)), {}, None), slice(depth - 1))
        rows = {step.row.point_id: step.row for step in steps}
        return [Candidate(point_id) for point_id in rows], rows

    async def listed(self, asked: Understood) -> tuple[Sequence[Candidate], dict[str, Row]]:
        """Return the list of what can be read whole, or of its first `depth`, and all that was read for it."""
        rows: dict[str, Row] = {}
        async for step in self._walk(asked, paths_to_arrange(asked.request, asked.order)).steps():
            rows[step.row.point_id] = step.row
            if len(rows) == self._retriever.depth:
                break
        candidates = [Candidate(point_id, None) for point_id in rows]
        return arrange(candidates, rows, asked.request, asked.order), rows

    async def _from_rows(self, asked: Understood, after: End | None, total: int, facets: dict[str, Any]) -> Outcome:
        entries, rows = await self.listed(asked)
        shown, end = page_of(entries, rows, asked, after)
        return Outcome(shown, len(entries), total, total <= len(rows), facets, end)

    async def _groups(self, asked: Understood, after: End | None, total: int, facets: dict[str, Any]) -> Outcome:
        """Return a page of groups: each where its first variant stands, counted by the engine."""
        variants = await self._retriever.facet(GROUP, asked.wanted, asked.scope)
        walk = self._walk(asked, (GROUP,))
        place = asked.page(0 if after else None)
        steps = await _some(self._firsts(walk, variants, after), place)
        shown, end = _page(steps, walk.order, place)
        entries = [Candidate(step.row.point_id, None, variants.get(step.row.group, 1)) for step in shown]
        return Outcome(entries, len(variants), total, True, facets, end)  # noqa: FBT003

    async def _firsts(self, walk: Walk, variants: dict[str, int], after: End | None) -> AsyncIterator[Step]:
        """Yield the first row of each group, of those groups that were not shown before `after`."""
        seen: set[str] = set()
        async for step in walk.steps(after):
            group = step.row.group
            if group in seen:
                continue
            seen.add(group)
            if after is None or variants.get(group, 1) == 1 or not await self._shown_before(group, walk, after):
                yield step

    async def _shown_before(self, group: str, walk: Walk, after: End) -> bool:
        wanted = walk.wanted & Filter(must=(AnyOf(GROUP, (group,)),))
        rows = await self._retriever.rows(wanted, walk.scope, walk.order.paths, self._retriever.depth)
        return any(not after.comes_before(row, walk.order) for row in rows)

    async def _facet(self, one: FacetAsked, asked: Understood, total: int) -> dict[str, Any]:
        wanted, scope = one.without_own or asked.wanted, asked.scope
        if one.without_own is not None:
            total = await self._retriever.count(wanted, scope)
        if total <= self._retriever.depth:
            rows = await self._retriever.rows(wanted, scope, _paths(one.facet), self._retriever.depth)
            return one.facet.count(Tally(rows))
        if isinstance(one.facet, NumbersFacet):
            return await self._numbers(one.facet, wanted, asked, total)
        keywords = await self._retriever.facet(one.facet.path, wanted, scope)
        return one.facet.answer(one.facet.mine(keywords), total - one.facet.present(keywords))

    async def _numbers(self, facet: NumbersFacet, wanted: Filter, asked: Understood, total: int) -> dict[str, Any]:
        low, high = [await self._end(facet, wanted, asked, descending=descending) for descending in (False, True)]
        if low is None or high is None:
            return facet.answer([], [], total)
        positive = wanted & Filter(must=(Within(facet.path, gt=0.0),))
        above_zero = await self._end(facet, positive, asked, descending=False) if low == 0 else None
        bounds = buckets.edges(low, high, above_zero)
        ranges = [Within(facet.path, gte=gte, lt=lt) for gte, lt in pairwise(bounds)]
        counts = [await self._retriever.count(wanted & Filter(must=(one,)), asked.scope) for one in ranges]
        return facet.answer(bounds, counts, total - sum(counts), (low, high))

    async def _end(self, facet: NumbersFacet, wanted: Filter, asked: Understood, *, descending: bool) -> float | None:
        """Return the least or the greatest number of what passes the filter, None where nothing has one."""
        order = Order(facet.name, facet.path, descending)
        rows = await self._retriever.ordered(order, wanted, asked.scope, facet.paths, 1)
        return next((value for row in rows if (value := facet.value(row)) is not None), None)


def _paths(facet: Facet) -> list[str]:
    return [PRODUCT_ID, *facet.paths]


async def _some(steps: AsyncIterator[Step], place: slice) -> list[Step]:
    """Return the steps up to the end of a page, and the one after it where there is one."""
    found = []
    async for step in steps:
        found.append(step)
        if len(found) > place.stop:
            break
    return found


def _page(steps: Sequence[Step], order: Order, place: slice) -> tuple[Sequence[Step], End | None]:
    shown = steps[place]
    more = shown and len(steps) > place.stop
    return shown, End(order.key(shown[-1].row), shown[-1].by_point) if more else None
