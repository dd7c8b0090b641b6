"""The workers of a process that has the embedded engine to itself: a thread for each collection that is kept fresh."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from catalog.errors import VitrineError
from deploy.processes.migration.feeding import feed
from deploy.processes.refetching import refetched_now_and_then
from ingest.metrics import IngestMetrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.processes.migration.filling import Filled
    from ingest.source import Source

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Worker:
    stopping: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None
    source: Source | None = None
    failure: BaseException | None = None


class Workers:
    """Starts, watches and ends them. `failed` hears, in the worker's thread, of one that ended with an error."""

    def __init__(self) -> None:
        self.failed: Callable[[str], None] = lambda _collection: None
        self._workers: dict[str, _Worker] = {}
        self._metrics: dict[str, IngestMetrics] = {}
        self._changing = threading.Lock()

    def start(self, collection: str, prepare: Callable[[], Filled]) -> None:
        """Start the worker of a collection unless it runs; `prepare` loads what it needs, in its thread."""
        with self._changing:
            running = self._workers.get(collection)
            if running is not None and running.failure is None:
                return
            worker = self._workers[collection] = _Worker()
            worker.thread = threading.Thread(target=self._work, args=(collection, worker, prepare), name="ingest")
            worker.thread.start()

    def retire(self, collection: str) -> None:
        """End a worker and wait for it."""
        with self._changing:
            worker = self._workers.pop(collection, None)
        if worker is not None:
            worker.stopping.set()
            assert worker.thread is not None
            worker.thread.join()

    def close(self) -> None:
        """End them all."""
        for worker in list(self._workers.values()):
            worker.stopping.set()
        for collection in list(self._workers):
            self.retire(collection)

    def lag(self, collection: str) -> int | None:
        """Return how many records a worker has left, None while it does not read yet."""
        worker = self._workers.get(collection)
        return sum(worker.source.lag().values()) if worker is not None and worker.source is not None else None

    def failure(self, collection: str) -> BaseException | None:
        """Return what ended a worker, None for one that runs or is none."""
        worker = self._workers.get(collection)
        return worker.failure if worker is not None else None

    def metrics(self, collection: str) -> IngestMetrics:
        """Return what the worker of a collection counts."""
        return self._metrics.setdefault(collection, IngestMetrics())

    def _work(self, collection: str, worker: _Worker, prepare: Callable[[], Filled]) -> None:
        def noted(source: Source) -> Source:
            worker.source = source
            return source

        try:
            filled, metrics = prepare(), self.metrics(collection)
            parts = (filled.settings, filled.engine, filled.encoders, filled.fetcher)
            with refetched_now_and_then(*parts, metrics, stopping=worker.stopping):
                feed(filled, worker.stopping, around=noted, metrics=metrics)
        except BaseException as error:  # noqa: BLE001 - a panic of the engine too: kept, and said
            worker.failure = error
            trace = None if isinstance(error, VitrineError) else error
            reason = f"{type(error).__name__}: {error}"
            _log.error("a worker ended", collection=collection, reason=reason, exc_info=trace)
            self.failed(collection)
        finally:
            worker.source = None
