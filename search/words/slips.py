"""How far a typed word may be from the one that was meant, and the nearest of many: one measure for all of search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import OSA

if TYPE_CHECKING:
    from collections.abc import Sequence

_ONE_SLIP: Final = 4
_TWO_SLIPS: Final = 7


class Near(NamedTuple):
    """A word and how many slips it is away: letters put in, left out, changed, or swapped with a neighbour."""

    word: str
    slips: int


def most_slips(word: str) -> int:
    """Return how many slips a word of this length may hold: none below four letters, two from seven on."""
    return 0 if len(word) < _ONE_SLIP else 1 if len(word) < _TWO_SLIPS else 2


def near(word: str, among: Sequence[str], slips: int) -> list[Near]:
    """Return the words that are at most so many slips away; the first letter is right, or swapped with the second."""
    found = process.extract(word, among, scorer=OSA.distance, score_cutoff=slips, limit=None)
    return [Near(other, distance) for other, distance, _ in found if _begins_alike(word, other)]


def _begins_alike(word: str, other: str) -> bool:
    return word[:1] == other[:1] or (word[1:2] == other[:1] and word[:1] == other[1:2])
