"""A file through the worker's own loop, and onto a topic."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from catalog.errors import Misconfigured
from ingest.loading.intake import PARTITION
from ingest.loading.produce import produce
from ingest.loading.rejected import RejectedRows
from ingest.loading.rows import BadRow
from ingest.loading.source import FileSource
from ingest.source import DeadLetter, Record
from tests.builders import as_bytes, bare, upserted
from tests.pipeline import consumer_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ingest.message import Message
    from tests.index import Index
    from tests.pipeline import Parts


def records(count: int) -> Iterator[Record]:
    """Yield records as a file gives them."""
    for line in range(1, count + 1):
        value = as_bytes(upserted(bare(f"p{line}")))
        yield Record("a.csv", PARTITION, line, 1_000, b"p%d" % line, value)


def test_a_file_goes_through_the_workers_loop(index: Index, parts: Parts, tmp_path: Path) -> None:
    """It ends by itself once everything is committed, and says how far it is."""
    stopping = threading.Event()
    done: list[int] = []
    source = FileSource(records(7), batch_records=3, stopping=stopping, committed=done.append)
    rejected = RejectedRows(tmp_path / "r.jsonl")

    consumer_of(parts, index.store, source, rejected, stopping).run()

    assert source.finished
    assert done == [3, 6, 7]
    assert rejected.count == 0
    assert not rejected.path.exists()
    stored = index.store.read([f"p{line}" for line in range(1, 8)])
    assert all(product.state.visible for product in stored.values())


@pytest.mark.parametrize("count", [0, 3, 6])
def test_full_last_batches_and_empty_files_end_too(count: int) -> None:
    """An empty poll behind the last record ends the loop."""
    stopping = threading.Event()
    source = FileSource(records(count), batch_records=3, stopping=stopping, committed=lambda _: None)

    while not stopping.is_set():
        source.commit(batch) if (batch := source.poll()) else None

    assert source.finished
    assert sum(source.lag().values()) == 0


def test_what_is_read_ahead_counts_as_done_only_when_committed() -> None:
    """A loop that polls while it encodes is not stopped early."""
    stopping = threading.Event()
    source = FileSource(records(5), batch_records=3, stopping=stopping, committed=lambda _: None)
    first, second = source.poll(), source.poll()

    assert source.poll() == []
    source.commit(first)
    assert not stopping.is_set()
    source.commit(second)

    assert stopping.is_set()


def test_records_are_sent_by_the_chunk_and_large_ones_refused(tmp_path: Path) -> None:
    """The producer's own word decides; nothing more is read once it is told to stop."""
    sizes: list[int] = []

    def deliver(messages: Sequence[Message]) -> list[Message]:
        sizes.append(len(messages))
        return [message for message in messages if message.key == b"p1500"]

    rejected = RejectedRows(tmp_path / "r.jsonl")
    done: list[int] = []
    finished = produce(records(2500), deliver, refused=rejected, delivered=done.append, stopping=threading.Event())
    rejected.close()

    assert finished
    assert sizes == [1000, 1000, 500]
    assert done == [1000, 2000, 2500]
    (line,) = map(json.loads, rejected.path.read_text().splitlines())
    assert (line["line"], line["reason"], line["row"]["product"]["id"]) == (1500, "too_large", "p1500")
    assert rejected.late == 1


def test_a_stopped_load_says_so(tmp_path: Path) -> None:
    """It did not come to the end."""
    stopping = threading.Event()
    stopping.set()

    assert not produce(
        records(5),
        lambda _: [],
        refused=RejectedRows(tmp_path / "r"),
        delivered=lambda _: None,
        stopping=stopping,
    )


def test_refused_rows_are_written_beside_the_file(tmp_path: Path) -> None:
    """Those of the worker's, too; whatever lay there before is replaced."""
    file = tmp_path / "a.rejected.jsonl"
    file.write_text("old\n")
    rejected = RejectedRows(file)

    rejected.add(BadRow(2, "malformed_row", "too short", ["a"]))
    rejected.send([DeadLetter(next(records(1)), "invalid_field", "price")])
    rejected.close()

    first, second = map(json.loads, file.read_text().splitlines())
    assert first == {"line": 2, "reason": "malformed_row", "error": "too short", "row": ["a"]}
    assert (second["line"], second["reason"]) == (1, "invalid_field")
    assert rejected.reasons == {"malformed_row": 1, "invalid_field": 1}


def test_what_is_written_beside_the_file_is_json(tmp_path: Path) -> None:
    """A number that overflowed, too: the file is there to be mended by other tools."""
    rejected = RejectedRows(tmp_path / "r")
    rejected.add(BadRow(1, "invalid_field", "price", {"price": float("inf")}))
    rejected.close()

    assert json.loads(rejected.path.read_bytes(), parse_constant=pytest.fail)["row"] == {"price": "Infinity"}


def test_a_place_that_cannot_be_written_is_a_mistake(tmp_path: Path) -> None:
    """It says what to do."""
    with pytest.raises(Misconfigured, match="--rejected"):
        RejectedRows(tmp_path / "none" / "r.jsonl").add(BadRow(1, "x", "y", None))
