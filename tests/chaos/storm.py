"""The storm: workers on one topic that are killed and started, a broker and an engine that go away and come back."""

from __future__ import annotations

import os
import signal
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Thread
from typing import TYPE_CHECKING
from uuid import uuid4

from kafka.errors import KafkaError

from catalog.collection import Declaration, ensure
from catalog.embedded import EmbeddedClient
from catalog.engine import connect
from catalog.errors import BrokerUnavailable
from encoders.fakes import fake_encoders
from ingest.kafka_connection import KafkaConnection
from ingest.kafka_producer import AcknowledgedProducer
from tests.broker import create_topic
from tests.chaos.engine_host import host
from tests.chaos.topic import lag
from tests.chaos.weather import Told, Weather
from tests.chaos.worker import SESSION_SECONDS, Doom, Place, work
from tests.forks import forking
from tests.index import MEMORY
from tests.mortal import STEPS
from tests.server import SERVER, server_engine, server_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.process import BaseProcess

    from ingest.message import Message
    from tests.broker import Broker

WORKERS, PARTITIONS = 4, 8
CHUNK = 50
SETTLE_SECONDS = 120.0
STOP_SECONDS = 15.0
QUIET_SECONDS = 0.3
STUNNED_SECONDS = 2 * SESSION_SECONDS


class Storm:
    """Runs workers on a topic and lets things befall them."""

    def __init__(self, broker: Broker, folder: Path, server_url: str | None, weather: Weather) -> None:
        self._broker = broker
        self._folder = folder
        self._weather = weather
        self._chance = Random(weather.seed)
        self._processes = forking()
        self._host: BaseProcess | None = None
        self._workers: list[BaseProcess] = []
        self._stunned: dict[BaseProcess, float] = {}  # until when
        self._sent = False
        topic = create_topic(broker.bootstrap, partitions=PARTITIONS)
        create_topic(broker.bootstrap, name=f"{topic}.dead-letters")
        engine = server_url or str(folder / "engine")
        self.place = Place(broker.bootstrap, topic, engine, self._new_collection(server_url))
        self.told = Told()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Have everything there, until the block ends."""
        with ExitStack() as stack:
            stack.callback(self._end)
            self._start_host()
            self._workers = [self._worker() for _ in range(WORKERS)]
            yield

    def rage(self, messages: Sequence[Message]) -> None:
        """Send the messages while everything is killed again and again; return when the group has done them all."""
        started = time.monotonic()
        sender = Thread(target=self._send, args=(messages, self._weather.seconds))
        sender.start()
        outages = sorted(self._outages(), key=lambda outage: outage[0])
        while sender.is_alive() or outages:
            if outages and time.monotonic() - started >= outages[0][0]:
                outages.pop(0)[1]()
            time.sleep(self._weather.kill_every_seconds * self._chance.uniform(0.6, 1.4))
            self._chance.choices([self._kill_worker, self._stop_worker, self._calm], [6, 1, 1])[0]()
            self._wake_the_stunned()
            self._replace_the_dead()
        assert self._sent, "not everything was sent"
        self.told.seconds = time.monotonic() - started
        self._settle()
        self.told.settled_seconds = time.monotonic() - started - self.told.seconds
        self._stop_all()
        self._count_deaths()

    def rebalances(self) -> int:
        """Return how often the group was shared out anew: its generation, as one more member learns it."""
        source = self.place.source(1)
        try:
            deadline = time.monotonic() + SETTLE_SECONDS
            while not source._buffer.held() and time.monotonic() < deadline:
                time.sleep(0.1)
            seen = source._reader.call("ask", lambda consumer: consumer.group_metadata(), timeout_seconds=5)
            return int(seen.generation_id) - 1
        finally:
            source.close()

    def _outages(self) -> Iterator[tuple[float, Callable[[], None]]]:
        """Yield after how many seconds who goes away."""
        seconds, weather = self._weather.seconds, self._weather
        yield from ((share * seconds, self._stun_worker) for share in weather.workers_stunned_at)
        yield from ((share * seconds, self._kill_broker) for share in weather.broker_killed_at)
        yield from ((share * seconds, self._stop_broker) for share in weather.broker_stopped_at)
        if self._host is not None:
            yield from ((share * seconds, self._kill_host) for share in weather.engine_killed_at)

    def _calm(self) -> None:
        """Let nothing happen but to those who die by themselves."""

    def _kill_worker(self) -> None:
        self._someone().kill()

    def _stop_worker(self) -> None:
        self._someone().terminate()
        self.told.stopped += 1

    def _stun_worker(self) -> None:
        worker = self._someone()
        _signal(worker, signal.SIGSTOP)
        self._stunned[worker] = time.monotonic() + STUNNED_SECONDS
        self.told.stunned += 1

    def _wake_the_stunned(self) -> None:
        for worker in [worker for worker, until in self._stunned.items() if time.monotonic() >= until]:
            _signal(worker, signal.SIGCONT)
            del self._stunned[worker]

    def _someone(self) -> BaseProcess:
        return self._chance.choice([worker for worker in self._workers if worker not in self._stunned])

    def _kill_broker(self) -> None:
        self._broker.kill()
        self._broker.start()
        self.told.broker_restarts += 1

    def _stop_broker(self) -> None:
        self._broker.stop()
        self._broker.start()
        self.told.broker_restarts += 1

    def _kill_host(self) -> None:
        assert self._host is not None
        self._host.kill()
        self._host.join()
        self._start_host()
        self.told.engine_restarts += 1

    def _replace_the_dead(self) -> None:
        for number, worker in enumerate(self._workers):
            if worker.exitcode is not None:
                assert worker.exitcode in {0, -signal.SIGKILL}, self._said()
                self.told.killed += worker.exitcode != 0
                self._workers[number] = self._worker()

    def _worker(self, *, doomed: bool = True) -> BaseProcess:
        turn = self._chance.randrange(1, 12) if doomed else -1
        doom = Doom(turn, self._chance.choice(STEPS))
        arguments = (self.place, self._chance.choice([20, 60, 200]), doom, self._folder / "workers.log")
        process = self._processes.Process(target=work, args=arguments, daemon=True)
        process.start()
        return process

    def _settle(self) -> None:
        """Let the rest of the work be done by workers that nothing befalls."""
        for number, worker in enumerate(self._workers):
            worker.kill()
            worker.join()
            self._workers[number] = self._worker(doomed=False)
        deadline = time.monotonic() + SETTLE_SECONDS
        while behind := lag(self.place.bootstrap, self.place.topic):
            assert all(worker.exitcode is None for worker in self._workers), self._said()
            assert time.monotonic() < deadline, f"{behind} records are left: {self._said()}"
            time.sleep(QUIET_SECONDS)

    def _stop_all(self) -> None:
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            worker.join(STOP_SECONDS)
        assert [worker.exitcode for worker in self._workers] == [0] * WORKERS, self._said()

    def _end(self) -> None:
        for process in [*self._workers, *([self._host] if self._host else [])]:
            process.kill()
            process.join()

    def _count_deaths(self) -> None:
        said = (self._folder / "workers.log").read_text()
        self.told.died_at = {step: said.count(f"died at {step}\n") for step in STEPS}

    def _said(self) -> str:
        return (self._folder / "workers.log").read_text(errors="replace")[-4000:]

    def _send(self, messages: Sequence[Message], seconds: float) -> None:
        """Send in order, evenly over the time; what was not acknowledged is sent again, what is late catches up."""
        producer = AcknowledgedProducer(
            KafkaConnection(self.place.bootstrap), topic=self.place.topic, partitions=PARTITIONS
        )
        started = time.monotonic()
        for begin in range(0, len(messages), CHUNK):
            due = started + seconds * (begin + CHUNK) / len(messages)
            while True:
                with suppress(BrokerUnavailable, KafkaError):
                    assert producer.deliver(messages[begin : begin + CHUNK]) == []
                    break
                time.sleep(QUIET_SECONDS)
            time.sleep(max(0.0, due - time.monotonic()))
        producer.close()
        self._sent = True

    def _new_collection(self, server_url: str | None) -> str:
        declaration = Declaration(f"chaos-{uuid4().hex[:8]}", fake_encoders().specs)
        engine = connect(server_of(SERVER)) if server_url else EmbeddedClient(self._folder / "index")
        try:
            return ensure(engine, declaration)
        finally:
            engine.close()

    def _start_host(self) -> None:
        if self.place.is_on_server:
            return
        (self._folder / "engine").unlink(missing_ok=True)
        self._host = self._processes.Process(target=host, args=(self._folder / "index", self.place.engine), daemon=True)
        self._host.start()


def _signal(process: BaseProcess, number: signal.Signals) -> None:
    if process.pid is not None and process.exitcode is None:
        os.kill(process.pid, number)


@contextmanager
def storming(broker: Broker, weather: Weather) -> Iterator[Storm]:
    """Have a storm on the server that `QDRANT_URL` names, else on an embedded engine in a process of its own."""
    with TemporaryDirectory(prefix="vitrine-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        storm = Storm(broker, Path(folder), os.environ.get("QDRANT_URL"), weather)
        try:
            with storm.running():
                yield storm
        finally:
            if storm.place.is_on_server:
                with server_engine() as server:
                    server.delete_collection(storm.place.collection)
