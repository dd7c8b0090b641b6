"""The backfill of a collection that is migrated to: from noting where the log stands to the last copied state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from catalog.collection import ensure, migration_of, specs_of
from catalog.engine import outages_named
from catalog.vectors import ARMS
from deploy.processes.encoding import encoding_of
from deploy.processes.migration.steps import group_of, note, now
from deploy.processes.parts import declare
from ingest.backfill import Backfill, Origin
from ingest.metrics import IngestMetrics
from ingest.patience import Stopped, patiently
from ingest.store import Store

if TYPE_CHECKING:
    import threading

    from catalog.engine import Engine
    from catalog.migration import Filling, Migration
    from catalog.vectors import VectorSpecs
    from deploy.processes.logs import Log
    from deploy.settings import Settings
    from encoders.interface import Encoders
    from encoders.pictures.fetch import PictureFetcher


@dataclass(frozen=True, slots=True)
class Filled:
    """What fills and feeds one collection; `settings` name its encoders. There may be no log to follow."""

    settings: Settings
    engine: Engine
    encoders: Encoders
    fetcher: PictureFetcher
    log: Log | None


def fill(filled: Filled, stopping: threading.Event) -> bool:
    """Copy the states of the collection that is migrated from, if this one is migrated to and lacks some.

    False where it was told to stop before the end.
    """
    declaration = declare(filled.settings, filled.encoders)
    try:
        migration = patiently(partial(_made, filled), stopping)
        if migration is None or migration.target != declaration.physical_name or migration.filling.done_at:
            return True
        filling = patiently(partial(_place_noted, filled, migration), stopping)
        specs = patiently(partial(_specs_of, filled, migration.source), stopping)
    except Stopped:
        return False
    with encoding_of(filled.settings, filled.encoders, filled.fetcher, IngestMetrics()) as encoding:
        backfill = Backfill(
            filled.engine,
            Origin(migration.source, carried(specs, declaration.specs)),
            Store(filled.engine, migration.target),
            encoding,
            stopping,
        )
        return backfill.run(filling, partial(_keep, filled))


def carried(old: VectorSpecs | None, new: VectorSpecs) -> frozenset[str]:
    """Return the names of the vectors that both collections make alike."""
    return frozenset(arm for arm in ARMS if old is not None and getattr(old, arm) == getattr(new, arm))


def group_in_log(filled: Filled) -> str:
    """Return the group whose place in the log is what the collection has of it. Raises `EngineUnavailable`."""
    base = filled.log.group if filled.log is not None else ""
    with outages_named():
        return group_of(filled.engine, declare(filled.settings, filled.encoders).physical_name, base)


def _made(filled: Filled) -> Migration | None:
    with outages_named():
        ensure(filled.engine, declare(filled.settings, filled.encoders))
        return migration_of(filled.engine, filled.settings.collection)


def _place_noted(filled: Filled, migration: Migration) -> Filling:
    """Note where the new worker goes on before the first state is copied: what is copied is at least as new."""
    if migration.filling.started:
        return migration.filling
    if filled.log is not None:
        base = filled.log.group
        with outages_named():
            old, new = (group_of(filled.engine, name, base) for name in (migration.source, migration.target))
        filled.log.note_place(of_group=old, for_group=new)
    filling = replace(migration.filling, started=True)
    with outages_named():
        note(filled.engine, filled.settings.collection, filling=filling)
    return filling


def _keep(filled: Filled, filling: Filling) -> None:
    done = replace(filling, done_at=now() if filling.cursor is None else None)
    with outages_named():
        note(filled.engine, filled.settings.collection, filling=done)


def _specs_of(filled: Filled, collection: str) -> VectorSpecs | None:
    with outages_named():
        return specs_of(filled.engine, collection)
