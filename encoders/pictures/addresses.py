"""Which addresses and ports pictures may come from: public ones, and the networks that the shop names.

The tables are IANA's special-purpose registries (https://www.iana.org/assignments/iana-ipv4-special-registry and
…/iana-ipv6-special-registry, the latter as of 2024-10-22) and the metadata services of the large clouds. The rules
follow what public guards learnt: judge the address that the socket will have, never how the host is spelt (Advocate,
https://github.com/JordanMilne/Advocate); look into IPv6 addresses that carry an IPv4 one (useplunk/plunk#449,
rommapp/romm#3675). What no table can know: a NAT64 prefix of a network's own, and public addresses that are ours or
that only this network reaches; there a firewall or a network policy around the process must help.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

WEB_PORTS: Final = frozenset({80, 443})

_NEVER: Final = {
    "0.0.0.0/8": "an unspecified address",
    "169.254.0.0/16": "a link-local address",
    "224.0.0.0/4": "a multicast address",
    "255.255.255.255/32": "a broadcast address",
    "::/128": "an unspecified address",
    "fe80::/10": "a link-local address",
    "ff00::/8": "a multicast address",
    "100.100.100.200/32": "a metadata service",  # Alibaba Cloud
    "168.63.129.16/32": "a metadata service",  # Azure; a public address by every other table
    "192.0.0.192/32": "a metadata service",  # Oracle Cloud, classic
    "fd00:ec2::/32": "a metadata service",  # AWS: instances, EKS pods, name server
    "fd00:c1::a9fe:a9fe/128": "a metadata service",  # Oracle Cloud
    "fd00:42::42/128": "a metadata service",  # Scaleway
    "fd20:ce::254/128": "a metadata service",  # Google Cloud
}
"""Where no setting leads: nothing there is a picture host, and much of it is what an attacker is after."""

_SPECIAL: Final = {
    "10.0.0.0/8": "a private address",
    "100.64.0.0/10": "a shared address of a carrier",
    "127.0.0.0/8": "a loopback address",
    "172.16.0.0/12": "a private address",
    "192.0.0.0/24": "a reserved address",
    "192.0.2.0/24": "an address for documentation",
    "192.88.99.0/24": "a 6to4 relay",
    "192.168.0.0/16": "a private address",
    "198.18.0.0/15": "an address for benchmarks",
    "198.51.100.0/24": "an address for documentation",
    "203.0.113.0/24": "an address for documentation",
    "240.0.0.0/4": "a reserved address",
    "::1/128": "a loopback address",
    "::ffff:0:0/96": "an IPv4-mapped address",
    "::ffff:0:0:0/96": "an IPv4-translated address",
    "64:ff9b::/96": "a NAT64 address",
    "64:ff9b:1::/48": "a NAT64 address",
    "2001::/32": "a Teredo address",
    "2001::/23": "a reserved address",
    "2001:db8::/32": "an address for documentation",
    "2002::/16": "a 6to4 address",
    "3fff::/20": "an address for documentation",
    "fc00::/7": "a private address",
    "fec0::/10": "a site-local address",
    "::/3": "a reserved address",  # these three: whatever is not 2000::/3, the part of IPv6 that is handed out
    "4000::/2": "a reserved address",
    "8000::/1": "a reserved address",
}
"""Where only a network that the shop names leads; the first that fits gives the reason."""

_NEVER_NETWORKS: Final = tuple((ip_network(network), what) for network, what in _NEVER.items())
_SPECIAL_NETWORKS: Final = tuple((ip_network(network), what) for network, what in _SPECIAL.items())
_IPV4_AT_THE_END: Final = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::ffff:0:0:0/96")))
_ISATAP: Final = frozenset({b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe"})


@dataclass(frozen=True, slots=True)
class AddressRules:
    """Where connections may go: to `allowed_ports` of public addresses and of `allowed_networks`."""

    allowed_networks: tuple[IPNetwork, ...] = ()
    allowed_ports: frozenset[int] = WEB_PORTS

    def objection(self, address: IPAddress) -> str | None:
        """Return what an address is that makes it one not to connect to, None where it may be.

        One that carries an IPv4 address is judged by both, so that naming a NAT64 prefix opens no private network.
        """
        if isinstance(address, IPv6Address) and address.scope_id is not None:
            return "an address with a zone"
        for inner in embedded(address):
            if (objection := self.objection(inner)) is not None:
                return objection
        never = _first(_NEVER_NETWORKS, address)
        if never is not None or any(address in network for network in self.allowed_networks):
            return never
        return _first(_SPECIAL_NETWORKS, address)


def parsed(text: str) -> IPAddress:
    """Return an address as a resolver spells it; raises ValueError for what is none."""
    return ip_address(text)


def embedded(address: IPAddress) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses that an IPv6 one may lead to: mapped, 6to4, Teredo (server, client), NAT64, ISATAP.

    In NAT64's local-use prefix they are read where a /96 has them (RFC 6052); one of another length is then refused.
    """
    if isinstance(address, IPv4Address):
        return ()
    mapped, sixtofour = address.ipv4_mapped, address.sixtofour
    last = IPv4Address(address.packed[12:])
    found = [one for one in (mapped, sixtofour, *(address.teredo or ())) if one is not None]
    if any(address in network for network in _IPV4_AT_THE_END) or address.packed[8:12] in _ISATAP:
        found.append(last)
    return tuple(found)


def _first(networks: tuple[tuple[IPNetwork, str], ...], address: IPAddress) -> str | None:
    return next((what for network, what in networks if address in network), None)
