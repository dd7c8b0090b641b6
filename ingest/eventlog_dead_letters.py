"""Dead letters into a file that people can read, for machines without Kafka."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from catalog.errors import BrokerUnavailable
from ingest.eventlog import append_durably, open_log
from ingest.eventlog_file import from_json, locked, to_json
from ingest.message import Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ingest.source import DeadLetter

DEAD_LETTERS_FILE = "dead-letters.ndjson"


class EventLogDeadLetters:
    """A `DeadLetterSink` in `folder`: one JSON object a line with key, value, headers and time of the record.

    Bytes are text where they are UTF-8 and `{"base64": "…"}` where they are not.
    """

    def __init__(self, folder: Path) -> None:
        self._file = open_log(folder / DEAD_LETTERS_FILE)

    def send(self, letters: Sequence[DeadLetter]) -> None:
        """Keep the letters; returning means they are on the disk. Raises `BrokerUnavailable` if it takes none."""
        if not letters:
            return
        lines = b"".join(_line(letter) for letter in letters)
        try:
            with locked(self._file):
                append_durably(self._file, lines, self._cut_torn())
        except OSError as error:
            raise BrokerUnavailable(f"cannot write to {self._file.name}: {error}") from error

    def close(self) -> None:
        """Free the file; whatever `send` returned for is safe."""
        self._file.close()

    def _cut_torn(self) -> int:
        """Cut away what a crash left half written, and return the size of the file."""
        end_bytes = self._file.seek(0, os.SEEK_END)
        if end_bytes == 0:
            return 0
        self._file.seek(end_bytes - 1)
        if self._file.read(1) != b"\n":
            self._file.seek(0)
            end_bytes = self._file.read(end_bytes).rfind(b"\n") + 1
            self._file.truncate(end_bytes)
        return end_bytes


def read_dead_letters(folder: Path) -> Iterator[Message]:
    """Yield the dead letters in `folder`, oldest first, their headers as they were sent."""
    path = folder / DEAD_LETTERS_FILE
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):  # else half written
                yield _message(json.loads(line))


def _line(letter: DeadLetter) -> bytes:
    fields = {
        "timestamp_ms": letter.record.timestamp_ms,
        "key": to_json(letter.record.key),
        "value": to_json(letter.record.value),
        "headers": [[name, to_json(value)] for name, value in letter.headers()],
    }
    return json.dumps(fields, ensure_ascii=False).encode() + b"\n"


def _message(fields: dict[str, Any]) -> Message:
    headers = tuple((name, from_json(value)) for name, value in fields["headers"])
    return Message(from_json(fields["key"]), from_json(fields["value"]), headers, fields["timestamp_ms"])
