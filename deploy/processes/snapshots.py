"""A collection as files, and back: the shard itself of the embedded engine, a server's own snapshot.

FOLDER/snapshot.json     which collection, of which alias, with how many points, in which form
FOLDER/shard/            embedded: the collection as the engine keeps it
FOLDER/collection.snapshot   server: what it makes and takes back
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import httpx
from qdrant_client.http.exceptions import UnexpectedResponse

from catalog.collection import has_other_layout, keep, kept, migration_of, point_alias, resolve
from catalog.disk import sync_file, sync_folder
from catalog.embedded import EmbeddedClient
from catalog.engine import outages_named
from catalog.errors import CollectionMismatch, EngineUnavailable, Misconfigured
from catalog.migration import MIGRATION, parse_migration
from deploy.processes.migration.steps import now
from deploy.processes.parts import qdrant_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from catalog.engine import Engine
    from deploy.settings import Settings

MANIFEST: Final = "snapshot.json"
SHARD: Final = "shard"
FILE: Final = "collection.snapshot"
_FORMAT: Final = 1
_EMBEDDED, _SERVER = "embedded", "server"
_CHUNK_BYTES: Final = 1 << 20
_TRANSFER_SECONDS: Final = 3_600.0


def snapshot(settings: Settings, engine: Engine, folder: Path) -> dict[str, Any]:
    """Write the collection behind the alias into an empty or new folder; the manifest comes last and makes it whole.

    Searches go on meanwhile; on the embedded engine writes wait. Raises `Misconfigured`, `CollectionMismatch`,
    `EngineUnavailable`.
    """
    with outages_named():
        name = resolve(engine, settings.collection)
    if name is None:
        raise CollectionMismatch(f"there is no collection behind the alias {settings.collection!r}: nothing to keep")
    _take(folder)
    manifest = {"format": _FORMAT, "alias": settings.collection, "collection": name, "made_at": now()}
    with outages_named():
        if isinstance(engine, EmbeddedClient):
            manifest |= {"engine": _EMBEDDED, "declared": engine.copy_collection(name, folder / SHARD)}
        else:
            manifest |= {"engine": _SERVER}
            _download(settings, name, folder / FILE)
        manifest["points"] = engine.count(collection_name=name, exact=True).count
    _write(folder / MANIFEST, json.dumps(manifest, indent=1))
    return {"folder": str(folder), "collection": name, "points": manifest["points"], "engine": manifest["engine"]}


def restore(settings: Settings, engine: Engine, folder: Path) -> dict[str, Any]:
    """Make the collection of a snapshot, and let the alias lead to it where it leads nowhere yet.

    Raises `Misconfigured` for what is no snapshot, is one of the other kind of engine, or where the collection exists.
    """
    manifest = _manifest(folder)
    name, alias = str(manifest["collection"]), settings.collection
    kind = _EMBEDDED if isinstance(engine, EmbeddedClient) else _SERVER
    if manifest["engine"] != kind:
        raise Misconfigured(f"{folder} is a snapshot of the {manifest['engine']} engine, this is the {kind} one")
    if not name.startswith(f"{alias}-"):
        raise Misconfigured(f"{folder} holds {name}: set VITRINE_COLLECTION={manifest['alias']}")
    with outages_named():
        if engine.collection_exists(collection_name=name):
            raise Misconfigured(f"{name} exists already: restore into an empty place, or delete it first")
        if isinstance(engine, EmbeddedClient):
            engine.adopt_collection(name, folder / SHARD, manifest["declared"])
        else:
            _upload(settings, name, folder / FILE)
        _forget_migration(engine, name)
        if resolve(engine, alias) is None and migration_of(engine, alias) is None:
            point_alias(engine, alias, name)
        points = engine.count(collection_name=name, exact=True).count
        other_layout = has_other_layout(engine, name)
    return {"collection": name, "points": points, "alias": alias, "other_layout": other_layout}


def _forget_migration(engine: Engine, name: str) -> None:
    """End the migration that was under way when the snapshot was made, where what it came from is not here."""
    record = kept(engine, name, MIGRATION)
    if record is not None and not engine.collection_exists(collection_name=parse_migration(record, name).source):
        keep(engine, name, MIGRATION, None)


def _download(settings: Settings, name: str, path: Path) -> None:
    """Have the server make a snapshot and fetch it; the server's own copy is deleted."""
    snapshots = f"/collections/{name}/snapshots"
    with _transferring(settings, f"the snapshot of {name} did not come") as rest:
        _require_whole(rest, name)
        made = rest.post(snapshots, params={"wait": "true"})
        _check(made, f"make a snapshot of {name}")
        its = f"{snapshots}/{made.json()['result']['name']}"
        try:
            with rest.stream("GET", its) as answer:
                _check(answer, f"give the snapshot of {name}")
                with path.open("wb") as file:
                    for chunk in answer.iter_bytes(_CHUNK_BYTES):
                        file.write(chunk)
            sync_file(path)
        finally:
            _check(rest.delete(its, params={"wait": "true"}), f"delete its own copy of the snapshot of {name}")


def _require_whole(rest: httpx.Client, name: str) -> None:
    """Raise `Misconfigured` where parts of a collection lie on other nodes: they would not be in the snapshot."""
    answer = rest.get(f"/collections/{name}/cluster")
    if answer.status_code != HTTPStatus.OK:  # a server that knows of no cluster is one node
        return
    placed = answer.json()["result"]
    here = {shard["shard_id"] for shard in placed["local_shards"]}
    if len(here) < placed["shard_count"]:
        raise Misconfigured(
            f"{name} is spread over several nodes, of which {rest.base_url.host} has {len(here)} of "
            f"{placed['shard_count']} shards, and a snapshot holds what its node has: make one on each node, with "
            "Qdrant itself"
        )


def _upload(settings: Settings, name: str, path: Path) -> None:
    with _transferring(settings, f"the snapshot of {name} was not taken") as rest:
        try:
            with path.open("rb") as file:
                answer = rest.post(
                    f"/collections/{name}/snapshots/upload",
                    params={"priority": "snapshot", "wait": "true"},
                    files={"snapshot": (FILE, file)},
                )
        except OSError as error:
            raise Misconfigured(f"{path} cannot be read: {error}") from error
        _check(answer, f"restore {name}")


@contextmanager
def _transferring(settings: Settings, failed: str) -> Iterator[httpx.Client]:
    """Give a client that waits for as long as a large collection takes, where Qdrant's own waits for one call."""
    server = qdrant_server(settings)
    assert server is not None, "an engine that is not embedded is a server's"
    with server.files(timeout_seconds=_TRANSFER_SECONDS) as rest:
        try:
            yield rest
        except httpx.TransportError as error:
            raise EngineUnavailable(f"{failed}: {error}") from error


def _check(answer: httpx.Response, what: str) -> None:
    """Raise `EngineUnavailable`, or what `outages_named` reads as a key that is not let in, unless all is well."""
    if answer.status_code == HTTPStatus.OK:
        return
    answer.read()
    if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise UnexpectedResponse.for_response(answer)
    raise EngineUnavailable(f"the server did not {what}: {answer.status_code} {answer.text[:300]}")


def _take(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = any(folder.iterdir())
    except OSError as error:
        raise Misconfigured(f"{folder} cannot be written to: {error.strerror}") from error
    if taken:
        raise Misconfigured(f"{folder} is not empty: name a new folder")


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] == _FORMAT and {"alias", "collection", "engine"} <= manifest.keys():
            return dict(manifest)
    except FileNotFoundError as error:
        raise Misconfigured(f"{folder} holds no whole snapshot: {MANIFEST} is missing") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Misconfigured(f"{folder / MANIFEST} cannot be read: {error}") from error
    raise Misconfigured(f"{folder / MANIFEST} was written by another version of Vitrine")


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    sync_file(path)
    sync_folder(path.parent)
