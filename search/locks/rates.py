"""How often a key may ask, and how often one address may offer a wrong one: counted in this process alone."""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING, Final

import limits
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter, SlidingWindowCounterRateLimiter

if TYPE_CHECKING:
    from search.locks.keys import ApiKey

WRONG_KEYS: Final = limits.RateLimitItemPerMinute(30)
_NETWORK_BITS: Final = 64  # of an IPv6 address: what one customer is given at least


class Rates:
    """Counts by key and by address. With several processes each counts on its own: a limit holds for each of them."""

    def __init__(self) -> None:
        self._asked = MovingWindowRateLimiter(MemoryStorage())
        # Counters, and not the times themselves: their storage forgets addresses, and anybody may bring new ones.
        self._guessed = SlidingWindowCounterRateLimiter(MemoryStorage())

    def asked(self, key: ApiKey) -> float:
        """Count a request; return 0 where its key allows one more, else the seconds until it does."""
        if key.rate is None or self._asked.hit(key.rate, key.name):
            return 0.0
        oldest = self._asked.get_window_stats(key.rate, key.name).reset_time
        return max(1.0, oldest - time.time())

    def guessed(self, address: str) -> float:
        """Count a wrong key; return 0 while the address may offer more, else the seconds until it may."""
        network = _network(address)
        if self._guessed.hit(WRONG_KEYS, network):
            return 0.0
        return max(1.0, self._guessed.get_window_stats(WRONG_KEYS, network).reset_time - time.time())


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address  # a socket of the file system, a test's client
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), _NETWORK_BITS), strict=False))
