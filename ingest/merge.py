"""A batch of events folded into what the index has: pure, and where it is decided that an event is stale."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from catalog.events import Deleted, Event, Nullified, Patched, Upserted
from catalog.state import State, merge
from ingest.tracing import step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from catalog.points import Stored
    from ingest.point_writes import PointWrite

APPLIED: Final = "applied"
STALE: Final = "stale"
KINDS: Final[Mapping[type, str]] = {Upserted: "upserted", Patched: "patched", Deleted: "deleted", Nullified: "null"}


@dataclass(frozen=True, slots=True)
class Change:
    """A product to be written: as the index has it, and the state that it must become.

    `ask_pictures`: its pictures are to be asked for although they are called what they were called before.
    """

    before: Stored
    state: State
    ask_pictures: bool = False


@dataclass(slots=True)
class MergedBatch:
    """The changes by product, and the events that moved something and those that did not."""

    changes: list[Change] = field(default_factory=list)
    applied: list[Event] = field(default_factory=list)
    stale: list[Event] = field(default_factory=list)

    def outcomes(self) -> Counter[tuple[str, str]]:
        """Return the count of events by (kind, outcome)."""
        told = ((APPLIED, self.applied), (STALE, self.stale))
        return Counter((KINDS[type(event)], outcome) for outcome, events in told for event in events)

    def settled(self, writes: Sequence[PointWrite], raced: AbstractSet[str], told: set[int]) -> MergedBatch:
        """Return the events of which is settled what they came to, and add them, by identity, to those `told` of.

        Those of products that lost a race, or that were still to be written when an error came, are merged again. So
        are those beside them that were written, and they would be stale then: they are among those told of.
        """
        unsettled = {change.before.product_id for change in self.changes} - {one.product.product_id for one in writes}
        unsettled |= raced

        def of(events: Sequence[Event]) -> list[Event]:
            return [event for event in events if event.product_id not in unsettled and id(event) not in told]

        settled = MergedBatch(applied=of(self.applied), stale=of(self.stale))
        told.update(map(id, settled.applied + settled.stale))
        return settled


@step("merge")
def merge_batch(stored: Mapping[str, Stored], events: Sequence[Event]) -> MergedBatch:
    """Fold the events into the stored products; a product that no event moved is not among the changes."""
    merged = MergedBatch()
    states = {product_id: product.state for product_id, product in stored.items()}
    for event in events:
        before = states[event.product_id]
        states[event.product_id] = after = merge(before, event)
        (merged.stale if after is before else merged.applied).append(event)
    merged.changes = [
        Change(before, states[product_id])
        for product_id, before in stored.items()
        if states[product_id] is not before.state
    ]
    return merged
