"""The engines. LanceDB and Chroma are imported by name, for only `make bench-peers` installs them."""

from __future__ import annotations

import asyncio
from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

from qdrant_client import QdrantClient, models

from catalog.embedded import AsyncEmbeddedClient
from catalog.vectors import ARMS, IMAGE, LEXICAL, TEXT
from encoders.interface import Unrelated
from search.access import EVERYTHING
from search.encoding.query import ArmQuery
from search.filters import Filter, build_filter
from search.ranking import Ranking, rank
from search.retriever import Retriever
from search.schemas import SearchRequest
from tests.benchmarks.peers.stock import DEPTH, SHOWN, fused

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.embedded import EmbeddedClient
    from encoders.interface import FloatArray
    from tests.benchmarks.peers.stock import Asked, Stock

_SCALE = Unrelated(0.2, 0.1)
_AT_ONCE = 1_000


class Ours:
    """Vitrine without HTTP and encoders: the arms to a depth of a thousand in one call, then its own ranking."""

    def __init__(self, client: EmbeddedClient, collection: str, depth: int) -> None:
        self.name = f"Vitrine (qdrant-edge-py {metadata.version('qdrant-edge-py')})"
        self._retriever = Retriever(AsyncEmbeddedClient(client), collection, depth=depth)
        self._few = Retriever(AsyncEmbeddedClient(client), collection, depth=SHOWN)

    def search(self, asked: Asked) -> list[str]:
        """See `Peer`."""
        query = {arm: ArmQuery(vector, _SCALE) for arm, vector in asked.dense.items()}
        query[LEXICAL] = ArmQuery(asked.sparse, _SCALE)
        found = asyncio.run(self._retriever.retrieve(query, _wanted(asked), EVERYTHING))
        return list(rank(found, Ranking(dict.fromkeys(ARMS, 1.0), "rrf")).point_ids[:SHOWN])

    def nearest(self, asked: Asked) -> list[str]:
        """See `Peer`."""
        query = {TEXT: ArmQuery(asked.dense[TEXT], _SCALE)}
        return list(asyncio.run(self._few.retrieve(query, _wanted(asked), EVERYTHING))[TEXT].ids)


def _wanted(asked: Asked) -> Filter:
    request = SearchRequest.model_validate({"filter": asked.query.filter})
    return build_filter(request.filter, {}, ())


class QdrantLocal:
    """qdrant-client's local mode: named vectors, one query with three prefetches and RRF."""

    def __init__(self, stock: Stock) -> None:
        self.name = f"qdrant-client {metadata.version('qdrant-client')}, local mode"
        self._client = QdrantClient(":memory:")
        dense = {
            arm: models.VectorParams(size=stock.dense[arm].shape[1], distance=models.Distance.COSINE)
            for arm in (TEXT, IMAGE)
        }
        words = models.SparseVectorParams(modifier=models.Modifier.IDF)
        self._client.create_collection("goods", vectors_config=dense, sparse_vectors_config={LEXICAL: words})
        for start in range(0, len(stock.ids), _AT_ONCE):
            self._client.upsert("goods", [_point(stock, at) for at in _places(stock, start)])

    def search(self, asked: Asked) -> list[str]:
        """See `Peer`."""
        wanted = _qdrant_filter(asked)
        words = models.SparseVector(indices=list(asked.sparse.indices), values=list(asked.sparse.values))
        dense = [
            models.Prefetch(query=asked.dense[arm].tolist(), using=arm, filter=wanted, limit=DEPTH)
            for arm in (TEXT, IMAGE)
        ]
        sparse = models.Prefetch(query=words, using=LEXICAL, filter=wanted, limit=DEPTH)
        fusion = models.FusionQuery(fusion=models.Fusion.RRF)
        found = self._client.query_points("goods", prefetch=[*dense, sparse], query=fusion, limit=SHOWN)
        return [str(point.id) for point in found.points]

    def nearest(self, asked: Asked) -> list[str]:
        """See `Peer`."""
        vector = asked.dense[TEXT].tolist()
        found = self._client.query_points(
            "goods", query=vector, using=TEXT, query_filter=_qdrant_filter(asked), limit=SHOWN
        )
        return [str(point.id) for point in found.points]


def _point(stock: Stock, at: int) -> models.PointStruct:
    dense: dict[str, Any] = {arm: stock.dense[arm][at].tolist() for arm in (TEXT, IMAGE)}
    payload = {"root": stock.roots[at], "price": float(stock.prices[at])}
    return models.PointStruct(id=stock.ids[at], vector=dense | {LEXICAL: stock.sparse[at]}, payload=payload)


def _qdrant_filter(asked: Asked) -> models.Filter:
    low, high = asked.window
    return models.Filter(
        must=[
            models.FieldCondition(key="root", match=models.MatchValue(value=asked.root)),
            models.FieldCondition(key="price", range=models.Range(gte=low, lt=high)),
        ]
    )


class Lance:
    """LanceDB: a table with a full-text index and scalar indexes; its hybrid query, and one more for the pictures."""

    def __init__(self, stock: Stock, folder: Path) -> None:
        self.name = f"LanceDB {metadata.version('lancedb')}"
        rows = [
            {
                "id": stock.ids[at],
                "text_vector": stock.dense[TEXT][at],
                "image_vector": stock.dense[IMAGE][at],
                "title": stock.titles[at],
                "root": stock.roots[at],
                "price": float(stock.prices[at]),
            }
            for at in range(len(stock.ids))
        ]
        self._table: Any = import_module("lancedb").connect(folder).create_table("goods", rows)
        self._table.create_fts_index("title")
        self._table.create_scalar_index("root", index_type="BITMAP")
        self._table.create_scalar_index("price")

    def search(self, asked: Asked) -> list[str]:
        """See `Peer`."""
        hybrid = self._table.search(query_type="hybrid", vector_column_name="text_vector", fts_columns="title")
        both = hybrid.vector(asked.dense[TEXT]).text(asked.query.text).where(_sql(asked)).limit(DEPTH)
        words = [row["id"] for row in both.select(["id"]).to_list()]
        return fused([words, self._by("image_vector", asked.dense[IMAGE], asked, DEPTH)])

    def nearest(self, asked: Asked) -> list[str]:
        """See `Peer`."""
        return self._by("text_vector", asked.dense[TEXT], asked, SHOWN)

    def _by(self, column: str, vector: FloatArray, asked: Asked, limit: int) -> list[str]:
        search = self._table.search(vector, vector_column_name=column).distance_type("cosine")
        found = search.where(_sql(asked), prefilter=True).limit(limit).select(["id", "_distance"])
        return [row["id"] for row in found.to_list()]


def _sql(asked: Asked) -> str:
    low, high = asked.window
    return f"root = '{asked.root}' AND price >= {low} AND price < {high}"


class Chroma:
    """Chroma in this process: it has one embedding a collection and no word weights here, so two queries, fused."""

    def __init__(self, stock: Stock, folder: Path) -> None:
        self.name = f"Chroma {metadata.version('chromadb')}, without the words"
        client: Any = import_module("chromadb").PersistentClient(str(folder))
        self._collections = {
            arm: client.create_collection(arm, configuration={"hnsw": {"space": "cosine"}}) for arm in (TEXT, IMAGE)
        }
        for arm, collection in self._collections.items():
            for start in range(0, len(stock.ids), _AT_ONCE):
                places = _places(stock, start)
                collection.add(
                    ids=[stock.ids[at] for at in places],
                    embeddings=stock.dense[arm][places.start : places.stop],
                    metadatas=[{"root": stock.roots[at], "price": float(stock.prices[at])} for at in places],
                )

    def search(self, asked: Asked) -> list[str]:
        """See `Peer`."""
        return fused([self._by(arm, asked, DEPTH) for arm in (TEXT, IMAGE)])

    def nearest(self, asked: Asked) -> list[str]:
        """See `Peer`."""
        return self._by(TEXT, asked, SHOWN)

    def _by(self, arm: str, asked: Asked, limit: int) -> list[str]:
        low, high = asked.window
        where = {"$and": [{"root": asked.root}, {"price": {"$gte": low}}, {"price": {"$lt": high}}]}
        found = self._collections[arm].query(
            query_embeddings=[asked.dense[arm]], n_results=limit, where=where, include=[]
        )
        ids: list[str] = found["ids"][0]
        return ids


def _places(stock: Stock, start: int) -> range:
    return range(start, min(start + _AT_ONCE, len(stock.ids)))
