"""The real embedded engine for tests, in memory where the machine lets it: creating a collection costs many fsyncs."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import pytest
from qdrant_client import models

from catalog.collection import Declaration, ensure
from catalog.embedded import EmbeddedClient
from catalog.vectors import SparseVector
from encoders.fakes import fake_encoders
from ingest.store import Store
from tests.builders import SKU

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.engine import Engine
    from encoders.interface import FloatArray
    from tests.builders import JsonObject

MEMORY = Path("/dev/shm")


@contextmanager
def memory_folder() -> Iterator[Path]:
    """Make a folder in memory where the machine lets it, and throw it away afterwards."""
    with TemporaryDirectory(prefix="vitrine-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield Path(folder)


@contextmanager
def embedded_engine() -> Iterator[EmbeddedClient]:
    """Open an empty embedded engine and throw it away afterwards."""
    with memory_folder() as folder:
        client = EmbeddedClient(folder)
        try:
            yield client
        finally:
            client.close()


@dataclass(frozen=True, slots=True)
class Index:
    """A collection made for the fake encoders."""

    engine: Engine
    collection: str

    @property
    def store(self) -> Store:
        """A store of this collection, as every worker has one."""
        return Store(self.engine, self.collection)

    def clear(self) -> None:
        """Take every product away."""
        self.engine.delete(self.collection, points_selector=models.FilterSelector(filter=models.Filter()), wait=True)

    def count(self) -> int:
        """How many points there are, tombstones included."""
        return self.engine.count(self.collection).count

    def product(self, product_id: str = SKU) -> JsonObject:
        """Return the fields of a product, empty for one that nobody has heard of."""
        return self.store.read([product_id])[product_id].state.product()

    def vectors(self, point_id: str) -> dict[str, object]:
        """Return the vectors stored for a point, by name."""
        found = self.engine.retrieve(self.collection, ids=[point_id], with_vectors=True)
        vectors = found[0].vector if found else None
        return dict(vectors) if isinstance(vectors, dict) else {}


@contextmanager
def new_index(engine: Engine) -> Iterator[Index]:
    """Make a collection of its own, and delete it afterwards."""
    name = ensure(engine, Declaration(f"test-{uuid4().hex[:12]}", fake_encoders().specs))
    try:
        yield Index(engine, name)
    finally:
        engine.delete_collection(name)


def same_vector(found: object, made: FloatArray | SparseVector) -> bool:
    """Whether a vector as the engine gives it is the one that an encoder made, but for rounding."""
    if isinstance(made, SparseVector):
        assert isinstance(found, models.SparseVector)
        words = dict(zip(found.indices, found.values, strict=True))
        return words == pytest.approx(dict(zip(made.indices, made.values, strict=True)), rel=1e-5)
    return bool(np.allclose(np.array(found), made, atol=1e-5))
