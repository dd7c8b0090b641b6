"""Facets over HTTP: what counting adds to a search, with none of them selected, with one and with two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.vectors import ARMS
from tests.benchmarks.served import search_body
from tests.benchmarks.table import Row, verdict
from tests.benchmarks.timing import Samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.goods import Query
    from tests.benchmarks.served import Api

AIM_TIMES = 3.0
FACETS = ("brand", "in_stock", "attributes.colour", "attributes.material")
SELECTED = ("category", "price", *FACETS[:2])
"""Two of these are in the filter, so that each is counted under a filter of its own."""
ONE_SELECTED = ("category", *FACETS[:3])


@dataclass(frozen=True, slots=True)
class Times:
    """The same searches without facets and with them, in turn."""

    plain: Samples
    none: Samples
    one: Samples
    two: Samples


def measure(api: Api, wanted: Sequence[Query], rounds: int) -> Times:
    """Search `rounds` times in each way; the words are known, so that encoding does not blur the comparison."""
    times = Times(Samples(), Samples(), Samples(), Samples())
    ways: tuple[tuple[Samples, tuple[str, ...]], ...] = (
        (times.plain, ()),
        (times.none, FACETS),
        (times.one, ONE_SELECTED),
        (times.two, SELECTED),
    )
    for query in wanted:
        api.search(_body(query, FACETS))
    for number in range(rounds):
        for into, facets in ways:
            with into.timed():
                api.search(_body(wanted[number % len(wanted)], facets))
    return times


def rows(products: int, times: Times) -> list[Row]:
    """Return the lines of one size of index."""
    factor = float(np.median(np.array(times.none.seconds) / np.array(times.plain.seconds)))
    beside = f"without facets {times.plain}"
    found = [
        Row(
            f"{products:,} · hybrid, category and price, 4 facets and total, none selected",
            str(times.none),
            beside,
            f"{factor:.1f} times",
            verdict(f"≤ {AIM_TIMES:g} times", holds=factor <= AIM_TIMES),
        )
    ]
    for count, selected in ((1, times.one), (2, times.two)):
        more = selected.less(times.none)
        plain = float(np.median(np.array(more.seconds) / np.array(times.plain.seconds)))
        found.append(
            Row(
                f"{products:,} · the same, {count} selected",
                str(selected),
                beside,
                f"{plain:.1f} plain queries more than with none",
                verdict(f"≤ {count} more", holds=plain <= count),
            )
        )
    return found


def _body(query: Query, facets: Sequence[str]) -> bytes:
    more: dict[str, Any] = {"facets": facets} if facets else {}
    return search_body(text=query.text, filter=query.filter, arms=dict.fromkeys(ARMS, 1.0), **more)
