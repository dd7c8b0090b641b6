"""Whether an index is new or was lost: a worker that went on where its group stands would leave it nearly empty."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import structlog

from catalog.collection import keep, resolve
from catalog.engine import outages_named
from catalog.errors import CollectionMismatch
from catalog.migration import GROUP
from deploy.processes.migration.steps import group_of
from deploy.processes.parts import declare

if TYPE_CHECKING:
    from catalog.engine import Engine
    from deploy.processes.logs import KafkaLog, Log
    from deploy.settings import Settings
    from encoders.interface import Encoders

_SEE = "see 'The collection is gone' in docs/operations.md"
_log = structlog.get_logger(__name__)


def require_not_lost(settings: Settings, engine: Engine, encoders: Encoders, log: KafkaLog) -> None:
    """Raise `CollectionMismatch` where there is no collection though the group has read of the topic: one was lost.

    An empty one may have been made on purpose: it is only warned of. Where the alias leads to another one that is for
    `ensure` to say. Raises `Unavailable`.
    """
    name = declare(settings, encoders).physical_name
    if _points(engine, name):
        return
    with outages_named():
        group, elsewhere = group_of(engine, name, log.group), resolve(engine, settings.collection) not in {None, name}
    if elsewhere or not log.has_read(group):
        return
    points = _points(engine, name)  # again, for another worker may have made it and read: it writes before it commits
    topic = settings.kafka.topic
    if points is None:
        raise CollectionMismatch(
            f"there is no collection {name}, but the group {group!r} has already read the topic {topic!r}: a new one "
            "would lack all that. Restore it (`vitrine collection restore`), or begin anew with `collection create` "
            f"and a VITRINE_KAFKA__GROUP that has read nothing; {_SEE}"
        )
    if points == 0:
        _log.warning(
            "the index is empty, but the group has already read the topic: what it has read is not in the index",
            collection=name,
            group=group,
            topic=topic,
            see=_SEE,
        )


def group_with_all(engine: Engine, collection: str, log: Log) -> str:
    """Return the group whose place in the log is what a collection of this process alone has of it.

    Where it is empty though the group has read of the log, as after somebody deleted the folder, that is a new group,
    kept with it: it reads from the start, and whoever else is in the old one keeps its place. Raises `Unavailable`.
    """
    with outages_named():
        group = group_of(engine, collection, log.group)
    if group != log.group or _points(engine, collection) or not log.has_read(group):
        return group
    anew = f"{group}.{uuid4().hex[:12]}".removeprefix(".")
    with outages_named():
        keep(engine, collection, GROUP, {"base": group, "name": anew})
    _log.warning(
        "the index is empty, but its group has already read the log, which is read from its start by a new one",
        collection=collection,
        group=group,
        new_group=anew,
    )
    return anew


def _points(engine: Engine, name: str) -> int | None:
    """Return how many points a collection holds, None where there is none."""
    with outages_named():
        if not engine.collection_exists(collection_name=name):
            return None
        return engine.count(collection_name=name, exact=True).count
