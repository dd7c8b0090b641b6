"""How the HTTP server takes signals: SIGTERM drains first, a person at a terminal does not wait."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
import uvicorn

from deploy.processes.draining import DrainingServer
from tests.logs import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable


def served(leave: Callable[[], None], *, drain_seconds: float) -> DrainingServer:
    """Return a server that has started, as far as it knows."""

    async def nothing(*_: object) -> None:
        pass

    server = DrainingServer(uvicorn.Config(nothing), leave=leave, drain_seconds=drain_seconds)
    server.started = True
    return server


def test_sigterm_leaves_first_and_ends_later() -> None:
    """For the time of draining it serves on, not ready."""
    left: list[int] = []
    server = served(lambda: left.append(1), drain_seconds=0.2)

    server.handle_exit(signal.SIGTERM, None)

    assert (left, server.should_exit) == ([1], False)
    wait_until(lambda: server.should_exit, "the end of draining")


@pytest.mark.parametrize(
    "signals", [[signal.SIGINT], [signal.SIGTERM, signal.SIGTERM], [signal.SIGTERM, signal.SIGINT]]
)
def test_a_person_need_not_wait(signals: list[signal.Signals]) -> None:
    """Ctrl-C, or any second signal, ends it at once."""
    server = served(lambda: None, drain_seconds=60)

    for number in signals:
        server.handle_exit(number, None)

    assert server.should_exit


@pytest.mark.parametrize("started", [True, False])
def test_nothing_to_drain_ends_at_once(started: bool) -> None:  # noqa: FBT001 - a case
    """Where no time is given, or nobody was ever served."""
    server = served(lambda: None, drain_seconds=0 if started else 60)
    server.started = started

    server.handle_exit(signal.SIGTERM, None)

    assert server.should_exit
