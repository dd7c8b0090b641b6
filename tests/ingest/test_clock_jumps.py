"""Clocks that jump, the broker's and ours, by years and either way: versions and places in the log decide, no clock."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.builders import NOW, NOW_MS, bare, deleted, patched, record, upserted
from tests.pipeline import ListLetters, ListSource, consumer_of, new_encoding

if TYPE_CHECKING:
    from tests.builders import JsonObject
    from tests.index import Index

DECADE = timedelta(days=3_650)
JUMPS = {"ahead": DECADE, "back": -DECADE}


@pytest.mark.parametrize("jump", JUMPS.values(), ids=JUMPS)
def test_a_clock_that_jumps_changes_no_product(index: Index, jump: timedelta) -> None:
    """The clock of the log and of the worker jumps between two batches, and back again before the third."""
    log: list[list[JsonObject | None]] = [
        [upserted(bare("sku-1", price=1), version=1), upserted(bare("other"), version=1)],
        [patched("sku-1", version=2, price=2), None, deleted("other", version=2)],
        [upserted(bare("sku-1", price=3), version=3), upserted(bare("other"), version=1)],
    ]
    batches, clock = [], [NOW]
    for number, events in enumerate(log):
        milliseconds = int(jump.total_seconds() * 1000) if number == 1 else 0
        batches.append(
            [
                record(event, offset=10 * number + place, timestamp_ms=NOW_MS + milliseconds)
                for place, event in enumerate(events)
            ]
        )
    source = ListSource(batches)
    with new_encoding(now=lambda: clock[0]) as parts:
        consumer = consumer_of(parts, index.store, source, ListLetters())
        for now in (NOW, NOW + jump, NOW):
            clock[0] = now
            consumer.turn()

    stored = index.store.read(["sku-1", "other"])
    assert (stored["sku-1"].state.visible, stored["sku-1"].state.product()["price"]) == (True, 3)
    assert not stored["other"].state.visible
