"""The addresses that a hostile feed would have us fetch, in every spelling that we know: each is refused unasked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from encoders.pictures.answers import Failure, NotFetched
from encoders.pictures.connect import system_addresses
from encoders.pictures.fetch import FetchSettings, PictureFetcher
from tests.encoders.picture_host import Names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LOOPBACK = (
    "http://127.0.0.1/", "http://127.0.0.1:443/", "https://127.0.0.1/", "HTTP://127.0.0.1/", "http://127.0.0.1./",
    "http://127.1/", "http://127.0.1/", "http://127.255.255.254/", "http://0/", "http://0.0.0.0/", "http://0x0/",
    "http://2130706433/", "http://0x7f000001/", "http://0x7F.0x0.0x0.0x1/", "http://017700000001/",
    "http://0177.0.0.1/", "http://0177.0.0.01/", "http://127.0x0.0.1/", "http://00000000177.0.0.1/",
    "http://localhost/", "http://LOCALHOST/", "http://localhost./", "http://LocalHost:80/",
    "http://[::1]/", "http://[0:0:0:0:0:0:0:1]/", "http://[0000::0001]/", "http://[::]/", "http://[::1]:443/",
    "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[0:0:0:0:0:ffff:127.0.0.1]/",
    "http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b:1::7f00:1]/", "http://[2002:7f00:1::]/",
    "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11/", "http://127%2e0%2e0%2e1/",
    "http://%31%32%37.0.0.1/", "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "http://[::1%25lo]/", "http:\\\\127.0.0.1/",
    "http:/127.0.0.1/", "http:///127.0.0.1/", "http://127.0.0.1#@example.com/", "http://127.0.0.1?@example.com/",
    "http://example.com@127.0.0.1/", "http://a:b@127.0.0.1/", "http://example.com\\@127.0.0.1/",
    "http://127.0.0.1\\.example.com/", "http://127.0.0.1%00.example.com/", "http://127.0.0.1\t/", "http://127.0.0.1\n/",
    "http://\x00127.0.0.1/", " http://127.0.0.1/", "http://127.0.0.1 /",
)  # fmt: skip
PRIVATE = (
    "http://10.0.0.1/", "http://10.255.255.255/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.0.1/",
    "http://167772161/", "http://0xa000001/", "http://012.0.0.1/", "http://10.1/", "http://192.168.257/",
    "http://100.64.0.1/", "http://198.18.0.1/", "http://192.0.2.1/", "http://224.0.0.1/", "http://255.255.255.255/",
    "http://240.0.0.1/", "http://[fc00::1]/", "http://[fd12:3456::1]/", "http://[fe80::1]/", "http://[fec0::1]/",
    "http://[ff02::1]/", "http://[::ffff:10.0.0.1]/", "http://[64:ff9b::a00:1]/", "http://[2002:a00:1::]/",
    "http://[2001:db8::1]/", "http://[2001:0:0:0:0:0:f5ff:fffe]/", "http://[2606:4700::5efe:10.0.0.1]/",
)  # fmt: skip
METADATA = (
    "http://169.254.169.254/latest/meta-data/", "http://169.254.169.254/computeMetadata/v1/", "http://2852039166/",
    "http://0xa9fea9fe/", "http://0251.0376.0251.0376/", "http://169.254.43518/", "http://169.16689662/",
    "http://[::ffff:169.254.169.254]/", "http://[::ffff:a9fe:a9fe]/", "http://[64:ff9b::a9fe:a9fe]/",
    "http://[fd00:ec2::254]/", "http://169.254.170.2/v2/credentials/", "http://100.100.100.200/latest/meta-data/",
    "http://192.0.0.192/opc/v2/", "http://168.63.129.16/machine", "http://169.254.169.254.:80/",
)  # fmt: skip
OTHER = (
    "file:///etc/passwd", "FILE:///etc/passwd", "file:/etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:6379/_INFO",
    "dict://127.0.0.1:11211/stats", "ldap://127.0.0.1/", "jar:http://127.0.0.1!/", "unix:///run/docker.sock",
    "http+unix://%2Frun%2Fdocker.sock/", "ws://127.0.0.1/", "javascript:alert(1)", "//127.0.0.1/",
    "http://8.8.8.8:22/", "http://8.8.8.8:6379/", "http://8.8.8.8:6333/collections", "http://8.8.8.8:0/",
)  # fmt: skip
RESOLVED = (
    ["127.0.0.1"], ["169.254.169.254"], ["10.0.0.1"], ["::1"], ["fe80::1%eth0"], ["8.8.8.8", "127.0.0.1"],
    ["::ffff:169.254.169.254"], ["0.0.0.0"],
)  # fmt: skip
"""What a name may lead to: `metadata.google.internal`, `localtest.me`, `127.0.0.1.nip.io` and all their like."""


async def numbers_only(host: str, port: int) -> Sequence[str]:
    """Resolve as the system does, but what it would have to ask another machine for; that leads to our own."""
    if any(letter.isalpha() for letter in host.removeprefix("0x")) and host.lower().rstrip(".") != "localhost":
        return ["127.0.0.1"]
    return await system_addresses(host, port)


@pytest.fixture(scope="module")
def fetcher() -> Iterator[PictureFetcher]:
    """Return a fetcher as it is by default."""
    with PictureFetcher(FetchSettings(), resolve=numbers_only) as fetcher:
        yield fetcher


def assert_refused(fetcher: PictureFetcher, url: str) -> None:
    """Ask for a URL, which must be refused for good, or be no name that this system knows: nobody is connected to."""
    found = fetcher.ask(url)

    assert isinstance(found, NotFetched), url
    assert found.failure is Failure.REFUSED or "has no address" in found.message, (url, found.message)


def test_the_list_is_long() -> None:
    """More than a hundred, no two alike."""
    everything = (*LOOPBACK, *PRIVATE, *METADATA, *OTHER)

    assert len(set(everything)) == len(everything) > 100


@pytest.mark.parametrize("url", [*LOOPBACK, *PRIVATE, *METADATA, *OTHER])
def test_no_spelling_of_an_address_within_is_fetched(fetcher: PictureFetcher, url: str) -> None:
    """Neither our machine, nor its network, nor its cloud, nor anything but pictures on the web."""
    assert_refused(fetcher, url)


@pytest.mark.parametrize("addresses", RESOLVED)
def test_no_name_leads_within(addresses: list[str]) -> None:
    """Whatever its owner's name server says, and by plain HTTP as by TLS."""
    with PictureFetcher(FetchSettings(), resolve=Names([addresses])) as fetcher:
        for url in ("http://metadata.google.internal/", "https://localtest.me/a.jpg"):
            assert_refused(fetcher, url)
