"""How the index stands to what a snapshot says of one product: pure, and decided by the merge itself.

Where a row has a version of its own, the index is behind exactly if the merge would still change it. Where it has
none, the row is taken as the newest word: the index differs exactly if that would change the product.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from functools import reduce
from typing import TYPE_CHECKING

from catalog.canonical import canonical_json
from catalog.events import Nullified
from catalog.state import UNKNOWN, merge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalog.events import Event
    from catalog.points import Stored
    from catalog.state import State
    from ingest.loading.intake import Claim


class Standing(Enum):
    """How the index stands to a snapshot, product by product."""

    EQUAL = "equal"
    NEWER = "newer"  # the index has a later version: no difference that a snapshot could tell
    MISSING = "missing"
    OLD = "old"
    DIFFERENT = "different"  # other values at the same version, or where the snapshot has no versions
    SURPLUS = "surplus"  # the index has it, the snapshot does not


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the index stands to the rows of one product, and whether sending them as events would bring it in step."""

    standing: Standing
    curable: bool


def compare(stored: Stored, claims: Sequence[Claim]) -> Comparison:
    """Compare a product as the index has it with all that a snapshot says of it, in its order."""
    events = [claim.event for claim in claims]
    if any(claim.versioned for claim in claims):
        standing = _by_version(stored.state, events)
        return Comparison(standing, curable=standing is not Standing.DIFFERENT)
    return _by_fields(stored.state, events)


def _by_version(before: State, events: Sequence[Event]) -> Standing:
    after, said = _fold(before, events), _fold(UNKNOWN, events)
    if said.deleted is not None and not said.registers and not before.registers:
        return Standing.EQUAL  # gone on both sides; a tombstone may have expired
    if _substance(after) != _substance(before):
        is_new = not before.visible and (after.visible or before.latest is None)
        return Standing.MISSING if is_new else Standing.OLD
    if _contradicts(before, said):
        return Standing.DIFFERENT
    return Standing.NEWER if (before.version or 0) > (said.version or 0) else Standing.EQUAL


def _by_fields(before: State, events: Sequence[Event]) -> Comparison:
    latest = before.version or 0
    newest = [
        event if isinstance(event, Nullified) else replace(event, version=latest + number)
        for number, event in enumerate(events, start=1)
    ]
    wanted = canonical_json(_fold(before, newest).product())
    if before.visible and wanted == canonical_json(before.product()):
        return Comparison(Standing.EQUAL, curable=True)
    sent = _fold(before, events)
    curable = sent.visible and canonical_json(sent.product()) == wanted
    return Comparison(Standing.DIFFERENT if before.visible else Standing.MISSING, curable)


def _fold(state: State, events: Sequence[Event]) -> State:
    return reduce(merge, events, state)


def _substance(state: State) -> tuple[object, ...]:
    """Return what versions decide; when an event happened is not part of it, for a row seldom says."""
    return state.upserted, state.deleted, state.registers


def _contradicts(held: State, said: State) -> bool:
    """Return whether both speak of one version and do not say the same."""
    if said.visible and held.deleted is not None and held.deleted == said.version:
        return True
    both = [(entry, held.registers[name]) for name, entry in said.registers.items() if name in held.registers]
    if any(one.version == other.version and one != other for one, other in both):
        return True
    if said.upserted is None or said.upserted != held.upserted:
        return False
    more = [entry for name, entry in held.registers.items() if name not in said.registers]
    return any(entry.version == said.upserted and entry.value is not None for entry in more)
