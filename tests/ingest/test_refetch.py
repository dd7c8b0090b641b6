"""Pictures that are due again: asked for once more, encoded where they changed, written without undoing anybody."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog.errors import EngineUnavailable
from catalog.points import Stored, point_id
from catalog.product import iso
from encoders.fakes import ColourPictureEncoder
from encoders.pictures.answers import Failure, Fetched, NotFetched, NotModified, Validators
from encoders.pictures.fetch import FetchSettings, PictureFetcher
from ingest.isolation import EverythingFails
from ingest.merge import Change
from ingest.refetch import Refetch, Refetched
from ingest.store import Store
from tests.builders import as_event, bare, deleted, jpeg, patched, upserted
from tests.pipeline import new_encoding
from tests.states import fold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from encoders.interface import FloatArray, Picture
    from ingest.point_writes import PointWrite
    from tests.builders import JsonObject
    from tests.index import Index
    from tests.pipeline import FlakyEngine, Parts

NOW = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)
FIRST, SECOND = "https://shop.test/1.jpg", "https://shop.test/2.jpg"
AWAY = NotFetched(Failure.FOR_NOW, "its host is away")
TAGGED = Validators(FIRST, '"v1"')
RED, GREEN, BLUE = (Fetched(jpeg(colour)) for colour in ("red", "green", "blue"))


class ScriptedFetcher(PictureFetcher):
    """A fetcher that answers as a test says, with "not modified" to who holds the validators of what it would send."""

    def __init__(self) -> None:
        super().__init__(FetchSettings())
        self.answers: dict[str, Fetched | NotFetched] = {}
        self.asked: list[tuple[str, Validators | None]] = []

    def ask(self, reference: str, held: Validators | None = None) -> Fetched | NotModified | NotFetched:
        """Answer from the script; what is not in it is away, and a data URL is what it says."""
        if reference.startswith("data:"):
            return super().ask(reference, held)
        self.asked.append((reference, held))
        answer = self.answers.get(reference, AWAY)
        if isinstance(answer, Fetched) and held is not None and answer.validators == held:
            return NotModified(held)
        return answer


@dataclass
class Shop:
    """An index, its encoding, and a clock that the test sets."""

    index: Index
    fetcher: ScriptedFetcher
    clock: list[datetime]
    parts: Parts

    def hear(self, *events: JsonObject) -> None:
        """Take events in."""
        for event in events:
            parsed = as_event(event)
            before = self.index.store.read([parsed.product_id])[parsed.product_id]
            writes = self.parts.encoding.points([Change(before, fold([parsed], before.state))])
            assert self.index.store.write(writes) == set()
        self.parts.text.encoded = self.parts.picture.encoded = 0
        self.fetcher.asked.clear()

    def refetch(self, *, minutes: float, limit: int | None = None) -> Refetched:
        """Let minutes pass, and ask for what is due."""
        self.clock[0] += timedelta(minutes=minutes)
        due = Refetch(self.index.store, self.parts.encoding, moment=self.clock[0], stopping=threading.Event())
        return due.run(limit=limit, progress=lambda _: None)

    def stored(self, product_id: str = "a") -> Stored:
        """Return a product as the index has it."""
        return self.index.store.read([product_id])[product_id]

    def vector(self, product_id: str = "a") -> object:
        """Return the stored picture vector, None where there is none."""
        return self.index.vectors(point_id(product_id)).get("image")


@pytest.fixture
def shop(index: Index) -> Iterator[Shop]:
    """Open a shop whose pictures are all away."""
    clock = [NOW]
    with ScriptedFetcher() as fetcher, new_encoding(fetcher=fetcher, now=lambda: clock[0]) as parts:
        yield Shop(index, fetcher, clock, parts)


def test_a_clock_that_ran_ahead_hides_no_picture(shop: Shop) -> None:
    """What was put off to another decade is due once the clock is right again; what waits its time is not."""
    shop.clock[0] = NOW + timedelta(days=3_650)
    shop.hear(upserted(bare("a", images=[FIRST])))
    shop.clock[0] = NOW
    shop.hear(upserted(bare("b", images=[SECOND])))
    shop.fetcher.answers |= {FIRST: RED, SECOND: GREEN}

    outcome = shop.refetch(minutes=1)

    assert (outcome.due, outcome.products, outcome.pictures) == (1, 1, {"ok": 1})
    assert [one.status for one in shop.stored("a").derived.pictures] == ["ok"]
    assert shop.refetch(minutes=5).pictures == {"ok": 1}


def test_a_picture_that_comes_back_is_found_by(shop: Shop) -> None:
    """The text is not touched, nothing is due afterwards, and the shop's version is what it was."""
    shop.hear(upserted(bare("a", images=[FIRST]), version=7))
    assert (shop.stored().derived.pictures[0].due_at, shop.vector()) == (iso(NOW + timedelta(minutes=5)), None)
    shop.fetcher.answers[FIRST] = Fetched(jpeg("red"), TAGGED)

    outcome = shop.refetch(minutes=5)

    assert (outcome.due, outcome.products, outcome.finished, outcome.pictures) == (1, 1, True, {"ok": 1})
    (picture,) = shop.stored().derived.pictures
    assert (picture.status, picture.etag, picture.url, picture.due_at) == ("ok", '"v1"', FIRST, None)
    assert shop.vector() is not None
    assert (shop.parts.text.encoded, shop.parts.picture.encoded) == (0, 1)
    assert shop.stored().state.version == 7
    assert shop.refetch(minutes=1_000_000).due == 0


def test_what_is_not_due_is_not_asked_for(shop: Shop) -> None:
    """A minute too early nobody is bothered."""
    shop.hear(upserted(bare("a", images=[FIRST])))

    assert shop.refetch(minutes=4).due == 0
    assert shop.fetcher.asked == []


def test_each_failure_waits_twice_as_long(shop: Shop) -> None:
    """Nothing is encoded meanwhile, and the product stays found by its text."""
    shop.hear(upserted(bare("a", images=[FIRST])))

    assert shop.refetch(minutes=5).pictures == {"failed": 1}
    assert shop.refetch(minutes=9).due == 0
    assert shop.refetch(minutes=1).pictures == {"failed": 1}

    (picture,) = shop.stored().derived.pictures
    assert (picture.attempts, picture.due_at) == (3, iso(shop.clock[0] + timedelta(minutes=20)))
    assert (shop.parts.text.encoded, shop.parts.picture.encoded) == (0, 0)
    assert "text" in shop.index.vectors(point_id("a"))


@pytest.mark.parametrize("failure", [Failure.GONE, Failure.REFUSED])
def test_a_picture_that_is_gone_is_given_up(shop: Shop, failure: Failure) -> None:
    """It says so, and is never due again."""
    shop.hear(upserted(bare("a", images=[FIRST])))
    shop.fetcher.answers[FIRST] = NotFetched(failure, "no such picture")

    assert shop.refetch(minutes=5).pictures == {failure.value: 1}
    assert shop.stored().derived.pictures[0].status == failure.value
    assert shop.refetch(minutes=1_000_000).due == 0


def test_what_is_had_is_asked_for_by_its_validators(shop: Shop) -> None:
    """A sibling that failed again costs no download and no encoding."""
    shop.fetcher.answers[FIRST] = Fetched(jpeg("red"), TAGGED)
    shop.hear(upserted(bare("a", images=[FIRST, SECOND])))

    shop.refetch(minutes=5)

    assert sorted(shop.fetcher.asked) == [(FIRST, TAGGED), (SECOND, None)]
    assert shop.parts.picture.encoded == 0
    assert shop.vector() is not None


def test_the_mean_has_what_was_had_and_what_came(shop: Shop) -> None:
    """What the host did not send again is fetched once more where its vector is needed and nobody has it."""
    shop.fetcher.answers[FIRST] = Fetched(jpeg("red"), TAGGED)
    shop.hear(upserted(bare("a", images=[FIRST, SECOND])))
    shop.fetcher.answers[SECOND] = GREEN

    shop.refetch(minutes=5)
    shop.hear(upserted(bare("b", images=[FIRST, SECOND])))

    assert [one.status for one in shop.stored().derived.pictures] == ["ok", "ok"]
    assert np.allclose(np.asarray(shop.vector("a")), np.asarray(shop.vector("b")))


def test_a_host_that_goes_away_takes_no_picture_with_it(shop: Shop) -> None:
    """What was had counts on, and keeps its vector."""
    shop.fetcher.answers[FIRST] = Fetched(jpeg("red"), TAGGED)
    shop.hear(upserted(bare("a", images=[FIRST, SECOND])))
    before = shop.vector()
    del shop.fetcher.answers[FIRST]

    shop.refetch(minutes=5)

    assert [one.status for one in shop.stored().derived.pictures] == ["ok", "failed"]
    assert np.array_equal(np.asarray(shop.vector()), np.asarray(before))


def test_a_price_in_between_is_not_undone(shop: Shop) -> None:
    """The write of a pass that was overtaken is noticed; it reads anew and both changes stand."""
    shop.hear(upserted(bare("a", images=[FIRST])))
    shop.fetcher.answers[FIRST] = RED
    read = shop.index.store.read_due
    overtaken: list[bool] = []

    class Overtaken(type(shop.index.store)):  # type: ignore[misc]
        def read_due(self, moment: datetime, *, limit: int) -> list[Stored]:
            found = read(moment, limit=limit)
            if not overtaken:
                overtaken.append(True)
                shop.hear(patched("a", version=2, price=5))
            return found

    store = Overtaken(shop.index.engine, shop.index.collection)
    due = Refetch(store, shop.parts.encoding, moment=NOW + timedelta(minutes=5), stopping=threading.Event())
    outcome = due.run(limit=None, progress=lambda _: None)

    assert shop.index.product("a")["price"] == 5
    assert (outcome.pictures, shop.stored().derived.pictures[0].status) == ({"ok": 1}, "ok")


def test_who_is_gone_is_not_due(shop: Shop) -> None:
    """A tombstone has no pictures to ask for."""
    shop.hear(upserted(bare("a", images=[FIRST])), deleted("a", version=2))

    assert shop.refetch(minutes=1_000_000).due == 0


def test_a_limit_takes_those_due_for_longest(shop: Shop) -> None:
    """The rest stays due, for the next time."""
    for number, product_id in enumerate("dbca"):
        shop.clock[0] = NOW + timedelta(minutes=number)
        shop.hear(upserted(bare(product_id, images=[FIRST])))
    shop.fetcher.answers[FIRST] = BLUE

    outcome = shop.refetch(minutes=60, limit=2)

    assert (outcome.due, outcome.products, outcome.finished) == (4, 2, True)
    came = [one for one in "abcd" if shop.stored(one).derived.pictures[0].status == "ok"]
    assert came == ["b", "d"]
    assert shop.refetch(minutes=0).products == 2


def test_many_are_done_batch_by_batch(shop: Shop) -> None:
    """Each of them once, also those that fail again, and one picture is encoded once."""
    for number in range(70):
        shop.hear(upserted(bare(f"p-{number}", images=[FIRST if number % 2 else SECOND])))
    shop.fetcher.answers[FIRST] = RED

    outcome = shop.refetch(minutes=5)

    assert (outcome.products, outcome.pictures) == (70, {"ok": 35, "failed": 35})
    assert shop.parts.picture.encoded <= 2


def test_an_outage_is_waited_out(shop: Shop, flaky_engine: FlakyEngine) -> None:
    """The engine is away for a moment; everything is done all the same."""
    shop.hear(upserted(bare("a", images=[FIRST])))
    shop.fetcher.answers[FIRST] = RED
    flaky_engine.outages = 1

    assert shop.refetch(minutes=5).pictures == {"ok": 1}


def test_whoever_stops_it_leaves_the_rest_due(shop: Shop) -> None:
    """It says that it did not come to the end."""
    shop.hear(upserted(bare("a", images=[FIRST])))
    stopping = threading.Event()
    stopping.set()

    outcome = Refetch(shop.index.store, shop.parts.encoding, moment=NOW + timedelta(1), stopping=stopping).run(
        limit=None, progress=lambda _: None
    )

    assert (outcome.finished, outcome.products, outcome.due) == (False, 0, 1)
    assert shop.refetch(minutes=60).due == 1


class AwayStore(Store):
    """A store whose engine goes away when it is to be written, just as the pass is told to stop."""

    def __init__(self, index: Index, stopping: threading.Event) -> None:
        super().__init__(index.engine, index.collection)
        self._stopping = stopping

    def write(self, writes: Sequence[PointWrite]) -> set[str]:
        """Be away."""
        self._stopping.set()
        raise EngineUnavailable(f"connection refused: {len(writes)} products")


def test_whoever_stops_it_in_an_outage_is_heard(shop: Shop) -> None:
    """It is no fault of the products, and nobody waits for the engine."""
    shop.hear(upserted(bare("a", images=[FIRST])))
    stopping = threading.Event()
    store = AwayStore(shop.index, stopping)

    outcome = Refetch(store, shop.parts.encoding, moment=NOW + timedelta(1), stopping=stopping).run(
        limit=None, progress=lambda _: None
    )

    assert not outcome.finished
    assert shop.refetch(minutes=60).due == 1


class Trap(ColourPictureEncoder):
    """An encoder with a bug: it dies of blue pictures."""

    def encode_pictures(self, pictures: Sequence[Picture]) -> FloatArray:
        """Encode, or die."""
        if any(picture[0, 0, 2] > 200 and picture[0, 0, 0] < 100 for picture in pictures):
            raise RuntimeError("a bug of the encoder")
        return super().encode_pictures(pictures)


def test_a_product_that_the_pipeline_fails_on_costs_no_other(index: Index) -> None:
    """It is found by halving and put off as if its picture had failed again; the others have theirs."""
    clock = [NOW]
    with ScriptedFetcher() as fetcher, new_encoding(fetcher=fetcher, picture=Trap(), now=lambda: clock[0]) as parts:
        shop = Shop(index, fetcher, clock, parts)
        shop.hear(*(upserted(bare(name, images=[f"https://shop.test/{name}.jpg"])) for name in "abcde"))
        fetcher.answers = {f"https://shop.test/{name}.jpg": BLUE if name == "c" else RED for name in "abcde"}

        outcome = shop.refetch(minutes=5)

        assert (outcome.due, outcome.finished) == (5, True)
        assert {name for name in "abcde" if shop.vector(name) is not None} == set("abde")
        (picture,) = shop.stored("c").derived.pictures
        assert (picture.status, picture.error) == ("failed", "RuntimeError: a bug of the encoder")
        assert (picture.attempts, picture.due_at) == (2, iso(clock[0] + timedelta(minutes=10)))
        assert "text" in index.vectors(point_id("c"))


class Broken(ColourPictureEncoder):
    """An encoder that fails on everything."""

    def encode_pictures(self, pictures: Sequence[Picture]) -> FloatArray:
        """Die."""
        raise RuntimeError(f"no memory for {len(pictures)} pictures")


def test_a_model_that_fails_on_everything_ends_the_pass(index: Index) -> None:
    """Nothing is put off for what is no product's fault."""
    clock = [NOW]
    with ScriptedFetcher() as fetcher, new_encoding(fetcher=fetcher, picture=Broken(), now=lambda: clock[0]) as parts:
        shop = Shop(index, fetcher, clock, parts)
        shop.hear(upserted(bare("a", images=[FIRST])))
        fetcher.answers[FIRST] = RED

        with pytest.raises(EverythingFails):
            shop.refetch(minutes=5)

        assert shop.stored("a").derived.pictures[0].attempts == 1
