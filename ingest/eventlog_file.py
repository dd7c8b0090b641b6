"""The file format of the event log: one checked JSON line a record, so that what a crash left half written shows.

A line is the CRC-32 of its JSON in eight hexadecimal digits, a space, the JSON, a line feed. In the JSON, bytes are
text where they are UTF-8 and `{"base64": "…"}` where they are not.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import tempfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from catalog.disk import sync_folder
from catalog.errors import Misconfigured
from ingest.source import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.message import Message

if sys.platform != "win32":
    import fcntl

TOPIC = "eventlog"
PARTITION = 0
BLOCK_BYTES = 1024 * 1024
CRC_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Frame:
    """A record and the byte position in the file just behind its line."""

    record: Record
    end_bytes: int


@dataclass(frozen=True, slots=True)
class Tail:
    """Where the whole lines of a file end, and the offset that the next record gets."""

    end_bytes: int
    next_offset: int


def encode_line(message: Message, *, offset: int, timestamp_ms: int) -> bytes:
    """Return the line for a message that is to stand at `offset`."""
    fields = {
        "offset": offset,
        "timestamp_ms": timestamp_ms,
        "key": to_json(message.key),
        "value": to_json(message.value),
        "headers": [[name, to_json(value)] for name, value in message.headers],
    }
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    return b"%08x %b\n" % (zlib.crc32(text), text)


def decode_line(line: bytes) -> Record | None:
    """Return the record of a line without its line feed, None if the line is damaged or only half of one."""
    text = line[CRC_DIGITS + 1 :]
    if line[:CRC_DIGITS] != b"%08x" % zlib.crc32(text) or not text:
        return None
    fields = json.loads(text)
    return Record(
        topic=TOPIC,
        partition=PARTITION,
        offset=fields["offset"],
        timestamp_ms=fields["timestamp_ms"],
        key=from_json(fields["key"]),
        value=from_json(fields["value"]),
        headers=tuple((name, from_json(value)) for name, value in fields["headers"]),
    )


def to_json(value: bytes | None) -> str | dict[str, str] | None:
    """Return bytes as JSON: text where they are UTF-8, else an object holding base64."""
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def from_json(value: str | dict[str, str] | None) -> bytes | None:
    """Return the bytes that `to_json` was given."""
    if value is None:
        return None
    return value.encode() if isinstance(value, str) else base64.b64decode(value["base64"])


def read_frames(file: IO[bytes], position_bytes: int) -> Iterator[Frame]:
    """Yield the whole records from `position_bytes` on; what is half written at the end is left for a later call.

    Raises `Misconfigured` at a damaged line with others behind it: nothing but a broken disk or an editor does that.
    """
    rest = b""
    while block := _read_at(file, position_bytes + len(rest), BLOCK_BYTES):
        *lines, rest = (rest + block).split(b"\n")
        for number, line in enumerate(lines):
            record = decode_line(line)
            if record is None:
                if number + 1 < len(lines) or rest or _read_at(file, position_bytes + len(line) + 1, 1):
                    raise Misconfigured(f"the event log {file.name} is damaged at byte {position_bytes}; restore it")
                return
            position_bytes += len(line) + 1
            yield Frame(record, position_bytes)


def find_tail(file: IO[bytes]) -> Tail:
    """Return where the whole lines end, looking from the end backwards."""
    end_bytes = os.fstat(file.fileno()).st_size
    while end_bytes > 0:
        start_bytes, line = _last_line(file, end_bytes)
        record = decode_line(line[:-1]) if line.endswith(b"\n") else None
        if record is not None:
            return Tail(end_bytes, record.offset + 1)
        end_bytes = start_bytes
    return Tail(0, 0)


def _last_line(file: IO[bytes], end_bytes: int) -> tuple[int, bytes]:
    """Return the start of the last line before `end_bytes`, and the line with its line feed, if it has one."""
    start_bytes, line = end_bytes, b""
    while start_bytes > 0:
        size_bytes = min(BLOCK_BYTES, start_bytes)
        start_bytes -= size_bytes
        line = _read_at(file, start_bytes, size_bytes) + line
        feed = line.rfind(b"\n", 0, len(line) - 1)
        if feed >= 0:
            return start_bytes + feed + 1, line[feed + 1 :]
    return 0, line


def _read_at(file: IO[bytes], position_bytes: int, size_bytes: int) -> bytes:
    """Read without moving the file's position: another thread may ask for the lag meanwhile (not so on Windows)."""
    if sys.platform == "win32":
        file.seek(position_bytes)
        return file.read(size_bytes)
    return os.pread(file.fileno(), size_bytes, position_bytes)


@contextmanager
def locked(file: IO[bytes]) -> Iterator[None]:
    """Keep other writers out, in this process and in others (not on Windows: one writer only there)."""
    if sys.platform == "win32":
        yield
        return
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def write_durably(path: Path, fields: dict[str, Any]) -> None:
    """Replace the file at `path` by this JSON: after a crash at any moment either the old or the new one is there."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        file.write(json.dumps(fields).encode())
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(path)
    sync_folder(path.parent)
