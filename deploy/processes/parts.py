"""The parts that more than one process is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from catalog.collection import Declaration, require_searched, verify
from catalog.embedded import AsyncEmbeddedClient, EmbeddedClient
from catalog.engine import Server, connect, connect_async, outages_named
from deploy.processes.calibrated import KeptCalibration
from encoders.everyday import everyday_words
from encoders.glossary import load_glossary
from encoders.pictures.addresses import AddressRules
from encoders.pictures.decode import PictureLimits
from encoders.pictures.fetch import FetchSettings, PictureFetcher
from encoders.pictures.politeness import HostLimits
from search.app import create_app
from search.body import ApiLimits
from search.encoding.query import QueryEncoder
from search.kept_rows import KeptRows
from search.locks.key_file import KeyFile
from search.metrics import SearchMetrics
from search.page import Page
from search.pictures import ProductPictures
from search.readiness import Readiness
from search.results.boosts import Boosts
from search.retriever import Retriever
from search.routes import SearchParts
from search.service import SearchService, ServedIndex
from search.words.reading import ReadingLimits, Vocabularies
from search.words.synonyms import Synonyms
from search.words.synonyms_file import read_synonyms
from search.words.understanding import Language
from search.words.words import Words

if TYPE_CHECKING:
    from fastapi import FastAPI

    from catalog.collection import CollectionStatus
    from catalog.engine import AsyncEngine, Engine
    from catalog.ports import EventSink
    from deploy.settings import Settings
    from encoders.interface import Encoders, LexicalEncoder


_log = structlog.get_logger(__name__)


def open_engine(settings: Settings) -> Engine:
    """Return the engine that the settings name, for writing and for the collection's own affairs."""
    server = qdrant_server(settings)
    if server is None:
        return EmbeddedClient(settings.qdrant.path)
    if server.is_overheard:
        _log.warning("the API key goes to the vector engine unencrypted: https would hide it", url=server.url)
    return connect(server)


def open_async_engine(settings: Settings, engine: Engine) -> AsyncEngine:
    """Return the engine for searching: the same one where it is embedded, a client of its own for a server."""
    if isinstance(engine, EmbeddedClient):
        return AsyncEmbeddedClient(engine)
    server = qdrant_server(settings)
    assert server is not None, "an engine that is not embedded is a server's"
    return connect_async(server)


def qdrant_server(settings: Settings) -> Server | None:
    """Return how to reach the Qdrant server that the settings name, None for the embedded engine."""
    qdrant = settings.qdrant
    if qdrant.url is None:
        return None
    key = qdrant.api_key.get_secret_value() if qdrant.api_key else None
    return Server(qdrant.url, key, qdrant.grpc_port, qdrant.timeout_seconds, qdrant.ca_file)


def declare(settings: Settings, encoders: Encoders) -> Declaration:
    """Return what the collection must be."""
    return Declaration(
        settings.collection,
        encoders.specs,
        settings.catalogue.numbers,
        settings.encoders.models(),
        settings.index.options(),
    )


def picture_fetcher(settings: Settings) -> PictureFetcher:
    """Return what fetches pictures."""
    images = settings.images
    return PictureFetcher(
        FetchSettings(
            root=images.root,
            timeout_seconds=images.timeout_seconds,
            limits=picture_limits(settings),
            connect_timeout_seconds=images.connect_timeout_seconds,
            max_redirects=images.max_redirects,
            addresses=AddressRules(images.allowed_networks, frozenset(images.allowed_ports)),
            per_host=HostLimits(images.host_connections, images.host_requests_per_second),
        )
    )


@dataclass(frozen=True, slots=True)
class SearchCore:
    """What answers queries, with or without HTTP around it."""

    service: SearchService
    encoder: QueryEncoder
    retriever: Retriever
    metrics: SearchMetrics
    calibration: KeptCalibration
    words: Words


def search_core(
    settings: Settings,
    engine: Engine,
    encoders: Encoders,
    fetcher: PictureFetcher | None = None,
    metrics: SearchMetrics | None = None,
) -> SearchCore:
    """Return what answers queries over an engine, on the scales that are kept with the collection.

    `fetcher` gets the pictures that queries name by URL.
    """
    declaration = declare(settings, encoders)
    retriever = Retriever(open_async_engine(settings, engine), declaration.physical_name, depth=settings.api.depth)
    metrics = metrics or SearchMetrics()
    encoder = QueryEncoder(encoders, limits=picture_limits(settings), fetcher=fetcher, noted=metrics.encoded)
    index = ServedIndex(declaration.physical_name, _model_name(encoders), settings.catalogue.numbers)
    boosts = Boosts(**settings.boosts.model_dump())
    words = query_words(settings, retriever, encoders.lexical)
    service = SearchService(
        index=index,
        encoder=encoder,
        retriever=retriever,
        words=words,
        metrics=metrics,
        boosts=boosts,
        kept=KeptRows() if isinstance(engine, EmbeddedClient) else None,
    )
    calibration = KeptCalibration(engine, declaration, encoder)
    calibration.start()
    return SearchCore(service, encoder, retriever, metrics, calibration, words)


def query_words(settings: Settings, retriever: Retriever, lexical: LexicalEncoder) -> Words:
    """Return what reads the words of queries; raises `Misconfigured` for a synonym file that cannot be used."""
    wanted = settings.words
    glossary = load_glossary(settings.encoders.glossary)
    rules = read_synonyms(wanted.synonyms) if wanted.synonyms is not None else []
    synonyms = Synonyms(rules, glossary.simplified)
    limits = ReadingLimits(wanted.refresh_seconds, wanted.most_words, wanted.most_scopes)
    language = Language(synonyms, glossary, everyday_words().__contains__, lexical)
    return Words(Vocabularies(retriever, glossary, lexical, limits), language)


def search_app(  # noqa: PLR0913, PLR0917 - the parts of one app, wired in the one place
    settings: Settings,
    engine: Engine,
    encoders: Encoders,
    fetcher: PictureFetcher,
    events: EventSink | None = None,
    metrics: SearchMetrics | None = None,
) -> FastAPI:
    """Return the search API over one collection; `events` is the log that `POST /v1/events` appends to."""
    declaration = declare(settings, encoders)
    core = search_core(settings, engine, encoders, fetcher, metrics)
    limits = ApiLimits(
        max_body_bytes=settings.api.max_body_bytes,
        timeout_seconds=settings.api.timeout_seconds,
        max_concurrent=settings.api.max_concurrent,
        body_seconds=settings.api.body_seconds,
    )

    keys_file = settings.api.keys_file
    keys = KeyFile(keys_file, settings.catalogue.numbers, core.metrics) if keys_file is not None else None

    def check() -> CollectionStatus:
        with outages_named():
            status = verify(engine, declaration)
            require_searched(engine, declaration)
        core.calibration.refresh()
        return status

    return create_app(
        SearchParts(
            service=core.service,
            encoder=core.encoder,
            readiness=Readiness(check),
            metrics=core.metrics,
            pictures=ProductPictures(core.retriever, fetcher),
            page=Page(core.service, keyed=keys is not None),
            words=core.words,
            limits=limits,
            events=events,
            keys=keys,
            origins=settings.api.cors_origins,
        )
    )


def picture_limits(settings: Settings) -> PictureLimits:
    """Return what a picture may cost, at ingest and at search."""
    return PictureLimits(max_bytes=settings.images.max_bytes, max_pixels=settings.images.max_pixels)


def _model_name(encoders: Encoders) -> str:
    names = dict.fromkeys([encoders.text.description.name, encoders.picture.description.name])
    return "+".join(names)
