"""Which addresses the API may listen on; light, so that a wrong one is refused at once."""

from __future__ import annotations

import ipaddress

from catalog.errors import Misconfigured


def check_address(host: str) -> None:
    """Raise `Misconfigured` unless the address is loopback: without keys nobody else may ask."""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise Misconfigured(
            f"there are no API keys, so listening on {host} would let anybody in: listen on 127.0.0.1 "
            "(VITRINE_API__HOST), put a proxy in front, or say --insecure if the network is trusted"
        )
