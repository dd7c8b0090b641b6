"""The open shards of one directory, by collection name or alias.

Readers take no lock: they read one immutable mapping, which each change replaces as a whole. A shard that is dropped
while another thread still asks it stays alive until that call returns, as its files do.
"""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import qdrant_edge as edge

from catalog.disk import copy_file, sync_folder, sync_tree
from catalog.embedded.durability import Durability
from catalog.embedded.refusals import as_refusals, missing_collection, refusal
from catalog.embedded.registry import Contents, Declaration, Registry
from catalog.embedded.vectors import VectorSizes
from catalog.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from qdrant_client.http import models

ROOM_BYTES: Final = 128 * 2**20
"""What must be free on the disk for a write: Edge writes through mappings, and where the disk is full the process
dies of it (SIGBUS) with nothing said. Enough for the next part of its log, and for segments to grow."""


@dataclass(frozen=True, slots=True)
class OpenCollection:
    """A collection that can be asked: its shard, what it was declared as, the sizes of its vectors, its disk.

    `writing` is held while points change, so that whoever holds it sees files that belong together.
    """

    name: str
    declaration: Declaration
    shard: edge.EdgeShard
    sizes: VectorSizes
    durability: Durability
    path: Path
    writing: threading.Lock = field(default_factory=threading.Lock)


class Shards:
    """All collections below one directory, open."""

    def __init__(self, root: Path) -> None:
        """Open every collection; raise Misconfigured if the directory is taken or a shard does not load."""
        self._registry = Registry(root)
        self._change = threading.RLock()
        self._open: dict[str, OpenCollection] = {}
        self._closed = False
        try:
            for name, declaration in self._registry.contents.collections.items():
                path = self._registry.shards / declaration.directory
                self._open[name] = _opened(name, declaration, self._load(name, path), path)
        except BaseException:
            self.close()
            raise
        self._by_name: Mapping[str, OpenCollection] = self._with_aliases()

    def find(self, name: str) -> OpenCollection:
        """Return the collection of this name or alias; raise UnexpectedResponse 404 if there is none."""
        found = self._by_name.get(name)
        if found is None:
            raise missing_collection(name)
        return found

    def writable(self, name: str) -> OpenCollection:
        """Return the collection to write to; raise UnexpectedResponse 507 where the disk is all but full."""
        self._need_room()
        return self.find(name)

    def has(self, name: str) -> bool:
        """Say whether a collection or an alias of this name exists."""
        return name in self._by_name

    def all(self) -> list[OpenCollection]:
        """Return every collection once."""
        return list(self._open.values())

    def aliases(self) -> Mapping[str, str]:
        """Return alias → collection name."""
        return self._registry.contents.aliases

    def create(self, name: str, declaration: Declaration, config: edge.EdgeConfig) -> None:
        """Create a collection; raise UnexpectedResponse 409 if the name is taken."""
        with self._change:
            if self.has(name):
                raise refusal(HTTPStatus.CONFLICT, f"Wrong input: Collection `{name}` already exists!")
            self._need_room()
            path = self._registry.shards / declaration.directory
            path.mkdir()
            with as_refusals():
                shard = edge.EdgeShard.create(str(path), config)
                shard.flush()
            sync_folder(self._registry.shards)
            contents = self._registry.contents
            self._open[name] = _opened(name, declaration, shard, path)
            self._commit(contents.model_copy(update={"collections": {**contents.collections, name: declaration}}))

    def copy(self, name: str, folder: Path) -> Declaration:
        """Copy a collection's files into a new folder while nobody writes, and return what it was declared as."""
        found = self.find(name)
        with found.writing:
            with as_refusals():
                found.shard.flush()
            shutil.copytree(found.path, folder, copy_function=copy_file)
            sync_tree(folder)
            return self.find(name).declaration

    def adopt(self, name: str, folder: Path, declared: Declaration) -> None:
        """Make a collection of files that were copied; raise UnexpectedResponse 409 if the name is taken."""
        with self._change:
            if self.has(name):
                raise refusal(HTTPStatus.CONFLICT, f"Wrong input: Collection `{name}` already exists!")
            self._need_room()
            declaration = declared.model_copy(update={"directory": new_directory()})
            path = self._registry.shards / declaration.directory
            shutil.copytree(folder, path, copy_function=copy_file)
            sync_tree(path)
            sync_folder(self._registry.shards)
            self._open[name] = _opened(name, declaration, self._load(name, path), path)
            contents = self._registry.contents
            self._commit(contents.model_copy(update={"collections": {**contents.collections, name: declaration}}))

    def drop(self, name: str) -> bool:
        """Remove a collection and the aliases that point to it; False if there is no collection of this name."""
        with self._change:
            dropped = self._open.pop(name, None)
            if dropped is None:
                return False
            contents = self._registry.contents
            collections = {each: kept for each, kept in contents.collections.items() if each != name}
            aliases = {alias: target for alias, target in contents.aliases.items() if target != name}
            self._commit(contents.model_copy(update={"collections": collections, "aliases": aliases}))
            # Not closed: a thread may have found it just before. The last reference closes it.
            shutil.rmtree(self._registry.shards / dropped.declaration.directory)
            return True

    def declare_index(self, name: str, field: str, schema: models.PayloadSchemaParams) -> None:
        """Write down the declared schema of a payload index that the shard already has."""
        with self._change:
            declaration = self._collection(name).declaration
            indexes = {**declaration.payload_indexes, field: schema}
            self._redeclare(name, declaration.model_copy(update={"payload_indexes": indexes}))

    def merge_metadata(self, name: str, metadata: models.Payload) -> None:
        """Set these keys of the collection's metadata; one that is None is removed."""
        with self._change:
            declaration = self._collection(name).declaration
            merged = {**(declaration.metadata or {}), **metadata}
            kept = {key: value for key, value in merged.items() if value is not None}
            self._redeclare(name, declaration.model_copy(update={"metadata": kept}))

    def point_aliases(self, changes: Mapping[str, str | None]) -> None:
        """Point each alias to its collection, or remove it where that is None; all at once or, on an error, none."""
        with self._change:
            contents = self._registry.contents
            aliases = {**contents.aliases, **changes}
            for alias, target in changes.items():
                if target is not None and target not in self._open:
                    raise missing_collection(target)
                if target is not None and alias in self._open:
                    raise refusal(HTTPStatus.BAD_REQUEST, f"Wrong input: Collection `{alias}` already exists!")
            kept = {alias: target for alias, target in aliases.items() if target is not None}
            self._commit(contents.model_copy(update={"aliases": kept}))

    def close(self) -> None:
        """Close every shard, which writes it out, and let another process take the directory; again does nothing.

        A call that comes later is refused with 500 by the closed shard.
        """
        with self._change:
            if self._closed:
                return
            self._closed = True
            for each in self._open.values():
                each.shard.close()
            self._registry.release()

    def _need_room(self) -> None:
        free_bytes = shutil.disk_usage(self._registry.shards).free
        if free_bytes < ROOM_BYTES:
            reason = f"only {free_bytes:,} bytes are free in {self._registry.root}, {ROOM_BYTES:,} are needed to write"
            raise refusal(HTTPStatus.INSUFFICIENT_STORAGE, f"Service runtime error: {reason}")

    def _collection(self, name: str) -> OpenCollection:
        found = self._open.get(name)
        if found is None:
            raise missing_collection(name)
        return found

    def _redeclare(self, name: str, declaration: Declaration) -> None:
        contents = self._registry.contents
        self._open[name] = replace(self._open[name], declaration=declaration)
        self._commit(contents.model_copy(update={"collections": {**contents.collections, name: declaration}}))

    def _commit(self, contents: Contents) -> None:
        self._registry.replace(contents)
        self._by_name = self._with_aliases()

    def _with_aliases(self) -> Mapping[str, OpenCollection]:
        aliases = self._registry.contents.aliases
        return {**self._open, **{alias: self._open[target] for alias, target in aliases.items()}}

    def _load(self, name: str, path: Path) -> edge.EdgeShard:
        try:
            return edge.EdgeShard.load(str(path))
        except BaseException as error:
            # A damaged shard can make Edge panic, and a panic is no Exception.
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            raise Misconfigured(
                f"the collection {name} in {path} does not open ({error}): restore it, or empty "
                f"{self._registry.root} and ingest again"
            ) from error


def new_directory() -> str:
    """Return a directory name that never was one."""
    return uuid4().hex


def _opened(name: str, declaration: Declaration, shard: edge.EdgeShard, path: Path) -> OpenCollection:
    dense = {vector: params.size for vector, params in declaration.vectors.items()}
    several = frozenset(name for name, params in declaration.vectors.items() if params.multivector_config is not None)
    sizes = VectorSizes(dense, frozenset(declaration.sparse_vectors), several)
    return OpenCollection(name, declaration, shard, sizes, Durability(shard, path), path)
