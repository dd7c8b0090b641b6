"""Four workers in a storm of 20 s, killed again and again, broker and engine too: the index is the merge of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos.shop import Shop
from tests.chaos.storm import storming
from tests.chaos.verdict import judge
from tests.chaos.weather import Weather

if TYPE_CHECKING:
    from tests.broker import Broker

pytestmark = [pytest.mark.kafka, pytest.mark.long]

SHORT = Weather(
    seconds=20, kill_every_seconds=0.8, broker_killed_at=[0.2], engine_killed_at=[0.6], workers_stunned_at=[0.5, 0.7]
)


def test_a_short_storm(own_broker: Broker) -> None:
    """Nothing is lost, nothing is resurrected, and the dead letters are exactly the poisoned records."""
    with storming(own_broker, SHORT) as storm:
        storm.rage(Shop(events=4_000, products=400, seed=1).messages())
        verdict = judge(storm)

        assert verdict.differences == []
        assert (verdict.missing_letters, verdict.needless_letters) == ([], [])
        assert verdict.poisoned > 60
        assert storm.told.seconds >= SHORT.seconds
        assert storm.told.killed >= 3  # more where cores are idle
        assert sum(storm.told.died_at.values()) > 0
        assert storm.told.stunned == 2
        assert storm.told.broker_restarts == 1
        assert storm.told.engine_restarts == (0 if storm.place.is_on_server else 1)
        assert storm.rebalances() >= 8
