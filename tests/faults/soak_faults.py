"""Each fault at full length on the real `vitrine demo --kafka`; it prints the table of docs/operations.md."""

from __future__ import annotations

import sys
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.encoders.picture_host import running_host
from tests.faults.campaign import campaign, table
from tests.faults.clocks import clock_at
from tests.faults.kinds import (
    broken_model,
    broker_down,
    clock_jumps,
    clocked,
    disk_full,
    killed,
    named,
    slow_pictures,
    terminated,
)
from tests.faults.traffic import Rates
from tests.forks import executed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.broker import Broker

NO_MODEL, KILLED = "a model folder without a model", "kill -9 again and again, 5 minutes"


@pytest.mark.kafka
@pytest.mark.timeout(1_800)
def test_each_fault(own_broker: Broker, tmp_path: Path) -> None:
    """Five minutes of kill -9, a minute without the broker, and the others; 200 events and 20 queries a second."""
    clock = clock_at(tmp_path)
    no_model = tmp_path / "no-model"
    no_model.mkdir()
    with running_host() as host:
        settings = {
            "VITRINE_IMAGES__ALLOWED_PORTS": str(host.port),
            "VITRINE_IMAGES__ALLOWED_NETWORKS": "127.0.0.1/32",
        }
        with campaign(own_broker, products=500, rates=Rates(), settings=settings) as under:
            under.suffer("broker down for 60 s", named(broker_down, seconds=60))
            under.suffer("24 pictures of a host that trickles", named(slow_pictures, host=host, count=24))
            if under.disk is not None:
                under.suffer("disk full for 30 s", named(disk_full, seconds=30))
            with clocked(under.demo, clock, executed):
                under.suffer("SIGTERM, and a new process", terminated)
                if clock is not None:
                    jumps = named(clock_jumps, clock=clock, seconds=10)
                    under.suffer("its clock ten years ahead, ten years back, and right", jumps)
            under.suffer(NO_MODEL, named(broken_model, folder=no_model))
            under.suffer(KILLED, named(killed, seconds=300, chance=Random(1)))

    told = table(under.rows)
    left_out = {"disk full (no right to mount a file system)": under.disk, "clock (no C compiler)": clock}
    told += "".join(f"\nnot run: {fault}" for fault, there in left_out.items() if there is None)
    sys.stdout.write(f"\n{told}\n")
    assert [row.lost for row in under.rows] == [[]] * len(under.rows), told
    assert [row.tally.wrong for row in under.rows] == [[]] * len(under.rows), told
    assert [row.tally.errors for row in under.rows] == [[]] * len(under.rows), told
    assert {row.fault for row in under.rows if row.tally.away} <= {NO_MODEL, KILLED}, told
