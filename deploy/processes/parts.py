"""The parts that more than one process is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.collection import Declaration, verify
from catalog.embedded import AsyncEmbeddedClient, EmbeddedClient
from catalog.engine import Server, connect, connect_async, outages_named
from encoders.pictures.decode import PictureLimits
from encoders.pictures.fetch import FetchSettings, PictureFetcher
from search.app import SearchParts, create_app
from search.body import ApiLimits
from search.metrics import SearchMetrics
from search.page import Page
from search.pictures import ProductPictures
from search.query import QueryEncoder
from search.readiness import Readiness
from search.retriever import Retriever
from search.service import SearchService, ServedIndex

if TYPE_CHECKING:
    from fastapi import FastAPI

    from catalog.collection import CollectionStatus
    from catalog.engine import AsyncEngine, Engine
    from deploy.settings import Settings
    from encoders.interface import Encoders


def open_engine(settings: Settings) -> Engine:
    """Return the engine that the settings name, for writing and for the collection's own affairs."""
    server = qdrant_server(settings)
    return connect(server) if server else EmbeddedClient(settings.qdrant.path)


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
    return Server(qdrant.url, key, qdrant.grpc_port, qdrant.timeout_seconds)


def declare(settings: Settings, encoders: Encoders) -> Declaration:
    """Return what the collection must be."""
    return Declaration(settings.collection, encoders.specs, settings.catalogue.numbers)


def picture_fetcher(settings: Settings) -> PictureFetcher:
    """Return what fetches pictures."""
    images = settings.images
    return PictureFetcher(FetchSettings(images.root, images.timeout_seconds, picture_limits(settings)))


def search_app(settings: Settings, engine: Engine, encoders: Encoders, fetcher: PictureFetcher) -> FastAPI:
    """Return the search API over an engine."""
    declaration = declare(settings, encoders)
    retriever = Retriever(open_async_engine(settings, engine), declaration.physical_name, depth=settings.api.depth)
    metrics = SearchMetrics()
    encoder = QueryEncoder(encoders, limits=picture_limits(settings))
    index = ServedIndex(declaration.physical_name, _model_name(encoders), settings.catalogue.numbers)
    service = SearchService(index=index, encoder=encoder, retriever=retriever, metrics=metrics)
    limits = ApiLimits(
        max_body_bytes=settings.api.max_body_bytes,
        max_concurrent=settings.api.max_concurrent,
    )

    def check() -> CollectionStatus:
        with outages_named():
            return verify(engine, declaration)

    return create_app(
        SearchParts(
            service=service,
            encoder=encoder,
            readiness=Readiness(check),
            metrics=metrics,
            pictures=ProductPictures(retriever, fetcher),
            page=Page(service),
            limits=limits,
        )
    )


def picture_limits(settings: Settings) -> PictureLimits:
    """Return what a picture may cost, at ingest and at search."""
    return PictureLimits(max_bytes=settings.images.max_bytes, max_pixels=settings.images.max_pixels)


def _model_name(encoders: Encoders) -> str:
    names = dict.fromkeys([encoders.text.description.name, encoders.picture.description.name])
    return "+".join(names)
