"""A snapshot against the index, and what brings the index in step: on its way like every other event."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from catalog.collection import require_layout
from catalog.engine import outages_named
from catalog.errors import CollectionMismatch
from deploy.processes.parts import open_engine
from ingest.eventlog import EventLog
from ingest.message import Message
from ingest.reconciling.compare import Standing
from ingest.reconciling.reconcile import compare_rows, surplus
from ingest.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from catalog.engine import Engine
    from deploy.settings import Settings
    from ingest.loading.intake import Intake
    from ingest.reconciling.buckets import Buckets
    from ingest.reconciling.reconcile import Findings
    from ingest.reconciling.repairs import Repairs
    from ingest.source import Record

_CHUNK_EVENTS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Progress:
    """Who is told how many buckets of the snapshot are compared, and how many points of the index are read."""

    buckets: Callable[[int], None]
    points: Callable[[int], None]


@contextmanager
def opened(settings: Settings) -> Iterator[Engine]:
    """Open the engine; raises `CollectionMismatch` where it has nothing to compare with in this version's layout."""
    engine = open_engine(settings)
    try:
        with outages_named():
            exists = engine.collection_exists(settings.collection)
        if not exists:
            raise CollectionMismatch(
                f"there is no collection {settings.collection!r} to compare with: load the file with "
                "`vitrine ingest load`"
            )
        with outages_named():
            require_layout(engine, settings.collection)
        yield engine
    finally:
        engine.close()


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A snapshot in buckets and what it was read with; where the outcome and the repairs go; who hears of progress."""

    intake: Intake
    buckets: Buckets
    findings: Findings
    repairs: Repairs
    progress: Progress


def points(settings: Settings, engine: Engine) -> int:
    """Return how many points the collection has; raises `EngineUnavailable`."""
    with outages_named():
        return engine.count(collection_name=settings.collection).count


def compare(settings: Settings, engine: Engine, of: Reconciliation, *, delete_missing: bool) -> None:
    """Compare everything; with `delete_missing`, deletions of what is too much are among the repairs."""
    store = Store(engine, settings.collection)
    known = compare_rows(of.buckets, of.intake, store, of.findings, of.repairs, of.progress.buckets)
    for product in surplus(engine, settings.collection, known, of.progress.points):
        of.findings.add(Standing.SURPLUS, product.product_id)
        if delete_missing and product.state.version is not None:
            of.repairs.delete(product.product_id, product.state.version)


def to_log(folder: Path, records: Iterator[Record], appended: Callable[[int], None]) -> None:
    """Append everything to the event log of a demo, which takes it from there."""
    log = EventLog(folder)
    try:
        count = 0
        while chunk := list(islice(records, _CHUNK_EVENTS)):
            count += log.write(Message(record.key, record.value) for record in chunk)
            appended(count)
    finally:
        log.close()
