"""A broker that is let back in soon after it was killed: its controller waits for the dead one's session to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.broker import Broker

SOON = {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}


@pytest.fixture
def own_broker(tmp_path: Path, pytestconfig: pytest.Config) -> Iterator[Broker]:
    """Return a broker of this test alone."""
    folder = tmp_path / "kafka"
    folder.mkdir()
    yield from running(folder, pytestconfig, SOON)
