"""A snapshot of a server's collection: over whatever leads to the server, and for as long as it takes."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from catalog.engine import connect
from catalog.errors import EngineUnavailable, Misconfigured
from deploy.processes.parts import open_engine, qdrant_server
from deploy.processes.snapshots import FILE, MANIFEST, restore, snapshot
from deploy.settings import QdrantSettings, Settings
from tests.certificates import Certificate, self_signed
from tests.qdrant_http import Asked, Qdrant, Raw, qdrant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALIAS = "shop"
NAME = f"{ALIAS}-{'0' * 12}"
SNAPSHOTS = f"/collections/{NAME}/snapshots"
BYTES = bytes(range(256)) * 5_000
LONGER_THAN_A_CALL = 1.2


class Files:
    """A server with one collection, of which it makes snapshots, slowly."""

    def __init__(self) -> None:
        self.is_there = True
        self.kept: list[str] = []
        self.taken: bytes | None = None
        self.results: dict[str, Any] = {
            "GET /aliases": lambda _: {"aliases": self._aliases()},
            "GET /collections": {"collections": [{"name": NAME}]},
            f"GET /collections/{NAME}/exists": lambda _: {"exists": self.is_there},
            f"GET /collections/{NAME}": _description(),
            f"POST /collections/{NAME}/points/count": {"count": 3},
            f"GET /collections/{NAME}/cluster": placed(here=1, there=0),
            f"POST {SNAPSHOTS}": self._make,
            f"GET {SNAPSHOTS}/made.snapshot": Raw(200, BYTES, {"Content-Type": "application/octet-stream"}),
            f"DELETE {SNAPSHOTS}/made.snapshot": self._delete,
            f"POST {SNAPSHOTS}/upload": self._take,
        }

    def _aliases(self) -> list[dict[str, str]]:
        return [{"alias_name": ALIAS, "collection_name": NAME}] if self.is_there else []

    def _make(self, asked: Asked) -> dict[str, Any]:
        assert asked.query["wait"] == "true"
        time.sleep(LONGER_THAN_A_CALL)
        self.kept.append("made.snapshot")
        return {"name": "made.snapshot", "creation_time": "2026-05-01T10:00:00", "size": len(BYTES), "checksum": "0"}

    def _delete(self, _asked: Asked) -> bool:
        self.kept.remove("made.snapshot")
        return True

    def _take(self, asked: Asked) -> bool:
        time.sleep(LONGER_THAN_A_CALL)
        self.taken, self.is_there = asked.body, True
        return True


@pytest.fixture
def files() -> Files:
    """Return a server's state."""
    return Files()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """Make a certificate that only who is told of it trusts."""
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server(files: Files, certificate: Certificate) -> Iterator[Qdrant]:
    """Serve it over TLS."""
    with qdrant(files.results, certificate) as served:
        yield served


def settings_for(server: Qdrant, certificate: Certificate | None) -> Settings:
    """Return settings that lead there, with little patience for one call."""
    found: dict[str, Any] = {"url": server.url, "api_key": "right", "timeout_seconds": 1}
    if certificate is not None:
        found["ca_file"] = certificate.certificate
    return Settings(qdrant=QdrantSettings.model_validate(found), collection=ALIAS)


def test_it_is_fetched_and_taken_back(server: Qdrant, files: Files, certificate: Certificate, tmp_path: Path) -> None:
    """Behind one's own authority, with the key, longer than a call may last; the server keeps no copy."""
    settings = settings_for(server, certificate)
    with closing(open_engine(settings)) as engine:
        made = snapshot(settings, engine, tmp_path / "kept")
        files.is_there = False
        restored = restore(settings, engine, tmp_path / "kept")

    assert made["points"] == restored["points"] == 3
    assert (tmp_path / "kept" / FILE).read_bytes() == BYTES
    assert files.kept == []
    assert files.taken is not None
    assert BYTES in files.taken
    (upload,) = [one for one in server.asked if one.what == f"POST {SNAPSHOTS}/upload"]
    assert upload.query == {"priority": "snapshot", "wait": "true"}
    assert {one.key for one in server.asked} == {"right"}


def test_what_breaks_on_its_way_is_no_snapshot(
    server: Qdrant, files: Files, certificate: Certificate, tmp_path: Path
) -> None:
    """There is no manifest then, and the server's copy goes all the same."""
    files.results[f"GET {SNAPSHOTS}/made.snapshot"] = Raw(500, b'{"status": {"error": "disk"}}')
    settings = settings_for(server, certificate)
    with (
        closing(open_engine(settings)) as engine,
        pytest.raises(EngineUnavailable, match="did not give the snapshot"),
    ):
        snapshot(settings, engine, tmp_path / "kept")

    assert not (tmp_path / "kept" / MANIFEST).exists()
    assert files.kept == []


def test_part_of_a_collection_is_no_snapshot(
    server: Qdrant, files: Files, certificate: Certificate, tmp_path: Path
) -> None:
    """In a cluster a node has some of the shards, and only these are in what it makes."""
    files.results[f"GET /collections/{NAME}/cluster"] = placed(here=2, there=4)
    settings = settings_for(server, certificate)
    with (
        closing(open_engine(settings)) as engine,
        pytest.raises(Misconfigured, match=r"127\.0\.0\.1 has 2 of 6 shards"),
    ):
        snapshot(settings, engine, tmp_path / "kept")

    assert not [one for one in server.asked if one.what == f"POST {SNAPSHOTS}"]


def test_a_key_that_may_not_names_its_setting(
    server: Qdrant, files: Files, certificate: Certificate, tmp_path: Path
) -> None:
    """Reading is allowed with it, snapshots are not."""
    files.results[f"POST {SNAPSHOTS}"] = Raw(403, b'{"status": {"error": "Forbidden: Global manage access"}}')
    settings = settings_for(server, certificate)
    with (
        closing(open_engine(settings)) as engine,
        pytest.raises(Misconfigured, match=r"403: Forbidden: Global.*VITRINE_QDRANT__API_KEY"),
    ):
        snapshot(settings, engine, tmp_path / "kept")


def test_a_server_that_nobody_vouches_for_gets_nothing(
    server: Qdrant, certificate: Certificate, tmp_path: Path
) -> None:
    """Neither the key nor the file, though the other calls had trusted it."""
    trusting = settings_for(server, certificate)
    known = qdrant_server(trusting)
    assert known is not None
    with (
        closing(connect(known)) as engine,
        pytest.raises(EngineUnavailable, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        snapshot(settings_for(server, None), engine, tmp_path / "kept")


def placed(*, here: int, there: int) -> dict[str, Any]:
    """Return where a server says that the shards of a collection are."""
    local = [{"shard_id": number, "points_count": 0, "state": "Active"} for number in range(here)]
    remote = [{"shard_id": here + number, "peer_id": 2, "state": "Active"} for number in range(there)]
    return {
        "peer_id": 1,
        "shard_count": here + there,
        "local_shards": local,
        "remote_shards": remote,
        "shard_transfers": [],
    }


def _description() -> dict[str, Any]:
    """Return what a server says of a collection, as little as it may."""
    optimizer = {"default_segment_number": 0, "flush_interval_sec": 5}
    hnsw = {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000}
    return {
        "status": "green",
        "optimizer_status": "ok",
        "segments_count": 1,
        "config": {"params": {}, "hnsw_config": hnsw, "optimizer_config": optimizer},
        "payload_schema": {},
    }
