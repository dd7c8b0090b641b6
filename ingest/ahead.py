"""Working ahead: the next of several things is made while the last is dealt with."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

_T = TypeVar("_T")


class OneAhead:
    """A thread that makes one thing more than has been asked for."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)

    def of(self, things: Iterator[_T]) -> Iterator[_T]:
        """Start with the first and return all, in order; each is made in the caller's context.

        What making one raises is raised where that one was due. Whoever stops asking leaves at most one unasked for.
        """
        context = copy_context()

        def submit() -> Future[_T | None]:
            return self._thread.submit(context.run, lambda: next(things, None))

        return _asked(submit(), submit)

    def close(self) -> None:
        """End the thread once it is done with what it makes."""
        self._thread.shutdown(cancel_futures=True)


def _asked(coming: Future[_T | None], submit: Callable[[], Future[_T | None]]) -> Iterator[_T]:
    while (thing := coming.result()) is not None:
        coming = submit()
        yield thing
