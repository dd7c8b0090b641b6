"""A real index for each module of tests, empty for each test; its engine can be told to be away."""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from tests.index import MEMORY, Index, new_index
from tests.pipeline import FlakyEngine, Parts, new_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def flaky_engine() -> Iterator[FlakyEngine]:
    """Open one engine for all these tests."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        client = FlakyEngine(folder)
        yield client
        client.close()


@pytest.fixture(scope="module")
def collection(flaky_engine: FlakyEngine) -> Iterator[Index]:
    """Make one collection for all these tests."""
    with new_index(flaky_engine) as index:
        yield index


@pytest.fixture
def index(collection: Index) -> Index:
    """Return an empty collection."""
    collection.clear()
    return collection


@pytest.fixture
def parts() -> Iterator[Parts]:
    """Put an encoding together."""
    with new_encoding() as together:
        yield together
