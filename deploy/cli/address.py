"""Which addresses the API may listen on; light, so that a wrong one is refused at once."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from catalog.errors import Misconfigured

if TYPE_CHECKING:
    from deploy.settings import ApiSettings


def check_address(api: ApiSettings) -> None:
    """Raise `Misconfigured` unless there are keys or the address is loopback: without keys nobody else may ask."""
    if api.keys_file is not None:
        return
    host = api.host
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise Misconfigured(
            f"there are no API keys, so listening on {host} would let anybody in: name a file of "
            "keys (VITRINE_API__KEYS_FILE; `vitrine search keys new` makes one), listen on 127.0.0.1 "
            "(VITRINE_API__HOST), or say --insecure if the network is trusted"
        )
