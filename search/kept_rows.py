"""Rows as they were read last, each good for as long as its point stands unchanged in the engine.

Reading a row costs the engine twenty times as much as finding its point: it unpacks the whole payload for it. Every hit
says its point's version, which each write raises, so a row read at that version need not be read again. A row holds
every path that anybody asked for so far, so that it serves all.

Only for an engine that numbers its writes in one place, as the embedded one does. In a cluster each replica counts for
itself, and equal numbers may stand for different payloads.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from search.rows import Row

MOST_ROWS: Final = 32_768
"""About a kilobyte each."""


class KeptRows:
    """Keeps at most `most` rows: those of the last half, and those before them that were asked for since."""

    def __init__(self, most: int = MOST_ROWS) -> None:
        self._half = most // 2
        self._new: dict[str, tuple[int, Row]] = {}
        self._old: dict[str, tuple[int, Row]] = {}
        self._paths: tuple[str, ...] = ()

    def widened(self, paths: Sequence[str]) -> tuple[str, ...]:
        """Return what rows are to be read with: these paths and those of before; rows that lack one are forgotten."""
        if not set(paths) <= set(self._paths):
            self._paths = tuple(dict.fromkeys((*self._paths, *paths)))
            self._new, self._old = {}, {}
        return self._paths

    def known(self, point_ids: Iterable[str], versions: Mapping[str, int]) -> dict[str, Row]:
        """Return the rows of those points that are kept at just these versions."""
        found = {}
        for point_id in point_ids:
            kept = self._new.get(point_id) or self._old.get(point_id)
            if kept is not None and kept[0] == versions.get(point_id):
                found[point_id] = kept[1]
                self._new[point_id] = kept
        self._make_room()
        return found

    def keep(self, rows: Mapping[str, Row], versions: Mapping[str, int], paths: Sequence[str]) -> None:
        """Take rows that were read at these paths after the versions were told; none where `widened` says more by now.

        A row may be newer than its version, where a write came between. No hit will ever say that version again.
        """
        if paths != self._paths:
            return
        self._new.update((key, (versions[key], row)) for key, row in rows.items() if key in versions)
        self._make_room()

    def _make_room(self) -> None:
        if len(self._new) > self._half:
            self._new, self._old = {}, dict(islice(self._new.items(), self._half))
