"""Several vectors of one name, a point as near as its nearest: every engine keeps and scores them alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from qdrant_client import models
from qdrant_client.http.exceptions import UnexpectedResponse

from tests.contracts.engines import IMAGE_SIZE, TOLERANCE

if TYPE_CHECKING:
    from tests.contracts.engines import Subject

AXES = np.eye(IMAGE_SIZE, dtype=np.float32)
NEAREST = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)


@pytest.fixture
def several(empty: Subject) -> Subject:
    """Return an engine with a collection of products that have several pictures."""
    params = models.VectorParams(size=IMAGE_SIZE, distance=models.Distance.COSINE, multivector_config=NEAREST)
    empty.client.delete_collection(empty.collection)
    empty.client.create_collection(empty.collection, vectors_config={"image": params})
    points = [
        models.PointStruct(id=1, vector={"image": AXES[[0, 1]].tolist()}, payload={}),
        models.PointStruct(id=2, vector={"image": ((AXES[[0]] + AXES[[1]]) * 3).tolist()}, payload={}),
        models.PointStruct(id=3, vector={"image": AXES[[2, 3, 4]].tolist()}, payload={}),
        models.PointStruct(id=4, vector={}, payload={}),
    ]
    empty.client.upsert(empty.collection, points=points)
    return empty


def test_a_point_is_as_near_as_its_nearest(several: Subject, request: pytest.FixtureRequest) -> None:
    """One query vector against all of a point's; a point without any is not found."""
    several.known_gap(request, local="qdrant-client's local mode takes no single vector as a query there")
    query = (0.8 * AXES[1] + 0.6 * AXES[3]).tolist()

    found = several.client.query_points(several.collection, query=query, using="image", limit=10).points

    assert [hit.id for hit in found] == [1, 3, 2]
    assert [hit.score for hit in found] == pytest.approx([0.8, 0.6, 0.8 * 0.5**0.5], abs=TOLERANCE)


def test_they_are_read_back_in_order(several: Subject) -> None:
    """Each at unit length, and as they were written."""
    records = several.client.retrieve(several.collection, ids=[1, 2, 4], with_vectors=["image"])

    read: dict[Any, Any] = {record.id: record.vector for record in records}
    assert np.allclose(read[1]["image"], AXES[[0, 1]], atol=TOLERANCE)
    assert np.allclose(read[2]["image"], (AXES[[0]] + AXES[[1]]) * 0.5**0.5, atol=TOLERANCE)
    assert not read[4]


@pytest.mark.parametrize("vectors", [[[1.0] * (IMAGE_SIZE + 1)], [[1.0] * IMAGE_SIZE, [1.0]], []])
def test_what_does_not_fit_is_refused(several: Subject, vectors: list[object]) -> None:
    """A wrong size, uneven ones, none at all; nothing is written."""
    with pytest.raises((UnexpectedResponse, ValueError)):
        several.client.upsert(
            several.collection, points=[models.PointStruct(id=9, vector={"image": vectors}, payload={})]
        )

    assert several.client.retrieve(several.collection, ids=[9]) == []
