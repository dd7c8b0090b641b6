"""Vectors kept on disk by what made them and of what, so that variants, relistings and rebuilt indexes share them.

SQLite, because it comes with Python, takes several processes and kill -9, and holds plain numbers: `diskcache`, which
lies on it too, is no longer kept up and unpickles whatever it finds in its folder (CVE-2025-69872). What is read is
checked, and nothing is lost with the file: whatever is wrong with it, the vectors are made anew. It may be deleted
while processes run.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing, suppress
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from encoders.interface import FloatArray

_WAIT_SECONDS: Final = 1.0
_REOPEN_AFTER_SECONDS: Final = 60.0
_BUSY_FOR_SECONDS: Final = 1.0
"""How long it is left alone after others have kept it locked for `_WAIT_SECONDS`: encoding goes on meanwhile."""
_USED_AGAIN_AFTER_SECONDS: Final = 3600
"""How much older a vector's last use must be to be noted again: a read is no write every time."""
_KEPT_SHARE: Final = 0.9
_PART: Final = 500
_LENGTH_TOLERANCE: Final = 1e-3
_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS vectors (maker TEXT NOT NULL, digest TEXT NOT NULL, vector BLOB NOT NULL,
    used_at INTEGER NOT NULL, PRIMARY KEY (maker, digest))""",
    "CREATE INDEX IF NOT EXISTS by_use ON vectors (used_at)",
)
_log = structlog.get_logger(__name__)


class EncodingCache(Protocol):
    """Vectors made before. Neither call raises for what is wrong with the place they lie in; both may block."""

    def find(self, maker: str, digests: Iterable[str]) -> dict[str, FloatArray]:
        """Return those vectors that `maker` (an encoder and its revision) made of these inputs, by digest."""
        ...

    def keep(self, maker: str, vectors: Mapping[str, FloatArray]) -> None:
        """Keep vectors by the digest of what they were made of."""
        ...

    def close(self) -> None:
        """Free everything."""
        ...


class NoEncodingCache:
    """Keeps nothing."""

    def find(self, maker: str, digests: Iterable[str]) -> dict[str, FloatArray]:  # noqa: ARG002 - nothing to look in
        """Return no vector."""
        return {}

    def keep(self, maker: str, vectors: Mapping[str, FloatArray]) -> None:
        """Forget them."""

    def close(self) -> None:
        """Do nothing."""


class DiskEncodingCache:
    """Keeps vectors in one file of at most about `max_bytes`, those used last; may be called from several threads."""

    def __init__(self, path: Path, *, max_bytes: int, now_seconds: Callable[[], float] = time.time) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._now_seconds = now_seconds
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._retry_at_seconds: float | None = None

    def find(self, maker: str, digests: Iterable[str]) -> dict[str, FloatArray]:
        """Return those vectors that `maker` made of these inputs, by digest, and note that they were used."""
        wanted = dict.fromkeys(digests)
        found: dict[str, FloatArray] = {}
        if wanted:
            self._try(lambda connection: found.update(self._read(connection, maker, wanted)))
        return found

    def keep(self, maker: str, vectors: Mapping[str, FloatArray]) -> None:
        """Keep vectors by the digest of what they were made of, at the cost of those not used for longest."""
        if vectors:
            self._try(lambda connection: self._write(connection, maker, vectors))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._disconnect()

    def _try(self, step: Callable[[sqlite3.Connection], None]) -> None:
        """Do a step; where the file fails, do without it and try anew after a while."""
        with self._lock:
            if self._retry_at_seconds is not None and time.monotonic() < self._retry_at_seconds:
                return
            try:
                step(self._connected())
                self._retry_at_seconds = None
            except (sqlite3.Error, OSError) as error:
                self._give_up(error)

    def _connected(self) -> sqlite3.Connection:
        if self._connection is not None and _identity(self._path) != self._file:
            self._disconnect()  # deleted under us, perhaps made anew: what goes on there is seen by nobody
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _opened(self._path)
            self._file = _identity(self._path)
        return self._connection

    def _give_up(self, error: sqlite3.Error | OSError) -> None:
        _log.warning("the encoding cache fails; vectors are made anew", path=str(self._path), error=str(error))
        self._disconnect()
        code = getattr(error, "sqlite_errorcode", None)
        pause_seconds = _BUSY_FOR_SECONDS if code == sqlite3.SQLITE_BUSY else _REOPEN_AFTER_SECONDS
        self._retry_at_seconds = time.monotonic() + pause_seconds
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            self._retry_at_seconds = None
            for path in (self._path.with_name(f"{self._path.name}-journal"), self._path):  # never a journal alone
                with suppress(OSError):
                    path.unlink(missing_ok=True)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _read(
        self, connection: sqlite3.Connection, maker: str, wanted: Mapping[str, None]
    ) -> Iterator[tuple[str, FloatArray]]:
        now = int(self._now_seconds())
        old: list[tuple[int, str, str]] = []
        for part in _parts(wanted):
            marks = ",".join("?" * len(part))
            query = f"SELECT digest, vector, used_at FROM vectors WHERE maker = ? AND digest IN ({marks})"  # noqa: S608
            for digest, blob, used_at in connection.execute(query, (maker, *part)).fetchall():
                vector = _vector(blob)
                if vector is not None:
                    yield digest, vector
                if used_at < now - _USED_AGAIN_AFTER_SECONDS:
                    old.append((now, maker, digest))
        if old:
            with connection:
                connection.executemany("UPDATE vectors SET used_at = ? WHERE maker = ? AND digest = ?", old)

    def _write(self, connection: sqlite3.Connection, maker: str, vectors: Mapping[str, FloatArray]) -> None:
        now = int(self._now_seconds())
        rows = [(maker, digest, _blob(vector), now) for digest, vector in vectors.items()]
        with connection:
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?)", rows)
            self._make_room(connection)

    def _make_room(self, connection: sqlite3.Connection) -> None:
        """Drop what was not used for longest, a tenth at a time, once the file is larger than it may be."""
        free_bytes = _number(connection, "PRAGMA freelist_count") * _number(connection, "PRAGMA page_size")
        used_bytes = _number(connection, "PRAGMA page_count") * _number(connection, "PRAGMA page_size") - free_bytes
        if used_bytes <= self._max_bytes:
            return
        count = _number(connection, "SELECT count(*) FROM vectors")
        surplus = -int(-count * (used_bytes - _KEPT_SHARE * self._max_bytes) // used_bytes)
        connection.execute(
            "DELETE FROM vectors WHERE rowid IN (SELECT rowid FROM vectors ORDER BY used_at LIMIT ?)", (surplus,)
        )


def _opened(path: Path) -> sqlite3.Connection:
    # A lock in one process, SQLite's own between processes; a rollback journal, so that a deleted file is noticed.
    connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, check_same_thread=False)
    try:
        with closing(connection.cursor()) as cursor:
            cursor.execute("PRAGMA auto_vacuum = FULL")  # takes effect in a new file: it shrinks with what is dropped
            cursor.execute("PRAGMA synchronous = NORMAL")
            for statement in _SCHEMA:
                cursor.execute(statement)
        connection.commit()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _number(connection: sqlite3.Connection, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])


def _parts(digests: Iterable[str]) -> Iterator[list[str]]:
    """Yield them a few at a time: a statement takes so many values and no more."""
    left = iter(digests)
    while part := list(islice(left, _PART)):
        yield part


def _blob(vector: FloatArray) -> bytes:
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def _vector(blob: object) -> FloatArray | None:
    """Return what was kept, None for what no encoder made: its vectors have length 1."""
    if not isinstance(blob, bytes) or not blob or len(blob) % 4:
        return None
    vector = np.frombuffer(blob, dtype="<f4").astype(np.float32)
    return vector if abs(float(np.linalg.norm(vector)) - 1.0) <= _LENGTH_TOLERANCE else None
