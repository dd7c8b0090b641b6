"""A process under traffic, one fault after the other, and for each what it cost."""

from __future__ import annotations

import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.broker import create_topic
from tests.demo import Demo
from tests.faults.goods import Goods
from tests.faults.traffic import Rates, Tally, Traffic
from tests.forks import executed
from tests.index import MEMORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.broker import Broker
    from tests.forks import Child, Command

CATCH_UP_SECONDS = 120.0
DISK = "400m"


@dataclass(frozen=True, slots=True)
class Row:
    """What a fault cost: `lost` products that did not come to what was sent, and the seconds until all was well."""

    fault: str
    tally: Tally
    lost: Sequence[str]
    recovered_seconds: Sequence[float]

    def cells(self) -> list[str]:
        """Return the row of a table."""
        seconds = sorted(self.recovered_seconds)
        times = f"{seconds[-1]:.1f} s" if seconds else "–"
        if len(seconds) > 1:
            times = f"{seconds[len(seconds) // 2]:.1f} s, at most {times}, of {len(seconds)}"
        tally = self.tally
        clients = [f"{tally.unavailable} × 503"] if tally.unavailable else []
        clients += [f"{len(tally.errors)} other errors"] if tally.errors else []
        clients += [f"{tally.away} refused while away"] if tally.away else []
        queries = tally.right + len(tally.wrong) + tally.unavailable + len(tally.errors) + tally.away
        asked = f"{tally.events:,} events, {queries:,} queries"
        return [self.fault, asked, str(len(self.lost)), str(len(tally.wrong)), ", ".join(clients) or "none", times]


TITLES = ["fault", "traffic meanwhile", "events lost", "wrong answers", "errors seen by clients", "time to recover"]


def table(rows: Sequence[Row]) -> str:
    """Return the rows as markdown."""
    lines = [TITLES, ["---"] * len(TITLES), *(row.cells() for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


@dataclass
class Campaign:
    """The process, the broker, and the traffic on both; `disk` is the process's own, None where none can be mounted."""

    broker: Broker
    topic: str
    demo: Demo
    traffic: Traffic
    disk: Path | None
    rows: list[Row] = field(default_factory=list)

    def suffer(self, fault: str, happens: Callable[[Suffering], None]) -> Row:
        """Let a fault happen, wait until all is well, and note what it cost."""
        self.traffic.tally = tally = Tally()
        suffering = Suffering(self)
        happens(suffering)
        self.traffic.is_quiet = True
        lost = self._lost()
        self.rows.append(Row(fault, tally, lost, suffering.seconds))
        self.traffic.is_quiet = False
        return self.rows[-1]

    def _lost(self) -> list[str]:
        deadline = time.monotonic() + CATCH_UP_SECONDS
        while (behind := self.traffic.behind()) and time.monotonic() < deadline:
            time.sleep(0.2)
        return behind


@dataclass
class Suffering:
    """One fault while it lasts."""

    campaign: Campaign
    seconds: list[float] = field(default_factory=list)

    def is_over(self) -> None:
        """Note how long it takes from here until the process is ready and shows what is sent from now on."""
        traffic, started = self.campaign.traffic, time.monotonic()
        (event,) = traffic.goods.changes(1)
        traffic.send([event])
        wanted = event["product_id"], event["version"]
        self.campaign.demo.wait(lambda: traffic.is_fine(*wanted), "an event sent after the fault")
        self.seconds.append(time.monotonic() - started)


@contextmanager
def campaign(
    broker: Broker,
    *,
    products: int,
    rates: Rates,
    launch: Callable[[Command], Child] = executed,
    settings: dict[str, str] | None = None,
) -> Iterator[Campaign]:
    """Have everything running: the products indexed, the traffic on."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="vitrine-", dir=_memory())))
        data = folder / "data"
        data.mkdir()
        disk = stack.enter_context(_small_disk(data))
        topic = create_topic(broker.bootstrap, partitions=3)
        demo = Demo(
            data,
            ["--kafka", broker.bootstrap, "--topic", topic],
            {"VITRINE_KAFKA__GROUP": topic} | (settings or {}),
            launch=launch,
            log=folder / "demo.log",
        )
        stack.enter_context(demo)
        traffic = Traffic(Goods(products), broker.bootstrap, topic, demo.port, rates)
        traffic.is_quiet = True
        stack.enter_context(traffic)
        traffic.send(traffic.goods.first())
        demo.wait(lambda: not traffic.behind(), "the products")
        traffic.is_quiet = False
        yield Campaign(broker, topic, demo, traffic, disk)


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path | None]:
    """Mount a small file system at a folder, where we may: None else."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield folder if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _memory() -> Path | None:
    return MEMORY if MEMORY.is_dir() else None
