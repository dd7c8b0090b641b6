"""How large a picture is decoded: as large as its encoder needs it, never larger than any does."""

from __future__ import annotations

from typing import Final

LARGEST_SIDE_PX: Final = 512
_NEEDED_SIDES: Final = 2
"""Twice what a network sees: enough to be scaled down once more, and for a square cut out of 2 : 1."""


def needed_side_px(picture_side_px: int | None) -> int:
    """Return how many pixels a picture's longer side needs, where it has as many, for a network that sees this side.

    An encoder's revision covers it: of fewer pixels becomes another vector, if only by 0.001 of cosine.
    """
    return LARGEST_SIDE_PX if picture_side_px is None else min(LARGEST_SIDE_PX, _NEEDED_SIDES * picture_side_px)
