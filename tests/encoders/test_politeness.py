"""How hard one host is asked, on a clock of the test's own."""

from __future__ import annotations

import asyncio
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import PictureUnavailable
from encoders.pictures.politeness import HostLimits, HostPaused, Hosts, TokenBucket


class Clock:
    """A clock that moves only when somebody sleeps on it."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once."""
        self.seconds += seconds


def hosts(clock: Clock, limits: HostLimits | None = None, *, patience_seconds: float = 20.0) -> Hosts:
    """Return hosts on that clock."""
    return Hosts(limits or HostLimits(), patience_seconds=patience_seconds, clock=clock, sleep=clock.sleep)


@settings(deadline=None)
@given(
    st.floats(0.1, 1000),
    st.integers(1, 20),
    st.lists(st.floats(0, 10), min_size=2, max_size=40),
)
def test_the_rate_holds_over_any_stretch_of_time(per_second: float, capacity: int, pauses: list[float]) -> None:
    """However the requests come, so many start in a stretch as there were tokens, and as many as came meanwhile."""
    bucket, now, starts = TokenBucket(per_second, capacity, 0.0), 0.0, []
    for pause in pauses:
        now += pause
        while wait := bucket.wait_seconds(now):
            now += wait
        bucket.take(now)
        starts.append(now)

    for first, last in combinations(range(len(starts)), 2):
        stretch = starts[last] - starts[first]
        assert last - first + 1 <= capacity + per_second * stretch + 0.01


async def test_a_host_is_asked_at_the_rate(clock: Clock) -> None:
    """After the burst, one each tenth of a second."""
    asked = hosts(clock, HostLimits(connections=2, requests_per_second=10))

    for _ in range(12):
        async with asked.turn("a"):
            pass

    assert clock.seconds == pytest.approx(1001.0, abs=1e-4)


async def test_one_host_does_not_wait_for_another(clock: Clock) -> None:
    """Each has a rate of its own."""
    asked = hosts(clock, HostLimits(connections=1, requests_per_second=0.1))

    for name in "abc":
        async with asked.turn(name):
            pass

    assert clock.seconds == 1000


async def test_only_so_many_have_a_turn_at_once(clock: Clock) -> None:
    """The next comes when one leaves."""
    asked, inside, most = hosts(clock, HostLimits(connections=3)), 0, 0
    full, leave = asyncio.Event(), asyncio.Event()

    async def visit() -> None:
        nonlocal inside, most
        async with asked.turn("a"):
            inside += 1
            most = max(most, inside)
            if inside == 3:
                full.set()
            await leave.wait()
            inside -= 1

    visits = [asyncio.create_task(visit()) for _ in range(10)]
    await full.wait()
    leave.set()
    await asyncio.gather(*visits)

    assert most == 3


async def test_whoever_waits_too_long_goes_without(clock: Clock) -> None:
    """A host that lets everyone wait does not make a queue without end."""
    asked = hosts(clock, HostLimits(connections=1), patience_seconds=0.01)

    async with asked.turn("a"):
        with pytest.raises(PictureUnavailable, match="too many pictures are waiting for a"):
            await asked.turn("a").__aenter__()


async def test_a_time_out_inside_a_turn_is_its_own() -> None:
    """It is not taken for waiting too long."""
    with pytest.raises(TimeoutError, match="inside"):
        async with hosts(Clock()).turn("a"):
            raise TimeoutError("inside")


async def test_a_paused_host_is_left_alone_until_then(clock: Clock) -> None:
    """A shorter pause told later does not shorten it."""
    asked = hosts(clock)
    asked.pause("a", 60)
    asked.pause("a", 1)
    clock.seconds += 20

    with pytest.raises(HostPaused) as paused:
        await asked.turn("a").__aenter__()
    clock.seconds += 40

    assert paused.value.seconds == 40
    async with asked.turn("a"), asked.turn("b"):
        pass


async def test_no_host_is_left_alone_for_longer_than_five_minutes(clock: Clock) -> None:
    """Whatever one answer said."""
    asked = hosts(clock)
    asked.pause("a", 1e9)
    clock.seconds += 301

    async with asked.turn("a"):
        pass


async def test_a_host_that_keeps_everyone_waiting_is_left_alone(clock: Clock) -> None:
    """After as many time-outs in a row as it has places, for a minute; then one more is enough, until it answers."""
    asked = hosts(clock, HostLimits(connections=2))
    asked.silent("a")
    asked.answered("a")
    asked.silent("a")
    async with asked.turn("a"):
        pass
    asked.silent("a")
    with pytest.raises(HostPaused):
        await asked.turn("a").__aenter__()
    clock.seconds += 61
    async with asked.turn("a"):
        asked.silent("a")

    with pytest.raises(HostPaused) as paused:
        await asked.turn("a").__aenter__()

    assert paused.value.seconds == 60


async def test_hosts_are_forgotten_when_nothing_is_to_be_remembered(clock: Clock) -> None:
    """Ten thousand names cost no more memory than one thousand; a paused host stays paused."""
    asked = hosts(clock)
    asked.pause("paused", 200)
    for number in range(10_000):
        async with asked.turn(str(number)):
            clock.seconds += 0.01

    assert len(asked) <= 1_001
    with pytest.raises(HostPaused):
        await asked.turn("paused").__aenter__()


@pytest.fixture
def clock() -> Clock:
    """Return a clock."""
    return Clock()
