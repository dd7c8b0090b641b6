"""Spelling: words that the catalogue does not know are put right where it has one that is near and frequent. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from search.words.slips import most_slips, near
from search.words.writing import correctable, folded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from search.words.vocabulary import Vocabulary

MAX_UNKNOWN: Final = 8
"""A text with more unknown words than this is in another language, or no query: it stays as it is."""

_SHORT: Final = 5
_SLIP_COSTS: Final = 2.0
"""Orders of magnitude: a word one slip further away must be a hundred times as frequent to be preferred."""
_CHUNK: Final = re.compile(r"\S+")
_AROUND: Final = ".,;:!?()[]\"“”'’"
_ENDINGS: Final = ("'s", "s", "es")


@dataclass(frozen=True, slots=True)
class Correction:
    """A text as it was put right, and as it was typed."""

    text: str
    original: str


def correct(
    text: str, vocabulary: Vocabulary, simplified: Mapping[int, str], is_word: Callable[[str], bool]
) -> Correction | None:
    """Return the text with its slips put right, None where there is nothing to put right.

    `is_word` knows words that are right whether or not the catalogue has them.
    """
    if not vocabulary.complete:
        return None  # some of the catalogue's words are not at hand: what looks unknown may be one of them
    unknown = {
        bare: low
        for chunk in _CHUNK.findall(text)
        if correctable(bare := chunk.strip(_AROUND))
        and not _is_known(low := folded(bare, simplified), vocabulary, is_word)
    }
    if not unknown or len(unknown) > MAX_UNKNOWN:
        return None
    meant = {bare: word for bare, low in unknown.items() if (word := _meant(low, vocabulary))}
    corrected = _CHUNK.sub(lambda chunk: _replaced(chunk[0], meant), text)
    return Correction(corrected, text) if corrected != text else None


def _is_known(word: str, vocabulary: Vocabulary, is_word: Callable[[str], bool]) -> bool:
    """Say whether a word is right as it stands, in singular or plural."""
    more = () if word.endswith("s") else (word + "s",)
    forms = (word, *more, *(word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending)))
    return any(form in vocabulary.known or is_word(form) for form in forms)


def _meant(word: str, vocabulary: Vocabulary) -> str | None:
    """Return the word of the catalogue that was meant: few slips count for more than many products."""
    slips = most_slips(word)
    least = _least(vocabulary.products, word)
    found = [
        (math.log10(vocabulary.counts[one.word]) - _SLIP_COSTS * one.slips, one.word)
        for length in range(len(word) - slips, len(word) + slips + 1)
        for one in near(word, vocabulary.by_length.get(length, ()), slips)
        if vocabulary.counts[one.word] >= least
    ]
    return max(found)[1] if found else None


def _least(products: int, word: str) -> int:
    """Return in how many products a word must be to be meant: chance finds something near every short word."""
    return max(1, min(products // (1_000 if len(word) <= _SHORT else 10_000), 100))


def _replaced(chunk: str, meant: Mapping[str, str]) -> str:
    bare = chunk.strip(_AROUND)
    word = meant.get(bare)
    if word is None:
        return chunk
    if bare.isupper():
        word = word.upper()
    elif bare.istitle():
        word = word.title()
    return chunk.replace(bare, word, 1)
