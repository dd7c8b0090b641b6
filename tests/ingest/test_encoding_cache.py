"""Vectors kept on disk: found again by what made them, bounded, and nothing that goes wrong with the file is felt."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ingest.encoding_cache import DiskEncodingCache

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from encoders.interface import FloatArray

MAKER = "text/minilm/1"
MAX_BYTES = 10**7


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a cache is to lie."""
    return tmp_path / "cache" / "encodings.sqlite"


@pytest.fixture
def cache(path: Path) -> Iterator[DiskEncodingCache]:
    """Open a cache."""
    opened = DiskEncodingCache(path, max_bytes=MAX_BYTES)
    yield opened
    opened.close()


def vector(seed: int, size: int = 384) -> FloatArray:
    """Return some vector of length 1."""
    drawn = np.random.default_rng(seed).normal(size=size)
    return (drawn / np.linalg.norm(drawn)).astype(np.float32)


def vectors(count: int, first: int = 0) -> dict[str, FloatArray]:
    """Return vectors by digests."""
    return {f"{number:032x}": vector(number) for number in range(first, first + count)}


def test_a_vector_comes_back_bit_by_bit(cache: DiskEncodingCache, path: Path) -> None:
    """More of them than one statement takes, by another process's connection too; what nobody kept is not there."""
    kept = vectors(1_200)

    cache.keep(MAKER, kept)

    other = DiskEncodingCache(path, max_bytes=MAX_BYTES)
    found = other.find(MAKER, [*kept, "unknown"])
    other.close()
    assert found.keys() == kept.keys()
    assert all(np.array_equal(found[digest], kept[digest]) for digest in kept)


def test_other_encoders_share_nothing(cache: DiskEncodingCache) -> None:
    """A revision later the same text has another vector."""
    cache.keep(MAKER, vectors(1))

    assert cache.find("text/minilm/2", vectors(1)) == {}


def test_what_was_not_used_for_longest_makes_room(path: Path) -> None:
    """The file stays about as large as it may be, and what is read stays in it."""
    clock = [0.0]
    cache = DiskEncodingCache(path, max_bytes=500_000, now_seconds=lambda: clock[0])
    cache.keep(MAKER, vectors(50))
    for round_number in range(1, 20):
        clock[0] += 7_200
        cache.keep(MAKER, vectors(50, first=50 * round_number))
        assert cache.find(MAKER, vectors(10)).keys() == vectors(10).keys()
        assert path.stat().st_size < 700_000

    assert cache.find(MAKER, vectors(40, first=10)) == {}
    assert len(cache.find(MAKER, vectors(50, first=950))) == 50
    cache.close()


def test_it_may_be_deleted_while_it_is_used(cache: DiskEncodingCache, path: Path) -> None:
    """It goes on in a new file."""
    cache.keep(MAKER, vectors(3))
    path.unlink()

    assert cache.find(MAKER, vectors(3)) == {}
    cache.keep(MAKER, vectors(2))

    assert path.is_file()
    assert len(cache.find(MAKER, vectors(3))) == 2


@pytest.mark.parametrize("damage", [b"this is no database" * 100, b""])
def test_a_damaged_file_is_made_anew(path: Path, damage: bytes) -> None:
    """Whoever finds it throws it away; the next vectors are kept again."""
    path.parent.mkdir()
    path.write_bytes(damage)
    cache = DiskEncodingCache(path, max_bytes=MAX_BYTES)

    assert cache.find(MAKER, vectors(1)) == {}
    cache.keep(MAKER, vectors(1))

    assert len(cache.find(MAKER, vectors(1))) == 1
    cache.close()


def test_a_vector_that_no_encoder_made_is_not_given(cache: DiskEncodingCache, path: Path) -> None:
    """Its length says so."""
    cache.keep(MAKER, vectors(3))
    with sqlite3.connect(path) as other:
        other.execute("UPDATE vectors SET vector = x'0000' WHERE digest = ?", [f"{0:032x}"])
        other.execute("UPDATE vectors SET vector = zeroblob(1536) WHERE digest = ?", [f"{1:032x}"])
    other.close()

    assert list(cache.find(MAKER, vectors(3))) == [f"{2:032x}"]


def test_a_place_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    """A file where the folder should be: the vectors are made, and not kept."""
    (tmp_path / "file").write_text("")
    cache = DiskEncodingCache(tmp_path / "file" / "encodings.sqlite", max_bytes=MAX_BYTES)

    cache.keep(MAKER, vectors(1))

    assert cache.find(MAKER, vectors(1)) == {}
    cache.close()


def test_threads_share_one(cache: DiskEncodingCache) -> None:
    """The threads that fetch pictures look in it while another keeps."""
    threads = [threading.Thread(target=cache.keep, args=(MAKER, vectors(20, first=20 * n))) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(cache.find(MAKER, vectors(80))) == 80


def keep_for_ever(path: Path, first: int) -> None:
    """Keep vectors until killed, with a little work in between as an encoder has."""
    cache, number = DiskEncodingCache(path, max_bytes=MAX_BYTES), first
    while True:
        cache.keep(MAKER, vectors(5, first=number))
        number += 5
        threading.Event().wait(0.02)


def test_two_processes_and_kill_9(cache: DiskEncodingCache, path: Path) -> None:
    """Writers that end in the middle leave a file that others go on with, and every vector in it is right."""
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=keep_for_ever, args=(path, first)) for first in (0, 100_000)]
    for writer in writers:
        writer.start()
    wanted = vectors(50) | vectors(50, first=100_000)
    while len(cache.find(MAKER, wanted)) < len(wanted):
        assert all(writer.is_alive() for writer in writers)
    for writer in writers:
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()

    found = cache.find(MAKER, wanted)
    assert all(np.array_equal(found[digest], kept) for digest, kept in wanted.items())
    cache.keep(MAKER, vectors(5, first=200_000))
    assert len(cache.find(MAKER, vectors(5, first=200_000))) == 5
    with sqlite3.connect(path) as other:
        assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    other.close()
