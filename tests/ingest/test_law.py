"""The law of the whole pipeline: wherever it dies and from wherever it reads again, the index is the merge of all.

The real log, the real loop and the real engine, with fake encoders. A crash drops everything that is not on the disk.
A second worker may do the same batches while the first stands at any step of its own, as in a rebalance.
"""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from catalog.collection import Declaration, ensure, resolve
from catalog.embedded import EmbeddedClient
from catalog.points import Stored, encode, point_id
from encoders.fakes import fake_encoders
from ingest.decode import decode
from ingest.eventlog import COMMIT_FILE, EventLog, EventLogSource
from ingest.eventlog_dead_letters import EventLogDeadLetters, read_dead_letters
from ingest.merge import Change
from ingest.message import Message
from tests.builders import as_bytes, bare, deleted, patched, record, upserted
from tests.index import MEMORY, Index, same_vector
from tests.mortal import STEPS, Crash, Fate, MortalEncoding, MortalLetters, MortalSource, MortalStore, crash
from tests.pipeline import consumer_of, new_encoding
from tests.states import fold

if TYPE_CHECKING:
    from catalog.state import State
    from ingest.consumer import Consumer
    from ingest.encoding import Encoding
    from ingest.source import Record
    from ingest.store import Store

IDS = st.sampled_from(["a", "b", "c"])
VERSIONS = st.integers(0, 5)
FIELDS = {
    "title": st.sampled_from(["Boot", "Shoe", ""]),
    "price": st.sampled_from([1, 2.5, None]),
    "stock": st.sampled_from([0, 3, None]),
    "images": st.sampled_from([["nowhere.jpg"], [], None]),
    "popularity": st.sampled_from([0, 7, None]),
    "attributes": st.sampled_from([{"colour": "red"}, {"colour": None, "size": ["38"]}, None]),
}
UPSERTS = st.builds(
    lambda product_id, version, fields: upserted(bare(product_id) | fields, version=version),
    IDS,
    VERSIONS,
    st.fixed_dictionaries({}, optional=FIELDS),
)
PATCHES = st.builds(
    lambda product_id, version, changes: patched(product_id, version=version) | {"changes": changes},
    IDS,
    VERSIONS,
    st.fixed_dictionaries({}, optional=FIELDS),
)
DELETES = st.builds(lambda product_id, version: deleted(product_id, version=version), IDS, VERSIONS)
GOOD = (UPSERTS | PATCHES | DELETES).map(as_bytes)
POISON = st.sampled_from(
    [
        b"",
        b"\xff\xfe",
        b"[" * 300,
        as_bytes(upserted(bare("a", price=-1))),
        as_bytes({**deleted("a"), "version": None}),
        as_bytes({"type": "product.renamed"}),
    ]
)
MESSAGES = st.builds(
    lambda key, value, headers: Message(key.encode(), value, headers),
    IDS,
    GOOD | POISON | st.none(),
    st.sampled_from([(), (), (("version", b"3"),), (("version", b"x"),)]),
)


@dataclass
class Process:
    """One life of the worker: all that dies with it."""

    consumer: Consumer
    source: MortalSource
    store: Store
    index: Index
    encoding: Encoding
    things: ExitStack = field(default_factory=ExitStack)


class Pipeline(RuleBasedStateMachine):
    """Events come, the worker turns, dies and starts again."""

    @initialize(commit_seconds=st.sampled_from([0.0, 3600.0]))
    def start(self, commit_seconds: float) -> None:
        """Begin with an empty log and an empty index; workers commit every batch, or not before all is read."""
        self.commit_seconds = commit_seconds
        self.everything = ExitStack()
        memory = MEMORY if MEMORY.is_dir() else None
        self.folder = Path(self.everything.enter_context(TemporaryDirectory(prefix="vitrine-", dir=memory)))
        self.log = EventLog(self.folder)
        self.everything.callback(self.log.close)
        self.sent: list[Message] = []
        self.fate = Fate()
        self.process = self.begin()

    def begin(self) -> Process:
        """Start a worker on whatever is on the disk."""
        things = ExitStack()
        engine = EmbeddedClient(self.folder / "index")
        things.callback(engine.close)
        return self.worker(engine, self.fate, things)

    def worker(self, engine: EmbeddedClient, fate: Fate, things: ExitStack) -> Process:
        """Put a worker together, from where the last commit left off."""
        declaration = Declaration("products", fake_encoders().specs)
        collection = resolve(engine, "products") or ensure(engine, declaration)
        source = MortalSource(EventLogSource(self.folder, batch_records=3), fate)
        letters = MortalLetters(EventLogDeadLetters(self.folder), fate)
        things.callback(source.close)
        things.callback(letters.close)
        store = MortalStore(engine, collection, fate)
        parts = things.enter_context(new_encoding(self.folder, made=partial(MortalEncoding, fate=fate)))
        consumer = consumer_of(parts, store, source, letters, commit_seconds=self.commit_seconds)
        return Process(consumer, source, store, Index(engine, collection), parts.encoding, things)

    def reborn(self) -> None:
        """Let the worker die and start another."""
        self.process.things.close()
        self.process = self.begin()

    @rule(messages=st.lists(MESSAGES, min_size=1, max_size=5))
    def append(self, messages: list[Message]) -> None:
        """Somebody sends events."""
        self.log.write(messages)
        self.sent.extend(messages)

    @precondition(lambda self: self.sent)
    @rule(chosen=st.data())
    def append_again(self, chosen: st.DataObject) -> None:
        """Somebody sends what was sent before, a producer that saw no acknowledgement or a shop that sends it all."""
        begin = chosen.draw(st.integers(0, len(self.sent) - 1))
        self.append(self.sent[begin : begin + chosen.draw(st.integers(1, 4))])

    @precondition(lambda self: any(self.process.source.lag().values()))
    @rule()
    def turn(self) -> None:
        """The worker does a batch."""
        self.process.consumer.turn()

    @precondition(lambda self: any(self.process.source.lag().values()))
    @rule(step=st.sampled_from(STEPS))
    def die(self, step: str) -> None:
        """The worker dies at a step of a batch, if it comes to that step, and starts again."""
        self.fate.step, self.fate.befalls = step, crash
        try:
            self.process.consumer.turn()
        except Crash:
            self.reborn()
        else:
            assert self.fate.step == step, "it was to die, and lived on"
        self.fate.step = None

    @precondition(lambda self: any(self.process.source.lag().values()))
    @rule(step=st.sampled_from(STEPS), turns=st.integers(1, 3), death=st.none() | st.sampled_from(STEPS))
    def be_overtaken(self, step: str, turns: int, death: str | None) -> None:
        """While the worker stands at a step another has its partition and goes ahead, or dies; then it ends its turn.

        It reads no further: what it might undo now, nobody would do again.
        """
        self.fate.step, self.fate.befalls = step, partial(self.overtake, turns, death)
        self.process.consumer.turn()
        self.fate.step = None
        self.reborn()

    def overtake(self, turns: int, death: str | None) -> None:
        """Be the other worker."""
        self.process.source.lost = True
        engine = self.process.index.engine
        assert isinstance(engine, EmbeddedClient)
        with ExitStack() as things, suppress(Crash):
            other = self.worker(engine, Fate(death), things)
            for _ in range(turns):
                if any(other.source.lag().values()):
                    other.consumer.turn()

    @rule()
    def replay(self) -> None:
        """Somebody has the worker read everything from the start."""
        (self.folder / COMMIT_FILE).unlink(missing_ok=True)
        self.reborn()

    @rule()
    def lose_the_dead_letters_for_a_while(self) -> None:
        """Their log is away for one attempt."""
        self.fate.outages = 1

    def teardown(self) -> None:
        """Work off the log: the index is the merge of all events, and what was poisoned is among the dead letters."""
        with self.everything:
            while sum(self.process.source.lag().values()):
                self.process.consumer.turn()
            records = [
                replace(record(one.value, key=one.key, offset=offset, headers=one.headers), timestamp_ms=0)
                for offset, one in enumerate(self.sent)
            ]
            self.compare(records)
            self.process.things.close()

    def compare(self, records: list[Record]) -> None:
        """Assert that the index and the dead letters are what the log says."""
        batch = decode(records)
        for product_id, stored in self.process.store.read(["a", "b", "c"]).items():
            expected = fold([event for event in batch.events if event.product_id == product_id])
            assert stored.state.product() == expected.product()
            assert stored.state.registers == expected.registers
            assert (stored.state.upserted, stored.state.deleted) == (expected.upserted, expected.deleted)
            assert stored.state.version == expected.version
            self.compare_vectors(product_id, expected)
            self.compare_payload(stored)
        letters = [dict(letter.headers) for letter in read_dead_letters(self.folder)]
        found = {(letter["vitrine-offset"], letter["vitrine-reason"]) for letter in letters}
        assert found == {(b"%d" % one.record.offset, one.reason.encode()) for one in batch.rejects}

    def compare_payload(self, stored: Stored) -> None:
        """Assert that every key of a point is what its product makes it, whichever parts were written when."""
        index = self.process.index
        points = index.engine.retrieve(index.collection, ids=[point_id(stored.product_id)], with_payload=True)
        assert [point.payload for point in points] == ([] if stored.revision is None else [encode(stored)])

    def compare_vectors(self, product_id: str, expected: State) -> None:
        """Assert that a product's vectors are those of what it is now, none where it does not show."""
        (write,) = self.process.encoding.points([Change(Stored(product_id), expected)])
        found = self.process.index.vectors(point_id(product_id))
        assert found.keys() == write.vectors.keys()
        assert all(same_vector(found[name], vector) for name, vector in write.vectors.items())


TestPipeline = pytest.mark.long(Pipeline.TestCase)
TestPipeline.settings = settings(
    max_examples=20, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@pytest.mark.parametrize("step", STEPS)
def test_a_death_at_any_step_changes_nothing(step: str) -> None:
    """Each step in its turn, for the machine draws some of them: the process dies there, the next one does the rest."""
    pipeline = Pipeline()
    pipeline.start(commit_seconds=0.0)
    first = pipeline.process
    events = upserted(bare("a", price=1)), upserted(bare("b"), version=2), patched("a", version=3, price=2)
    pipeline.append([Message(b"a", as_bytes(events[0])), Message(b"b", as_bytes(events[1])), Message(b"c", b"")])

    pipeline.die(step)
    pipeline.append([Message(b"a", as_bytes(events[2])), Message(b"b", None)])

    assert pipeline.process is not first
    pipeline.teardown()
