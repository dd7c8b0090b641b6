"""What is wrong after the storm: the index beside the long way round, field by field, vector by vector."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.points import Stored, point_id
from ingest.merge import Change
from tests.chaos.naive import merged
from tests.chaos.topic import lines, records
from tests.index import same_vector
from tests.pipeline import new_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.chaos.naive import Expected
    from tests.chaos.storm import Storm
    from tests.index import Index

_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was compared and what differed; `again` counts dead letters that lie there more than once."""

    products: int
    visible: int
    differences: Sequence[str]
    poisoned: int
    missing_letters: Sequence[tuple[int, int]]
    needless_letters: Sequence[tuple[int, int]]
    again: int


def judge(storm: Storm) -> Verdict:
    """Compare everything."""
    sent = lines(storm.place.bootstrap, storm.place.topic)
    kept = records(storm.place.bootstrap, storm.place.dead_letters)
    expected = merged(sent)
    index = storm.place.index()
    differences = list(_differences(index, expected))
    if index.count() != len(expected):
        differences.append(f"{index.count()} points for {len(expected)} products")
    poisoned = {(one.partition, one.offset): (one.key, one.value) for one in sent if one.is_poison}
    letters = Counter(_origin(dict(one.headers)) for one in kept)
    differences += [
        f"the letter from {origin} is not what was sent"
        for one in kept
        if poisoned.get(origin := _origin(dict(one.headers))) != (one.key, one.value)
    ]
    return Verdict(
        products=len(expected),
        visible=sum(one.visible for one in expected.values()),
        differences=differences,
        poisoned=len(poisoned),
        missing_letters=sorted(poisoned.keys() - letters.keys()),
        needless_letters=sorted(letters.keys() - poisoned.keys()),
        again=sum(letters.values()) - len(letters),
    )


def _origin(headers: dict[str, bytes]) -> tuple[int, int]:
    return int(headers["vitrine-partition"]), int(headers["vitrine-offset"])


def _differences(index: Index, expected: dict[str, Expected]) -> Iterator[str]:
    ids = sorted(expected)
    with new_encoding() as parts:
        for begin in range(0, len(ids), _CHUNK):
            chunk = ids[begin : begin + _CHUNK]
            stored = index.store.read(chunk)
            for product_id in chunk:
                yield from _of_product(stored[product_id], expected[product_id])
            writes = parts.encoding.points([Change(Stored(one), stored[one].state) for one in chunk])
            for write in writes:
                found = index.vectors(point_id(write.product.product_id))
                right = {name for name, vector in write.vectors.items() if same_vector(found.get(name), vector)}
                if not found.keys() == right == write.vectors.keys():
                    yield f"{write.product.product_id}: vectors {sorted(found)}, right are {sorted(right)}"


def _of_product(stored: Stored, expected: Expected) -> Iterator[str]:
    fields = stored.state.product()
    for name in sorted(fields.keys() | expected.fields.keys()):
        if fields.get(name) != expected.fields.get(name):
            yield f"{stored.product_id}: {name} is {fields.get(name)!r}, not {expected.fields.get(name)!r}"
    if (stored.state.visible, stored.state.version) != (expected.visible, expected.version):
        yield f"{stored.product_id}: {stored.state.visible, stored.state.version} {expected.visible, expected.version}"
