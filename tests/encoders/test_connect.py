"""Connections go to the address that was checked, under the name that was asked for."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from contextlib import asynccontextmanager, closing
from ipaddress import ip_network
from shutil import which
from typing import TYPE_CHECKING

import httpx
import pytest

from catalog.errors import InvalidPicture
from encoders.pictures.addresses import AddressRules
from encoders.pictures.connect import CheckedTransport, system_addresses
from tests.encoders.picture_host import PICTURE, Names, PictureHost, running_host

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from encoders.pictures.connect import Resolver

TIMEOUTS = {"timeout": {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 5.0}}
LOOPBACK = AddressRules((ip_network("127.0.0.1"),))


@pytest.fixture(scope="module")
def host() -> Iterator[PictureHost]:
    """Run a picture host."""
    with running_host() as host:
        yield host


@pytest.fixture
def other() -> Iterator[PictureHost]:
    """Run a host on an address that the rules do not name."""
    with running_host("127.0.0.2") as other:
        yield other


@asynccontextmanager
async def connecting(
    rules: AddressRules, resolve: Resolver, tls: ssl.SSLContext | None = None
) -> AsyncIterator[CheckedTransport]:
    """Give a transport."""
    async with CheckedTransport(rules, resolve, tls or ssl.create_default_context()) as transport:
        yield transport


async def get(transport: CheckedTransport, url: str) -> bytes:
    """Return what a URL answers."""
    request = httpx.Request("GET", url, extensions=TIMEOUTS)
    response = await transport.handle_async_request(request)
    try:
        return b"".join([piece async for piece in response.aiter_raw()])
    finally:
        await response.aclose()


async def test_the_connection_goes_to_the_checked_address(host: PictureHost) -> None:
    """Under the host's name, which no other resolver would know."""
    names = Names([["127.0.0.1"]])

    async with connecting(host.rules(), names) as transport:
        assert await get(transport, f"http://cdn.example:{host.port}/close") == PICTURE

    assert names.asked == ["cdn.example"]
    assert host.headers["host"] == f"cdn.example:{host.port}"


async def test_a_name_that_changes_its_mind_is_refused(host: PictureHost, other: PictureHost) -> None:
    """First an address that may be, then one that may not: there is no look-up between check and connection."""
    names = Names([["127.0.0.1"], ["127.0.0.2"]])
    rules = AddressRules(host.rules().allowed_networks, frozenset({host.port, other.port}))

    async with connecting(rules, names) as transport:
        assert await get(transport, f"http://cdn.example:{host.port}/close") == PICTURE
        with pytest.raises(InvalidPicture, match=r"cdn\.example leads to a loopback address"):
            await get(transport, f"http://cdn.example:{other.port}/close")

    assert len(names.asked) == 2
    assert other.asked == []
    assert other.server.connections == 0


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1", "127.0.0.2"], ["127.0.0.1", "10.0.0.1"], ["127.0.0.1", "::1"], ["8.8.8.8", "::ffff:127.0.0.1"]],
)
async def test_every_address_of_a_name_is_judged(host: PictureHost, addresses: list[str]) -> None:
    """One that may not be is enough, wherever it stands."""
    before = host.server.connections
    for order in (addresses, addresses[::-1]):
        async with connecting(host.rules(), Names([order])) as transport:
            with pytest.raises(InvalidPicture, match="VITRINE_IMAGES__ALLOWED_NETWORKS"):
                await get(transport, f"http://cdn.example:{host.port}/close")

    assert host.server.connections == before


async def test_the_next_address_is_tried_where_one_does_not_answer(host: PictureHost) -> None:
    """As a browser would."""
    async with connecting(host.rules("127.0.0.0/8"), Names([["127.0.0.9", "127.0.0.1"]])) as transport:
        assert await get(transport, f"http://cdn.example:{host.port}/close") == PICTURE


@pytest.mark.parametrize("addresses", [[], ["127.0.0.9", "127.0.0.8"]])
async def test_no_address_that_answers_is_an_outage(host: PictureHost, addresses: list[str]) -> None:
    """Unknown names and refused connections may pass."""
    async with connecting(host.rules("127.0.0.0/8"), Names([addresses])) as transport:
        with pytest.raises(httpx.TransportError):
            await get(transport, f"http://cdn.example:{host.port}/close")


async def test_a_resolver_that_does_not_answer_is_given_up(host: PictureHost) -> None:
    """Within the time for connecting."""

    async def silent(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        raise AssertionError

    async with connecting(host.rules(), silent) as transport:
        request = httpx.Request("GET", "http://cdn.example/", extensions={"timeout": {"connect": 0.01}})
        with pytest.raises(httpx.TransportError, match="did not come in time"):
            await transport.handle_async_request(request)


async def test_a_connection_that_was_checked_is_used_again(host: PictureHost) -> None:
    """Ten pictures of a host cost one look-up and one connection."""
    names, before = Names([["127.0.0.1"]]), host.server.connections

    async with connecting(host.rules(), names) as transport:
        for _ in range(10):
            assert await get(transport, f"http://cdn.example:{host.port}/200") == PICTURE

    assert names.asked == ["cdn.example"]
    assert host.server.connections == before + 1


@pytest.mark.parametrize(
    "spelling",
    ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "127.0.1", "0x7f.1", "0"],
)
async def test_odd_spellings_are_read_as_the_system_reads_them(spelling: str) -> None:
    """Whatever it makes of them is what is judged."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with closing(socket.create_connection((spelling, listener.getsockname()[1]))) as connection:
            connected = connection.getpeername()[0]

    addresses = await system_addresses(spelling, 80)

    assert connected == "127.0.0.1"
    assert addresses == (["0.0.0.0"] if spelling == "0" else ["127.0.0.1"])


async def test_tls_is_asked_for_under_the_name() -> None:
    """The name stands in the first message, though the connection goes to an address."""
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(4096))
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with connecting(LOOPBACK, Names([["127.0.0.1"]])) as transport:
            with pytest.raises(httpx.TransportError):
                await get(transport, f"https://cdn.example:{port}/")

    assert b"cdn.example" in heard[0]


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """Return a certificate for cdn.example and its key."""
    if which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
         key, "-out", certificate, "-days", "2", "-subj", "/CN=shop", "-addext", "subjectAltName=DNS:cdn.example"],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


async def test_the_certificate_must_be_the_names(certificate: tuple[Path, Path]) -> None:
    """Not the address's, and not another name's."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(*certificate)
    trusting = ssl.create_default_context(cafile=str(certificate[0]))

    with running_host(tls=serving) as host:
        async with connecting(host.rules(), Names([["127.0.0.1"]]), trusting) as transport:
            assert await get(transport, f"https://cdn.example:{host.port}/close") == PICTURE
            with pytest.raises(httpx.TransportError, match="certificate"):
                await get(transport, f"https://other.example:{host.port}/close")
