"""Dead letters on a Kafka topic: the record as it was, and in its headers where it came from and why; and back."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import structlog
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from catalog.errors import BrokerUnavailable, Misconfigured
from ingest.dead_letters import TRUNCATED, KeptLetter, Place
from ingest.kafka_client import build, refuse_unseen, translated
from ingest.kafka_producer import AcknowledgedProducer
from ingest.message import Message
from ingest.tracing import step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ingest.kafka_connection import KafkaConnection
    from ingest.source import DeadLetter

log = structlog.get_logger(__name__)

CUT_VALUE_BYTES = 64 * 1024
LAST_RESORT_BYTES = 1024
POLL_MS: Final = 500
REQUEST_MS: Final = 5_000
SILENT_SECONDS: Final = 10.0


class KafkaDeadLetters:
    """A `DeadLetterSink` on `topic`, created with one partition if it is missing.

    A letter that the topic does not take for its size is sent again with its value cut to 64 KiB and a header
    `vitrine-truncated`, the value's original size in bytes; if that is too much still, key and value are cut to 1 KiB
    each and the original headers are left out. A record that fits its own topic is otherwise never changed. Losing the
    tail of one letter is better than a worker that can never go on.
    """

    def __init__(self, connection: KafkaConnection, *, topic: str) -> None:
        self._topic = topic
        self._producer = AcknowledgedProducer(connection, topic=topic, partitions=1)

    @step("send dead letters")
    def send(self, letters: Sequence[DeadLetter]) -> None:
        """Keep the letters durably; returning means acknowledged.

        Raises `BrokerUnavailable` in an outage, `Misconfigured` where the topic takes not even a cut letter.
        """
        if not letters:
            return
        whole = {_whole(letter): letter for letter in letters}
        too_large = [whole[message] for message in self._producer.deliver(list(whole))]
        cut = {_cut(letter): letter for letter in too_large}
        hopeless = [cut[message] for message in self._producer.deliver(list(cut))] if cut else []
        if hopeless and self._producer.deliver([_last_resort(letter) for letter in hopeless]):
            raise Misconfigured(f"topic {self._topic!r} takes not even letters of 3 KiB; raise its max.message.bytes")
        for letter in too_large:
            log.warning("dead_letter.truncated", topic=letter.record.topic, offset=letter.record.offset)

    def close(self) -> None:
        """Free everything; whatever `send` returned for is safe."""
        self._producer.close()


def _whole(letter: DeadLetter) -> Message:
    return Message(letter.record.key, letter.record.value, letter.headers())


def _cut(letter: DeadLetter) -> Message:
    value = letter.record.value
    return Message(letter.record.key, value and value[:CUT_VALUE_BYTES], (*letter.headers(), _size(letter)))


def _last_resort(letter: DeadLetter) -> Message:
    key, value = letter.record.key, letter.record.value
    ours = letter.headers()[len(letter.record.headers) :]
    return Message(key and key[:LAST_RESORT_BYTES], value and value[:LAST_RESORT_BYTES], (*ours, _size(letter)))


def _size(letter: DeadLetter) -> tuple[str, bytes]:
    return TRUNCATED, str(len(letter.record.value or b"")).encode()


class KafkaLetterStore:
    """A `DeadLetterStore` on `dead_letter_topic`; what is sent back goes to `topic`. No group is joined or moved."""

    def __init__(self, connection: KafkaConnection, *, topic: str, dead_letter_topic: str) -> None:
        self.topic = topic
        self._connection = connection
        self._dead_letter_topic = dead_letter_topic
        self._producer = AcknowledgedProducer(connection, topic=topic, partitions=-1)

    def letters(self, begin: Place | None = None) -> Iterator[KeptLetter]:
        """Yield the letters that are there now, none where there is no such topic.

        Raises `Misconfigured` where we may not see it, which looks the same at first.
        """
        try:
            consumer = build(
                KafkaConsumer,
                self._connection,
                group_id=None,
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                allow_auto_create_topics=False,
            )
            try:
                yield from self._read(consumer, begin)
            finally:
                consumer.close()
        except KafkaError as error:
            raise translated(error, f"read topic {self._dead_letter_topic!r}") from error

    def send_back(self, letters: list[KeptLetter]) -> None:
        """Put the records back, with the present time: with their own the topic might drop them as too old.

        Raises `BrokerUnavailable` in an outage, `Misconfigured` where the topic takes one of them no longer.
        """
        messages = [replace(letter.record(), timestamp_ms=None) for letter in letters]
        too_large = self._producer.deliver(messages)
        if too_large:
            raise Misconfigured(
                f"topic {self.topic!r} does not take {len(too_large)} of them any more; see its max.message.bytes"
            )

    def close(self) -> None:
        """Free everything; whatever `send_back` returned for is safe."""
        self._producer.close()

    def _read(self, consumer: KafkaConsumer, begin: Place | None) -> Iterator[KeptLetter]:
        partitions = consumer.partitions_for_topic(self._dead_letter_topic) or set()
        wanted = partitions if begin is None else partitions & {begin.partition}
        places = [TopicPartition(self._dead_letter_topic, partition) for partition in sorted(wanted)]
        if not partitions:
            refuse_unseen(self._connection, self._dead_letter_topic)
        if not places:
            return
        consumer.assign(places)
        starts = consumer.beginning_offsets(places, timeout_ms=REQUEST_MS)
        ends = consumer.end_offsets(places, timeout_ms=REQUEST_MS)
        for place in places:
            consumer.seek(place, max(starts[place], min(begin.offset, ends[place])) if begin else starts[place])
        heard_at = time.monotonic()
        while any(consumer.position(place) < ends[place] for place in places):
            found = consumer.poll(timeout_ms=POLL_MS)
            if found:
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > SILENT_SECONDS:
                raise BrokerUnavailable(f"cannot read topic {self._dead_letter_topic!r}: no answer in time")
            for place, records in found.items():
                yield from (_kept(one) for one in records if one.offset < ends[place])


def _kept(record: Any) -> KeptLetter:  # noqa: ANN401 - the client's record; untyped
    message = Message(record.key, record.value, tuple(record.headers), record.timestamp)
    return KeptLetter(Place(record.partition, record.offset), message)
