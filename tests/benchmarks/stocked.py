"""Filling an index: the real worker over the real log and engine, with real or with cheap vectors."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from catalog.embedded import EmbeddedClient
from catalog.points import point_id
from catalog.vectors import IMAGE, TEXT
from deploy.processes import garbage
from deploy.processes.ingest import wired
from deploy.processes.parts import declare, picture_fetcher
from deploy.settings import ImageSettings, QdrantSettings, Settings
from encoders.interface import Encoders
from ingest.eventlog import COMMIT_FILE, EventLog, EventLogSource
from ingest.eventlog_dead_letters import EventLogDeadLetters
from ingest.metrics import IngestMetrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from encoders.interface import Description, FloatArray, Picture, PictureEncoder, TextEncoder
    from ingest.consumer import Consumer

NOISE = 0.6
"""Length of the noise beside a vector of length 1: its multiple stays as near to it as another model of its kind."""
TINY_PX = 8


@dataclass(frozen=True, slots=True)
class Shop:
    """A data folder as `vitrine demo` has it, open for ingest."""

    settings: Settings
    engine: EmbeddedClient
    log: EventLog
    consumer: Consumer
    collection: str
    metrics: IngestMetrics
    source: EventLogSource

    def ingest(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        """Append events to the log and work until the index has them all."""
        count = self.log.append(pairs)
        while count > 0:
            count -= self.consumer.turn()


def forget_commit(data: Path) -> None:
    """Let the next worker of a data folder begin with the first event, as a group does that was reset."""
    (data / "log" / COMMIT_FILE).unlink()


@contextmanager
def opened(data: Path, images: Path, encoders: Encoders) -> Iterator[Shop]:
    """Open a data folder with its index, its log and a worker, wired as the demo wires them."""
    settings = Settings(_env_file=None, qdrant=QdrantSettings(path=data / "index"), images=ImageSettings(root=images))
    log, source = EventLog(data / "log"), EventLogSource(data / "log")
    dead_letters = EventLogDeadLetters(data / "log")
    engine, metrics = EmbeddedClient(settings.qdrant.path), IngestMetrics()
    try:
        with (
            picture_fetcher(settings) as fetcher,
            wired(settings, engine, encoders, fetcher, source, dead_letters, metrics, threading.Event()) as consumer,
        ):
            garbage.settle()
            yield Shop(settings, engine, log, consumer, declare(settings, encoders).physical_name, metrics, source)
            while consumer.turn():  # at the end of the log it commits: the next worker counts what is sent from then on
                pass
    finally:
        engine.close()
        for part in (log, source, dead_letters):
            part.close()


def real_vectors(shop: Shop, product_ids: Sequence[str]) -> dict[str, FloatArray]:
    """Return the dense vectors of these products by arm, in their order."""
    places = {point_id(product_id): number for number, product_id in enumerate(product_ids)}
    records = shop.engine.retrieve(shop.collection, ids=list(places), with_payload=False, with_vectors=[TEXT, IMAGE])
    ordered = sorted(records, key=lambda record: places[str(record.id)])
    named = [record.vector for record in ordered if isinstance(record.vector, dict)]
    vectors = {arm: np.array([vector[arm] for vector in named], dtype=np.float32) for arm in (TEXT, IMAGE)}
    return {arm: found.reshape(len(named), -1) for arm, found in vectors.items()}  # one picture each


def imitating(encoders: Encoders, vectors: dict[str, FloatArray]) -> Encoders:
    """Return encoders that answer with these vectors in turn, plus noise: what 20,000 products cost nobody to encode.

    BM25 stays the real one. They say they are the real encoders, so that those may read the index.
    """
    return Encoders(
        text=_NoisyText(encoders.text, _Supply(vectors[TEXT])),
        picture=_NoisyPictures(encoders.picture, _Supply(vectors[IMAGE])),
        lexical=encoders.lexical,
        unrelated=encoders.unrelated,
    )


def tiny_pictures(folder: Path, names: Sequence[str]) -> None:
    """Write a few white pixels under each name: what takes the place of a picture that nobody encodes."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (TINY_PX, TINY_PX), "white").save(path)


class _Supply:
    """Vectors in turn, each time with other noise, at unit length."""

    def __init__(self, vectors: FloatArray) -> None:
        self._vectors = vectors
        self._given = 0
        self._chance = np.random.default_rng(len(vectors))

    def take(self, count: int) -> FloatArray:
        """Return the next `count`."""
        rows = self._vectors[np.arange(self._given, self._given + count) % len(self._vectors)]
        self._given += count
        size = rows.shape[1]
        noisy = rows + self._chance.normal(0.0, NOISE / size**0.5, rows.shape)
        unit: FloatArray = (noisy / np.linalg.norm(noisy, axis=1, keepdims=True)).astype(np.float32)
        return unit


@dataclass(frozen=True, slots=True)
class _NoisyText:
    real: TextEncoder
    supply: _Supply

    @property
    def description(self) -> Description:
        return self.real.description

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        return self.real.encode_queries(texts)

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        return self.supply.take(len(texts))


@dataclass(frozen=True, slots=True)
class _NoisyPictures:
    real: PictureEncoder
    supply: _Supply

    @property
    def description(self) -> Description:
        return self.real.description

    @property
    def text_tower(self) -> TextEncoder | None:
        return self.real.text_tower

    def encode_pictures(self, pictures: Sequence[Picture]) -> FloatArray:
        return self.supply.take(len(pictures))
