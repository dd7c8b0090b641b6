"""The engines under one contract, a small catalogue to ask them about, and the right answers computed in numpy."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, UUID, uuid5

import numpy as np
import pytest
from qdrant_client import QdrantClient, models

from catalog.embedded import EmbeddedClient
from catalog.engine import connect
from tests.server import KINDS, server_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Engine = QdrantClient | EmbeddedClient

ENGINE_NAMES = ("embedded", "local", *KINDS)
BRANDS = ("Alder", "Birch", "Cedar", "Dogwood")
WORDS = 40
IMAGE_SIZE, TEXT_SIZE = 8, 6
TOLERANCE = 1e-5

INDEXES: dict[str, models.PayloadSchemaType | models.PayloadSchemaParams] = {
    "brand": models.PayloadSchemaType.KEYWORD,
    "tags": models.PayloadSchemaType.KEYWORD,
    "stock": models.PayloadSchemaType.INTEGER,
    "price": models.PayloadSchemaType.FLOAT,
    "sale": models.PayloadSchemaType.BOOL,
    "created": models.PayloadSchemaType.DATETIME,
    "title": models.TextIndexParams(
        type=models.TextIndexType.TEXT, tokenizer=models.TokenizerType.WORD, lowercase=True
    ),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """One engine and the name of a collection of the test's own in it."""

    kind: str
    client: Engine
    collection: str

    def known_gap(self, request: pytest.FixtureRequest, **reasons: str) -> None:
        """Expect this test to fail on the engines named; should it pass there, that is a failure."""
        reason = reasons.get(self.kind.replace("-", "_"))
        if reason:
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))


@dataclass(frozen=True, slots=True)
class Item:
    """One point of the sample catalogue."""

    id: int | str
    image: list[float]
    text: list[float]
    words: dict[int, float]
    payload: dict[str, object]


@contextmanager
def open_engine(kind: str, directory: Path) -> Iterator[Engine]:
    """Open an engine by name, or skip the test where there is no such server."""
    client: Engine
    match kind:
        case "embedded":
            client = EmbeddedClient(directory)
        case "local":
            client = QdrantClient(":memory:")
        case _:
            client = connect(server_of(kind))
    try:
        yield client
    finally:
        client.close()


def create(client: Engine, collection: str, metadata: dict[str, object] | None = None) -> None:
    """Create a collection with two dense vectors, a sparse one with IDF, and all payload indexes."""
    client.create_collection(
        collection,
        vectors_config={
            "image": models.VectorParams(size=IMAGE_SIZE, distance=models.Distance.COSINE),
            "text": models.VectorParams(size=TEXT_SIZE, distance=models.Distance.DOT),
        },
        sparse_vectors_config={"words": models.SparseVectorParams(modifier=models.Modifier.IDF)},
        metadata=metadata,
        strict_mode_config=models.StrictModeConfig(enabled=False),  # whatever the server does by default
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Payload indexes have no effect in the local Qdrant")
        for field, schema in INDEXES.items():
            client.create_payload_index(collection, field_name=field, field_schema=schema)


def sample_items(count: int = 120) -> list[Item]:
    """Return a catalogue that is always the same; every tenth id is a number, the others are UUIDs."""
    rng = np.random.default_rng(20260501)
    return [_sample_item(rng, number) for number in range(count)]


def _sample_item(rng: np.random.Generator, number: int) -> Item:
    words = rng.choice(WORDS, size=6, replace=False)
    payload: dict[str, object] = {
        "number": number,
        "brand": BRANDS[number % 3],
        "tags": sorted({f"tag-{number % 5}", f"tag-{number % 7}"}),
        "stock": number % 9,
        "price": round(float(rng.uniform(5, 95)), 2),
        "sale": number % 4 == 0,
        "created": f"2026-05-{1 + number % 28:02d}T10:00:00Z",
        "title": f"Item {number} of {'oak' if number % 2 else 'elm'}",
        "offers": [{"shop": "a", "price": number}, {"shop": "b", "price": number + 1}],
    }
    if number % 6 == 0:
        payload["remark"] = None
    return Item(
        id=number if number % 10 == 0 else str(uuid5(NAMESPACE_URL, f"item-{number}")),
        image=[float(each) for each in rng.standard_normal(IMAGE_SIZE)],
        text=[float(each) for each in rng.standard_normal(TEXT_SIZE)],
        words={int(word): float(rng.uniform(0.2, 2)) for word in words},
        payload=payload,
    )


def point(item: Item) -> models.PointStruct:
    """Return an item as the client takes it."""
    words = models.SparseVector(indices=list(item.words), values=list(item.words.values()))
    vectors: dict[str, models.Vector] = {"image": item.image, "text": item.text, "words": words}
    return models.PointStruct(id=item.id, vector=vectors, payload=item.payload)


def small_point(identity: int | str, **payload: object) -> models.PointStruct:
    """Return a point of one short vector, for tests of payloads."""
    return models.PointStruct(id=identity, vector={"image": [1.0] + [0.0] * (IMAGE_SIZE - 1)}, payload=payload)


def cosines(items: list[Item], query: list[float]) -> dict[int | str, float]:
    """Return the cosine of each item's picture vector with the query, by id."""
    matrix, direction = np.array([item.image for item in items]), np.array(query)
    scores = matrix @ direction / (np.linalg.norm(matrix, axis=1) * np.linalg.norm(direction))
    return {item.id: float(score) for item, score in zip(items, scores, strict=True)}


def idf_scores(items: list[Item], query: dict[int, float]) -> dict[int | str, float]:
    """Return the sparse score of each item that shares a word with the query: sum of idf * query * document weight."""
    documents = Counter(word for item in items for word in item.words)
    idf = {word: math.log((len(items) - documents[word] + 0.5) / (documents[word] + 0.5) + 1) for word in query}
    return {
        item.id: sum(idf[word] * query[word] * item.words[word] for word in query if word in item.words)
        for item in items
        if query.keys() & item.words.keys()
    }


def best(scores: dict[int | str, float], limit: int) -> list[tuple[int | str, float]]:
    """Return the highest scores first."""
    return sorted(scores.items(), key=lambda pair: -pair[1])[:limit]


def ids_where(items: list[Item], holds: Callable[[dict[str, object]], bool]) -> set[int | str]:
    """Return the ids of the items whose payload passes."""
    return {item.id for item in items if holds(item.payload)}


def stored(subject: Subject, identity: int | str) -> dict[str, object]:
    """Return the payload stored under an id; fail if there is none."""
    (record,) = subject.client.retrieve(subject.collection, ids=[identity])
    assert record.payload is not None
    return record.payload


def id_order(identity: int | str) -> tuple[bool, int]:
    """Return the key of the order in which engines scroll: numbers first, then UUIDs."""
    return (True, UUID(identity).int) if isinstance(identity, str) else (False, identity)


def must(*conditions: models.Condition) -> models.Filter:
    """Return a filter that all conditions must pass."""
    return models.Filter(must=list(conditions))


def versions_below(version: int) -> models.Filter:
    """Return the guard of a conditional write: the stored version is older."""
    return must(models.FieldCondition(key="version", range=models.Range(lt=version)))
