"""How hard one host is asked: so many pictures at once, so many a second, none while it asks for that or is silent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from catalog.errors import PictureUnavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Clock = Callable[[], float]
"""Monotonic seconds."""

Sleep = Callable[[float], Awaitable[None]]

_HOSTS_REMEMBERED: Final = 1_000
_LONGEST_PAUSE_SECONDS: Final = 300.0
"""One answer of one host must not keep a shop from all its pictures there for longer."""

_SILENCE_SECONDS: Final = 60.0
"""How long a host is left alone that kept all its places waiting in vain: each more would cost a whole time-out."""

_A_WHOLE_TOKEN: Final = 1 - 1e-6  # what rounding may lack


@dataclass(frozen=True, slots=True)
class HostLimits:
    """What one host is asked for: pictures at once (as many may start at once), and starts a second on average."""

    connections: int = 8
    requests_per_second: float = 200.0


class HostPaused(Exception):  # noqa: N818 - not an error of ours: the host said so
    """A host is left alone for so many more seconds: it asked for it, or it has kept us waiting in vain."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"for {seconds:.0f} s more")
        self.seconds = seconds


class TokenBucket:
    """Tokens that come at a rate up to a number: a burst is short, the rate holds over time. Pure: time is told."""

    def __init__(self, per_second: float, capacity: float, now_seconds: float) -> None:
        self._per_second = per_second
        self._capacity = capacity
        self._tokens = capacity
        self._at_seconds = now_seconds

    def wait_seconds(self, now_seconds: float) -> float:
        """Return how long until there is a token: 0 where there is one."""
        self._fill(now_seconds)
        return 0.0 if self._tokens >= _A_WHOLE_TOKEN else (1 - self._tokens) / self._per_second

    def take(self, now_seconds: float) -> None:
        """Take a token that is there."""
        self._fill(now_seconds)
        self._tokens -= 1

    def full(self, now_seconds: float) -> bool:
        """Whether the bucket is as new."""
        self._fill(now_seconds)
        return self._tokens >= self._capacity

    def _fill(self, now_seconds: float) -> None:
        passed_seconds = max(0.0, now_seconds - self._at_seconds)
        self._tokens = min(self._capacity, self._tokens + passed_seconds * self._per_second)
        self._at_seconds = now_seconds


@dataclass(slots=True)
class _Host:
    bucket: TokenBucket
    places: asyncio.Semaphore
    users: int = 0
    silences: int = 0
    paused_until_seconds: float = float("-inf")


class Hosts:
    """Gives turns at hosts, by name; used in one event loop."""

    def __init__(
        self,
        limits: HostLimits,
        *,
        patience_seconds: float,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._limits = limits
        self._patience_seconds = patience_seconds
        self._clock = clock
        self._sleep = sleep
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Hold one of the host's places for the block, when there is one and the rate allows.

        Raises `HostPaused` where the host is left alone, `PictureUnavailable` after `patience_seconds` of waiting.
        """
        host = self._host(name)
        host.users += 1
        try:
            async with asyncio.timeout(self._patience_seconds) as waiting, host.places:
                await self._start(host)
                waiting.reschedule(None)
                yield
        except TimeoutError as error:
            if not waiting.expired():
                raise
            raise PictureUnavailable(f"too many pictures are waiting for {name:.100}") from error
        finally:
            host.users -= 1

    def pause(self, name: str, seconds: float) -> None:
        """Ask the host for nothing for so long, five minutes at most."""
        host = self._host(name)
        until_seconds = self._clock() + min(seconds, _LONGEST_PAUSE_SECONDS)
        host.paused_until_seconds = max(host.paused_until_seconds, until_seconds)

    def silent(self, name: str) -> None:
        """Note that a host let a request time out; after as many in a row as it has places it is left alone."""
        host = self._host(name)
        host.silences += 1
        if host.silences >= self._limits.connections:
            self.pause(name, _SILENCE_SECONDS)

    def answered(self, name: str) -> None:
        """Note that a host has answered, whatever it said."""
        self._host(name).silences = 0

    def __len__(self) -> int:
        return len(self._hosts)

    async def _start(self, host: _Host) -> None:
        self._refuse_if_paused(host)
        while wait_seconds := host.bucket.wait_seconds(self._clock()):
            await self._sleep(wait_seconds)
            self._refuse_if_paused(host)
        host.bucket.take(self._clock())

    def _refuse_if_paused(self, host: _Host) -> None:
        left_seconds = host.paused_until_seconds - self._clock()
        if left_seconds > 0:
            raise HostPaused(left_seconds)

    def _host(self, name: str) -> _Host:
        if name not in self._hosts:
            if len(self._hosts) >= _HOSTS_REMEMBERED:
                self._forget_idle()
            bucket = TokenBucket(self._limits.requests_per_second, self._limits.connections, self._clock())
            self._hosts[name] = _Host(bucket, asyncio.Semaphore(self._limits.connections))
        return self._hosts[name]

    def _forget_idle(self) -> None:
        """Forget the hosts of which nothing is known that a new one would not have."""
        now_seconds = self._clock()
        for name, host in list(self._hosts.items()):
            idle = not host.users and not host.silences and host.paused_until_seconds <= now_seconds
            if idle and host.bucket.full(now_seconds):
                del self._hosts[name]
