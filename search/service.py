"""One query: encode, retrieve, rank, present. Everything in an answer comes from one candidate set."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from catalog.errors import InvalidInput
from catalog.vectors import ARMS
from search.filters import Filter, Products, build_filter
from search.query import check_weights
from search.ranking import Candidates, Ranking, rank
from search.schemas import MAX_TERMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from catalog.points import Stored
    from encoders.interface import FloatArray
    from search.access import Scope
    from search.metrics import SearchMetrics
    from search.query import QueryEncoder
    from search.ranking import ArmHits
    from search.retriever import Retriever
    from search.schemas import SearchRequest, Term

_WATERMARK_SECONDS: Final = 1.0


@dataclass(slots=True)
class Stages:
    """How long each stage of one search took, in seconds: what `Server-Timing` says."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the time of the block to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    def header(self) -> str:
        """Return the value of a `Server-Timing` header, in milliseconds."""
        return ", ".join(f"{name};dur={1000 * seconds:.2f}" for name, seconds in self.seconds.items())


@dataclass(frozen=True, slots=True)
class ServedIndex:
    """What answers: the physical collection, its encoders by name, the attributes that take ranges."""

    collection: str
    model: str
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The JSON of an answer and how long its stages took."""

    body: dict[str, Any]
    stages: Stages


@dataclass(slots=True)
class _Query:
    """One search on its way: what was asked, by whom, and how long it took so far."""

    request: SearchRequest
    wanted: Filter
    scope: Scope
    uploads: Sequence[bytes]
    stages: Stages = field(default_factory=Stages)
    terms: Sequence[Term] = field(init=False)

    def __post_init__(self) -> None:
        self.terms = self.request.all_terms()
        if len(self.terms) > MAX_TERMS:
            raise InvalidInput(f"at most {MAX_TERMS} are taken, text and uploaded pictures included", field="terms")


class SearchService:
    """Answers searches over one index, within the scope of each caller."""

    def __init__(
        self, *, index: ServedIndex, encoder: QueryEncoder, retriever: Retriever, metrics: SearchMetrics
    ) -> None:
        self._index = index
        self._encoder = encoder
        self._retriever = retriever
        self._metrics = metrics
        self._watermarks: dict[Scope, tuple[float, str | None]] = {}

    async def search(self, request: SearchRequest, scope: Scope, uploads: Sequence[bytes] = ()) -> Answer:
        """Answer one request; `uploads` are the pictures that its terms name as parts.

        Raises `InvalidInput` that names the field, `EngineUnavailable`, `CollectionMismatch`.
        """
        self._check_depth(request)
        wanted = build_filter(request.filter, request.exclude, self._index.numbers)
        query = _Query(request, wanted, scope, uploads)
        candidates, total = await (self._find(query) if query.terms else self._browse(query))
        body = await self._present(candidates, total, query)
        self._metrics.searched(query.stages.seconds)
        return Answer(body, query.stages)

    async def ask_arms(self, request: SearchRequest, scope: Scope) -> dict[str, ArmHits]:
        """Return what each arm finds for a request with terms, whatever their weights: what is fused in a search.

        Raises what `search` raises.
        """
        wanted = build_filter(request.filter, request.exclude, self._index.numbers)
        return await self._ask_arms(_Query(request, wanted, scope, ()), dict.fromkeys(ARMS, 1.0))

    async def product(self, product_id: str, scope: Scope) -> Stored | None:
        """Return one product, None where the scope has none of that id."""
        return await self._retriever.product(product_id, scope)

    async def close(self) -> None:
        """Close the connection to the engine, where it has one of its own."""
        await self._retriever.close()

    async def _find(self, query: _Query) -> tuple[Candidates, int]:
        weights = query.request.arms.model_dump()
        arms = await self._ask_arms(query, weights)
        with query.stages.timed("rank"):
            candidates = rank(arms, Ranking(weights, query.request.fusion))
        return candidates, len(candidates)

    async def _ask_arms(self, query: _Query, weights: Mapping[str, float]) -> dict[str, ArmHits]:
        check_weights(query.terms)
        with query.stages.timed("retrieve"):
            products = await self._vectors_of(query.terms, query.scope)
        with query.stages.timed("encode"):
            encoded = await self._encoder.encode(query.terms, query.uploads, products, weights)
        themselves = Filter(must_not=(Products(tuple(products)),)) if products else Filter()
        with query.stages.timed("retrieve"):
            return await self._retriever.retrieve(encoded, query.wanted & themselves, query.scope)

    async def _browse(self, query: _Query) -> tuple[Candidates, int]:
        with query.stages.timed("retrieve"):
            browsed = await self._retriever.browse(query.wanted, query.scope)
        return Candidates(browsed.point_ids), browsed.total

    async def _vectors_of(self, terms: Sequence[Term], scope: Scope) -> dict[str, dict[str, FloatArray]]:
        named = {term.product: f"terms.{number}.product" for number, term in enumerate(terms) if term.product}
        if not named:
            return {}
        vectors = await self._retriever.vectors(list(named), scope)
        for product_id, where in named.items():
            if product_id not in vectors:
                raise InvalidInput(f"there is no product {product_id!r}", field=where)
        return vectors

    async def _present(self, candidates: Candidates, total: int, query: _Query) -> dict[str, Any]:
        request = query.request
        shown = candidates.part((request.page - 1) * request.limit, request.limit)
        with query.stages.timed("retrieve"):
            products = await self._retriever.fetch([hit.point_id for hit in shown], request.fields, query.scope)
            watermark = await self._watermark(query.scope)
        hits = [
            {"product": products[hit.point_id], "score": None if hit.score is None else round(hit.score, 6)}
            for hit in shown
            if hit.point_id in products  # one that was deleted a moment ago
        ]
        return {
            "hits": hits,
            "total": {"value": total, "exact": candidates.exact, "products": total},
            "page": {
                "number": request.page,
                "size": request.limit,
                "pages": -(-min(total, self._retriever.depth) // request.limit),
            },
            "index": {"collection": self._index.collection, "model": self._index.model, "watermark": watermark},
        }

    async def _watermark(self, scope: Scope) -> str | None:
        """Return the newest event's time, asked of the engine at most once a second."""
        asked_at, watermark = self._watermarks.get(scope, (-_WATERMARK_SECONDS, None))
        now = time.monotonic()
        if now - asked_at >= _WATERMARK_SECONDS:
            watermark = await self._retriever.watermark(scope)
            self._watermarks[scope] = now, watermark
        return watermark

    def _check_depth(self, request: SearchRequest) -> None:
        depth = self._retriever.depth
        if (request.page - 1) * request.limit >= depth:
            raise InvalidInput(
                f"with {request.limit} a page the last one is {-(-depth // request.limit)}: only the best {depth} are "
                "paged through; narrow the query with a filter",
                field="page",
            )
