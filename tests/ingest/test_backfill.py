"""The backfill: every state of one collection in another, each joined and none written over, nothing encoded twice."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.collection import Declaration, ensure
from catalog.migration import Filling
from catalog.points import point_id
from catalog.vectors import IMAGE, LEXICAL, TEXT
from encoders.fakes import fake_encoders
from ingest.backfill import PAGE_PRODUCTS, Backfill, Origin
from tests.builders import bare, deleted, jpeg, patched, records, upserted
from tests.deploy.migration.twins import SecondTextEncoder
from tests.index import Index, embedded_engine, memory_folder
from tests.pipeline import ListLetters, ListSource, Parts, consumer_of, new_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.builders import JsonObject

SHARED = frozenset({IMAGE, LEXICAL})
EVERYTHING_ANEW: frozenset[str] = frozenset()


@dataclass
class Two:
    """An old and a new collection; `parts` make the points of the old one, `new_parts` those of the new."""

    old: Index
    new: Index
    parts: Parts
    new_parts: Parts
    text: FirstNamed
    pictures: Path

    def hear(self, index: Index, *events: JsonObject) -> None:
        """Let the worker of one of the two take events."""
        parts = self.parts if index is self.old else self.new_parts
        consumer_of(parts, index.store, ListSource([records(*events)]), ListLetters()).turn()

    def fill(self, carried: frozenset[str] = SHARED, filling: Filling | None = None) -> list[Filling]:
        """Copy everything and return what was kept of the way."""
        kept: list[Filling] = []
        origin = Origin(self.old.collection, carried)
        backfill = Backfill(self.new.engine, origin, self.new.store, self.new_parts.encoding, threading.Event())
        self.text.encoded = self.new_parts.picture.encoded = 0
        assert backfill.run(filling or Filling(started=True), kept.append)
        return kept

    def states(self, index: Index, *names: str) -> list[object]:
        """Return the states of products."""
        found = index.store.read(names)
        return [found[name].state for name in names]


@contextmanager
def two() -> Iterator[Two]:
    """Make an old collection of the first text encoder and a new one of the second; they share the other encoders."""
    with ExitStack() as stack:
        engine, pictures = stack.enter_context(embedded_engine()), stack.enter_context(memory_folder())
        specs = fake_encoders().specs
        old, new = (Index(engine, ensure(engine, Declaration(alias, specs))) for alias in ("old", "new"))
        parts, text = stack.enter_context(new_encoding(pictures)), FirstNamed()
        new_parts = stack.enter_context(new_encoding(pictures, text=text))
        yield Two(old, new, parts, new_parts, text, pictures)


class FirstNamed(SecondTextEncoder):
    """The second revision's vectors under the first one's name: an index for tests is declared for that."""

    description = property(lambda _self: fake_encoders().text.description)


def test_every_state_arrives_whatever_it_is() -> None:
    """Products, tombstones and patches that still wait, with every version; what is invisible has no vectors."""
    names = [f"p{number}" for number in range(2 * PAGE_PRODUCTS + 3)]
    with two() as shop:
        shop.hear(shop.old, *(upserted(bare(name)) for name in names[:200]))
        shop.hear(shop.old, *(upserted(bare(name)) for name in names[200:]))
        shop.hear(shop.old, deleted("p1", version=5), patched("waiting", version=3, price=1.0), patched("p2", stock=1))
        kept = shop.fill()

        assert shop.states(shop.new, *names, "waiting") == shop.states(shop.old, *names, "waiting")
        assert shop.new.count() == shop.old.count()
        assert shop.new.vectors(point_id("p1")) == {}
        assert [one.points for one in kept] == [PAGE_PRODUCTS, 2 * PAGE_PRODUCTS, len(names) + 1]
        assert kept[-1].cursor is None


def test_shared_vectors_are_copied_and_the_others_made_anew() -> None:
    """Where only the text encoder is another, no picture is fetched or encoded again: it may be gone by now."""
    with two() as shop:
        (shop.pictures / "a.jpg").write_bytes(jpeg("red"))
        shop.hear(shop.old, upserted(bare("p", images=["a.jpg"])))
        (shop.pictures / "a.jpg").unlink()
        shop.fill()

        old, new = (index.vectors(point_id("p")) for index in (shop.old, shop.new))
        assert new[IMAGE] == old[IMAGE]
        assert new[LEXICAL] == old[LEXICAL]
        assert new[TEXT] != old[TEXT]
        assert shop.new_parts.picture.encoded == 0
        stored = shop.new.store.read(["p"])["p"].derived
        assert [picture.status for picture in stored.pictures] == ["ok"]
        assert stored.digests == shop.old.store.read(["p"])["p"].derived.digests


def test_pictures_of_another_encoder_are_fetched_again() -> None:
    """One that is gone is noted as it would be at ingest; the product is there with what it has."""
    with two() as shop:
        for name in ("a.jpg", "b.jpg"):
            (shop.pictures / name).write_bytes(jpeg("red"))
        shop.hear(shop.old, *(upserted(bare(name, images=[f"{name}.jpg"])) for name in ("a", "b")))
        (shop.pictures / "b.jpg").unlink()
        shop.fill(EVERYTHING_ANEW)

        assert shop.new_parts.picture.encoded == 1
        assert set(shop.new.vectors(point_id("a"))) == {TEXT, IMAGE, LEXICAL}
        assert set(shop.new.vectors(point_id("b"))) == {TEXT, LEXICAL}
        assert shop.new.store.read(["b"])["b"].derived.pictures[0].status != "ok"


def test_what_the_new_worker_wrote_is_joined_not_written_over() -> None:
    """Whichever was first: a newer price stays, an older title comes, and what is known already costs nothing."""
    with two() as shop:
        shop.hear(shop.old, upserted(bare("p", price=1.0)), upserted(bare("q", price=1.0)))
        shop.hear(shop.new, patched("p", version=7, price=7.0))
        shop.fill()
        product = shop.new.product("p")
        assert (product["title"], product["price"]) == ("Thing", 7.0)
        assert set(shop.new.vectors(point_id("p"))) == {TEXT, LEXICAL}

        revisions = [shop.new.store.read([name])[name].revision for name in ("p", "q")]
        shop.fill()
        assert [shop.new.store.read([name])[name].revision for name in ("p", "q")] == revisions
        assert shop.text.encoded == 0


def test_a_pass_goes_on_where_it_was_kept() -> None:
    """After a kill -9 only the page under way is done again, and ends the same."""
    names = [f"p{number}" for number in range(2 * PAGE_PRODUCTS)]
    with two() as shop:
        for start in (0, PAGE_PRODUCTS):
            shop.hear(shop.old, *(upserted(bare(name, title=name)) for name in names[start : start + PAGE_PRODUCTS]))
        first = shop.fill()[0]
        assert shop.text.encoded == 2 * PAGE_PRODUCTS
        shop.new.clear()

        rest = shop.fill(filling=first)
        assert shop.new.count() == shop.text.encoded == PAGE_PRODUCTS
        assert rest[-1].points == 2 * PAGE_PRODUCTS


def test_pictures_that_did_not_come_are_asked_for_again_by_another_pass() -> None:
    """`start --again` after the picture host came back: those that the old collection has."""
    with two() as shop:
        picture = shop.pictures / "a.jpg"
        picture.write_bytes(jpeg("red"))
        shop.hear(shop.old, upserted(bare("a", images=["a.jpg"])))
        picture.unlink()
        shop.fill(EVERYTHING_ANEW)
        assert IMAGE not in shop.new.vectors(point_id("a"))

        picture.write_bytes(jpeg("red"))
        shop.fill(EVERYTHING_ANEW)

        assert IMAGE in shop.new.vectors(point_id("a"))
        assert shop.text.encoded == 0
        assert shop.states(shop.new, "a") == shop.states(shop.old, "a")


def test_told_to_stop_it_says_that_it_is_not_done() -> None:
    """Nothing is kept that was not copied."""
    with two() as shop:
        stopping = threading.Event()
        stopping.set()
        origin = Origin(shop.old.collection)
        backfill = Backfill(shop.new.engine, origin, shop.new.store, shop.new_parts.encoding, stopping)
        assert not backfill.run(Filling(started=True), lambda _filling: None)
