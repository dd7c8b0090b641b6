"""Which collections and aliases exist in a directory, and the lock that lets one process own it.

    PATH/lock            held while a client is open
    PATH/registry.json   collections (name → directory and declaration) and aliases; replaced as a whole
    PATH/collections/    one directory for each shard; one that the registry does not name is removed at the next start

A collection exists from the moment the registry names it: its shard is complete before, and removed only after.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError
from qdrant_client.http import models

from catalog.disk import sync_folder
from catalog.errors import Misconfigured

if TYPE_CHECKING:
    from pathlib import Path

_FORMAT = 1


class Declaration(BaseModel):
    """What a collection was created with, kept in qdrant-client's own models."""

    model_config = ConfigDict(frozen=True)

    directory: str
    vectors: Mapping[str, models.VectorParams]
    sparse_vectors: Mapping[str, models.SparseVectorParams] = {}
    hnsw: models.HnswConfigDiff | None = None
    metadata: dict[str, Any] | None = None
    payload_indexes: Mapping[str, models.PayloadSchemaParams] = {}


class Contents(BaseModel):
    """All names of one directory. Immutable: a change is a new value, so readers need no lock."""

    model_config = ConfigDict(frozen=True)

    format: int = _FORMAT
    collections: Mapping[str, Declaration] = {}
    aliases: Mapping[str, str] = {}


class Registry:
    """The names on disk. Not thread-safe: the client changes it under its own lock."""

    def __init__(self, root: Path) -> None:
        """Take the directory, creating it; raise Misconfigured if it is taken, unreadable or of a newer version."""
        self.root = root
        self.shards = root / "collections"
        self._file = root / "registry.json"
        try:
            self.shards.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(root / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise Misconfigured(f"the embedded engine cannot use {root}: {error.strerror}") from error
        self._take()
        try:
            self.contents = self._read()
            self._remove_unnamed()
        except BaseException:
            self.release()
            raise

    def replace(self, contents: Contents) -> None:
        """Make `contents` the truth; when this returns it survives a power loss."""
        text = contents.model_dump_json(exclude_none=True, indent=1)
        draft = self._file.with_suffix(".tmp")
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._file)
        sync_folder(self.root)
        self.contents = contents

    def release(self) -> None:
        """Let another process take the directory."""
        os.close(self._lock)

    def _take(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(self._lock, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._lock)
            raise Misconfigured(
                f"another process (pid {holder}) has {self.root} open, and the embedded engine serves one process "
                "only: stop it, or run a Qdrant server and set VITRINE_QDRANT__URL for both"
            ) from error
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def _read(self) -> Contents:
        try:
            text = self._file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return Contents()
        try:
            if json.loads(text)["format"] == _FORMAT:
                return Contents.model_validate_json(text)
        except (ValueError, KeyError, TypeError, ValidationError) as error:
            raise Misconfigured(
                f"{self._file} is damaged: restore it, or empty {self.root} and ingest again"
            ) from error
        raise Misconfigured(f"{self._file} was written by a newer version: update this one, or use another path")

    def _remove_unnamed(self) -> None:
        named = {declaration.directory for declaration in self.contents.collections.values()}
        for directory in self.shards.iterdir():
            if directory.name not in named:
                shutil.rmtree(directory)
