"""A record that the pipeline cannot bear costs itself; a pipeline that bears nothing gives nothing up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest
import structlog
from qdrant_client.http.exceptions import UnexpectedResponse

from catalog.errors import Misconfigured
from encoders.fakes import ColourPictureEncoder, HashingTextEncoder
from ingest.isolation import EverythingFails
from ingest.store import Store
from tests.builders import bare, deleted, patched, record, records, upserted
from tests.pipeline import ListLetters, ListSource, consumer_of, new_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from encoders.interface import FloatArray, Picture
    from ingest.point_writes import PointWrite
    from tests.index import Index


@pytest.fixture(autouse=True)
def _plain_tracebacks() -> Iterator[None]:
    """Log as the command does: the library's own tracebacks, with all their variables, take seconds each."""
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[renderer])
    yield
    structlog.reset_defaults()


class FailsOn(HashingTextEncoder):
    """A model with a bug: it fails whenever one of its texts holds `word`; an empty word is in all of them."""

    def __init__(self, word: str, error: Exception | None = None) -> None:
        super().__init__()
        self.word = word
        self.error = error or ZeroDivisionError("in the middle of a batch")

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Encode, or fail for all."""
        if any(self.word in text for text in texts):
            raise self.error
        return super().encode_documents(texts)


class BrokenPictures(ColourPictureEncoder):
    """A model of pictures that is gone."""

    def encode_pictures(self, pictures: Sequence[Picture]) -> FloatArray:
        """Fail."""
        raise RuntimeError(f"no memory on the device for {len(pictures)} pictures")


class RefusingStore(Store):
    """A store whose engine refuses every write, or only those of the product `only`, with a status."""

    def __init__(self, index: Index, status: int, *, only: str | None = None) -> None:
        super().__init__(index.engine, index.collection)
        self.status = status
        self.only = only

    def write(self, writes: Sequence[PointWrite]) -> set[str]:
        """Write, or be refused."""
        if self.only is None or any(write.product.product_id == self.only for write in writes):
            raise self._refusal()
        return super().write(writes)

    def probe(self) -> None:
        """Write nothing, or be refused."""
        if self.only is None:
            raise self._refusal()
        super().probe()

    def _refusal(self) -> UnexpectedResponse:
        return UnexpectedResponse(self.status, "refused", b"Forbidden", httpx.Headers())


@pytest.mark.parametrize("place", [0, 3, 6])
def test_a_poisonous_record_costs_only_itself(index: Index, place: int) -> None:
    """Wherever it stands: it becomes a dead letter with the error, the others are applied, all are committed."""
    batch = [upserted(bare(f"p{number}", title="poison" if number == place else "Thing")) for number in range(7)]
    source, letters = ListSource([records(*batch)]), ListLetters()

    with new_encoding(text=FailsOn("poison")) as parts:
        consumer_of(parts, index.store, source, letters).turn()

    (letter,) = letters.letters
    assert (letter.reason, letter.record.offset) == ("processing_failed", place)
    assert letter.error == "ZeroDivisionError: in the middle of a batch"
    assert index.count() == 6
    assert len(source.committed) == 7


def test_what_was_written_before_a_poisonous_record_is_counted_as_applied(index: Index) -> None:
    """Once: the halves of its batch find it written already, which makes nothing stale that was news."""
    names = [*(f"p{number}" for number in range(100)), "p0"]
    batch = records(*(upserted(bare(name, title="poison" if name == "p90" else f"Thing {name}")) for name in names))

    with new_encoding(text=FailsOn("poison")) as parts:
        consumer_of(parts, index.store, ListSource([batch]), ListLetters()).turn()
        told = parts.metrics.registry.get_sample_value

    events, points = "vitrine_ingest_events_total", "vitrine_ingest_points_total"
    assert told(events, {"kind": "upserted", "outcome": "applied"}) == 99
    assert told(events, {"kind": "upserted", "outcome": "stale"}) == 1
    assert told("vitrine_ingest_freshness_seconds_count") == 99
    assert told(points, {"part": "whole"}) == 99


def test_the_other_events_of_a_poisoned_product_are_applied(index: Index) -> None:
    """One event of it is given up; what came before and after counts, and so does a delete of another."""
    batch = records(
        upserted(bare("a")), patched("a", version=2, title="poison"), patched("a", version=3, title="Good", price=2),
        upserted(bare("b")), deleted("b", version=2), None,
    )  # fmt: skip
    letters = ListLetters()

    with new_encoding(text=FailsOn("poison")) as parts:
        consumer_of(parts, index.store, ListSource([batch]), letters).turn()

    assert index.product("a") == {"title": "Good", "price": 2.0}
    assert index.product("b") == {}
    assert {letter.record.offset for letter in letters.letters} <= {1}


def test_two_poisonous_records_are_both_found(index: Index) -> None:
    """Side by side and far apart."""
    batch = [upserted(bare(f"p{number}", title="poison" if number in {1, 2, 9} else "Thing")) for number in range(10)]
    letters = ListLetters()

    with new_encoding(text=FailsOn("poison")) as parts:
        consumer_of(parts, index.store, ListSource([records(*batch)]), letters).turn()

    assert [letter.record.offset for letter in letters.letters] == [1, 2, 9]
    assert index.count() == 7


def test_a_point_that_the_engine_refuses_costs_its_record(index: Index) -> None:
    """The engine takes the others, and takes our probe: so it is the record."""
    source, letters = ListSource([records(upserted(bare("a")), upserted(bare("b")))]), ListLetters()

    with new_encoding() as parts:
        consumer_of(parts, RefusingStore(index, 400, only="a"), source, letters).turn()

    assert [letter.record.offset for letter in letters.letters] == [0]
    assert index.product("b") == {"title": "Thing"}


def test_a_text_model_that_fails_stops_the_worker(index: Index) -> None:
    """It fails on a sound product too, so no record is to blame: nothing is sent away, nothing committed."""
    source, letters = ListSource([records(upserted(bare("a")))]), ListLetters()

    with new_encoding(text=FailsOn("")) as parts, pytest.raises(EverythingFails, match="ZeroDivisionError"):
        consumer_of(parts, index.store, source, letters).run()

    assert (letters.letters, source.committed) == ([], [])


def test_a_picture_model_that_fails_stops_the_worker(index: Index) -> None:
    """The probe has a picture as well."""
    source, letters = ListSource([records(upserted(bare("a", images=["data:,x"])), upserted(bare("b")))]), ListLetters()

    with (
        new_encoding(text=FailsOn("Thing"), picture=BrokenPictures()) as parts,
        pytest.raises(EverythingFails, match="no memory on the device"),
    ):
        consumer_of(parts, index.store, source, letters).run()

    assert (letters.letters, source.committed) == ([], [])


@pytest.mark.parametrize("status", [400, 404])
def test_an_engine_that_takes_no_writes_stops_the_worker(index: Index, status: int) -> None:
    """A limit of its strict mode, or a collection that was deleted: nothing is sent away, nothing committed."""
    source, letters = ListSource([records(upserted(bare("a")), upserted(bare("b")))]), ListLetters()

    with new_encoding() as parts, pytest.raises(EverythingFails, match=rf"(?s){status}.*Forbidden"):
        consumer_of(parts, RefusingStore(index, status), source, letters).run()

    assert (letters.letters, source.committed) == ([], [])


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), MemoryError(), Misconfigured("a setting")])
def test_what_no_record_can_be_blamed_for_is_not_halved(index: Index, error: Exception) -> None:
    """It ends the loop at once, though only one record met it."""
    batch = records(upserted(bare("a", title="poison")), upserted(bare("b")))
    source, letters = ListSource([batch]), ListLetters()

    with new_encoding(text=FailsOn("poison", error)) as parts, pytest.raises(type(error)):
        consumer_of(parts, index.store, source, letters).run()

    assert (letters.letters, source.committed) == ([], [])


def test_a_probe_leaves_nothing_behind(index: Index) -> None:
    """It reads and deletes a point that does not exist."""
    index.store.probe()

    assert index.count() == 0


def test_a_record_that_reading_fails_on_costs_only_itself(index: Index) -> None:
    """A bug in the reading of a form of events: its record is a dead letter, those beside it are applied."""
    impossible = replace(record(upserted(bare("a"))), headers=((5, b""),), offset=5)  # type: ignore[arg-type]
    source, letters = ListSource([[impossible, *records(upserted(bare("b")))]]), ListLetters()

    with new_encoding() as parts:
        consumer_of(parts, index.store, source, letters).turn()

    assert [(letter.reason, letter.record.offset) for letter in letters.letters] == [("processing_failed", 5)]
    assert index.product("b") == {"title": "Thing"}
