"""One poll of the Kafka client: its duties for the group done, what it read moved to the buffer, nothing lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kafka import ConsumerRebalanceListener
from kafka.errors import KafkaError
from kafka.structs import MemberState

from ingest.source import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from kafka import KafkaConsumer, TopicPartition

    from ingest.kafka_buffer import RecordBuffer

POLL_MS = 50  # how long a job for the reader's thread may have to wait, at most
POLL_FULL_MS = 5  # while paused there is nothing to wait for but the group's own affairs
POLL_JOINING_MS = 500


class Ownership(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells the buffer which partitions are ours; called on the client's own I/O thread, inside our `poll`."""

    def __init__(self, buffer: RecordBuffer, forget: Callable[[Collection[int]], None]) -> None:
        self._buffer = buffer
        self._forget = forget

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Note what is ours now."""
        self._buffer.claim([place.partition for place in assigned])

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Note what is another's now, and drop what was read of it: there it is read again."""
        partitions = [place.partition for place in revoked]
        self._buffer.release(partitions)
        self._forget(partitions)


def poll_into(buffer: RecordBuffer, consumer: KafkaConsumer) -> bool:
    """Move what there is to the buffer and return whether that was anything; while it is full, nothing is fetched.

    Raises what the client raises; nothing that it read by then is passed over.
    """
    room = buffer.room()
    if room > 0:
        consumer.resume(*consumer.paused())
    else:
        consumer.pause(*consumer.assignment())
    _let_go(consumer)
    _take_up_joining(consumer)
    stood = positions(consumer)
    try:
        # A partition assigned during this very call is not paused yet: what it yields overfills the buffer, once.
        found = consumer.poll(timeout_ms=_patience_ms(consumer, room), max_records=max(1, room))
    except KafkaError:
        _go_back(consumer, stood)
        raise
    buffer.add(_records(found))
    return bool(found)


def positions(consumer: KafkaConsumer) -> dict[TopicPartition, int]:
    """Return where reading stands, on the reader's thread only; the client's own `position` may ask a broker."""
    assigned = consumer._subscription.assignment  # noqa: SLF001 - the only way to it
    return {place: at.offset for place, state in assigned.items() if (at := state.position) is not None}


def is_joining(consumer: KafkaConsumer) -> bool:
    """Return whether a rebalance is on: the client throws one away that ends while nobody is in `poll`.

    With short polls, and other work in between, a group would so rebalance for ever.
    """
    return bool(consumer.group_metadata().state != MemberState.STABLE)


def _patience_ms(consumer: KafkaConsumer, room: int) -> int:
    if is_joining(consumer):
        return POLL_JOINING_MS
    return POLL_MS if room > 0 else POLL_FULL_MS


def _let_go(consumer: KafkaConsumer) -> None:
    """Let the client take up what it set aside while partitions were paused.

    It does so only with nothing in hand, and keeps in hand what it has read to the end: of two partitions that were set
    aside, as when one comes in a rebalance while the buffer is full, the second would never be read again.
    """
    fetcher = consumer._fetcher  # noqa: SLF001 - the only way to it
    if not fetcher._next_partition_records:  # noqa: SLF001
        fetcher._next_partition_records = None  # noqa: SLF001


def _take_up_joining(consumer: KafkaConsumer) -> None:
    """Let the client go on with a rebalance that it has begun.

    One for new partitions it knows by its list of them being out of date, and the leader's is brought up to date half
    way: where a poll ends before that, no later one would care for the rest, and no heartbeat either.
    """
    if is_joining(consumer):
        consumer._coordinator.request_rejoin()  # noqa: SLF001 - the only way to it


def _go_back(consumer: KafkaConsumer, stood: Mapping[TopicPartition, int]) -> None:
    """Read from there again: a poll that fails may have counted records as read that it never returned."""
    reading = consumer._fetcher._next_partition_records  # noqa: SLF001 - the only way to it
    if reading:
        reading.drain()  # from one that is damaged the client would go on reading nothing, and never return
    for place, offset in positions(consumer).items():
        if offset > stood.get(place, offset):
            consumer.seek(place, stood[place])


def _records(found: dict[TopicPartition, list[Any]]) -> Iterator[Record]:
    for read in found.values():
        for one in read:
            yield Record(
                topic=one.topic,
                partition=one.partition,
                offset=one.offset,
                timestamp_ms=one.timestamp,
                key=one.key,
                value=one.value,
                headers=tuple(one.headers),
            )
