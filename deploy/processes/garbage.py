"""Python's cyclic garbage collector, told what a process of ours is like."""

from __future__ import annotations

import gc
from typing import Final

_NEW_OBJECTS: Final = 50_000
_YOUNG_ROUNDS, _OLD_ROUNDS = 10, 100


def settle() -> None:
    """Say that whatever start-up made stays, and that new objects need no look until there are many.

    A batch of products makes objects by the thousand and no cycles, and each full collection walks the models' too: by
    default that takes a quarter of the time of price events, and holds up whatever query runs beside it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, _YOUNG_ROUNDS, _OLD_ROUNDS)
