"""One worker of the storm: the real loop over the real topic, in a process that kills itself, or is killed."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import structlog

from catalog.engine import connect
from ingest.consumer import COMMIT_SECONDS
from ingest.kafka import KafkaSource
from ingest.kafka_connection import KafkaConnection
from ingest.kafka_dead_letters import KafkaDeadLetters
from tests.chaos.engine_host import hosted_index
from tests.index import Index
from tests.mortal import Fate, MortalEncoding, MortalLetters, MortalSource, MortalStore
from tests.pipeline import consumer_of, new_encoding
from tests.server import SERVER, server_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ingest.source import Record

SESSION_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Place:
    """Where the workers read and write: a server's URL, or the socket of a hosted engine."""

    bootstrap: str
    topic: str
    engine: str
    collection: str

    @property
    def is_on_server(self) -> bool:
        """Whether the engine is a server, which is not ours to kill."""
        return self.engine.startswith("http")

    def index(self) -> Index:
        """Open the index, as one process has it."""
        if self.is_on_server:
            return Index(connect(server_of(SERVER)), self.collection)
        return hosted_index(self.engine, self.collection)

    def source(self, batch_records: int) -> KafkaSource:
        """Join the group."""
        return KafkaSource(
            KafkaConnection(self.bootstrap),
            topic=self.topic,
            group=self.topic,
            batch_records=batch_records,
            session_timeout_seconds=SESSION_SECONDS,
            max_poll_interval_seconds=10.0,
        )

    @property
    def dead_letters(self) -> str:
        """The topic of what nobody can read."""
        return f"{self.topic}.dead-letters"


@dataclass(frozen=True, slots=True)
class Doom:
    """The turn and the step at which a worker kills itself, if anything does not kill it before."""

    turn: int
    step: str


@dataclass
class DoomedSource(MortalSource):
    """A source at whose side a worker counts its turns."""

    doom: Doom = field(kw_only=True)
    turn: int = 0

    def poll(self) -> Sequence[Record]:
        """Read; in the turn that is to be the last, death waits at its step."""
        if self.turn == self.doom.turn:
            self.fate.step = self.doom.step
        batch = super().poll()
        self.turn += bool(batch)
        return batch


def work(place: Place, batch_records: int, doom: Doom, log: Path) -> None:
    """Turn until told to stop by SIGTERM, or dead."""
    sys.stderr = log.open("a", buffering=1)
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    stopping, fate = threading.Event(), Fate(befalls=partial(_die, doom.step))
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    with ExitStack() as things:
        parts = things.enter_context(new_encoding(made=partial(MortalEncoding, fate=fate)))
        index = place.index()
        source = DoomedSource(place.source(batch_records), fate, doom=doom)
        letters = MortalLetters(KafkaDeadLetters(KafkaConnection(place.bootstrap), topic=place.dead_letters), fate)
        things.callback(letters.close)
        things.callback(source.close)
        store = MortalStore(index.engine, index.collection, fate)
        consumer_of(parts, store, source, letters, stopping, commit_seconds=COMMIT_SECONDS).run()


def _die(step: str) -> None:
    sys.stderr.write(f"died at {step}\n")
    os.kill(os.getpid(), signal.SIGKILL)
