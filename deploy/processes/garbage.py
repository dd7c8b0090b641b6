"""Python's cyclic garbage collector, told what a process of ours is like: it makes much at its start, which stays."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEW_OBJECTS: Final = 50_000
_YOUNG_ROUNDS, _OLD_ROUNDS = 10, 100


@contextmanager
def unsought() -> Iterator[None]:
    """Look for no garbage while a block imports, nor later in what it made: a third of a million objects, to stay.

    Looking there would take a tenth of the time of a start, and half as much again when `settle` is called.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def settle() -> None:
    """Say that whatever start-up made stays, and that new objects need no look until there are many.

    A batch of products makes objects by the thousand and no cycles, and each full collection walks the models' too: by
    default that takes a quarter of the time of price events, and stops every query for 0.2 s.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, _YOUNG_ROUNDS, _OLD_ROUNDS)


def let_go() -> None:
    """Look at what start-up made again: some of it is no longer used, and what refers to itself goes only so."""
    gc.unfreeze()
