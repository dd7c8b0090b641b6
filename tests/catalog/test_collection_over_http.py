"""The declaration as a server gets it and gives it back: its defaults filled in, its paths in its own spelling.

The answers are those of the OpenAPI description of server 1.17, which knows less than the client does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from qdrant_client.conversions.conversion import GrpcToRest, RestToGrpc

from catalog.collection import Declaration, ensure, keep, kept, specs_of, verify
from catalog.engine import Server, connect, outages_named
from catalog.errors import CollectionMismatch, EngineUnavailable, Misconfigured
from catalog.layout import check_layout, is_strict
from catalog.options import IndexOptions
from encoders.fakes import fake_encoders
from tests.qdrant_http import Asked, Qdrant, Raw, qdrant

if TYPE_CHECKING:
    from collections.abc import Iterator

DECLARED = Declaration("shop", fake_encoders().specs, ("3d", "heel height"), {"text": "fake", "image": "fake"})
NAME = DECLARED.physical_name
HERE = f"/collections/{NAME}"
PLACED = {"shard_number": 1, "replication_factor": 1, "write_consistency_factor": 1, "on_disk_payload": True}
OPTIMIZER = {
    "deleted_threshold": 0.2,
    "vacuum_min_vector_number": 1000,
    "default_segment_number": 0,
    "max_segment_size": None,
    "memmap_threshold": None,
    "indexing_threshold": 10000,
    "flush_interval_sec": 5,
    "max_optimization_threads": None,
}
HNSW = {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000, "max_indexing_threads": 0, "on_disk": False}
WAL = {"wal_capacity_mb": 32, "wal_segments_ahead": 0, "wal_retain_closed": 1}


class Collection:
    """One collection as a server describes it, from what it was asked to make of it."""

    def __init__(self) -> None:
        self.made: dict[str, Any] | None = None
        self.indexes: dict[str, Any] = {}
        self.aliases: dict[str, str] = {}
        self.results = {
            "GET /aliases": lambda _: {
                "aliases": [{"alias_name": alias, "collection_name": name} for alias, name in self.aliases.items()]
            },
            f"GET {HERE}/exists": lambda _: {"exists": self.made is not None},
            f"PUT {HERE}": self._make,
            f"PATCH {HERE}": self._change,
            f"GET {HERE}": lambda _: self._description(),
            f"PUT {HERE}/index": self._index,
            "POST /collections/aliases": self._alias,
        }

    def _make(self, asked: Asked) -> Any:  # noqa: ANN401 - JSON
        if self.made is not None:
            return Raw(409, b'{"status": {"error": "Wrong input: Collection already exists!"}, "time": 0.0}')
        self.made = asked.body
        return True

    def _change(self, asked: Asked) -> bool:
        assert self.made is not None
        for part in ("metadata", "strict_mode_config"):  # what is null goes, what is not named stays
            merged = (self.made.get(part) or {}) | (asked.body.get(part) or {})
            self.made[part] = {key: value for key, value in merged.items() if value is not None}
        return True

    def _index(self, asked: Asked) -> dict[str, Any]:
        path, schema = asked.body["field_name"], asked.body["field_schema"]
        kind = schema if isinstance(schema, str) else schema["type"]
        params = None if isinstance(schema, str) else schema
        self.indexes[path.replace('"3d"', "3d")] = {"data_type": kind, "params": params, "points": 0}
        return {"operation_id": 1, "status": "completed"}

    def _alias(self, asked: Asked) -> bool:
        for action in asked.body["actions"]:
            made = action["create_alias"]
            self.aliases[made["alias_name"]] = made["collection_name"]
        return True

    def _description(self) -> dict[str, Any]:
        assert self.made is not None
        return {
            "status": "grey",
            "optimizer_status": "ok",
            "indexed_vectors_count": 0,
            "points_count": 7,
            "segments_count": 2,
            "config": {
                "params": {"vectors": self.made["vectors"], "sparse_vectors": self.made["sparse_vectors"], **PLACED},
                "hnsw_config": HNSW,
                "optimizer_config": OPTIMIZER,
                "wal_config": WAL,
                "quantization_config": None,
                "strict_mode_config": self.made.get("strict_mode_config"),
                "metadata": self.made.get("metadata"),
            },
            "payload_schema": {
                path: {k: v for k, v in found.items() if v} | {"points": 0} for path, found in self.indexes.items()
            },
            "update_queue": {"length": 0},
        }


@pytest.fixture
def collection() -> Collection:
    """Return one that is not there yet."""
    return Collection()


@pytest.fixture
def server(collection: Collection) -> Iterator[Qdrant]:
    """Serve it."""
    with qdrant(collection.results) as served:
        yield served


def test_what_a_server_describes_is_what_was_declared(server: Qdrant, collection: Collection) -> None:
    """Made once, verified, and found again by the next worker, which makes nothing."""
    engine = connect(Server(server.url))
    try:
        assert ensure(engine, DECLARED) == NAME
        assert verify(engine, DECLARED).points == 7
        assert specs_of(engine, NAME) == DECLARED.specs
        before = len(server.asked)
        assert ensure(engine, DECLARED) == NAME
        again = [one.what for one in server.asked[before:]]
    finally:
        engine.close()

    assert not [what for what in again if not what.startswith("GET ")]
    assert collection.aliases == {"shop": NAME}
    (made,) = server.bodies(f"PUT {HERE}")
    assert made["vectors"]["image"]["multivector_config"] == {"comparator": "max_sim"}
    assert made["strict_mode_config"] == {
        "enabled": True,
        "unindexed_filtering_retrieve": False,
        "unindexed_filtering_update": False,
    }
    indexes = {body["field_name"]: body["field_schema"] for body in server.bodies(f"PUT {HERE}/index")}
    assert indexes['product.attributes."heel height"'] == "float"
    assert indexes["revision"] == {"type": "integer", "lookup": False, "range": True, "enable_hnsw": False}
    assert all(one.query["wait"] == "true" for one in server.asked if one.what == f"PUT {HERE}/index")


def test_a_collection_that_was_not_strict_becomes_so(server: Qdrant) -> None:
    """Only that is changed of it."""
    engine = connect(Server(server.url))
    try:
        ensure(engine, replace(DECLARED, options=IndexOptions(strict=False)))
        ensure(engine, DECLARED)
    finally:
        engine.close()

    (changed,) = server.bodies(f"PATCH {HERE}")
    assert set(changed) == {"strict_mode_config"}


def test_what_is_kept_with_a_collection_comes_back(server: Qdrant) -> None:
    """Each key by itself; nothing is an empty object, for a null would be lost or not by the protocol."""
    engine = connect(Server(server.url))
    try:
        ensure(engine, DECLARED)
        keep(engine, NAME, "calibration", {"mean": 1.0, "of": [[1, 2]], "none": {}})
        assert kept(engine, NAME, "calibration") == {"mean": 1.0, "of": [[1, 2]], "none": {}}
        keep(engine, NAME, "calibration", None)
        assert kept(engine, NAME, "calibration") is None
        assert kept(engine, NAME, "models") == DECLARED.models
    finally:
        engine.close()


def test_over_grpc_a_collection_reads_the_same(server: Qdrant, collection: Collection) -> None:
    """Through the client's own conversions, both ways: vectors, indexes, strictness, and what is kept."""
    engine = connect(Server(server.url))
    try:
        ensure(engine, DECLARED)
        keep(engine, NAME, "calibration", {"mean": 1.0, "of": [[1, 2]], "none": {}})
        over_rest = engine.get_collection(NAME)
    finally:
        engine.close()

    over_grpc = GrpcToRest.convert_collection_info(RestToGrpc.convert_collection_info(over_rest))

    check_layout(over_grpc, NAME, DECLARED.specs, DECLARED.numbers)
    assert is_strict(over_grpc)
    assert over_grpc.config.metadata == over_rest.config.metadata
    assert collection.made is not None
    assert over_grpc.config.metadata == collection.made["metadata"]


def test_an_index_that_somebody_else_made_is_named(server: Qdrant, collection: Collection) -> None:
    """As on the embedded engine."""
    engine = connect(Server(server.url))
    try:
        ensure(engine, DECLARED)
        collection.indexes["price"]["data_type"] = "integer"
        with pytest.raises(CollectionMismatch, match=r"index of price .* is for integer, it must be for float"):
            verify(engine, DECLARED)
    finally:
        engine.close()


def cluster(nodes: int) -> dict[str, Any]:
    """Return what a server says of its cluster."""
    return {
        "status": "enabled",
        "peer_id": 1,
        "peers": {str(number): {"uri": f"http://qdrant-{number}:6335/"} for number in range(1, nodes + 1)},
        "raft_info": {"term": 1, "commit": 1, "pending_operations": 0, "leader": 1, "role": "Leader", "is_voter": True},
        "consensus_thread_status": {"consensus_thread_status": "working", "last_update": "2026-05-01T00:00:00Z"},
        "message_send_failures": {},
    }


@pytest.mark.parametrize("options", [IndexOptions(replicas=2, nodes=3), IndexOptions(replicas=3)])
def test_nothing_is_made_before_the_cluster_is_complete(server: Qdrant, options: IndexOptions) -> None:
    """Shards and replicas stay where they were placed, so a worker waits for the nodes as for an outage's end."""
    declared = replace(DECLARED, options=options)
    server.results["GET /cluster"] = cluster(2)
    engine = connect(Server(server.url))
    try:
        with pytest.raises(EngineUnavailable, match="has 2 of 3 nodes"):
            ensure(engine, declared)
        assert server.bodies(f"PUT {HERE}") == []

        server.results["GET /cluster"] = cluster(3)
        ensure(engine, declared)
        server.results["GET /cluster"] = cluster(2)
        assert ensure(engine, declared) == NAME
    finally:
        engine.close()
    assert len(server.bodies(f"PUT {HERE}")) == 1


def test_a_server_without_a_cluster_keeps_no_replicas(server: Qdrant) -> None:
    """It would take the number and keep one copy."""
    server.results["GET /cluster"] = {"status": "disabled"}
    engine = connect(Server(server.url))
    try:
        with pytest.raises(Misconfigured, match="is one node, not 2: set VITRINE_INDEX__REPLICAS"):
            ensure(engine, replace(DECLARED, options=IndexOptions(replicas=2)))
    finally:
        engine.close()


def test_another_worker_was_faster(server: Qdrant, collection: Collection) -> None:
    """Both make the collection, one of them hears 409, and both go on with the same."""
    engine = connect(Server(server.url))
    missing = iter([False])
    collection.results[f"GET {HERE}/exists"] = lambda _: {"exists": next(missing, True)}
    collection.made = {"vectors": {}, "sparse_vectors": {}}
    try:
        with pytest.raises(CollectionMismatch, match="is missing"):  # it went on to what is there
            ensure(engine, DECLARED)
    finally:
        engine.close()


@pytest.mark.parametrize("version", ["1.17.0", "1.20.1", "2.0.0-dev", "?"])
def test_a_server_is_taken_from_1_17_on(server: Qdrant, version: str) -> None:
    """Also one whose version nobody can read."""
    server.version = version
    engine = connect(Server(server.url))
    try:
        assert ensure(engine, DECLARED) == NAME
    finally:
        engine.close()


def test_an_older_server_is_refused(server: Qdrant) -> None:
    """There `insert_only` means nothing, and a product that another worker has just written would be lost."""
    server.version = "1.16.3"
    engine = connect(Server(server.url))
    try:
        with pytest.raises(Misconfigured, match=r"version 1\.16\.3; Vitrine needs 1\.17"), outages_named():
            ensure(engine, DECLARED)
    finally:
        engine.close()
    assert not server.bodies(f"PUT {HERE}")
