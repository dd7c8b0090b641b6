"""Pictures from where they lie: a real server, data: URLs, a folder."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from catalog.errors import InvalidPicture, PictureUnavailable
from encoders.pictures.answers import Failure, Fetched, NotFetched
from encoders.pictures.fetch import PictureFetcher
from tests.encoders.picture_host import PICTURE, PictureHost, running_host, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TIMEOUT_SECONDS: Final = 0.5


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


@pytest.fixture
def hasty(host: PictureHost) -> Iterator[PictureFetcher]:
    """Return a fetcher that does not wait long."""
    with PictureFetcher(settings(host, timeout_seconds=TIMEOUT_SECONDS)) as fetcher:
        yield fetcher


def test_a_picture_comes_from_a_url(host: PictureHost, fetcher: PictureFetcher) -> None:
    """Byte for byte, in capitals too."""
    assert fetcher.fetch(f"{host.url}/200/a.jpg") == PICTURE
    assert fetcher.fetch(f"{host.url}/200/a.jpg?w=1#top".replace("http", "HTTP")) == PICTURE
    assert host.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 451])
def test_a_final_no_is_invalid(host: PictureHost, fetcher: PictureFetcher, status: int) -> None:
    """Asking again would change nothing."""
    with pytest.raises(InvalidPicture, match=str(status)):
        fetcher.fetch(f"{host.url}/{status}/a.jpg")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_no_for_now_is_an_outage(host: PictureHost, fetcher: PictureFetcher, status: int) -> None:
    """It is due again."""
    with pytest.raises(PictureUnavailable, match=str(status)):
        fetcher.fetch(f"{host.url}/{status}/a.jpg")


@pytest.mark.parametrize("behaviour", ["many", "endless"])
def test_too_many_bytes_are_not_read_to_the_end(host: PictureHost, fetcher: PictureFetcher, behaviour: str) -> None:
    """With their number declared or not."""
    with pytest.raises(InvalidPicture, match="50,000 bytes"):
        fetcher.fetch(f"{host.url}/{behaviour}")


@pytest.mark.parametrize("behaviour", ["cut", "rubbish", "packed-way"])
def test_a_host_that_fails_is_an_outage(host: PictureHost, fetcher: PictureFetcher, behaviour: str) -> None:
    """Stopping half way, or speaking something else."""
    with pytest.raises(PictureUnavailable):
        fetcher.fetch(f"{host.url}/{behaviour}")


def test_more_bytes_than_declared_end_where_they_should(host: PictureHost, fetcher: PictureFetcher) -> None:
    """And are not taken for the beginning of the next answer."""
    assert fetcher.fetch(f"{host.url}/surplus") == PICTURE[:-10]
    assert fetcher.fetch(f"{host.url}/200") == PICTURE


@pytest.mark.parametrize("behaviour", ["slow", "slow-head", "silent"])
def test_the_time_is_that_of_the_whole(host: PictureHost, hasty: PictureFetcher, behaviour: str) -> None:
    """No host keeps us longer by sending a little now and then, in the head of its answer or behind it."""
    start = time.monotonic()

    with pytest.raises(PictureUnavailable, match=r"took longer than 0\.5 s"):
        hasty.fetch(f"{host.url}/{behaviour}")

    assert time.monotonic() - start < 10 * TIMEOUT_SECONDS


def test_a_packed_answer_is_refused(host: PictureHost, fetcher: PictureFetcher) -> None:
    """Fifty megabytes of nothing would arrive as a few kilobytes."""
    with pytest.raises(InvalidPicture, match="comes packed"):
        fetcher.fetch(f"{host.url}/packed")


def test_nobody_listening_is_an_outage() -> None:
    """The host may come back."""
    with running_host() as gone:
        url = gone.url
    with PictureFetcher(settings(gone)) as fetcher, pytest.raises(PictureUnavailable):
        fetcher.fetch(url)


@pytest.mark.parametrize(
    "reference", ["a.jpg", "/etc/passwd", "file:///etc/passwd", "ftp://example.com/a.jpg", "gopher://a/", ""]
)
def test_without_a_folder_no_file_is_read(fetcher: PictureFetcher, reference: str) -> None:
    """The message says which setting would change that."""
    with pytest.raises(InvalidPicture, match="VITRINE_IMAGES__ROOT"):
        fetcher.fetch(reference)


def test_each_kind_of_reference_finds_its_way(tmp_path: Path, host: PictureHost) -> None:
    """A URL, a data: URL, a path; a strange scheme is no path."""
    (tmp_path / "red.jpg").write_bytes(b"red")

    with PictureFetcher(replace(settings(host), root=tmp_path)) as fetcher:
        assert fetcher.fetch("data:,blue") == b"blue"
        assert fetcher.ask("red.jpg") == Fetched(b"red")
        assert fetcher.fetch(f"{host.url}/200") == PICTURE
        with pytest.raises(InvalidPicture, match="VITRINE_IMAGES__ROOT"):
            fetcher.fetch("file:///etc/passwd")


def test_a_packed_or_missing_picture_says_what_it_is(host: PictureHost, fetcher: PictureFetcher) -> None:
    """In a word that can be counted."""
    failures = {path: fetcher.ask(f"{host.url}/{path}") for path in ("404", "packed", "500")}

    assert {path: found.failure for path, found in failures.items() if isinstance(found, NotFetched)} == {
        "404": Failure.GONE,
        "packed": Failure.REFUSED,
        "500": Failure.FOR_NOW,
    }
