"""The embedded engine's graphs are built before anything is served, or by command, and never else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qdrant_client import models

from catalog.collection import Declaration, ensure
from catalog.layout import creation
from catalog.points import point_id
from deploy.processes.optimizing import optimize, optimize_if_due, unindexed_points
from encoders.fakes import SIZE, fake_encoders
from tests.index import embedded_engine

if TYPE_CHECKING:
    from catalog.embedded import EmbeddedClient

ENOUGH = 600
SMALL = models.OptimizersConfigDiff(indexing_threshold=50)
"""A graph from 50 kB on: the engine's own 10 MB would take this test a minute."""


def filled(engine: EmbeddedClient) -> str:
    """Make a collection of random vectors."""
    declaration = Declaration("products", fake_encoders().specs)
    made = creation(declaration.specs, declaration.options)
    engine.create_collection(declaration.physical_name, optimizers_config=SMALL, **made)
    name = ensure(engine, declaration)
    random = np.random.default_rng(0).standard_normal((ENOUGH, SIZE)).astype(np.float32)
    batch = models.Batch(
        ids=[point_id(str(number)) for number in range(ENOUGH)],
        vectors={"text": random.tolist(), "image": random.tolist()},
        payloads=[{} for _ in range(ENOUGH)],
    )
    engine.upsert(name, points=batch)
    return name


def test_above_the_threshold_graphs_are_built_at_the_start() -> None:
    """Below it nothing is: a small collection is searched faster without."""
    with embedded_engine() as engine:
        name = filled(engine)
        assert unindexed_points(engine, name) == ENOUGH

        optimize_if_due(engine, "products", above=ENOUGH)
        assert unindexed_points(engine, name) == ENOUGH

        optimize_if_due(engine, "products", above=ENOUGH - 1)
        assert unindexed_points(engine, name) == 0
        assert optimize(engine, name) < 5.0, "there is nothing left to do"


def test_nothing_behind_the_alias_is_nothing_to_build() -> None:
    """The first start."""
    with embedded_engine() as engine:
        optimize_if_due(engine, "products", above=0)
