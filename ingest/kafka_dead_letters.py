"""Dead letters onto a Kafka topic: the record as it was, and in its headers where it came from and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from catalog.errors import Misconfigured
from ingest.kafka_producer import AcknowledgedProducer
from ingest.message import Message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.kafka_connection import KafkaConnection
    from ingest.source import DeadLetter

log = structlog.get_logger(__name__)

TRUNCATED_HEADER = "vitrine-truncated"
CUT_VALUE_BYTES = 64 * 1024
LAST_RESORT_BYTES = 1024


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
    return TRUNCATED_HEADER, str(len(letter.record.value or b"")).encode()
