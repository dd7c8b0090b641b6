"""The faults, each for as long as it is told."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING

import httpx

from tests.builders import bare, upserted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from random import Random

    from tests.demo import Demo
    from tests.encoders.picture_host import PictureHost
    from tests.faults.campaign import Suffering
    from tests.faults.clocks import Clock
    from tests.forks import Child, Command

CHUNK = bytes(2**20)
WARM_SECONDS = 1.0
DECADE_SECONDS = 3_650 * 86_400
DATE_SECONDS = 60


def killed(suffering: Suffering, *, seconds: float, chance: Random) -> None:
    """Kill -9 some seconds after it was well again, and start it, until the time is up; at least once."""
    demo, until = suffering.campaign.demo, time.monotonic() + seconds
    while not suffering.seconds or time.monotonic() < until:
        time.sleep(chance.uniform(1, 6))
        demo.kill()
        demo.start()
        suffering.is_over()


def broker_down(suffering: Suffering, *, seconds: float) -> None:
    """Stop the broker for a while."""
    broker = suffering.campaign.broker
    broker.stop()
    time.sleep(seconds)
    broker.start()
    suffering.is_over()


def disk_full(suffering: Suffering, *, seconds: float) -> None:
    """Fill the disk to the last byte for a while, in which new products come, too: they are encoded, then they wait."""
    disk, demo = suffering.campaign.disk, suffering.campaign.demo
    assert disk is not None, "only where we may mount a file system"
    ballast = disk / "ballast"
    _fill(ballast)
    suffering.campaign.traffic.send([upserted(bare(f"new-{number}", title=f"New {number}")) for number in range(20)])
    time.sleep(seconds)
    ballast.unlink()
    suffering.is_over()
    demo.wait(lambda: demo.get("/v1/products/new-19") is not None, "the new products")


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(CHUNK)
        except OSError:
            return


def slow_pictures(suffering: Suffering, *, host: PictureHost, count: int) -> None:
    """Send products whose pictures trickle in for ever, each fetched until its time is up."""
    events = [upserted(bare(f"slow-{number}", images=[f"{host.url}/slow/{number}"])) for number in range(count)]
    suffering.campaign.traffic.send(events)
    last = f"/v1/products/slow-{count - 1}"
    suffering.campaign.demo.wait(lambda: suffering.campaign.demo.get(last) is not None, "the last of them")
    suffering.is_over()


def terminated(suffering: Suffering) -> None:
    """SIGTERM; whoever honours readiness sends elsewhere, here: nothing until the next process is ready."""
    campaign = suffering.campaign
    campaign.traffic.honours_readiness = True
    time.sleep(WARM_SECONDS)
    campaign.demo.tell(signal.SIGTERM)
    assert campaign.demo.ended() == 0, campaign.demo.told()
    campaign.demo.start()
    suffering.is_over()
    campaign.traffic.honours_readiness = False


@contextmanager
def clocked(demo: Demo, clock: Clock | None, launch: Callable[[Command], Child]) -> Iterator[None]:
    """Let the processes that are started in the block have this clock, if there is one."""
    right, usual = demo.settings, demo.launch
    if clock is not None:
        demo.settings, demo.launch = {**right, **clock.settings}, launch
    yield
    demo.settings, demo.launch = right, usual


def clock_jumps(suffering: Suffering, *, clock: Clock, seconds: float) -> None:
    """Have the process's clock jump ten years ahead, then ten years back, and be right again, each for a while.

    Each jump is seen in the `Date` of its answers.
    """
    demo = suffering.campaign.demo
    for jump in (DECADE_SECONDS, -DECADE_SECONDS, 0):
        clock.jump(jump)
        demo.wait(partial(_is_off_by, demo, jump), f"a clock that is {jump} s off")
        suffering.is_over()
        time.sleep(seconds)


def _is_off_by(demo: Demo, seconds: int) -> bool:
    answer = httpx.get(f"http://127.0.0.1:{demo.port}/livez", trust_env=False, timeout=10)
    told = parsedate_to_datetime(answer.headers["date"]).timestamp()
    return abs(told - time.time() - seconds) < DATE_SECONDS


def broken_model(suffering: Suffering, *, folder: Path) -> None:
    """Start with a model folder that holds no model, as after a bad deploy; then with the right one."""
    demo = suffering.campaign.demo
    demo.kill()
    right = demo.settings
    demo.settings = {**right, "VITRINE_ENCODERS__TEXT": str(folder)}
    demo.start()
    assert demo.ended() == 2, demo.told()
    assert str(folder) in demo.told(), demo.told()
    demo.settings = right
    demo.start()
    suffering.is_over()


def named(happens: Callable[..., None], **how: object) -> Callable[[Suffering], None]:
    """Return a fault with how it is to be."""
    return partial(happens, **how)
