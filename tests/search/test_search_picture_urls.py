"""Pictures by URL in queries: through the same guarded fetch as ingest, each failure a problem that names the field."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from search.encoding import pictures as query_pictures
from tests.builders import bare
from tests.encoders.picture_host import PICTURE, PictureHost, running_host, settings
from tests.search.shop import culprits, encoded, open_shop, png

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.search.shop import Shop

WHERE = "terms.0.image.url"


@pytest.fixture(scope="module")
def host() -> Iterator[PictureHost]:
    """Run a picture host."""
    with running_host() as host:
        yield host


@pytest.fixture(scope="module")
def reaching(lasting_shop: Shop, host: PictureHost, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Return a shop that may ask the host, and whose products may have local pictures."""
    lasting_shop.index.clear()
    root = tmp_path_factory.mktemp("pictures")
    (root / "own.png").write_bytes(png((1, 2, 3)))
    fetching = replace(settings(host), root=root)
    with open_shop(lasting_shop.index.engine, lasting_shop.settings, fetching=fetching) as shop:
        url = f"data:image/jpeg;base64,{encoded(PICTURE)}"
        shop.sell(
            bare("like-it", images=[url]), bare("other", images=[f"data:image/png;base64,{encoded(png((0, 0, 9)))}"])
        )
        yield shop


def test_a_picture_by_url_finds_what_looks_like_it(reaching: Shop, host: PictureHost) -> None:
    """As if its bytes had come with the request, a crop included."""
    by_url = reaching.search(terms=[{"image": {"url": f"{host.url}/200/a.jpg"}, "crop": [0, 0, 0.5, 1]}])
    by_data = reaching.search(terms=[{"image": {"data": encoded(PICTURE)}, "crop": [0, 0, 0.5, 1]}])

    assert by_url["hits"] == by_data["hits"]
    assert by_url["hits"][0]["product"]["id"] == "like-it"


def test_sixteen_urls_are_fetched(reaching: Shop, host: PictureHost) -> None:
    """Redirected too."""
    terms = [{"image": {"url": f"{host.url}/to?/200/{number}"}} for number in range(16)]

    assert reaching.found(terms=terms)[0] == "like-it"


@pytest.mark.parametrize(
    "path", ["404/a.jpg", "503/a.jpg", "cut", "packed", "many", "round/9", "nowhere", "to?file:///etc"]
)
def test_a_host_that_fails_is_the_urls_fault(reaching: Shop, host: PictureHost, path: str) -> None:
    """A 422 that names it, whoever could mend it: for this request the URL is no use."""
    assert culprits(reaching.refused(terms=[{"image": {"url": f"{host.url}/{path}"}}])) == [WHERE]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.2/a.jpg",
        "http://[::1]/",
        "http://169.254.169.254/latest",
        "http://2130706433/",
        "http://10.0.0.1/",
    ],
)
def test_a_private_address_is_refused(reaching: Shop, url: str) -> None:
    """However it is spelt."""
    assert culprits(reaching.refused(terms=[{"image": {"url": url}}])) == [WHERE]


def test_a_redirect_to_a_private_address_is_refused(reaching: Shop, host: PictureHost) -> None:
    """Each hop is judged like the first."""
    url = f"{host.url}/to?http%3A%2F%2F127.0.0.2%2Fa.jpg"

    assert culprits(reaching.refused(terms=[{"image": {"url": url}}])) == [WHERE]


@pytest.mark.parametrize(
    "url", ["http://no.such.host.invalid/a.jpg", "http://127.0.0.1:1/a.jpg", "http://", "http://a:b@c/"]
)
def test_what_cannot_be_reached_is_a_problem(reaching: Shop, url: str) -> None:
    """And never a failure of ours."""
    assert culprits(reaching.refused(terms=[{"image": {"url": url}}])) == [WHERE]


@pytest.mark.parametrize(
    "url",
    ["own.png", "/etc/passwd", "file:///etc/passwd", "data:image/png;base64,AA==", "ftp://a/b.png", "", "http:own.png"],
)
def test_only_the_web_is_asked(reaching: Shop, url: str) -> None:
    """A request names no file of ours, though products may; what is data is sent as data."""
    assert culprits(reaching.refused(terms=[{"image": {"url": url}}])) == [WHERE]


def test_what_is_no_picture_is_refused(reaching: Shop, host: PictureHost) -> None:
    """As an upload would be."""
    terms = [{"text": "a"}, {"image": {"url": f"{host.url}/surplus"}}]

    assert culprits(reaching.refused(terms=terms)) == ["terms.1.image"]


def test_a_host_that_says_nothing_is_given_up(
    reaching: Shop, host: PictureHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long before ingest would."""
    monkeypatch.setattr(query_pictures, "FETCH_SECONDS", 0.2)

    answer = reaching.refused(terms=[{"image": {"url": f"{host.url}/silent"}}])

    assert culprits(answer) == [WHERE]
    assert "0.2 s" in answer["detail"]


@pytest.mark.parametrize("source", [{}, {"url": "http://a/b", "data": "AA=="}, {"url": "http://a/b", "part": 0}])
def test_a_picture_has_one_source(reaching: Shop, source: dict[str, object]) -> None:
    """Data, a URL or a part."""
    assert culprits(reaching.refused(terms=[{"image": source}])) == ["terms.0.image"]
