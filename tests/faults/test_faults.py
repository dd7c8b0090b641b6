"""Each fault for a moment, under traffic: nothing lost, no wrong answer, no error but what is named."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.encoders.picture_host import running_host
from tests.faults.campaign import campaign, table
from tests.faults.clocks import clock_at
from tests.faults.fake_demo import executed_fake, forked_fake
from tests.faults.kinds import broker_down, clock_jumps, clocked, disk_full, killed, named, slow_pictures, terminated
from tests.faults.traffic import Rates

if TYPE_CHECKING:
    from pathlib import Path

    from tests.broker import Broker

pytestmark = [pytest.mark.kafka, pytest.mark.long]


def test_each_fault_for_a_moment(own_broker: Broker, tmp_path: Path) -> None:
    """Broker, pictures, disk, SIGTERM, clock, kill -9; the full ones are in `make soak`."""
    clock = clock_at(tmp_path)
    with running_host() as host:
        settings = {
            "VITRINE_API__DRAIN_SECONDS": "1",
            "VITRINE_IMAGES__ALLOWED_PORTS": str(host.port),
            "VITRINE_IMAGES__ALLOWED_NETWORKS": "127.0.0.1/32",
            "VITRINE_IMAGES__TIMEOUT_SECONDS": "1",
        }
        with campaign(own_broker, products=20, rates=Rates(), launch=forked_fake, settings=settings) as under:
            under.suffer("broker down", named(broker_down, seconds=1))
            under.suffer("slow pictures", named(slow_pictures, host=host, count=8))
            if under.disk is not None:
                under.suffer("disk full", named(disk_full, seconds=1))
            with clocked(under.demo, clock, executed_fake):
                under.suffer("SIGTERM", terminated)
                if clock is not None:
                    under.suffer("clock", named(clock_jumps, clock=clock, seconds=0))
            under.suffer("kill -9", named(killed, seconds=0, chance=Random(1)))

    told = table(under.rows)
    assert [row.lost for row in under.rows] == [[]] * len(under.rows), told
    assert [row.tally.wrong for row in under.rows] == [[]] * len(under.rows), told
    assert [row.tally.errors for row in under.rows] == [[]] * len(under.rows), told
    assert [row.fault for row in under.rows if row.tally.away] in ([], ["kill -9"]), told
