"""The log for machines without Kafka: a file with one partition that one process or several write and one reads."""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import suppress
from itertools import islice
from typing import IO, TYPE_CHECKING

import structlog

from catalog.disk import sync_folder
from catalog.errors import BrokerUnavailable, Misconfigured
from ingest.eventlog_file import PARTITION, encode_line, find_tail, locked, read_frames, write_durably
from ingest.message import Message
from ingest.source import BATCH_RECORDS, Record
from ingest.tracing import step

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


log = structlog.get_logger(__name__)

EVENTS_FILE = "events.log"
COMMIT_FILE = "commit.json"
GROUP_COMMIT_FILE = "commit-{group}.json"
APPEND_MESSAGES = 2_000  # one write and one fsync for so many
BATCH_BYTES = 32 * 1024 * 1024
WAIT_SECONDS = 0.5
LOOK_SECONDS = 0.02


class EventLog:
    """The writing end of the log in `folder`, created if it is missing; raises `Misconfigured` where it cannot be.

    What a crash left half written at the end is cut away when the log is opened, or found so by the next append.
    """

    def __init__(self, folder: Path) -> None:
        self._file = open_log(folder / EVENTS_FILE)
        self._writing = threading.Lock()  # the lock of the file keeps out other processes, not our own threads
        self._end_bytes = -1
        self._next_offset = 0
        with locked(self._file):
            self._catch_up()

    def append(self, pairs: Iterable[tuple[bytes | None, bytes | None]]) -> int:
        """Append (key, value) pairs in order and return how many; returning means they are on the disk.

        Raises `BrokerUnavailable` if the disk does not take them: those of earlier chunks of two thousand may be there.
        """
        return self.write(Message(key, value) for key, value in pairs)

    def write(self, messages: Iterable[Message]) -> int:
        """Append messages with headers and times of their own; otherwise as `append`."""
        count = 0
        rest = iter(messages)
        while chunk := list(islice(rest, APPEND_MESSAGES)):
            with self._writing, locked(self._file):
                self._catch_up()
                self._write(chunk)
            count += len(chunk)
        return count

    @property
    def next_offset(self) -> int:
        """The offset that the next record will have: how many there are, as last seen by this writer."""
        return self._next_offset

    def close(self) -> None:
        """Free the file; whatever `append` returned for is safe."""
        self._file.close()

    def _catch_up(self) -> None:
        """Find the end again where another writer has moved it, and cut what one left half written."""
        if self._file.seek(0, os.SEEK_END) == self._end_bytes:
            return
        tail = find_tail(self._file)
        self._file.truncate(tail.end_bytes)
        self._end_bytes, self._next_offset = tail.end_bytes, tail.next_offset

    def _write(self, messages: Sequence[Message]) -> None:
        now_ms = time.time_ns() // 1_000_000
        lines = b"".join(
            encode_line(
                message, offset=offset, timestamp_ms=now_ms if message.timestamp_ms is None else message.timestamp_ms
            )
            for offset, message in enumerate(messages, self._next_offset)
        )
        try:
            append_durably(self._file, lines, self._end_bytes)
        except OSError as error:
            self._end_bytes = -1
            raise BrokerUnavailable(f"cannot write to the event log {self._file.name}: {error}") from error
        self._end_bytes += len(lines)
        self._next_offset += len(messages)


class EventLogSource:
    """A `Source` over the log in `folder`; records have partition 0 and count up from offset 0.

    Where the last commit left off stands in a small file beside the log, one for each `group`, of which each has one
    reader only.
    """

    def __init__(self, folder: Path, *, batch_records: int = BATCH_RECORDS, group: str | None = None) -> None:
        self._batch_records = batch_records
        self._commit_path = _commit_path(folder, group)
        self._file = open_log(folder / EVENTS_FILE)
        self._committed_offset, self._committed_bytes = self._read_commit()
        self._position_bytes = self._committed_bytes
        self._ends_bytes: dict[int, int] = {}

    def poll(self) -> Sequence[Record]:
        """Return the next batch, empty if none came within half a second."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not (batch := self._read_batch()) and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        return batch

    @step("commit")
    def commit(self, records: Sequence[Record]) -> None:
        """Note durably that all up to and including `records` is done; never moves back."""
        offset = max((record.offset + 1 for record in records), default=0)
        if offset <= self._committed_offset:
            return
        position_bytes = self._end_of(offset - 1)
        try:
            write_durably(self._commit_path, {"offset": offset, "position_bytes": position_bytes})
        except OSError as error:
            raise BrokerUnavailable(f"cannot write {self._commit_path}: {error}") from error
        self._committed_offset, self._committed_bytes = offset, position_bytes
        self._ends_bytes = {known: end for known, end in self._ends_bytes.items() if known >= offset}

    def lag(self) -> dict[int, int]:
        """Return the records behind the last commit, of the one partition."""
        return {PARTITION: max(0, find_tail(self._file).next_offset - self._committed_offset)}

    def close(self) -> None:
        """Free the file; commits nothing."""
        self._file.close()

    def _read_batch(self) -> list[Record]:
        batch: list[Record] = []
        start_bytes = self._position_bytes
        for frame in read_frames(self._file, start_bytes):
            batch.append(frame.record)
            self._ends_bytes[frame.record.offset] = self._position_bytes = frame.end_bytes
            if len(batch) >= self._batch_records or frame.end_bytes - start_bytes >= BATCH_BYTES:
                break
        return batch

    def _end_of(self, offset: int) -> int:
        known = self._ends_bytes.get(offset)
        if known is not None:
            return known
        for frame in read_frames(self._file, self._committed_bytes):  # read before this source was opened
            if frame.record.offset == offset:
                return frame.end_bytes
        raise Misconfigured(f"the event log {self._file.name} has no record {offset}")

    def _read_commit(self) -> tuple[int, int]:
        try:
            fields = json.loads(self._commit_path.read_bytes())
            offset, position_bytes = int(fields["offset"]), int(fields["position_bytes"])
        except FileNotFoundError:
            return 0, 0
        except (ValueError, KeyError, TypeError):
            log.warning("eventlog.commit_unreadable", path=str(self._commit_path), consequence="read from the start")
            return 0, 0
        if not self._fits(offset, position_bytes):
            log.warning(
                "eventlog.commit_of_another_log", path=str(self._commit_path), consequence="read from the start"
            )
            return 0, 0
        return offset, position_bytes

    def _fits(self, offset: int, position_bytes: int) -> bool:
        tail = find_tail(self._file)
        if position_bytes >= tail.end_bytes:
            return (position_bytes, offset) == (tail.end_bytes, tail.next_offset)
        try:
            following = next(read_frames(self._file, position_bytes))
        except Misconfigured:  # the position is not the start of a line
            return False
        return following.record.offset == offset


def note_place(folder: Path, *, of_group: str | None, for_group: str | None) -> None:
    """Let `for_group` begin where `of_group` has committed, unless it has a place of its own already."""
    old, new = _commit_path(folder, of_group), _commit_path(folder, for_group)
    if old.exists() and not new.exists():
        write_durably(new, json.loads(old.read_bytes()))


def has_read(folder: Path, *, group: str | None) -> bool:
    """Say whether a group has committed any record as done."""
    return _commit_path(folder, group).exists()


def _commit_path(folder: Path, group: str | None) -> Path:
    return folder / (COMMIT_FILE if group is None else GROUP_COMMIT_FILE.format(group=group))


def open_log(path: Path) -> IO[bytes]:
    """Open a log for reading and writing, unbuffered; created if it is missing. Raises `Misconfigured`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        file = path.open("a+b", buffering=0)
        if is_new:
            sync_folder(path.parent)
    except OSError as error:
        raise Misconfigured(f"cannot open the log {path}: {error}") from error
    return file


def append_durably(file: IO[bytes], lines: bytes, end_bytes: int) -> None:
    """Write `lines` at the end and wait for the disk; on an `OSError` the file is cut back to `end_bytes`."""
    try:
        view = memoryview(lines)
        while view:
            view = view[file.write(view) :]
        os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):  # else the next writer cuts it
            file.truncate(end_bytes)
        raise
