"""What is to befall a storm, and what befell it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Weather:
    """How long the events take to send, how often a worker is killed, and when (shares of it) what else happens.

    A worker is stunned for so long that the group gives it up, and wakes with a batch in hand that is another's now.
    """

    seconds: float
    kill_every_seconds: float
    workers_stunned_at: Sequence[float] = ()
    broker_killed_at: Sequence[float] = ()
    broker_stopped_at: Sequence[float] = ()
    engine_killed_at: Sequence[float] = ()
    seed: int = 1


@dataclass(slots=True)
class Told:
    """What happened."""

    killed: int = 0
    stopped: int = 0
    stunned: int = 0
    broker_restarts: int = 0
    engine_restarts: int = 0
    seconds: float = 0.0
    settled_seconds: float = 0.0
    died_at: dict[str, int] = field(default_factory=dict)
