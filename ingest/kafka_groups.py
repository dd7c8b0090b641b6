"""Where a consumer group stands in a topic, noted for another group that is to go on from there."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError

from catalog.errors import BrokerUnavailable
from ingest.kafka_client import build, translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.kafka_connection import KafkaConnection

_TIMEOUT_MS: Final = 5_000


def note_place(connection: KafkaConnection, *, topic: str, of_group: str, for_group: str) -> None:
    """Let `for_group` begin where `of_group` has committed, in the partitions where it has no place of its own yet.

    A partition of which `of_group` has committed nothing is read from its start. Nobody may be in `for_group` yet.
    Raises `BrokerUnavailable`, `Misconfigured`.
    """
    with _member(connection, of_group, f"read where group {of_group!r} stands") as consumer:
        found = consumer.partitions_for_topic(topic)
        if not found:
            raise BrokerUnavailable(f"there is no topic {topic!r} yet")
        partitions = [TopicPartition(topic, number) for number in sorted(found)]
        places = _committed(consumer, partitions)
    with _member(connection, for_group, f"note where group {for_group!r} begins") as consumer:
        taken = _committed(consumer, partitions)
        wanted = {place: OffsetAndMetadata(offset, "", -1) for place, offset in places.items() if place not in taken}
        if wanted:
            consumer.assign(list(wanted))
            consumer.commit(wanted, timeout_ms=_TIMEOUT_MS)


def lag(connection: KafkaConnection, *, topic: str, group: str) -> int:
    """Return how many records a group has not committed yet. Raises `BrokerUnavailable`, `Misconfigured`."""
    with _member(connection, group, f"read where group {group!r} stands") as consumer:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        if not partitions:
            return 0
        ends = consumer.end_offsets(partitions, timeout_ms=_TIMEOUT_MS)
        starts = consumer.beginning_offsets(partitions, timeout_ms=_TIMEOUT_MS)
        places = starts | _committed(consumer, partitions)
        return sum(max(0, ends[place] - places[place]) for place in partitions)


def has_read(connection: KafkaConnection, *, topic: str, group: str) -> bool:
    """Say whether a group has committed any record as done. Raises `BrokerUnavailable`, `Misconfigured`."""
    with _member(connection, group, f"read where group {group!r} stands") as consumer:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        return any(_committed(consumer, partitions).values())


def _committed(consumer: KafkaConsumer, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
    found = {place: consumer.committed(place, timeout_ms=_TIMEOUT_MS) for place in partitions}
    return {place: offset for place, offset in found.items() if offset is not None}


@contextlib.contextmanager
def _member(connection: KafkaConnection, group: str, what: str) -> Iterator[KafkaConsumer]:
    consumer = build(KafkaConsumer, connection, group_id=group, enable_auto_commit=False)
    try:
        yield consumer
    except KafkaError as error:
        raise translated(error, what) from error
    finally:
        consumer.close(autocommit=False)
