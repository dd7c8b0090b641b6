"""No URL, and no redirect, leads where pictures must not come from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import InvalidPicture
from encoders.pictures.answers import Failure, NotFetched
from encoders.pictures.fetch import FetchSettings, PictureFetcher
from tests.encoders.picture_host import PICTURE, Names, PictureHost, running_host, settings

if TYPE_CHECKING:
    from collections.abc import Iterator


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


def test_redirects_are_followed(host: PictureHost, fetcher: PictureFetcher) -> None:
    """As far as the setting goes, over one connection."""
    assert fetcher.fetch(f"{host.url}/round/3") == PICTURE
    assert fetcher.fetch(f"{host.url}/to?/200/b.jpg") == PICTURE
    assert fetcher.fetch(f"{host.url}/to?//127.0.0.1:{host.port}/200/c.jpg") == PICTURE
    with pytest.raises(InvalidPicture, match="redirects more than 3 times"):
        fetcher.fetch(f"{host.url}/round/4")


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.2:{port}/200", "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/a.jpg",
     "http://[::1]:{port}/", "http://[::ffff:127.0.0.2]:{port}/", "http://2130706434:{port}/", "//0x7f000002:{port}/",
     "http://[64:ff9b::7f00:1]/", "http://127.0.0.1:9/", "ftp://127.0.0.1/a.jpg", "file:///etc/passwd",
     "data:image/png,a", "http://me:password@127.0.0.1:{port}/200", "http://me@127.0.0.1:{port}/200",
     "http://127.0.0.1\\@example.com/", "http://a..b/"],
)  # fmt: skip
def test_a_redirect_is_checked_like_the_first_url(host: PictureHost, fetcher: PictureFetcher, location: str) -> None:
    """It might lead into our own network."""
    before = len(host.asked)

    found = fetcher.ask(f"{host.url}/to?{location.format(port=host.port)}")

    assert isinstance(found, NotFetched)
    assert found.failure is Failure.REFUSED
    assert "password" not in found.message.replace("a password", "")
    assert len(host.asked) == before + 1


def test_a_redirect_to_nowhere_is_refused(host: PictureHost, fetcher: PictureFetcher) -> None:
    """It has no location."""
    with pytest.raises(InvalidPicture, match="answers 302"):
        fetcher.fetch(f"{host.url}/nowhere")


@pytest.mark.parametrize(
    "name",
    ["127.0.0.1", "localhost", "localhost.", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]",
     "[::ffff:127.0.0.1]", "[0:0:0:0:0:ffff:7f00:1]", "[::127.0.0.1]", "[2002:7f00:1::]", "[64:ff9b::7f00:1]", "0",
     "0.0.0.0", "[::]", "[fe80::1%25lo]", "\uff11\uff12\uff17.0.0.1", "①②⑦.0.0.1", "127。0。0。1", "a@127.0.0.1",
     "a:b@127.0.0.1", "127.0.0.1%00.example.com", "127.0.0.1%2f"],
)  # fmt: skip
def test_no_spelling_leads_to_our_own_machine(host: PictureHost, name: str) -> None:
    """With the rules as they are by default, but for the port."""
    open_port = replace(FetchSettings().addresses, allowed_ports=frozenset({host.port}))
    before = host.server.connections

    with PictureFetcher(FetchSettings(addresses=open_port)) as fetcher:
        found = fetcher.ask(f"http://{name}:{host.port}/200")

    assert isinstance(found, NotFetched)
    assert host.server.connections == before


def test_proxies_of_the_environment_are_not_used(host: PictureHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind one, no address would be ours to check."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    with PictureFetcher(settings(host)) as fetcher:
        assert fetcher.fetch(f"{host.url}/200") == PICTURE


@pytest.mark.parametrize(
    "url",
    ["http://", "http:///a.jpg", "http:a.jpg", "https:", "http://[::1", "http://[zz]/", "http://a..b/", "http://.../",
     f"http://{'a' * 64}.com/", "http://xn--/", "http://\u3002/", "http://ab\u200dc/", "http://127.0.0.1:1/\r\nX: y",
     "http://127.0.0.1:port/", "http://127.0.0.1:99999/", "http://127.0.0.1:0/", "http://127.0.0.1:-1/",
     "http://127.0.0.1:9/", "http://127.0.0.1:22/", f"http://127.0.0.1/{'x' * 70_000}", "http://\ud800/"],
)  # fmt: skip
def test_what_is_no_url_is_invalid(fetcher: PictureFetcher, url: str) -> None:
    """An event with one of these must not stop the worker, nor come again."""
    with pytest.raises(InvalidPicture) as refused:
        fetcher.fetch(url)

    assert len(str(refused.value)) < 1000


@pytest.fixture(scope="module")
def private() -> Iterator[PictureFetcher]:
    """Return a fetcher for whom every name leads to our own machine."""
    with PictureFetcher(FetchSettings(), resolve=Names([["127.0.0.1"]])) as fetcher:
        yield fetcher


@hypothesis.settings(deadline=None)
@given(
    st.sampled_from(["http:", "http://", "https://", "HTTP:\\\\", "http:///", "http://[", "http://a@"]),
    st.text() | st.text(":/?#[]@!$&%.-0123456789abxnf\\"),
)
def test_no_url_breaks_or_gets_through(private: PictureFetcher, start: str, rest: str) -> None:
    """Whatever stands in an event."""
    assert isinstance(private.ask(start + rest), NotFetched)
