"""What a power loss cannot take: the write-ahead log at every flush, the segments every few seconds, as on a server.

Edge's own flush waits for the disk once for each of some two hundred files and holds the interpreter lock all the
while: 20 ms on an idle fast disk, most of a second on a busy or slow one, felt by every query. What was written since
the last one is in the write-ahead log, which loading replays, so in between only the log must reach the disk.
"""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING, Final

from catalog.disk import sync_file, sync_folder

if TYPE_CHECKING:
    from pathlib import Path

    import qdrant_edge as edge

SEGMENTS_SECONDS: Final = 5.0  # the server's flush_interval_sec


class Durability:
    """Puts the writes of one shard, which lies in `directory`, on the disk."""

    def __init__(self, shard: edge.EdgeShard, directory: Path) -> None:
        self._shard = shard
        self._log = directory / "wal"
        self._segments_at = -math.inf

    def flush(self) -> None:
        """Return when every write so far survives a power loss; may raise what Edge raises."""
        now = time.monotonic()
        if now - self._segments_at < SEGMENTS_SECONDS and self._log_synced():
            return
        self._shard.flush()
        self._segments_at = now

    def _log_synced(self) -> bool:
        """Wait for the log alone; False where that cannot be had and the segments must do."""
        if sys.platform != "linux":  # elsewhere fsync need not cover what was written through a mapping
            return False
        try:
            for file in self._log.iterdir():
                sync_file(file)
        except FileNotFoundError:  # Edge has just renamed a part of the log that is full
            return False
        sync_folder(self._log)
        return True
