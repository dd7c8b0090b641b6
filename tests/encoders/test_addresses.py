"""Which addresses pictures may come from, with the `ipaddress` module's own tables as a second opinion."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from encoders.pictures.addresses import AddressRules, embedded

PUBLIC_ONLY: Final = AddressRules()
EVERYTHING: Final = AddressRules((ip_network("0.0.0.0/0"), ip_network("::/0")))
ALL_OF_IPV6: Final = AddressRules((ip_network("::/0"),))
OURS_ALONE: Final = tuple(map(ip_network, ("192.88.99.0/24", "192.0.0.0/24", "168.63.129.16/32")))
"""What we refuse and Python calls global, by version: 6to4 relays, the IETF's own addresses, Azure's metadata."""

ipv4 = st.ip_addresses(v=4)
ipv6 = st.ip_addresses(v=6)


def carriers(inner: IPv4Address) -> dict[str, IPv6Address]:
    """Return IPv6 addresses that may lead to an IPv4 one."""
    number, hidden = int(inner), int(inner) ^ 0xFFFFFFFF
    return {
        "mapped": IPv6Address(0xFFFF << 32 | number),
        "translated": IPv6Address(0xFFFF << 48 | number),
        "6to4": IPv6Address(0x2002 << 112 | number << 80 | 1),
        "Teredo client": IPv6Address(0x20010000 << 96 | int(IPv4Address("8.8.8.8")) << 64 | hidden),
        "Teredo server": IPv6Address(0x20010000 << 96 | number << 64 | int(IPv4Address("8.8.8.8")) ^ 0xFFFFFFFF),
        "NAT64": IPv6Address(0x0064FF9B << 96 | number),
        "NAT64, local": IPv6Address(0x0064FF9B0001 << 80 | number),
        "ISATAP": IPv6Address(0x26064700 << 96 | 0x5EFE << 32 | number),
    }


@settings(deadline=None)
@given(ipv4)
def test_an_ipv4_address_that_is_let_through_is_global(address: IPv4Address) -> None:
    """And what is global is let through, but for what only we know."""
    expected = address.is_global and not address.is_multicast and not any(address in network for network in OURS_ALONE)

    assert (PUBLIC_ONLY.objection(address) is None) == expected


@settings(deadline=None)
@given(st.one_of(ipv6, st.ip_addresses(v=6, network="2000::/3")))
def test_an_ipv6_address_that_is_let_through_is_global(address: IPv6Address) -> None:
    """It is handed out by a registry, and no way into something else."""
    let_through = PUBLIC_ONLY.objection(address) is None
    carries = address.sixtofour or address.teredo or address.ipv4_mapped
    handed_out = address.is_global and not address.is_reserved and address in IPv6Network("2000::/3")

    assert not let_through or (handed_out and not address.is_multicast and not carries)


@settings(deadline=None)
@given(st.ip_addresses(v=6, network="2400::/12"))
def test_an_ordinary_ipv6_address_is_let_through(address: IPv6Address) -> None:
    """Unless it carries an IPv4 one."""
    assume(not embedded(address))

    assert PUBLIC_ONLY.objection(address) is None


@settings(deadline=None)
@given(ipv4)
def test_what_carries_a_refused_ipv4_address_is_refused(inner: IPv4Address) -> None:
    """Even where all of IPv6 is named: a NAT64 prefix opens what the IPv4 rules open."""
    refused = ALL_OF_IPV6.objection(inner) is not None

    for way, address in carriers(inner).items():
        assert inner in embedded(address), way
        assert (ALL_OF_IPV6.objection(address) is not None) == refused, way
        assert way == "ISATAP" or PUBLIC_ONLY.objection(address) is not None, way


@settings(deadline=None)
@given(st.one_of(ipv4, ipv6), st.ip_addresses(v=4, network="10.1.2.0/24"))
def test_a_named_network_opens_itself_alone(other: IPv4Address | IPv6Address, named: IPv4Address) -> None:
    """The rest is as before."""
    rules = AddressRules((ip_network("10.1.2.0/24"),))
    assume(other not in ip_network("10.1.2.0/24"))

    assert rules.objection(named) is None
    assert rules.objection(other) == PUBLIC_ONLY.objection(other)


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254",
     "fd20:ce::254", "fd00:c1::a9fe:a9fe", "0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "fe80::1",
     "fe80::1%eth0", "2606:4700::1%eth0", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"],
)  # fmt: skip
def test_no_setting_opens_metadata_and_what_is_no_host(address: str) -> None:
    """Not even one that names every network there is."""
    assert EVERYTHING.objection(ip_address(address)) is not None


@pytest.mark.parametrize(
    ("address", "objection"),
    [
        ("10.0.0.1", "a private address"),
        ("172.31.255.255", "a private address"),
        ("192.168.1.1", "a private address"),
        ("127.0.0.1", "a loopback address"),
        ("100.64.0.1", "a shared address of a carrier"),
        ("198.19.0.1", "an address for benchmarks"),
        ("240.0.0.1", "a reserved address"),
        ("::1", "a loopback address"),
        ("fd12:3456::1", "a private address"),
        ("::ffff:10.0.0.1", "a private address"),
        ("::ffff:8.8.8.8", "an IPv4-mapped address"),
        ("64:ff9b::808:808", "a NAT64 address"),
        ("64:ff9b::7f00:1", "a loopback address"),
        ("64:ff9b:1::808:808", "a NAT64 address"),
        ("2002:808:808::1", "a 6to4 address"),
        ("2001:db8::1", "an address for documentation"),
        ("8.8.8.8", None),
        ("2606:4700::6810:84e5", None),
    ],
)
def test_the_objection_says_what_the_address_is(address: str, objection: str | None) -> None:
    """For whoever wonders why a picture does not come."""
    assert PUBLIC_ONLY.objection(ip_address(address)) == objection


def test_a_network_behind_nat64_names_its_prefix() -> None:
    """Where every name leads to 64:ff9b::/96, public hosts come through, and private ones do not."""
    rules = AddressRules((ip_network("64:ff9b::/96"),))

    assert rules.objection(ip_address("64:ff9b::808:808")) is None
    assert rules.objection(ip_address("64:ff9b::a00:1")) == "a private address"
