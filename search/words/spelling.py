"""Spelling: words that the catalogue does not know are put right where it has one that is near and frequent. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from search.words.misheard import Hearing
from search.words.slips import most_slips, near
from search.words.writing import correctable, folded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from encoders.glossary import Glossary
    from search.words.vocabulary import Vocabulary

MAX_UNKNOWN: Final = 8
"""A text with more unknown words than this is in another language, or no query: it stays as it is."""

_SHORT: Final = 5
_ONE_IN: Final = 10_000
_ONE_IN_SHORT: Final = 1_000
"""In one of so many products a word must be to be meant: chance finds something near every short one."""
_SLIP_COSTS: Final = 2.0
"""Orders of magnitude: a word one slip further away must be a hundred times as frequent to be preferred."""
_WIDE_PUNCTUATION: Final = "\u3001\u3002\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f"
_CHUNK: Final = re.compile(rf"[^\s{_WIDE_PUNCTUATION}]+")
_AROUND: Final = ".,;:!?()[]\"“”'’"
_ENDINGS: Final = ("'s", "s", "es")


@dataclass(frozen=True, slots=True)
class Correction:
    """A text as it was put right, and as it was typed."""

    text: str
    original: str


def correct(text: str, vocabulary: Vocabulary, glossary: Glossary, is_word: Callable[[str], bool]) -> Correction | None:
    """Return the text with its slips put right, None where there is nothing to put right.

    `is_word` knows words that are right whether or not the catalogue has them.
    """
    if not vocabulary.complete:
        return None  # some of the catalogue's words are not at hand: what looks unknown may be one of them
    hearing = Hearing(vocabulary.chinese, glossary, is_word, _least(vocabulary.products, _ONE_IN))
    corrected = hearing.put_right(_spelt(text, vocabulary, glossary, is_word))
    return Correction(corrected, text) if corrected != text else None


def _spelt(text: str, vocabulary: Vocabulary, glossary: Glossary, is_word: Callable[[str], bool]) -> str:
    """Return the text with its words of letters put right."""
    unknown = {
        bare: low
        for chunk in _CHUNK.findall(text)
        if correctable(low := folded(bare := chunk.strip(_AROUND), glossary.simplified))
        and not _is_known(low, vocabulary, is_word)
    }
    if not unknown or len(unknown) > MAX_UNKNOWN:
        return text
    meant = {
        bare: vocabulary.accented.get(word, word) for bare, low in unknown.items() if (word := _meant(low, vocabulary))
    }
    return _CHUNK.sub(lambda chunk: _replaced(chunk[0], meant), text)


def _is_known(word: str, vocabulary: Vocabulary, is_word: Callable[[str], bool]) -> bool:
    """Say whether a word is right as it stands, in singular or plural."""
    more = () if word.endswith("s") else (word + "s",)
    forms = (word, *more, *(word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending)))
    return any(form in vocabulary.known or is_word(form) for form in forms)


def _meant(word: str, vocabulary: Vocabulary) -> str | None:
    """Return the word of the catalogue that was meant: few slips count for more than many products."""
    slips = most_slips(word)
    least = _least(vocabulary.products, _ONE_IN_SHORT if len(word) <= _SHORT else _ONE_IN)
    found = [
        (math.log10(vocabulary.counts[one.word]) - _SLIP_COSTS * one.slips, one.word)
        for length in range(len(word) - slips, len(word) + slips + 1)
        for one in near(word, vocabulary.by_length.get(length, ()), slips)
        if vocabulary.counts[one.word] >= least
    ]
    return max(found)[1] if found else None


def _least(products: int, of: int) -> int:
    """Return in how many products a word must be to be meant: one in so many."""
    return max(1, min(products // of, 100))


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
