"""Through everything that passes a filter, in the order of a field, however much it is: a walk by keys.

The engine orders by one field and says nothing of ties, so a walk goes from value to value: the rows of one value are
read by a filter on it and put in order here. Where more than `most_ties` have it (a catalogue without any popularity,
say) they are in the order of their points, the only one in which an engine can go through them a page at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.points import point_id
from search.filters import Filter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from search.access import Scope
    from search.results.ordering import Order
    from search.results.outcome import End
    from search.retriever import Retriever
    from search.rows import Row

_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a walk; `by_point` where it stands among ties in the order of their points."""

    row: Row
    by_point: bool = False


@dataclass(frozen=True, slots=True)
class Walk:
    """The rows of a filter in an order; `paths` are read besides what the order needs."""

    retriever: Retriever
    order: Order
    wanted: Filter
    scope: Scope
    paths: Sequence[str] = ()
    most_ties: int = 1_000

    async def steps(self, after: End | None = None) -> AsyncIterator[Step]:
        """Yield row by row, those after `after` where it is given."""
        value = self.order.value_of(after.key) if after else None
        if after is not None:
            async for step in self._rest_of_ties(value, after):
                yield step
        if after is None or value is not None:
            async for step in self._from_value_to_value(value):
                yield step
            if not self.order.always_there:
                async for step in self._ties(None):
                    yield step

    async def _from_value_to_value(self, value: float | None) -> AsyncIterator[Step]:
        while True:
            ahead = await self._ahead(value)
            last = self.order.value(ahead[-1]) if len(ahead) == _AT_ONCE else None
            for row in sorted(ahead, key=self.order.key):
                if self.order.value(row) != last or last is None:
                    yield Step(row)
            if last is None:
                return
            async for step in self._ties(last):
                yield step
            value = last

    async def _ahead(self, value: float | None) -> list[Row]:
        beyond = self.order.beyond(value) if value is not None else Filter()
        return await self.retriever.ordered(self.order, self.wanted & beyond, self.scope, self.paths, _AT_ONCE)

    async def _ties(self, value: float | None) -> AsyncIterator[Step]:
        """Yield the rows of one value, or those without one."""
        if await self.retriever.count(self.wanted & self.order.equal_to(value), self.scope) > self.most_ties:
            async for step in self._by_point(value, await self._tied(value, _AT_ONCE)):
                yield step
            return
        for row in sorted(await self._tied(value, self.most_ties), key=self.order.key):
            yield Step(row)

    async def _rest_of_ties(self, value: float | None, after: End) -> AsyncIterator[Step]:
        """Yield what follows a row among those of its value, in the order in which it was shown."""
        product_id = str(after.key[-1])
        if after.by_point:
            async for step in self._by_point(value, await self._tied(value, _AT_ONCE, point_id(product_id))):
                yield step
            return
        more = rows = await self._tied(value, self.most_ties)
        while len(more) == self.most_ties:
            more = await self._tied(value, self.most_ties, rows[-1].point_id)
            rows = [*rows, *more]
        for row in sorted(rows, key=self.order.key):
            if self.order.key(row) > after.key:
                yield Step(row)

    async def _by_point(self, value: float | None, rows: list[Row]) -> AsyncIterator[Step]:
        while rows:
            for row in rows:
                yield Step(row, by_point=True)
            rows = await self._tied(value, _AT_ONCE, rows[-1].point_id)

    async def _tied(self, value: float | None, limit: int, after: str | None = None) -> list[Row]:
        wanted = self.wanted & self.order.equal_to(value)
        return await self.retriever.rows(wanted, self.scope, [*self.order.paths, *self.paths], limit, after=after)
