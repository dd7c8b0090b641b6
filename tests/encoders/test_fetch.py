"""Pictures from where they lie: a real server, data: URLs, a folder; and nothing from anywhere else."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pytest

from catalog.errors import InvalidPicture, PictureUnavailable
from encoders.pictures.decode import PictureLimits
from encoders.pictures.fetch import FetchSettings, PictureFetcher
from tests.encoders.picture_host import PICTURE, PictureHost, running_host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMIT: Final = 50_000
TIMEOUT_SECONDS: Final = 0.5
PATIENCE_SECONDS: Final = 20
CLOSED: Final = "http://127.0.0.1:9/a.jpg"


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    """Run a picture host."""
    with running_host() as address:
        yield address


@contextmanager
def fetching(root: Path | None = None) -> Iterator[PictureFetcher]:
    """Return a fetcher of low limits."""
    limits = PictureLimits(max_bytes=LIMIT)
    with PictureFetcher(FetchSettings(root, timeout_seconds=TIMEOUT_SECONDS, limits=limits)) as fetcher:
        yield fetcher


@pytest.fixture(scope="module")
def fetcher() -> Iterator[PictureFetcher]:
    """Return a fetcher that knows no folder."""
    with fetching() as fetcher:
        yield fetcher


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an images folder beside a file that is none of its business."""
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    root = tmp_path / "images"
    (root / "shoes").mkdir(parents=True)
    (root / "shoes" / "red.jpg").write_bytes(PICTURE)
    (root / "large.jpg").write_bytes(bytes(LIMIT + 1))
    (root / "inside.jpg").symlink_to(root / "shoes" / "red.jpg")
    (root / "outside.jpg").symlink_to(tmp_path / "secret.jpg")
    (root / "upwards").symlink_to(tmp_path)
    (root / "loop.jpg").symlink_to(root / "loop.jpg")
    (root / "dangling.jpg").symlink_to(root / "nowhere.jpg")
    return root


def test_a_picture_comes_from_a_url(host: str, fetcher: PictureFetcher) -> None:
    """Byte for byte, in capitals too."""
    assert fetcher.fetch(f"{host}/200/a.jpg") == PICTURE
    assert fetcher.fetch(f"{host}/200/a.jpg?w=1#top".replace("http", "HTTP")) == PICTURE


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 451])
def test_a_final_no_is_invalid(host: str, fetcher: PictureFetcher, status: int) -> None:
    """Asking again would change nothing."""
    with pytest.raises(InvalidPicture, match=str(status)):
        fetcher.fetch(f"{host}/{status}/a.jpg")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_no_for_now_is_an_outage(host: str, fetcher: PictureFetcher, status: int) -> None:
    """It is due again."""
    with pytest.raises(PictureUnavailable, match=str(status)):
        fetcher.fetch(f"{host}/{status}/a.jpg")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(host: str, fetcher: PictureFetcher, status: int) -> None:
    """It might lead into our own network."""
    PictureHost.asked.clear()

    with pytest.raises(InvalidPicture, match="redirects are not followed"):
        fetcher.fetch(f"{host}/{status}/a.jpg")

    assert PictureHost.asked == [f"/{status}/a.jpg"]


@pytest.mark.parametrize("behaviour", ["many", "endless"])
def test_too_many_bytes_are_not_read_to_the_end(host: str, fetcher: PictureFetcher, behaviour: str) -> None:
    """With their number declared or not."""
    with pytest.raises(InvalidPicture, match="50,000 bytes"):
        fetcher.fetch(f"{host}/{behaviour}")


@pytest.mark.parametrize("behaviour", ["cut", "rubbish"])
def test_a_host_that_fails_is_an_outage(host: str, fetcher: PictureFetcher, behaviour: str) -> None:
    """Stopping half way, or speaking something else."""
    with pytest.raises(PictureUnavailable):
        fetcher.fetch(f"{host}/{behaviour}")


@pytest.mark.parametrize("behaviour", ["slow", "slow-head", "silent"])
def test_the_time_is_that_of_the_whole(host: str, fetcher: PictureFetcher, behaviour: str) -> None:
    """No host keeps us longer by sending a little now and then, in the head of its answer or behind it."""
    start = time.monotonic()

    with pytest.raises(PictureUnavailable, match=r"took longer than 0\.5 s"):
        fetcher.fetch(f"{host}/{behaviour}")

    assert time.monotonic() - start < 4 * TIMEOUT_SECONDS


def test_a_packed_answer_is_not_unpacked(host: str, fetcher: PictureFetcher) -> None:
    """Fifty megabytes of nothing arrive as a few kilobytes, and stay that."""
    assert len(fetcher.fetch(f"{host}/packed")) < LIMIT


def test_nobody_listening_is_an_outage(fetcher: PictureFetcher) -> None:
    """The host may come back."""
    with pytest.raises(PictureUnavailable):
        fetcher.fetch(CLOSED)


@pytest.mark.parametrize(
    "url",
    ["http://", "http:///a.jpg", "http:a.jpg", "https:", "http://[::1", "http://[zz]/", "http://a..b/", "http://.../",
     f"http://{'a' * 64}.com/", "http://xn--/", "http://\u3002/", "http://ab\u200dc/", "http://127.0.0.1:1/\r\nX: y",
     "http://127.0.0.1:port/", "http://127.0.0.1:99999/", "http://127.0.0.1:0/", "http://127.0.0.1:-1/",
     f"http://127.0.0.1:9/{'x' * 70_000}"],
)  # fmt: skip
def test_what_is_no_url_is_invalid(fetcher: PictureFetcher, url: str) -> None:
    """An event with one of these must not stop the worker, nor come again."""
    with pytest.raises(InvalidPicture) as refused:
        fetcher.fetch(url)

    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize(
    ("url", "data"),
    [
        ("data:image/png;base64,QUJD", b"ABC"),
        ("DATA:;BASE64,QUJD", b"ABC"),
        ("data:image/png;base64,QUI%3D", b"AB"),
        ("data:text/plain;charset=utf-8;base64,QUJD", b"ABC"),
        ("data:,a%20b%FF", b"a b\xff"),
        ("data:,", b""),
    ],
)
def test_a_data_url_has_its_picture_in_it(fetcher: PictureFetcher, url: str, data: bytes) -> None:
    """As base64 or with escapes."""
    assert fetcher.fetch(url) == data


@pytest.mark.parametrize(
    "url", ["data:", "data:image/png;base64", "data:;base64,!", "data:;base64,QQ", f"data:,{'x' * (2 * LIMIT + 1)}"]
)
def test_a_broken_data_url_is_invalid(fetcher: PictureFetcher, url: str) -> None:
    """No comma, no base64, no end."""
    with pytest.raises(InvalidPicture):
        fetcher.fetch(url)


@pytest.mark.parametrize("path", ["shoes/red.jpg", "./shoes//red.jpg", "shoes/../shoes/red.jpg", "inside.jpg"])
def test_a_path_leads_below_the_folder(folder: Path, path: str) -> None:
    """However it winds."""
    with fetching(folder) as fetcher:
        assert fetcher.fetch(path) == PICTURE


@pytest.mark.parametrize(
    "path",
    ["../secret.jpg", "shoes/../../secret.jpg", "/etc/passwd", "outside.jpg", "upwards/secret.jpg", "loop.jpg",
     "large.jpg", "a\u0000b.jpg", "..", "/"],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_is_invalid(folder: Path, path: str) -> None:
    """Upwards, by a link, in a circle, or to what is too large."""
    with fetching(folder) as fetcher, pytest.raises(InvalidPicture):
        fetcher.fetch(path)


@pytest.mark.parametrize("path", ["nowhere.jpg", "shoes", ".", "", "dangling.jpg", "shoes/red.jpg/x", "x" * 5000])
def test_a_file_that_is_not_there_is_an_outage(folder: Path, path: str) -> None:
    """It may yet be copied there."""
    with fetching(folder) as fetcher, pytest.raises(PictureUnavailable):
        fetcher.fetch(path)


@pytest.mark.parametrize("reference", ["a.jpg", "/etc/passwd", "file:///etc/passwd", "ftp://example.com/a.jpg"])
def test_without_a_folder_no_file_is_read(fetcher: PictureFetcher, reference: str) -> None:
    """The message says which setting would change that."""
    with pytest.raises(InvalidPicture, match="VITRINE_IMAGES__ROOT"):
        fetcher.fetch(reference)


def test_one_fetcher_serves_many_threads(host: str, fetcher: PictureFetcher) -> None:
    """As ingest uses it."""
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(fetcher.fetch(f"{host}/200"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)

    assert found == [PICTURE] * 8
