"""The new collection against the old one: counts, versions field by field, pictures that were lost."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from catalog.engine import outages_named
from catalog.points import decode, point_id
from catalog.state import join
from ingest.pictures import OK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from catalog.engine import Engine
    from catalog.points import Stored
    from catalog.state import State

PAGE: Final = 500
SHOWN: Final = 20
PATIENCE_SECONDS: Final = 10.0
"""How long two workers may differ over a product that changes just now."""
_PAUSE_SECONDS: Final = 0.25
_SUSPECTS: Final = 10_000
"""More differences than that are no matter of a moment: they are counted as they stand."""


@dataclass(frozen=True, slots=True)
class LostPicture:
    """A picture that the old collection has and the new one could not get."""

    product_id: str
    reference: str
    error: str


@dataclass(slots=True)
class Comparison:
    """What was found; ids at most `SHOWN` of a kind, the counts in full."""

    products: int = 0
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("missing", "different", "ahead", "surplus"), 0)
    )
    shown: dict[str, list[str]] = field(default_factory=dict)
    lost_pictures: int = 0
    lost: list[LostPicture] = field(default_factory=list)

    @property
    def in_step(self) -> bool:
        """Whether both have the same products in the same state."""
        return not any(self.counts.values())

    def add(self, kind: str, said: str) -> None:
        """Count a product that differs."""
        self.counts[kind] += 1
        examples = self.shown.setdefault(kind, [])
        if len(examples) < SHOWN:
            examples.append(said)

    def add_lost(self, found: list[LostPicture]) -> None:
        """Count pictures that were lost."""
        self.lost_pictures += len(found)
        self.lost = (self.lost + found)[:SHOWN]


def compare(engine: Engine, source: str, target: str, progress: Callable[[int], None]) -> Comparison:
    """Compare every product of the two, page by page; what differs is looked at again until the workers had time.

    Raises `EngineUnavailable`.
    """
    comparison, in_both = Comparison(), 0
    suspects: set[str] = set()
    for page in _pages(engine, source):
        held = _read(engine, target, list(page))
        in_both += len(held)
        for name, old in page.items():
            new = held.get(name)
            if new is None or differences(old.state, new.state):
                suspects.add(name)
            else:
                comparison.add_lost(lost_pictures(old, new))
        comparison.products += len(page)
        progress(comparison.products)
    if _count(engine, target) != in_both:
        for page in _pages(engine, target):
            suspects |= page.keys() - _read(engine, source, list(page)).keys()
    _judge(engine, source, target, suspects, comparison)
    return comparison


def differences(old: State, new: State) -> list[str]:
    """Return the fields in which two states differ, by version or by value; empty where they are the same."""
    names = old.registers.keys() | new.registers.keys()
    found = sorted(name for name in names if old.registers.get(name) != new.registers.get(name))
    whole = [part for part in ("upserted", "deleted", "latest") if getattr(old, part) != getattr(new, part)]
    return whole + found


def lost_pictures(old: Stored, new: Stored) -> list[LostPicture]:
    """Return the pictures that are `ok` in the old collection and not in the new one."""
    if not old.state.visible:
        return []
    references = old.state.product().get("images", [])
    return [
        LostPicture(old.product_id, reference, after.error or after.status)
        for reference, before, after in zip(references, old.derived.pictures, new.derived.pictures, strict=False)
        if before.status == OK and after.status != OK
    ]


def _judge(engine: Engine, source: str, target: str, suspects: set[str], comparison: Comparison) -> None:
    """Look at what differed again and again while events go on, and count what still does when patience ends."""
    deadline = time.monotonic() + (PATIENCE_SECONDS if len(suspects) <= _SUSPECTS else 0.0)
    while True:
        names = sorted(suspects)
        olds, news = _read(engine, source, names), _read(engine, target, names)
        verdicts = {name: _verdict(olds.get(name), news.get(name)) for name in names}
        suspects = {name for name, verdict in verdicts.items() if verdict is not None}
        for name in verdicts.keys() - suspects:
            if name in olds:
                comparison.add_lost(lost_pictures(olds[name], news[name]))
        if not suspects or time.monotonic() > deadline:
            break
        time.sleep(_PAUSE_SECONDS)
    for name in sorted(suspects):
        kind, fields = verdicts[name] or ("different", [])
        comparison.add(kind, f"{name} ({', '.join(fields)})" if fields else name)


def _verdict(old: Stored | None, new: Stored | None) -> tuple[str, list[str]] | None:
    if old is None:  # a tombstone that has expired in the old collection harms nobody in the new one
        return ("surplus", []) if new is not None and new.state.visible else None
    if new is None:
        return "missing", []
    fields = differences(old.state, new.state)
    if not fields:
        return None
    return ("ahead" if join(new.state, old.state) is new.state else "different"), fields


def _pages(engine: Engine, collection: str) -> Iterator[dict[str, Stored]]:
    offset = None
    while True:
        with outages_named():
            records, offset = engine.scroll(
                collection_name=collection, offset=offset, limit=PAGE, with_payload=True, with_vectors=False
            )
        products = (decode(one.payload) for one in records if one.payload)
        yield {product.product_id: product for product in products}
        if offset is None:
            return


def _read(engine: Engine, collection: str, names: list[str]) -> dict[str, Stored]:
    found: dict[str, Stored] = {}
    for start in range(0, len(names), PAGE):
        ids = [point_id(name) for name in names[start : start + PAGE]]
        with outages_named():
            records = engine.retrieve(collection_name=collection, ids=ids, with_payload=True, with_vectors=False)
        products = (decode(one.payload) for one in records if one.payload)
        found |= {product.product_id: product for product in products}
    return found


def _count(engine: Engine, collection: str) -> int:
    with outages_named():
        return engine.count(collection_name=collection, exact=True).count
