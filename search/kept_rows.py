"""Products as they were read last, each good for as long as its point stands unchanged in the engine.

Reading a row costs the engine twenty times as much as finding its point. Every hit says its point's version, which each
write raises, so a row read at that version need not be read again. A product that was shown is kept whole; of one that
was only ordered or counted, half the price, what any search has ordered or counted by until then.

Only for an engine that numbers its writes in one place, as the embedded one does. In a cluster each replica counts for
itself, and equal numbers may stand for different payloads.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

import pydantic_core

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from search.rows import Row

MOST_ROWS: Final = 131_072
MOST_BYTES: Final = 192 * 2**20
"""Some 40,000 whole products of the sample catalogue, 5 KB each; of mere counts several times as many."""
_BYTES_A_ROW, _BYTES_A_VALUE, _BYTES_AN_OBJECT = 400, 75, 150


@dataclass(frozen=True, slots=True)
class _Kept:
    """A row, the version that it was read at, the paths that it holds, and what it takes of memory."""

    version: int
    row: Row
    paths: frozenset[str]
    size_bytes: int

    def has(self, paths: frozenset[str]) -> bool:
        """Whether it holds what lies at these paths."""
        return paths is self.paths or paths <= self.paths


class KeptRows:
    """Keeps at most `most` rows of `most_bytes`: those of the last half, and those before that were asked for since."""

    def __init__(self, most: int = MOST_ROWS, most_bytes: int = MOST_BYTES) -> None:
        self._half = most // 2
        self._half_bytes = most_bytes // 2
        self._new: dict[str, _Kept] = {}
        self._old: dict[str, _Kept] = {}
        self._new_bytes = 0
        self._paths: frozenset[str] = frozenset()

    def widened(self, paths: Iterable[str]) -> frozenset[str]:
        """Return these paths and all that were given here before: so many as there are fields to order or count by."""
        if not self._paths.issuperset(paths):
            self._paths = self._paths.union(paths)
        return self._paths

    def known(self, point_ids: Iterable[str], versions: Mapping[str, int], paths: frozenset[str]) -> dict[str, Row]:
        """Return the rows of those points that are kept at just these versions, and hold these paths."""
        found = {}
        for point_id in point_ids:
            new = self._new.get(point_id)
            kept = new or self._old.get(point_id)
            if kept is not None and kept.version == versions.get(point_id) and kept.has(paths):
                found[point_id] = kept.row
                if new is None:
                    self._take(point_id, kept)
        self._make_room()
        return found

    def keep(self, rows: Mapping[str, Row], versions: Mapping[str, int], paths: frozenset[str]) -> None:
        """Take rows that were read at these paths after the versions were told.

        A row may be newer than its version, where a write came between. No hit will ever say that version again.
        """
        for point_id, row in rows.items():
            if point_id in versions:
                self._take(point_id, self._merged(point_id, versions[point_id], row, paths))
        self._make_room()

    def _merged(self, point_id: str, version: int, row: Row, paths: frozenset[str]) -> _Kept:
        """Return a row together with what is kept of it at other paths."""
        before = self._new.get(point_id) or self._old.get(point_id)
        if before is not None and before.version == version and not before.paths <= paths:
            row, paths = before.row.joined(row), paths | before.paths
        return _Kept(version, row, paths, _size_bytes(row))

    def _take(self, point_id: str, kept: _Kept) -> None:
        before = self._new.get(point_id)
        self._new_bytes += kept.size_bytes - (before.size_bytes if before is not None else 0)
        self._new[point_id] = kept

    def _make_room(self) -> None:
        if len(self._new) > self._half or self._new_bytes > self._half_bytes:
            self._new, self._old, self._new_bytes = {}, dict(self._fitting()), 0

    def _fitting(self) -> Iterator[tuple[str, _Kept]]:
        """Yield the new rows that there is room for; one that is too large for it alone is left out."""
        room = self._half_bytes
        for point_id, kept in islice(self._new.items(), self._half):
            if kept.size_bytes <= room:
                room -= kept.size_bytes
                yield point_id, kept


def _size_bytes(row: Row) -> int:
    """Return about what a row takes of memory: its text, and an object for each part of the product.

    What is derived are mostly keywords that rows share: of those that none shares the objects are missing, a fifth of
    the row. Asking each object takes five times as long, which whoever sees products first would have to wait for.
    """
    text = pydantic_core.to_json(row.product)
    values, objects = text.count(b",") + text.count(b":"), text.count(b"{")
    derived = len(pydantic_core.to_json(row.derived))
    return _BYTES_A_ROW + len(text) + derived + _BYTES_A_VALUE * values + _BYTES_AN_OBJECT * objects
