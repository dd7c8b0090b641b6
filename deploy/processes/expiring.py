"""What has served in the index: the engine and one pass over tombstones and waiting patches."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from catalog.collection import require_layout
from catalog.engine import outages_named
from catalog.errors import CollectionMismatch
from deploy.processes.parts import open_engine
from ingest.expiry import expire
from ingest.store import Store

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from deploy.settings import Settings
    from ingest.expiry import Expired


def expire_hidden(settings: Settings, stopping: threading.Event, *, progress: Callable[[Expired], None]) -> Expired:
    """Delete what has been invisible for as long as the settings say, and return what came of it.

    Raises `EngineUnavailable` where the engine is away at first (an outage later is waited out), `CollectionMismatch`
    where there is no index or that of another version, `Misconfigured` where another process holds the embedded one.
    """
    moment = datetime.now(UTC) - timedelta(days=settings.ingest.tombstone_days)
    with closing(open_engine(settings)) as engine:
        with outages_named():
            exists = engine.collection_exists(settings.collection)
        if not exists:
            raise CollectionMismatch(f"there is no collection {settings.collection!r}: nothing to expire")
        with outages_named():
            require_layout(engine, settings.collection)
        return expire(Store(engine, settings.collection), moment, stopping, progress=progress)
