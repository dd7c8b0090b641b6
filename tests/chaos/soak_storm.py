"""The storm at full length, 20,000 events over 2,000 products: it prints what happened and what differed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.chaos.shop import Shop
from tests.chaos.storm import storming
from tests.chaos.verdict import judge
from tests.chaos.weather import Weather

if TYPE_CHECKING:
    from tests.broker import Broker

FULL = Weather(
    seconds=180,
    kill_every_seconds=2.0,
    broker_killed_at=[0.2, 0.6],
    broker_stopped_at=[0.4],
    engine_killed_at=[0.3, 0.5, 0.8],
    workers_stunned_at=[0.1, 0.25, 0.35, 0.55, 0.7, 0.9],
    seed=7,
)


@pytest.mark.kafka
@pytest.mark.timeout(1_800)
def test_a_storm(own_broker: Broker) -> None:
    """Zero differences, zero lost, dead letters exactly the poisoned records."""
    with storming(own_broker, FULL) as storm:
        storm.rage(Shop(events=20_000, products=2_000, seed=FULL.seed).messages())
        verdict = judge(storm)
        sys.stdout.write(f"\n{storm.told}\nrebalances: {storm.rebalances()}\n{verdict}\n")

        assert verdict.differences == []
        assert (verdict.missing_letters, verdict.needless_letters) == ([], [])
        assert storm.told.killed > 30
