"""How many records may be given up before the worker stops: a bad deploy must not drain a topic into dead letters."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from catalog.errors import VitrineError

DEFAULT_SHARE: Final = 0.1
WINDOW_RECORDS: Final = 1_000


class TooManyDeadLetters(VitrineError):  # noqa: N818 - named by what it is, like its siblings
    """More records are refused than the settings allow: the worker stops, and whoever runs it looks why."""


@dataclass(frozen=True, slots=True)
class _Batch:
    records: int
    letters: int


class DeadLetterLimit:
    """Lets `share` of the last thousand records become dead letters.

    A worker that has read fewer counts as one that had no dead letters before: it may always send
    `share` × 1,000 of them, so that a few broken records on a quiet topic stop nobody.
    """

    def __init__(self, share: float = DEFAULT_SHARE) -> None:
        self._share = share
        self._batches: deque[_Batch] = deque()
        self._records = 0
        self._letters = 0

    def admit(self, records: int, letters: int) -> None:
        """Count a batch of `records` of which `letters` are refused; call it before any of those is sent.

        Raises `TooManyDeadLetters` where that is more than the share allowed.
        """
        self._batches.append(_Batch(records, letters))
        self._records += records
        self._letters += letters
        while self._records - self._batches[0].records >= WINDOW_RECORDS:
            oldest = self._batches.popleft()
            self._records -= oldest.records
            self._letters -= oldest.letters
        if self._letters > self._share * max(self._records, WINDOW_RECORDS):
            raise TooManyDeadLetters(
                f"{self._letters} of the last {self._records} records would be dead letters, more than the "
                f"{self._share:.0%} allowed: the worker stops, and the last {letters} are neither sent nor committed. "
                "See `vitrine ingest dead-letters list` for what is wrong with them; to let them go, raise "
                "VITRINE_INGEST__DEAD_LETTER_SHARE (1 never stops)"
            )
