"""Two workers on the same products: wherever one of them stands meanwhile, it undoes nothing of the other's."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.builders import JsonObject, as_event, bare, deleted, id_of, patched, record, upserted
from tests.mortal import STEPS, Fate, MortalEncoding, MortalLetters, MortalSource, MortalStore
from tests.pipeline import ListLetters, ListSource, consumer_of, new_encoding
from tests.states import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ingest.consumer import Consumer
    from ingest.source import Record
    from tests.index import Index

BEFORE = [upserted(bare("old", price=1), version=1), upserted(bare("gone", price=1), version=1)]
FIRST = [
    upserted(bare("old", title="Boot", price=2), version=2),
    upserted(bare("new", title="Boot", price=2), version=2),
    patched("gone", version=2, price=2),
    patched("waiting", version=2, price=2),
]
SECOND = [
    patched("old", version=3, title="Shoe"),
    upserted(bare("new", title="Shoe", stock=1), version=3),
    deleted("gone", version=3),
    patched("waiting", version=3, stock=1),
]
IDS = ("old", "new", "gone", "waiting")


def keyed(events: Sequence[JsonObject], *, partition: int = 0, offset: int = 0) -> list[Record]:
    """Return records of a partition from an offset on."""
    return [record(event, partition=partition, offset=offset + number) for number, event in enumerate(events)]


def worker(things: ExitStack, index: Index, batches: list[list[Record]], fate: Fate, *, lost: bool = False) -> Consumer:
    """Put a worker together."""
    parts = things.enter_context(new_encoding(made=partial(MortalEncoding, fate=fate)))
    store = MortalStore(index.engine, index.collection, fate)
    source, letters = MortalSource(ListSource(batches), fate, lost), MortalLetters(ListLetters(), fate)
    return consumer_of(parts, store, source, letters)


def overlap(index: Index, mine: list[list[Record]], others: list[list[Record]], step: str, *, lost: bool) -> None:
    """Let a worker do its batch, and another all of its own while the first stands at a step."""
    with ExitStack() as things:
        worker(things, index, [keyed(BEFORE)], Fate()).turn()
        other = worker(things, index, others, Fate())
        worker(things, index, mine, Fate(step, _turning(other, len(others))), lost=lost).turn()


def _turning(consumer: Consumer, turns: int) -> Callable[[], None]:
    def turn() -> None:
        for _ in range(turns):
            consumer.turn()

    return turn


def is_merge_of(index: Index, events: Sequence[JsonObject]) -> bool:
    """Whether the index has what the events come to, in whatever order."""
    stored = index.store.read(IDS)
    expected = {one: fold([as_event(event) for event in events if id_of(event) == one]) for one in IDS}
    return all(
        (stored[one].state.registers, stored[one].state.version, stored[one].state.deleted)
        == (expected[one].registers, expected[one].version, expected[one].deleted)
        for one in IDS
    )


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_that_lost_its_partition_undoes_nothing(index: Index, step: str) -> None:
    """The new owner does the same batch and the next; the old one, at whichever step it stood, ends its turn after."""
    first, second = keyed(FIRST, offset=2), keyed(SECOND, offset=6)

    overlap(index, [first], [first, second], step, lost=True)

    assert is_merge_of(index, [*BEFORE, *FIRST, *SECOND])


@pytest.mark.parametrize("step", STEPS)
def test_workers_of_two_partitions_lose_nothing_of_one_product(index: Index, step: str) -> None:
    """Events of one product lie in two partitions: what one worker cannot write any more it folds again."""
    first, second = keyed(FIRST, offset=2), keyed(SECOND, partition=1)

    overlap(index, [second], [first], step, lost=False)

    assert is_merge_of(index, [*BEFORE, *FIRST, *SECOND])
