"""Searches: what the API takes beside the engine's own call and the encoders, for the same query in the same round.

The floor is the engine's batch call alone, and of words that nobody asked before the encoders too: what was asked
before the API encodes no more. Nothing else is left out of what the API adds: not HTTP, nor the asking client, nor what
the API reads of a page whose products it has not shown before. These queries come again, and so do their products: the
engine's call that reads a page stands beside the floor, as `/livez` does, a route that does nothing. The floor meets
what a request meets: engine, encoders and API take turns query by query, so that each finds the caches as the others
left them, and the encoders run on a thread that has as many cores as the API's.
"""

from __future__ import annotations

import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

import qdrant_edge as edge
from qdrant_client.http import models

from catalog.embedded import scores_of
from catalog.embedded.queries import edge_query
from catalog.points import WHOLE_PRODUCT
from catalog.vectors import ARMS
from encoders.pictures.decode import PictureLimits, decode
from encoders.threads import share_cores
from search.access import EVERYTHING
from search.encoding.query import QueryEncoder
from search.filters import build_filter
from search.questions import Sought
from search.ranking import AUTO, Ranking
from search.retriever import Retriever
from search.schemas import DEFAULT_LIMIT, SearchRequest, Term
from tests.benchmarks.served import Api, search_body
from tests.benchmarks.table import Row, Section, verdict
from tests.benchmarks.timing import Samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalog.embedded import EmbeddedClient
    from encoders.interface import Encoders
    from search.encoding.query import ArmQuery
    from tests.benchmarks.goods import Query

AIM_MS = 2.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of search: the arms it asks, whether it is narrowed, whether it brings a picture instead of words."""

    name: str
    arms: tuple[str, ...]
    filtered: bool = False
    pictured: bool = False

    def body(self, query: Query, text: str) -> bytes:
        """Return the search as JSON."""
        more: dict[str, Any] = {"arms": dict.fromkeys(self.arms, 1.0)}
        if self.filtered:
            more["filter"] = query.filter
        if self.pictured:
            picture = base64.b64encode(query.picture.read_bytes()).decode()
            return search_body(terms=[{"image": {"data": picture}}], **more)
        return search_body(text=text, **more)


KINDS = (
    Kind("text arm", ("text",)),
    Kind("image arm, by words", ("image",)),
    Kind("image arm, by picture", ("image",), pictured=True),
    Kind("lexical arm", ("lexical",)),
    Kind("hybrid", ARMS),
    Kind("hybrid, category and price", ARMS, filtered=True),
)


@dataclass(frozen=True, slots=True)
class Times:
    """The same searches, by what did them."""

    engine: Samples = field(default_factory=Samples)
    page: Samples = field(default_factory=Samples)
    client: Samples = field(default_factory=Samples)
    http: Samples = field(default_factory=Samples)
    encode: Samples = field(default_factory=Samples)
    api_known: Samples = field(default_factory=Samples)
    api_new: Samples = field(default_factory=Samples)


class Bench:
    """Everything that a round needs: the engine in this process, the API in another, each with the same products."""

    def __init__(self, encoders: Encoders, client: EmbeddedClient, collection: str, depth: int, api: Api) -> None:
        self._collection_size = client.count(collection).count
        self._encoders = encoders
        self._client = client
        self._collection = collection
        self._depth = depth
        self._api = api
        self._encoder = QueryEncoder(encoders)
        self._thread = ThreadPoolExecutor(1, initializer=share_cores)
        self._shard = client._shards.find(collection).shard
        self._new_words = count(1)

    def close(self) -> None:
        """End the encoders' threads."""
        self._encoder.close()
        self._thread.shutdown()

    def warm_up(self, wanted: Sequence[Query]) -> None:
        """Make the words of each query known behind the API."""
        for kind in KINDS:
            for query in wanted:
                self._api.search(kind.body(query, query.text))

    def measure(self, kind: Kind, wanted: Sequence[Query], times: Times) -> None:
        """Do each search once in each way; the first is done once more before, and not counted."""
        self._one(kind, wanted[0], Times())
        for query in wanted:
            self._one(kind, query, times)

    def _one(self, kind: Kind, query: Query, times: Times) -> None:
        requests = self._requests(kind, query)
        batch = edge.QueryBatchRequest([edge_query(request) for request in requests])
        with times.engine.timed():
            answers = self._shard.query_batch(batch)
        page = [hit.id for hit in answers[0][:DEFAULT_LIMIT]]
        with times.page.timed():
            self._shard.retrieve(page, list(WHOLE_PRODUCT), with_vector=False)
        with times.client.timed():
            for answer in self._client.query_batch_points(self._collection, requests=requests):
                list(scores_of(answer.points).ids)
        with times.http.timed():
            self._api.get("/livez")
        if not kind.pictured:
            self._search(kind.body(query, query.text), times.api_known)
        new = f"{query.text} {self._collection_size} {next(self._new_words)}"
        self._thread.submit(self._encode_timed, kind, query, new, times.encode).result()
        self._search(kind.body(query, new), times.api_new)

    def _search(self, body: bytes, into: Samples) -> None:
        with into.timed():
            self._api.search(body)

    def _encode_timed(self, kind: Kind, query: Query, text: str, into: Samples) -> None:
        with into.timed():
            self._encode(kind, query, text)

    def _encode(self, kind: Kind, query: Query, text: str) -> None:
        """Run the encoders that this search needs, and nothing around them."""
        if kind.pictured:
            pixels = decode(
                query.picture.read_bytes(),
                PictureLimits(),
                needed_side_px=self._encoders.picture.description.needed_side_px,
            )
            self._encoders.picture.encode_pictures([pixels])
            return
        if "text" in kind.arms:
            self._encoders.text.encode_queries([text])
        if "image" in kind.arms and self._encoders.picture.text_tower is not None:
            self._encoders.picture.text_tower.encode_queries([text])
        if "lexical" in kind.arms:
            self._encoders.lexical.encode_query(text)

    def _requests(self, kind: Kind, query: Query) -> list[models.QueryRequest]:
        """Return what search asks of the engine for a query, caught where the retriever hands it over."""
        term = {"image": {"part": 0}} if kind.pictured else {"text": query.text}
        uploads = [query.picture.read_bytes()] if kind.pictured else []
        request = SearchRequest.model_validate({"filter": query.filter if kind.filtered else {}})
        caught = _Catcher()
        retriever = Retriever(caught, self._collection, depth=self._depth)  # type: ignore[arg-type]

        async def ask() -> None:
            weights = dict.fromkeys(kind.arms, 1.0)
            asked: dict[str, ArmQuery] = await self._encoder.encode([Term(**term)], uploads, {}, weights)
            names = [] if kind.pictured else [query.text, query.text.upper()]  # ids and codes, as search asks for them
            sought = Sought.above(Ranking(weights, cut_off=AUTO).silent, asked, build_filter(request.filter, {}, ()))
            await retriever.retrieve_each(asked, names, [sought], EVERYTHING)

        asyncio.run(ask())
        return [one for one in caught.requests if not isinstance(one.query, models.OrderByQuery)]  # once a second


class _Catcher:
    """Stands where the engine stands and remembers what it was asked."""

    def __init__(self) -> None:
        self.requests: list[models.QueryRequest] = []

    async def query_batch_points(
        self, *, collection_name: str, requests: Sequence[models.QueryRequest]
    ) -> list[models.QueryResponse]:
        """Answer nothing to each request."""
        assert collection_name
        self.requests = list(requests)
        return [models.QueryResponse(points=[]) for _ in requests]


def section(products: int, found: dict[Kind, Times]) -> Section:
    """Return the lines of one size of index."""
    return Section([row for kind, times in found.items() for row in _rows(f"{products:,} · {kind.name}", times)])


def _rows(what: str, times: Times) -> list[Row]:
    known = [_row(f"{what}, known words", times, times.api_known)] if times.api_known.seconds else []
    return [*known, _row(f"{what}, first time", times, times.api_new, times.encode)]


def _row(what: str, times: Times, api: Samples, *encode: Samples) -> Row:
    """Return a line; known words have no `encode`."""
    added = api.less(times.engine, *encode)
    own = added.less(times.http)
    floor = " + encode ".join([f"engine {times.engine}", *map(str, encode)])
    return Row(
        what,
        str(api),
        f"{floor}; beside the floor: page {times.page}, HTTP alone {times.http}, client {times.client}",
        f"adds {added.p50_ms:.1f} ms, {own.p50_ms:.1f} without HTTP",
        verdict(f"≤ {AIM_MS:g} ms", holds=added.p50_ms <= AIM_MS),
    )
