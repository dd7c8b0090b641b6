"""The one thread that touches the Kafka consumer: it polls without pause, so slow work never costs the membership."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import structlog
from kafka import KafkaConsumer
from kafka.errors import CorruptRecordError, KafkaError

from catalog.errors import BrokerUnavailable, Misconfigured
from ingest.kafka_client import ask_again, build, translated
from ingest.kafka_headers import read_any_header
from ingest.kafka_polling import POLL_JOINING_MS, POLL_MS, Ownership, is_joining, poll_into

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from ingest.kafka_buffer import RecordBuffer
    from ingest.kafka_connection import KafkaConnection

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")

REQUEST_MS = 2_000  # how long one question to the broker may take before we call it an outage
LOOK_SECONDS = 1.0  # silence after which we ask whether the broker is still there
LOOK_UNASSIGNED_SECONDS = 2.0
RETRY_SECONDS = 0.2
STUCK_SECONDS = 30.0  # three sessions: by then the group has given up whomever it waited for
CLOSE_MS = 2_000
CLOSE_SECONDS = 4.5


@dataclass(frozen=True, slots=True)
class _Job(Generic[Answer]):
    """Work for the thread, and where its answer goes."""

    what: str
    work: Callable[[KafkaConsumer], Answer]
    answer: Future[Answer]

    def run(self, consumer: KafkaConsumer) -> None:
        """Do the work; an outage goes to whoever waits, and to the thread, which then knows of it."""
        if not self.answer.set_running_or_notify_cancel():
            return
        try:
            self.answer.set_result(self.work(consumer))
        except KafkaError as error:
            ours = translated(error, self.what)
            self.answer.set_exception(ours)
            raise ours from error
        except BrokerUnavailable as error:  # a rebalance that lasts is no outage
            self.answer.set_exception(error)


class KafkaReader:
    """Reads `topic` into `buffer` until `close`, pausing while that is full, and runs jobs between two polls.

    `forget` is told which partitions were taken from us. Outages are waited out; `check` says whether one is on. Where
    the group has not let us in for `stuck_seconds`, another client asks it anew.
    """

    def __init__(  # noqa: PLR0913 - each a part of its own
        self,
        connection: KafkaConnection,
        topic: str,
        buffer: RecordBuffer,
        *,
        forget: Callable[[Collection[int]], None],
        options: dict[str, Any],
        stuck_seconds: float = STUCK_SECONDS,
    ) -> None:
        self._connection = connection
        self._topic = topic
        self._buffer = buffer
        self._forget = forget
        self._options = options
        self._stuck_seconds = stuck_seconds
        self._jobs: queue.SimpleQueue[_Job[Any]] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._wanted = threading.Event()
        self._consumer: KafkaConsumer | None = None
        self._outage = ""
        self._damage = ""
        self._fatal: BaseException | None = None
        self._heard_at = 0.0
        self._settled_at = 0.0
        self._told_missing = False
        self._thread = threading.Thread(target=self._run, name=f"kafka-reader-{topic}", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raise `BrokerUnavailable` while Kafka is away, `Misconfigured` if it refuses us, or what ended the thread."""
        if self._fatal is not None:
            raise self._fatal
        if self._closing.is_set():
            raise BrokerUnavailable("this source is closed")
        if self._outage:
            raise BrokerUnavailable(self._outage)

    def call(self, what: str, work: Callable[[KafkaConsumer], Answer], *, timeout_seconds: float) -> Answer:
        """Run `work` on the thread and return its answer; raises `BrokerUnavailable` when it does not come in time.

        `what` is what it does, for error messages: "commit to topic 'x'".
        """
        if self._fatal is not None or self._closing.is_set():
            self.check()
        job = _Job(what, work, Future())
        self._jobs.put(job)
        self.wake()
        try:
            return job.answer.result(timeout_seconds)
        except (TimeoutError, CancelledError):
            job.answer.cancel()
            self.check()
            raise BrokerUnavailable(f"cannot {what}: no answer in {timeout_seconds:.0f} s") from None

    def wake(self) -> None:
        """Say that the buffer has room again, or that there is a job."""
        self._wanted.set()

    def poll(self, consumer: KafkaConsumer) -> None:
        """Let the client do its duties for the group, and move what it read to the buffer; on the thread only."""
        if poll_into(self._buffer, consumer):
            self._heard()

    def close(self) -> None:
        """Leave the group and end the thread, in less than five seconds."""
        self._closing.set()
        if self._thread is not threading.current_thread():
            self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                self._turn()
        except BaseException as error:  # noqa: BLE001 - handed to whoever polls; a thread has nobody to raise it to
            self._fatal = error
        finally:
            self._leave()

    def _turn(self) -> None:
        try:
            if self._consumer is None:
                self._consumer = self._connect()
            consumer = self._consumer
            if self._is_stuck(consumer):
                self._begin_anew(consumer)
                return
            self._wanted.clear()
            if not is_joining(consumer):
                self._run_jobs(consumer)
            self.poll(consumer)
            self._look(consumer)
            if self._buffer.room() == 0 and not is_joining(consumer):
                self._wanted.wait(POLL_MS / 1000)
        except CorruptRecordError as error:
            self._note_damage(error)
        except KafkaError as error:
            self._note(translated(error, f"read topic {self._topic!r}"))
        except BrokerUnavailable as error:
            self._note(error)

    def _connect(self) -> KafkaConsumer:
        consumer: KafkaConsumer = build(KafkaConsumer, self._connection, **self._options)
        read_any_header(consumer)
        consumer.subscribe([self._topic], listener=Ownership(self._buffer, self._forget))
        self._heard()
        self._settled_at = time.monotonic()
        return consumer

    def _is_stuck(self, consumer: KafkaConsumer) -> bool:
        """Whether the group has not let us in for long, though the broker answers: another client may fare better."""
        if self._outage or not is_joining(consumer):
            self._settled_at = time.monotonic()
        return time.monotonic() - self._settled_at > self._stuck_seconds

    def _begin_anew(self, consumer: KafkaConsumer) -> None:
        """Leave, and join with another client; what was held is read again from the last commit."""
        log.warning("kafka.join_stuck", topic=self._topic, waited_seconds=self._stuck_seconds)
        self._consumer = None
        held = self._buffer.held()
        self._buffer.release(held)
        self._forget(held)
        consumer.close(autocommit=False, timeout_ms=CLOSE_MS)

    def _run_jobs(self, consumer: KafkaConsumer) -> None:
        while not self._jobs.empty():
            self._jobs.get().run(consumer)

    def _look(self, consumer: KafkaConsumer) -> None:
        """Ask for a sign of life: a poll during an outage looks just like one of a quiet topic."""
        places = sorted(consumer.assignment())
        silent_seconds = time.monotonic() - self._heard_at
        is_settled = bool(places) and not is_joining(consumer)
        if silent_seconds < (LOOK_SECONDS if is_settled else LOOK_UNASSIGNED_SECONDS):
            return
        if places:
            consumer.end_offsets(places, timeout_ms=REQUEST_MS)
        else:
            ask_again(consumer, timeout_ms=REQUEST_MS)
            self._say_if_missing(consumer)
        self._heard()

    def _say_if_missing(self, consumer: KafkaConsumer) -> None:
        missing = not consumer.partitions_for_topic(self._topic)
        if missing and not self._told_missing:
            log.warning("kafka.topic_missing", topic=self._topic, hint="create it; reading starts by itself then")
        self._told_missing = missing

    def _heard(self) -> None:
        if self._outage:
            log.info("kafka.back", topic=self._topic)
        self._outage = ""
        self._heard_at = time.monotonic()

    def _note(self, error: BrokerUnavailable | Misconfigured) -> None:
        if isinstance(error, Misconfigured):
            raise error
        if not self._outage:
            log.warning("kafka.unavailable", topic=self._topic, error=str(error))
        self._outage = str(error)
        self._closing.wait(RETRY_SECONDS)

    def _note_damage(self, error: CorruptRecordError) -> None:
        """Say once what a checksum stops us before; the other partitions go on, and this one is tried again."""
        if self._damage != str(error):
            log.error("kafka.damaged", topic=self._topic, error=str(error))
        self._damage = str(error)
        self._closing.wait(RETRY_SECONDS)

    def _leave(self) -> None:
        self._closing.set()
        while not self._jobs.empty():
            self._jobs.get().answer.cancel()
        if self._consumer is not None:
            try:
                if is_joining(self._consumer):  # leaving half way in, the group would wait for us to time out
                    self._consumer.poll(timeout_ms=POLL_JOINING_MS)
                self._consumer.close(autocommit=False, timeout_ms=CLOSE_MS)
            except KafkaError as error:
                log.warning("kafka.left_unclean", topic=self._topic, error=str(error))
