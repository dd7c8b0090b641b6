"""How hosts are treated: not asked for what we have, not before they say, not for too much at once."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import pytest

from encoders.pictures.answers import Failure, Fetched, NotFetched, NotModified, Validators
from encoders.pictures.fetch import PictureFetcher
from encoders.pictures.politeness import HostLimits
from tests.encoders.picture_host import (
    ETAG,
    LAST_MODIFIED,
    PATIENCE_SECONDS,
    PICTURE,
    PictureHost,
    running_host,
    settings,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW: Final = datetime(2026, 5, 1, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def host() -> Iterator[PictureHost]:
    """Run a picture host."""
    with running_host() as host:
        yield host


@pytest.fixture(scope="module")
def fetcher(host: PictureHost) -> Iterator[PictureFetcher]:
    """Return a fetcher that knows no folder."""
    with PictureFetcher(settings(host)) as fetcher:
        yield fetcher


@contextmanager
def threads(count: int, work: Callable[[], object]) -> Iterator[None]:
    """Do something so many times at once, until the end of the block."""
    started = [threading.Thread(target=work) for _ in range(count)]
    for thread in started:
        thread.start()
    yield
    for thread in started:
        thread.join(PATIENCE_SECONDS)


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def test_a_picture_that_is_still_the_same_is_not_sent_again(host: PictureHost, fetcher: PictureFetcher) -> None:
    """The host is told what we have, by the URL that answered."""
    url = f"{host.url}/to?/cached"
    first = fetcher.ask(url)

    assert first == Fetched(PICTURE, Validators(f"{host.url}/cached", ETAG, LAST_MODIFIED))
    assert isinstance(first, Fetched)
    assert fetcher.ask(url, first.validators) == NotModified(Validators(f"{host.url}/cached", ETAG, LAST_MODIFIED))
    assert host.headers["if-modified-since"] == LAST_MODIFIED


def test_what_another_url_said_is_not_told(host: PictureHost, fetcher: PictureFetcher) -> None:
    """Two hosts may give two pictures the same tag."""
    held = Validators("http://elsewhere.example/cached", ETAG, LAST_MODIFIED)

    assert isinstance(fetcher.ask(f"{host.url}/cached", held), Fetched)
    assert "if-none-match" not in host.headers
    assert isinstance(fetcher.ask(f"{host.url}/304"), NotFetched)


@pytest.mark.parametrize("behaviour", ["busy", "away"])
def test_a_host_that_says_when_is_asked_then(host: PictureHost, behaviour: str) -> None:
    """Not for this picture only, and not before."""
    seconds = [1000.0]

    with PictureFetcher(settings(host), clock=lambda: seconds[0], now=lambda: NOW) as fetcher:
        told = fetcher.ask(f"{host.url}/{behaviour}/60")
        before = len(host.asked)
        seconds[0] += 20
        meanwhile = fetcher.ask(f"{host.url}/200")
        assert len(host.asked) == before
        seconds[0] += 41
        assert isinstance(fetcher.ask(f"{host.url}/200"), Fetched)

    assert isinstance(told, NotFetched)
    assert isinstance(meanwhile, NotFetched)
    assert (told.failure, told.due_at) == (Failure.FOR_NOW, NOW + timedelta(seconds=60))
    assert (meanwhile.failure, meanwhile.due_at) == (Failure.FOR_NOW, NOW + timedelta(seconds=40))


def test_a_slow_host_costs_a_time_out_and_not_one_for_each_picture() -> None:
    """All its places wait in vain once; the pictures after them fail at once, and are due again."""
    with running_host() as host, PictureFetcher(settings(host, timeout_seconds=0.3)) as fetcher:
        with threads(8, lambda: fetcher.ask(f"{host.url}/slow")):
            pass
        started = time.monotonic()
        later = [fetcher.ask(f"{host.url}/slow") for _ in range(20)]

    assert time.monotonic() - started < 0.3
    assert {one.failure for one in later if isinstance(one, NotFetched)} == {Failure.FOR_NOW}
    assert len(host.asked) == 8


def test_one_host_is_asked_for_so_many_pictures_at_once() -> None:
    """However many threads ask, and over as many connections."""
    with running_host() as host:
        few = replace(settings(host), per_host=HostLimits(connections=3))
        found: list[bytes] = []
        with PictureFetcher(few) as fetcher, threads(8, lambda: found.append(fetcher.fetch(f"{host.url}/hold"))):
            wait_until(lambda: host.server.held == 3)
            assert not found
            host.server.released.set()

        assert found == [PICTURE] * 8
        assert host.server.connections == 3


def test_closing_ends_what_is_under_way(host: PictureHost) -> None:
    """A worker that is told to stop does not wait for a slow host."""
    found: list[object] = []
    fetcher = PictureFetcher(settings(host))
    before = len(host.asked)

    with threads(2, lambda: found.append(fetcher.ask(f"{host.url}/silent"))):
        wait_until(lambda: len(host.asked) == before + 2)
        fetcher.close()
    found.append(fetcher.ask(f"{host.url}/200"))
    fetcher.close()

    assert [one.failure for one in found if isinstance(one, NotFetched)] == [Failure.FOR_NOW] * 3
