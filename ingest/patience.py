"""Patience: a step that an outage stands in the way of is done again until it is over, or the worker is to stop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TypeVar

import structlog

from catalog.errors import Unavailable

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

_T = TypeVar("_T")
_FIRST_WAIT_SECONDS: Final = 0.2
_LONGEST_WAIT_SECONDS: Final = 5.0
_log = structlog.get_logger(__name__)


class Stopped(Exception):  # noqa: N818 - it is no error
    """The loop was asked to end before it was done; what is not committed is read again."""


def patiently(step: Callable[[], _T], stopping: threading.Event) -> _T:
    """Do a step, again and again through an outage: nothing is skipped, nothing is dead-lettered.

    Raises `Stopped` if told to stop while waiting.
    """
    wait_seconds, since = _FIRST_WAIT_SECONDS, None
    while True:
        try:
            done = step()
        except Unavailable as error:
            since = since or time.monotonic()
            _log.warning("waiting out an outage", error=str(error), wait_seconds=wait_seconds)
            if stopping.wait(wait_seconds):
                raise Stopped from error
            wait_seconds = min(2 * wait_seconds, _LONGEST_WAIT_SECONDS)
        else:
            if since is not None:
                _log.info("the outage is over", seconds=round(time.monotonic() - since, 1))
            return done
