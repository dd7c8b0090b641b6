"""Dead letters into a file that people can read, for machines without Kafka."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from catalog.errors import BrokerUnavailable, Misconfigured
from ingest.dead_letters import KeptLetter, Place
from ingest.eventlog import EventLog, append_durably, open_log
from ingest.eventlog_file import TOPIC, from_json, locked, to_json
from ingest.message import Message
from ingest.tracing import step

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

    @step("send dead letters")
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
    """Yield the dead letters that are in `folder` now, oldest first, their headers as they were sent.

    Raises `Misconfigured` that names a line which is no letter.
    """
    path = folder / DEAD_LETTERS_FILE
    if not path.exists():
        return
    with path.open("rb") as file:
        left_bytes = os.fstat(file.fileno()).st_size
        for number, line in enumerate(file, start=1):
            left_bytes -= len(line)
            if left_bytes < 0 or not line.endswith(b"\n"):  # written since, or half written
                return
            try:
                yield _message(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise Misconfigured(f"line {number} of {path} is damaged: {error}") from error


class EventLogLetterStore:
    """A `DeadLetterStore` in `folder`; a letter's offset counts the lines of the file from 0."""

    topic = TOPIC

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def letters(self, begin: Place | None = None) -> Iterator[KeptLetter]:
        """Yield the letters that are there now, none where there is no file of them."""
        for offset, message in enumerate(read_dead_letters(self._folder)):
            if begin is None or (begin.partition == 0 and offset >= begin.offset):
                yield KeptLetter(Place(0, offset), message)

    def send_back(self, letters: list[KeptLetter]) -> None:
        """Append the records to the event log, with their own times. Raises `BrokerUnavailable` if the disk is full."""
        log = EventLog(self._folder)
        try:
            log.write(letter.record() for letter in letters)
        finally:
            log.close()

    def close(self) -> None:
        """Do nothing: files are open only while they are used."""


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
