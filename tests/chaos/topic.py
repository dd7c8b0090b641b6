"""What lies on a topic and how far a group is, read by the client itself and none of our code."""

from __future__ import annotations

from typing import Any

from kafka import KafkaConsumer, TopicPartition

from tests.broker import admin
from tests.chaos.naive import Line


def lines(bootstrap: str, topic: str) -> list[Line]:
    """Return everything that lies on a topic."""
    return [Line(one.partition, one.offset, one.key, one.value) for one in records(bootstrap, topic)]


def records(bootstrap: str, topic: str) -> list[Any]:
    """Return everything that lies on a topic, as the client has it."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    try:
        places = _places(consumer, topic)
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends = consumer.end_offsets(places)
        found: list[Any] = []
        while any(consumer.position(place) < ends[place] for place in places):
            for read in consumer.poll(timeout_ms=500).values():
                found += read
        return found
    finally:
        consumer.close()


def lag(bootstrap: str, topic: str) -> int:
    """Return how many records of a topic the group of the same name has not committed."""
    with admin(bootstrap) as client:
        committed = client.list_group_offsets({topic: None})[topic]
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    try:
        ends = consumer.end_offsets(_places(consumer, topic))
    finally:
        consumer.close()
    return sum(end - max(0, committed[place].offset if place in committed else 0) for place, end in ends.items())


def _places(consumer: KafkaConsumer, topic: str) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic))]
