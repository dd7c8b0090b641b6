"""A batch folded into what the index has: one change a product, and the stale ones counted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from catalog.points import Stored
from ingest.decode import decode
from ingest.merge import merge_batch
from tests.builders import NOW, SKU, as_event, bare, deleted, patched, records, upserted
from tests.states import fold

if TYPE_CHECKING:
    from catalog.events import Event

OTHER = "sku-2"


def events(*values: dict[str, object] | None) -> list[Event]:
    """Return events as they come off the log."""
    return decode(records(*values)).events


def unknown(*product_ids: str) -> dict[str, Stored]:
    """Return products that the index has never heard of."""
    return {product_id: Stored(product_id) for product_id in product_ids}


def test_events_of_one_product_make_one_change() -> None:
    """However many events there are, a product is encoded and written once."""
    batch = events(upserted(bare(price=1)), patched(version=2, price=2), upserted(bare(OTHER)))

    merged = merge_batch(unknown(SKU, OTHER), batch)

    assert [change.before.product_id for change in merged.changes] == [SKU, OTHER]
    assert merged.changes[0].state.product() == {"title": "Thing", "price": 2.0}
    assert merged.outcomes() == {("upserted", "applied"): 2, ("patched", "applied"): 1}


def test_a_stale_event_changes_nothing() -> None:
    """What wins nowhere is counted and not written."""
    known = {SKU: Stored(SKU, fold(events(upserted(version=5))), revision=1)}
    batch = events(upserted(version=5), upserted(bare(price=9), version=4), patched(version=3, price=1))

    merged = merge_batch(known, batch)

    assert merged.changes == []
    assert merged.outcomes() == {("upserted", "stale"): 2, ("patched", "stale"): 1}


def test_an_event_that_is_sent_again_later_is_stale() -> None:
    """Without a time of its own it has that of its record; a file that is loaded twice is not written twice."""
    first, again = (as_event(upserted(), received_at=NOW + timedelta(minutes=minutes)) for minutes in (0, 5))
    known = {SKU: Stored(SKU, fold([first]), revision=1)}

    merged = merge_batch(known, [again])

    assert (merged.changes, merged.stale) == ([], [again])
    assert fold([again, first]) == fold([first])


def test_an_unknown_product_deleted_leaves_a_tombstone() -> None:
    """Else an older upsert that comes late would bring it up."""
    merged = merge_batch(unknown(SKU), events(deleted(version=5)))

    assert merged.changes[0].state.deleted == 5
    assert not merged.changes[0].state.visible


def test_a_null_value_for_an_unknown_product_is_stale() -> None:
    """It ends nothing, so nothing is written."""
    merged = merge_batch(unknown(SKU), events(None))

    assert merged.changes == []
    assert merged.outcomes() == {("null", "stale"): 1}


def test_a_null_value_ends_what_came_before_it_in_the_batch() -> None:
    """It stands later in the log."""
    merged = merge_batch(unknown(SKU), events(upserted(), None, deleted(version=0)))

    assert not merged.changes[0].state.visible
    assert merged.outcomes() == {("upserted", "applied"): 1, ("null", "applied"): 1, ("deleted", "stale"): 1}


def test_what_the_index_has_goes_along() -> None:
    """A change knows the product as it is stored: its digests and revision are needed further on."""
    known = Stored(SKU, fold([as_event(upserted())]), revision=7)

    merged = merge_batch({SKU: known}, events(patched(version=2, price=3)))

    assert merged.changes[0].before is known
