"""The log of events as several groups of workers read it, each with a place of its own: a topic, or a folder's log."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from deploy.processes.events import kafka_events, log_events
from ingest import eventlog
from ingest.eventlog import EventLogSource, note_place
from ingest.eventlog_dead_letters import EventLogDeadLetters
from ingest.kafka import KafkaSource
from ingest.kafka_dead_letters import KafkaDeadLetters

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.ports import EventSink
    from deploy.settings import Settings
    from ingest.source import DeadLetterSink, Source


@dataclass(frozen=True, slots=True)
class Feed:
    """Where events come from and where the refused ones go; `events` is the way in for those sent over HTTP."""

    source: Source
    dead_letters: DeadLetterSink
    events: EventSink | None = None


class Log(Protocol):
    """A log; `group` is the one that reads it when no migration has said otherwise."""

    group: str

    def feed(self, group: str) -> Feed:
        """Open the log for a group, without the way in for events."""
        ...

    def note_place(self, *, of_group: str, for_group: str) -> None:
        """Let a group begin where another has committed, unless it has a place already. Raises `Unavailable`."""
        ...

    def lag(self, group: str) -> int:
        """Return how many records a group has not committed yet. Raises `Unavailable`."""
        ...

    def has_read(self, group: str) -> bool:
        """Say whether a group has committed any record as done. Raises `Unavailable`."""
        ...


class KafkaLog:
    """The topic that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection = settings.kafka.connection()
        self.group = settings.kafka.group

    def feed(self, group: str) -> Feed:
        """Open the topic for a group."""
        kafka = self._settings.kafka
        source = KafkaSource(
            self._connection,
            topic=kafka.topic,
            group=group,
            batch_records=self._settings.ingest.batch_records,
            instance=kafka.instance,
        )
        return Feed(source, KafkaDeadLetters(self._connection, topic=kafka.dead_letters))

    def note_place(self, *, of_group: str, for_group: str) -> None:
        """Copy the committed offsets of a group to one that has none. Raises `BrokerUnavailable`, `Misconfigured`."""
        from ingest import kafka_groups  # noqa: PLC0415 - a worker needs it only in a migration

        kafka_groups.note_place(
            self._connection, topic=self._settings.kafka.topic, of_group=of_group, for_group=for_group
        )

    def lag(self, group: str) -> int:
        """Ask the brokers. Raises `BrokerUnavailable`, `Misconfigured`."""
        from ingest import kafka_groups  # noqa: PLC0415

        return kafka_groups.lag(self._connection, topic=self._settings.kafka.topic, group=group)

    def has_read(self, group: str) -> bool:
        """Ask the brokers whether a group has read anything. Raises `BrokerUnavailable`, `Misconfigured`."""
        from ingest import kafka_groups  # noqa: PLC0415 - asked only where the index is empty

        return kafka_groups.has_read(self._connection, topic=self._settings.kafka.topic, group=group)

    def events(self) -> EventSink:
        """Return the way onto the topic."""
        return kafka_events(self._settings)


class FolderLog:
    """The event log of a demo, in its folder; the group without a name is that of the demo's own worker."""

    group = ""

    def __init__(self, settings: Settings, folder: Path, *, batch_records: int) -> None:
        self._settings = settings
        self._folder = folder
        self._batch_records = batch_records

    def feed(self, group: str) -> Feed:
        """Open the log for a group."""
        source = EventLogSource(self._folder, batch_records=self._batch_records, group=group or None)
        return Feed(source, EventLogDeadLetters(self._folder))

    def note_place(self, *, of_group: str, for_group: str) -> None:
        """Copy the place of a group to one that has none."""
        note_place(self._folder, of_group=of_group or None, for_group=for_group or None)

    def lag(self, group: str) -> int:
        """Look into the log."""
        with closing(EventLogSource(self._folder, group=group or None)) as source:
            return sum(source.lag().values())

    def has_read(self, group: str) -> bool:
        """Look for its place."""
        return eventlog.has_read(self._folder, group=group or None)

    def events(self) -> EventSink:
        """Return the way onto the log."""
        return log_events(self._settings, self._folder)
