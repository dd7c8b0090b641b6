"""The rows that were not loaded, beside the file: one JSON object a line with its line, the reason and the row."""

from __future__ import annotations

from collections import Counter
from typing import IO, TYPE_CHECKING, Final

import pydantic_core

from catalog.errors import Misconfigured
from ingest.loading.rows import BadRow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ingest.source import DeadLetter

SUFFIX: Final = ".rejected.jsonl"
_KEPT: Final = 5


class RejectedRows:
    """A `DeadLetterSink` for the rows of a file; `path` is made with the first of them, and replaced if it is there.

    `late` counts those that were refused on the way only: by the worker, or by the topic for their size.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reasons: Counter[str] = Counter()
        self.first: list[BadRow] = []
        self.late = 0
        self._file: IO[bytes] | None = None

    @property
    def count(self) -> int:
        """How many rows were refused."""
        return self.reasons.total()

    def add(self, row: BadRow) -> None:
        """Write a row down; raises `Misconfigured` where the file cannot be written."""
        line = {"line": row.line, "reason": row.reason, "error": row.error, "row": row.content}
        try:
            self._file = self._file or self.path.open("wb")
            self._file.write(pydantic_core.to_json(line, inf_nan_mode="strings") + b"\n")
        except OSError as error:
            raise Misconfigured(
                f"refused rows cannot be written to {self.path}: {error.strerror}; say --rejected FILE"
            ) from error
        self.reasons[row.reason] += 1
        if len(self.first) < _KEPT:
            self.first.append(row)

    def send(self, letters: Sequence[DeadLetter]) -> None:
        """Write down what the worker refused after all; a record's offset is its line."""
        self.late += len(letters)
        for letter in letters:
            content = pydantic_core.from_json(letter.record.value or b"null")
            self.add(BadRow(letter.record.offset, letter.reason, letter.error, content))

    def close(self) -> None:
        """Finish the file; raises `Misconfigured` where the disk is full."""
        if self._file is not None:
            try:
                self._file.close()
            except OSError as error:
                raise Misconfigured(f"refused rows cannot be written to {self.path}: {error.strerror}") from error
