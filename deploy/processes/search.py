"""The search process: the API over a Qdrant server, or over the embedded engine of its own."""

from __future__ import annotations

import signal
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from catalog.collection import require_own
from catalog.errors import Misconfigured
from deploy.processes import garbage
from deploy.processes.draining import DrainingServer
from deploy.processes.events import kafka_events
from deploy.processes.following import FollowingApp
from deploy.processes.optimizing import optimize_if_due
from deploy.processes.parts import declare, open_engine, picture_fetcher, search_app
from deploy.processes.patience import patient
from deploy.processes.shelf import EncoderShelf
from search.metrics import SearchMetrics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fastapi import FastAPI

    from catalog.engine import Engine
    from catalog.ports import EventSink
    from deploy.settings import Settings
    from encoders.pictures.fetch import PictureFetcher

_SHUTDOWN_SECONDS = 10
SWITCH_INTERVAL_SECONDS: Final = 0.0005
"""How soon a busy thread (ingest of the demo, whoever reads the catalogue's words) makes way for a query: the default
of 5 ms is felt in every answer."""


def run(settings: Settings) -> None:
    """Serve the API until told to stop."""
    engine = open_engine(settings)
    try:
        optimize_if_due(engine, settings.collection, above=settings.index.optimize_above)
        with wired(settings, engine) as http:
            serve(http)
    finally:
        engine.close()


@contextmanager
def wired(settings: Settings, engine: Engine) -> Iterator[uvicorn.Server]:
    """Give the HTTP server of the API over an engine; it takes events where a broker is set."""
    with ExitStack() as stack:
        fetcher = stack.enter_context(picture_fetcher(settings))
        events = kafka_events(settings) if settings.kafka.bootstrap_servers is not None else None
        if events is not None:
            stack.callback(events.close)
        shelf = EncoderShelf(settings)
        shelf.own()
        yield server(following_app(shelf, engine, fetcher, events), settings)


def following_app(
    shelf: EncoderShelf, engine: Engine, fetcher: PictureFetcher, events: EventSink | None
) -> FollowingApp:
    """Return the search API that goes over with the alias: its collections share one set of metrics."""
    settings, metrics = shelf.settings, SearchMetrics()

    def make(collection: str, models: Mapping[str, Any]) -> FastAPI:
        settings, encoders = shelf.settings_for(models), shelf.load(models)
        require_own(declare(settings, encoders), collection)
        return search_app(settings, engine, encoders, fetcher, events, metrics)

    def forget(kept: list[Mapping[str, Any]]) -> None:
        shelf.keep_only(kept)
        garbage.let_go()  # an app refers to itself: it would never be collected, nor its encoders

    own = declare(settings, shelf.own()).physical_name
    return FollowingApp(engine, settings.collection, (own, make(own, settings.encoders.models())), make, forget)


def server(app: FastAPI | FollowingApp, settings: Settings) -> uvicorn.Server:
    """Return the HTTP server of an app; running it blocks until SIGINT or SIGTERM."""
    return DrainingServer(
        uvicorn.Config(
            app,
            host=settings.api.host,
            port=settings.api.port,
            log_level="warning",
            access_log=False,  # what it would say costs each request its time, also where nobody hears it
            http=patient(settings.api.head_seconds),
            timeout_keep_alive=settings.api.keep_alive_seconds,
            ws="none",
            log_config=None,  # what it says goes where `deploy/logs.py` sends everything
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
            server_header=False,
            proxy_headers=False,  # whoever is connected is the client: X-Forwarded-For may say anything
        ),
        leave=app.leave if isinstance(app, FollowingApp) else app.state.readiness.leave,
        drain_seconds=settings.api.drain_seconds,
    )


def serve(http: uvicorn.Server) -> None:
    """Serve until SIGINT or SIGTERM, then return: uvicorn raises the signal anew at its end, to nobody here."""
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
    garbage.settle()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    try:
        http.run()
    except SystemExit as error:  # what uvicorn does where it cannot listen, once it has said so
        where = f"{http.config.host}:{http.config.port}"
        raise Misconfigured(f"cannot listen on {where}: choose another VITRINE_API__PORT") from error
