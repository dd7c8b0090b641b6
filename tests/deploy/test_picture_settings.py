"""The settings for pictures reach what fetches them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from catalog.errors import InvalidPicture, Misconfigured
from deploy.processes.parts import picture_fetcher
from deploy.settings import load_settings
from tests.encoders.picture_host import PICTURE, PictureHost, running_host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def host() -> Iterator[PictureHost]:
    """Run a picture host in a private network."""
    with running_host() as host:
        yield host


def test_a_network_and_a_port_that_are_named_are_asked(host: PictureHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a shop with a picture host of its own does it."""
    monkeypatch.setenv("VITRINE_IMAGES__ALLOWED_NETWORKS", "10.1.2.0/24, 127.0.0.1")
    monkeypatch.setenv("VITRINE_IMAGES__ALLOWED_PORTS", f"80,443,{host.port}")

    with picture_fetcher(load_settings()) as fetcher:
        assert fetcher.fetch(f"{host.url}/200") == PICTURE


@pytest.mark.parametrize(
    ("variable", "value", "name"),
    [
        ("VITRINE_IMAGES__ALLOWED_NETWORKS", "127.0.0.0/8", "VITRINE_IMAGES__ALLOWED_PORTS"),
        ("VITRINE_IMAGES__ALLOWED_PORTS", "{port}", "VITRINE_IMAGES__ALLOWED_NETWORKS"),
    ],
)
def test_one_of_the_two_is_not_enough(
    host: PictureHost, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, name: str
) -> None:
    """The refusal names the other."""
    monkeypatch.setenv(variable, value.format(port=host.port))

    with picture_fetcher(load_settings()) as fetcher, pytest.raises(InvalidPicture, match=name):
        fetcher.fetch(f"{host.url}/200")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("VITRINE_IMAGES__ALLOWED_NETWORKS", "10.1.2.3/24"),
        ("VITRINE_IMAGES__ALLOWED_NETWORKS", "cdn.example"),
        ("VITRINE_IMAGES__ALLOWED_PORTS", ""),
        ("VITRINE_IMAGES__ALLOWED_PORTS", "80,0"),
        ("VITRINE_IMAGES__ALLOWED_PORTS", "http"),
        ("VITRINE_IMAGES__CONNECT_TIMEOUT_SECONDS", "0"),
        ("VITRINE_IMAGES__MAX_REDIRECTS", "-1"),
        ("VITRINE_IMAGES__HOST_CONNECTIONS", "0"),
        ("VITRINE_IMAGES__HOST_REQUESTS_PER_SECOND", "0"),
    ],
)
def test_a_wrong_value_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    """At the start, with what it takes."""
    monkeypatch.setenv(variable, value)

    with pytest.raises(Misconfigured, match=variable):
        load_settings()
