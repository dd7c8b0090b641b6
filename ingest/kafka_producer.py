"""Messages onto a Kafka topic, each one acknowledged before the call returns: dead letters, and events to load."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import structlog
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.errors import (
    AuthorizationError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAlreadyExistsError,
)

from catalog.errors import InvalidInput
from ingest.kafka_client import build, translated
from ingest.message import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ingest.kafka_connection import KafkaConnection

log = structlog.get_logger(__name__)

MAX_BLOCK_MS = 5_000
REQUEST_TIMEOUT_MS = 5_000
DELIVERY_TIMEOUT_MS = 10_000
ACKNOWLEDGED_SECONDS = 15.0
CREATE_TIMEOUT_MS = 5_000
CLOSE_SECONDS = 3.0
BATCH_BYTES = 256 * 1024
LINGER_MS = 5
MAX_MESSAGE_BYTES = 64 * 1024 * 1024  # beyond it a broker drops the connection instead of saying no
MAX_REQUEST_BYTES = 80 * 1024 * 1024  # so that the broker's own limit is the one that counts
APPEND_MESSAGES = 2_000  # how many are under way at once, so that a long load needs little memory

TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)


class _Headers(list[tuple[str, bytes | None]]):
    """Headers some of which are null: false, since the client adds up the lengths of all values of a true list."""

    def __bool__(self) -> bool:
        return False


class AcknowledgedProducer:
    """Puts messages onto `topic`, in order per key, and waits until all replicas in sync have them.

    The topic is created if it is missing, with `partitions` of them (-1: as many as the broker makes by default). The
    producer is not idempotent: such a one never sends again after a single refused message. So a retry may write a
    message twice, which readers have to bear anyway.
    """

    def __init__(self, connection: KafkaConnection, *, topic: str, partitions: int) -> None:
        self._connection = connection
        self._topic = topic
        self._partitions = partitions
        self._producer: KafkaProducer | None = None

    def deliver(self, messages: Sequence[Message]) -> list[Message]:
        """Send the messages and return those that are too large for the topic; all others are acknowledged.

        Raises `BrokerUnavailable` after about ten seconds of outage (some of them may have arrived), `Misconfigured`
        where the broker refuses us.
        """
        try:
            producer = self._ready()
            return self._gather(messages, [self._send(producer, message) for message in messages])
        except KafkaError as error:
            self.close()  # the next call starts afresh, topic included
            raise translated(error, f"write to topic {self._topic!r}") from error

    def close(self) -> None:
        """Free everything; what `deliver` returned for is safe."""
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.close(timeout=CLOSE_SECONDS)

    def _ready(self) -> KafkaProducer:
        if self._producer is None:
            ensure_topic(self._connection, self._topic, partitions=self._partitions)
            self._producer = build(
                KafkaProducer,
                self._connection,
                acks="all",
                enable_idempotence=False,
                max_in_flight_requests_per_connection=1,  # with more, a retry could overtake
                allow_auto_create_topics=False,
                max_block_ms=MAX_BLOCK_MS,
                request_timeout_ms=REQUEST_TIMEOUT_MS,
                delivery_timeout_ms=DELIVERY_TIMEOUT_MS,
                max_request_size=MAX_REQUEST_BYTES,
                batch_size=BATCH_BYTES,
                linger_ms=LINGER_MS,
            )
        return self._producer

    def _send(self, producer: KafkaProducer, message: Message) -> Any:  # noqa: ANN401 - the client's future; untyped
        if len(message.key or b"") + len(message.value or b"") > MAX_MESSAGE_BYTES:
            return None
        null_header = any(value is None for _, value in message.headers)
        if null_header or (message.key is None and message.value is None):
            return self._send_nulls(producer, message)
        return producer.send(
            self._topic,
            key=message.key,
            value=message.value,
            headers=list(message.headers),
            timestamp_ms=message.timestamp_ms,
        )

    def _send_nulls(self, producer: KafkaProducer, message: Message) -> Any:  # noqa: ANN401 - as above
        # The log takes null headers and a null key beside a null value, and so does the client's encoder; only its
        # `send` refuses them. A dead letter has to be what the record was, so these few go in one door further.
        producer.partitions_for(self._topic)
        key, value, headers = message.key, message.value, _Headers(message.headers)
        partition = producer._partition(self._topic, None, key, value, key, value)  # noqa: SLF001
        place = TopicPartition(self._topic, partition)
        appended = producer._accumulator.append(place, message.timestamp_ms, key, value, headers)  # noqa: SLF001
        producer._sender.wakeup()  # noqa: SLF001
        return appended[0]

    def _gather(self, messages: Sequence[Message], futures: Sequence[Any]) -> list[Message]:
        too_large: list[Message] = []
        failure: KafkaError | None = None
        for message, future in zip(messages, futures, strict=True):
            if future is None:
                too_large.append(message)
                continue
            try:
                future.get(timeout=ACKNOWLEDGED_SECONDS)
            except TOO_LARGE:
                too_large.append(message)
            except KafkaError as error:  # the others are waited for all the same: a repeat must not overtake them
                failure = error
        if failure is not None:
            raise failure
        return too_large


class KafkaEvents:
    """Appends events to `topic`: the way in for backfills, for `POST /v1/events` and for tests."""

    def __init__(self, connection: KafkaConnection, *, topic: str) -> None:
        self._topic = topic
        self._producer = AcknowledgedProducer(connection, topic=topic, partitions=-1)

    def append(self, pairs: Iterable[tuple[bytes, bytes | None]]) -> int:
        """Append (key, value) pairs in order and return how many; returning means that the log has them.

        Raises `BrokerUnavailable` in an outage, `InvalidInput` for an event larger than the topic takes: the others
        of its two thousand may have been written.
        """
        count = 0
        rest = iter(pairs)
        while chunk := [Message(key, value) for key, value in islice(rest, APPEND_MESSAGES)]:
            too_large = self._producer.deliver(chunk)
            if too_large:
                keys = ", ".join(repr((message.key or b"").decode(errors="replace")) for message in too_large[:3])
                raise InvalidInput(f"too large for topic {self._topic!r}: {keys}; see its max.message.bytes")
            count += len(chunk)
        return count

    def close(self) -> None:
        """Free everything; what `append` returned for is safe."""
        self._producer.close()


def ensure_topic(connection: KafkaConnection, topic: str, *, partitions: int) -> None:
    """Create `topic` if it is missing, replicated as the broker does by default; raises `BrokerUnavailable`."""
    admin = build(KafkaAdminClient, connection)
    try:
        wanted = {topic: {"num_partitions": partitions, "replication_factor": -1}}
        admin.create_topics(wanted, timeout_ms=CREATE_TIMEOUT_MS, wait_for_metadata=True)
        log.info("kafka.topic_created", topic=topic)
    except TopicAlreadyExistsError:
        pass
    except AuthorizationError as error:  # it may well exist: writing to it will tell
        log.info("kafka.topic_not_created", topic=topic, error=type(error).__name__)
    except KafkaError as error:
        raise translated(error, f"create topic {topic!r}") from error
    finally:
        admin.close()
