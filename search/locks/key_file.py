"""The file of API keys, read again without a restart: whoever is added may come in, whoever is gone may not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import structlog

from catalog.errors import Misconfigured
from search.locks.keys import read_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from search.locks.keys import KeyRing
    from search.metrics import SearchMetrics

LOOK_SECONDS: Final = 1.0
MAX_BYTES: Final = 2**20
_log = structlog.get_logger(__name__)


class KeyFile:
    """The keys of a file, as it was when it could last be read.

    It is looked at once a second at most, by its bytes: a time of change may stand still while the content does not.
    One that cannot be used leaves the keys as they were, says so in the log once, and in the metrics while it lasts.
    """

    def __init__(
        self,
        path: Path,
        numbers: Sequence[str],
        metrics: SearchMetrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the file; raises `Misconfigured` where it cannot be used."""
        self._path = path
        self._numbers = numbers
        self._metrics = metrics
        self._clock = clock
        self._looked_at = clock()
        text = self._bytes()
        self._seen: bytes | str = text
        self._ring = self._parsed(text)
        self._metrics.keys_file(broken=0)

    def current(self) -> KeyRing:
        """Return the keys that are valid now."""
        now = self._clock()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            self._look()
        return self._ring

    def _look(self) -> None:
        try:
            seen: bytes | str = self._bytes()
        except Misconfigured as error:
            seen = str(error)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            if isinstance(seen, str):
                raise Misconfigured(seen)  # noqa: TRY301 - a file that is away is broken like any other
            self._ring = self._parsed(seen)
        except Misconfigured as error:
            self._metrics.keys_file(broken=1)
            _log.error("keys.broken", error=str(error), kept=len(self._ring.keys))
            return
        self._metrics.keys_file(broken=0)
        _log.info("keys.read", keys=len(self._ring.keys))

    def _bytes(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                text = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise Misconfigured(
                f"the file of API keys (VITRINE_API__KEYS_FILE) cannot be read: {error}; `vitrine search keys new` "
                "makes a key"
            ) from error
        if len(text) > MAX_BYTES:
            raise Misconfigured(f"{self._path} is larger than {MAX_BYTES:,} bytes: is it the file of API keys?")
        return text

    def _parsed(self, text: bytes) -> KeyRing:
        return read_keys(text, self._numbers, str(self._path))
