"""Pictures that are due again: the engine, the encoders and one pass over what is due."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from catalog.collection import verify
from catalog.engine import outages_named
from deploy.processes.ingest import encoding_of
from deploy.processes.parts import declare, open_engine, picture_fetcher
from encoders.registry import load_encoders
from ingest.metrics import IngestMetrics
from ingest.refetch import Refetch
from ingest.store import Store

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from deploy.settings import Settings
    from ingest.refetch import Refetched


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
