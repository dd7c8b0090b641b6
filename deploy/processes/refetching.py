"""Pictures that are due again: the engine, the encoders and one pass over what is due."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import structlog

from catalog.collection import verify
from catalog.engine import outages_named
from deploy.processes.encoding import encoding_of
from deploy.processes.parts import declare, open_engine, picture_fetcher
from encoders.registry import load_encoders
from ingest.metrics import IngestMetrics
from ingest.refetch import Refetch
from ingest.store import Store

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from catalog.engine import Engine
    from deploy.settings import Settings
    from encoders.interface import Encoders
    from encoders.pictures.fetch import PictureFetcher
    from ingest.refetch import Refetched


DEMO_EVERY_SECONDS: Final = 60.0
_log = structlog.get_logger(__name__)


def refetch(
    settings: Settings, stopping: threading.Event, *, limit: int | None, progress: Callable[[Refetched], None]
) -> Refetched:
    """Ask again for the pictures that are due and return what came of it.

    Raises `EngineUnavailable` where the engine is away at first (an outage later is waited out), `CollectionMismatch`
    where there is no index of these encoders, `Misconfigured` where another process holds the embedded one.
    """
    with ExitStack() as stack:
        engine = open_engine(settings)
        stack.callback(engine.close)
        with outages_named():
            engine.get_aliases()  # before models are loaded
        encoders = load_encoders(settings.encoders.settings())
        with outages_named():
            collection = verify(engine, declare(settings, encoders)).physical_name
        fetcher = stack.enter_context(picture_fetcher(settings))
        encoding = stack.enter_context(encoding_of(settings, encoders, fetcher, IngestMetrics()))
        due = Refetch(Store(engine, collection), encoding, moment=datetime.now(UTC), stopping=stopping)
        return due.run(limit=limit, progress=progress)


@contextmanager
def refetched_now_and_then(  # noqa: PLR0913 - the parts of one pass, and when
    settings: Settings,
    engine: Engine,
    encoders: Encoders,
    fetcher: PictureFetcher,
    metrics: IngestMetrics,
    *,
    stopping: threading.Event,
    every_seconds: float = DEMO_EVERY_SECONDS,
) -> Iterator[None]:
    """Ask for what is due in a thread beside the worker, until `stopping`: what a CronJob does for a deployment.

    What it fetches and encodes counts in the worker's metrics.
    """
    store = Store(engine, declare(settings, encoders).physical_name)

    def passes() -> None:
        with encoding_of(settings, encoders, fetcher, metrics) as encoding:
            while not stopping.wait(every_seconds):
                one_pass = Refetch(store, encoding, moment=datetime.now(UTC), stopping=stopping)
                outcome = one_pass.run(limit=None, progress=lambda _: None)
                if outcome.products:
                    _log.info("refetched", products=outcome.products, pictures=dict(outcome.pictures))

    with ThreadPoolExecutor(1, thread_name_prefix="refetch") as thread:
        passing = thread.submit(passes)
        try:
            yield
        finally:
            stopping.set()
    passing.result()
