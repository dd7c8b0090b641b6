"""Events from a Kafka topic, as a member of a consumer group; see `ingest/kafka_reader.py` for the thread behind it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import structlog
from kafka import OffsetAndMetadata, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import CommitFailedError, IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError

from catalog.errors import BrokerUnavailable
from ingest.kafka_buffer import RecordBuffer
from ingest.kafka_polling import positions
from ingest.kafka_reader import REQUEST_MS, KafkaReader
from ingest.source import BATCH_RECORDS, Record
from ingest.tracing import step

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kafka import KafkaConsumer

    from ingest.kafka_connection import KafkaConnection


log = structlog.get_logger(__name__)

POLL_WAIT_SECONDS = 0.5
BATCH_BYTES = 32 * 1024 * 1024
COMMIT_PATIENCE_SECONDS = 4.0
CALL_SECONDS = 8.0
LAG_SECONDS = 3.0
FETCH_MAX_WAIT_MS = 100  # a broker answers nothing else on that connection while a fetch waits there
HEARTBEAT_SECONDS = 1.0  # how soon a member hears that another has come or gone
METADATA_MAX_AGE_MS = 30_000  # how soon partitions added to the topic are seen

REBALANCED = (CommitFailedError, RebalanceInProgressError, IllegalGenerationError, UnknownMemberIdError)


class KafkaSource:
    """A `Source` that shares the partitions of `topic` with every other member of `group`.

    A batch holds up to `batch_records` records, up to 32 MiB of them (a single larger one comes alone), waited for no
    longer than `batch_seconds` after the first. One more batch is read ahead; beyond that the partitions are paused.
    The source connects in the background: while no broker answers, `poll` and `commit` raise `BrokerUnavailable`, and
    `Misconfigured` if a broker refuses us. A topic that does not exist is waited for, and logged.

    With an `instance`, a name that no other member has, a source that was killed is known again at its next start and
    has its partitions at once, where the group would wait for `session_timeout_seconds` until it gives the dead one up.
    For the same reason such a source does not leave the group when it is closed.
    """

    def __init__(  # noqa: PLR0913 - each a setting of its own, all by keyword
        self,
        connection: KafkaConnection,
        *,
        topic: str,
        group: str,
        batch_records: int = BATCH_RECORDS,
        batch_seconds: float = 0.2,
        session_timeout_seconds: float = 10.0,
        max_poll_interval_seconds: float = 300.0,
        instance: str | None = None,
    ) -> None:
        self._topic = topic
        self._batch_records = batch_records
        self._batch_seconds = batch_seconds
        self._buffer = RecordBuffer(capacity_records=batch_records, capacity_bytes=BATCH_BYTES)
        self._committed: dict[int, int] = {}
        self._last_lag: dict[int, int] = {}
        self.skipped_commits = 0
        options: dict[str, Any] = {
            "group_id": group,
            "group_instance_id": instance,
            "enable_auto_commit": False,
            "auto_offset_reset": "earliest",
            "isolation_level": "read_committed",  # what a producer took back has never happened
            "allow_auto_create_topics": False,  # a mistyped name is to be seen, not to be created
            "partition_assignment_strategy": [CooperativeStickyAssignor],
            "session_timeout_ms": int(session_timeout_seconds * 1000),
            "heartbeat_interval_ms": int(min(HEARTBEAT_SECONDS, session_timeout_seconds / 4) * 1000),
            "max_poll_interval_ms": int(max_poll_interval_seconds * 1000),
            "metadata_max_age_ms": METADATA_MAX_AGE_MS,
            "fetch_max_wait_ms": FETCH_MAX_WAIT_MS,
        }
        self._reader = KafkaReader(connection, topic, self._buffer, forget=self._forget, options=options)

    def poll(self) -> Sequence[Record]:
        """Return the next batch, empty if none came within half a second; raises as described at the class."""
        batch = self._buffer.take(
            limit_records=self._batch_records,
            limit_bytes=BATCH_BYTES,
            wait_seconds=POLL_WAIT_SECONDS,
            fill_seconds=self._batch_seconds,
        )
        if batch:
            self._reader.wake()
        else:
            self._reader.check()
        return batch

    @step("commit")
    def commit(self, records: Sequence[Record]) -> None:
        """Move the group's offsets behind `records`, in the partitions that are still ours; never moves one back."""
        wanted: dict[int, int] = {}
        for record in records:
            wanted[record.partition] = max(record.offset + 1, wanted.get(record.partition, 0))
        if wanted:
            what = f"commit to topic {self._topic!r}"
            self._reader.call(what, lambda consumer: self._commit(consumer, wanted), timeout_seconds=CALL_SECONDS)

    def lag(self) -> dict[int, int]:
        """Return the records behind the last commit by partition held, in an outage as last known."""
        try:
            self._reader.check()
            self._last_lag = self._reader.call("ask for the lag", self._lag, timeout_seconds=LAG_SECONDS)
        except BrokerUnavailable:
            log.debug("kafka.lag_unknown", topic=self._topic)
        return self._last_lag

    def close(self) -> None:
        """Leave the group, so that others take over at once."""
        self._reader.close()

    def _forget(self, partitions: Collection[int]) -> None:
        for partition in partitions:
            self._committed.pop(partition, None)

    def _commit(self, consumer: KafkaConsumer, wanted: dict[int, int]) -> None:
        deadline = time.monotonic() + COMMIT_PATIENCE_SECONDS
        while True:
            due = self._due(consumer, wanted)
            if not due:
                return
            try:
                consumer.commit(due, timeout_ms=_left_ms(deadline))
            except REBALANCED as error:
                if time.monotonic() > deadline:
                    raise BrokerUnavailable(
                        f"the group on topic {self._topic!r} is still rebalancing: {error}"
                    ) from error
                self._reader.poll(consumer)  # takes part in the rebalance; what stays ours is committed then
            else:
                self._committed.update({place.partition: offset.offset for place, offset in due.items()})
                return

    def _due(self, consumer: KafkaConsumer, wanted: dict[int, int]) -> dict[TopicPartition, OffsetAndMetadata]:
        """Return the offsets that are ours to commit: the new owner of a partition reads and commits for itself."""
        held = self._buffer.held()
        lost = sorted(wanted.keys() - held)
        if lost:
            self.skipped_commits += 1
            log.info("kafka.commit_skipped", topic=self._topic, partitions=lost, reason="another worker has them now")
        reached = {one: self._reached(consumer, one, offset) for one, offset in wanted.items() if one in held}
        return {
            TopicPartition(self._topic, partition): OffsetAndMetadata(offset, "", -1)
            for partition, offset in reached.items()
            if offset > self._committed_offset(consumer, partition)
        }

    def _reached(self, consumer: KafkaConsumer, partition: int, done: int) -> int:
        """Return up to where nothing is left to do in a partition all of which before `done` is done.

        Behind the last record may be the marks of transactions, and what was taken back: that nobody ever gets.
        """
        if done < self._buffer.end(partition):
            return done
        return max(done, positions(consumer).get(TopicPartition(self._topic, partition), 0))

    def _committed_offset(self, consumer: KafkaConsumer, partition: int) -> int:
        if partition not in self._committed:
            place = TopicPartition(self._topic, partition)
            found = consumer.committed(place, timeout_ms=REQUEST_MS)
            if found is None:
                found = consumer.beginning_offsets([place], timeout_ms=REQUEST_MS)[place]
            self._committed[partition] = found
        return self._committed[partition]

    def _lag(self, consumer: KafkaConsumer) -> dict[int, int]:
        places = [TopicPartition(self._topic, partition) for partition in sorted(self._buffer.held())]
        ends = consumer.end_offsets(places, timeout_ms=REQUEST_MS) if places else {}
        done = {place: self._committed_offset(consumer, place.partition) for place in places}
        return {
            place.partition: max(0, ends[place] - self._reached(consumer, place.partition, done[place]))
            for place in places
        }


def _left_ms(deadline: float) -> int:
    return max(1, int((deadline - time.monotonic()) * 1000))
