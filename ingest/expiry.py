"""Tombstones and waiting patches that have served: deleted once no record can come that they are needed against.

A tombstone holds off older events of its product, a waiting patch holds against an older upsert. Both are needed as
long as the log can still have such an event, its retention, and for nothing afterwards. What is due is asked of the
engine, so that the worker needs no timer; run it from time to time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from ingest.patience import Stopped, patiently

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from datetime import datetime

    from ingest.store import Store

BATCH_POINTS: Final = 1_000


@dataclass(slots=True)
class Expired:
    """What came of it: how many were due, and how many of those are done."""

    due: int = 0
    done: int = 0
    finished: bool = False


def expire(
    store: Store, moment: datetime, stopping: threading.Event, *, progress: Callable[[Expired], None]
) -> Expired:
    """Delete what has been invisible, and unchanged, since `moment` or longer.

    An outage of the engine is waited out. `finished` is False where it was told to stop before the end. Safe to kill,
    and to run beside workers: what one of them writes meanwhile stays.
    """
    outcome = Expired()
    try:
        outcome.due = patiently(partial(store.count_hidden, moment), stopping)
        progress(outcome)
        while not (stopping.is_set() or outcome.finished):
            found = patiently(partial(store.forget_hidden, moment, limit=BATCH_POINTS), stopping)
            outcome.done += found
            outcome.finished = found < BATCH_POINTS
            progress(outcome)
    except Stopped:
        outcome.finished = False
    return outcome
