"""Random events of one product, few versions and values apart, so that everything collides; for laws of the merge."""

from __future__ import annotations

from datetime import timedelta
from functools import reduce
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from catalog.events import Deleted, Nullified, Patched, Position, Upserted
from catalog.product import ATTRIBUTE_PREFIX, ATTRIBUTES
from catalog.state import UNKNOWN, State, merge
from tests.builders import NOW, SKU

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hypothesis.strategies import SearchStrategy

    from catalog.events import Event

VALUES: dict[str, list[Any]] = {
    "title": ["Boot", "Shoe"],
    "price": [0.0, 19.9],
    "stock": [-1, 0, 3],
    "in_stock": [True, False],
    "images": [["a.jpg"], ["a.jpg", "b.jpg"]],
    "attributes.size": ["38", ["38", "39"], 38, 38.0],
    "attributes.new": [True, False, 1, 1.0],
}
VERSIONS = st.integers(0, 4)
TIMES = st.sampled_from([NOW, NOW + timedelta(seconds=1)])


def _registers(*, removing: bool) -> SearchStrategy[dict[str, Any]]:
    removed = [None] if removing else []
    return st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(values + removed) for name, values in VALUES.items()}
    )


def _without_attributes(registers: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in registers.items() if not name.startswith(ATTRIBUTE_PREFIX)}
    return {**kept, ATTRIBUTES: None}


def upserts(versions: SearchStrategy[int] = VERSIONS) -> SearchStrategy[Upserted]:
    """Return upserts of `sku-1`, not all of them with a title or a picture."""
    return st.builds(
        Upserted,
        product_id=st.just(SKU),
        version=versions,
        occurred_at=TIMES,
        registers=_registers(removing=False),
    )


def patches(versions: SearchStrategy[int] = VERSIONS) -> SearchStrategy[Patched]:
    """Return patches of `sku-1`; some remove, some take all attributes away."""
    changes = _registers(removing=True)
    return st.builds(
        Patched,
        product_id=st.just(SKU),
        version=versions,
        occurred_at=TIMES,
        registers=changes | changes.map(_without_attributes),
    )


def deletes(versions: SearchStrategy[int] = VERSIONS) -> SearchStrategy[Deleted]:
    """Return deletes of `sku-1`."""
    return st.builds(Deleted, product_id=st.just(SKU), version=versions, occurred_at=TIMES)


def versioned(versions: SearchStrategy[int] = VERSIONS) -> SearchStrategy[Upserted | Patched | Deleted]:
    """Return events of any kind that has a version."""
    return upserts(versions) | patches(versions) | deletes(versions)


def on_log(event: Upserted | Patched | Deleted | None, offset: int) -> Event:
    """Return an event as it stands at an offset of the log, and for None a null value there."""
    position = Position(partition=0, offset=offset, time_ms=1_000 + offset)
    if event is None:
        return Nullified(product_id=SKU, occurred_at=NOW, position=position)
    named = {name: getattr(event, name) for name in event.__slots__}
    return type(event)(**{**named, "position": position})


def logs(max_size: int = 12) -> SearchStrategy[list[Event]]:
    """Return logs of one product, null values among them."""
    lines = st.lists(versioned() | st.none(), max_size=max_size)
    return lines.map(lambda events: [on_log(event, offset) for offset, event in enumerate(events)])


def fold(events: Iterable[Event], start: State = UNKNOWN) -> State:
    """Return the state after all events."""
    return reduce(merge, events, start)
