"""Fixtures of the engine contract: each test that asks for one runs once on every engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast
from uuid import uuid4

import pytest
from qdrant_client import models

from tests.contracts.engines import ENGINE_NAMES, Engine, Item, Subject, create, open_engine, point, sample_items

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def items() -> list[Item]:
    """Return the sample catalogue."""
    return sample_items()


@pytest.fixture(scope="module", params=ENGINE_NAMES)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Engine]]:
    """Open each engine in turn."""
    kind = cast("str", request.param)
    with open_engine(kind, tmp_path_factory.mktemp("engine")) as client:
        yield kind, client


@pytest.fixture(scope="module")
def filled(engine: tuple[str, Engine], items: list[Item]) -> Iterator[Subject]:
    """Hold the sample catalogue; for tests that only read."""
    kind, client = engine
    name = f"congruence-{uuid4().hex}"
    create(client, name)
    client.upsert(name, points=[point(item) for item in items], wait=True)
    yield Subject(kind, client, name)
    client.delete_collection(name)


@pytest.fixture(scope="module")
def reused(engine: tuple[str, Engine]) -> Iterator[Subject]:
    """Hold the collection that `empty` empties for each test of a module: creating one each time costs many fsyncs."""
    kind, client = engine
    yield from _fresh(kind, client)


@pytest.fixture
def empty(reused: Subject) -> Iterator[Subject]:
    """Hold a collection without points; for tests that write."""
    if reused.kind == "local":  # there creation costs nothing, and a refused point leaves a collection broken
        yield from _fresh(reused.kind, reused.client)
    else:
        everything = models.FilterSelector(filter=models.Filter())
        reused.client.delete(reused.collection, points_selector=everything, wait=True)
        yield reused


def _fresh(kind: str, client: Engine) -> Iterator[Subject]:
    name = f"congruence-{uuid4().hex}"
    create(client, name, metadata={"fingerprint": "abc"})
    yield Subject(kind, client, name)
    client.delete_collection(name)
