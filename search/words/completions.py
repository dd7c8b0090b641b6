"""Completions while somebody types: the catalogue's titles, brands and categories, found by how words begin.

All phrases are ranked once. A word's beginning is a slice of one sorted list, and the phrases that hold it a slice of
one array, so that an answer costs a few operations on arrays, whatever the catalogue's size.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from encoders.glossary import Glossary, pieces
from search.words.characters import SHORTEST
from search.words.slips import most_slips, near
from search.words.sounds import alike
from search.words.writing import MIN_CHARS, compounds, correctable, folded, is_chinese, parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from encoders.glossary.segments import Piece

_LAST: Final = "\U0010ffff"
_KINDS: Final = ("category", "brand", "title")
_CHINESE_CHARS: Final = 8
_PLURAL: Final = "s"
_TYPED_PARTS: Final = 8
_TYPED_CHARS: Final = 12
_READINGS: Final = 4
_CORRECTABLE: Final = 20_000


@dataclass(frozen=True, slots=True)
class Phrase:
    """Something to search for: its text, whether it is a title, brand or category, and how many products have it."""

    text: str
    kind: str
    count: int
    popularity: float = 0.0


class _Slice(NamedTuple):
    start: int
    end: int


class Completions:
    """Finds the phrases in which each typed word begins a word."""

    def __init__(self, phrases: Iterable[Phrase], glossary: Glossary | None = None) -> None:
        self._glossary = glossary or Glossary({}, {})
        self._phrases = sorted(phrases, key=_rank)
        texts = [folded(phrase.text, self._glossary.simplified) for phrase in self._phrases]
        keys = [" ".join(parts(text)) for text in texts]
        order = sorted(range(len(keys)), key=keys.__getitem__)
        self._keys = [keys[number] for number in order]
        self._by_key = np.array(order, dtype=np.int32)
        self._words, self._starts, self._holders = _posted(
            [*_words(key), *compounds(text)] for key, text in zip(keys, texts, strict=True)
        )
        lengths = range(MIN_CHARS - 1, _TYPED_CHARS + most_slips("a" * _TYPED_CHARS) + 1)
        self._beginnings = {length: self._beginnings_of(length) for length in lengths}

    def find(self, text: str, limit: int) -> list[Phrase]:
        """Return at most `limit` completions of what was typed, those that begin with it first, each text once.

        Where nothing has these words, Chinese is divided into words that need not stand together; where nothing has
        those either, such as are a slip or two away count.
        """
        written = list(parts(folded(text, self._glossary.simplified)))
        if not written:
            return []
        typed = _as_posted(written)
        numbers = [*self._beginning_with(" ".join(written), limit), *self._holding(self._exact(typed), limit)]
        if not numbers:
            words = _as_posted(word for part in written for word in self._cut(part)) or typed
            numbers = (
                self._holding(self._exact(words), limit)
                or self._holding(map(self._readings, typed), limit)
                or self._holding(map(self._readings, words), limit)
            )
        return self._told(numbers, limit)

    def _cut(self, part: str) -> Iterator[str]:
        """Yield the words of a run of Chinese and what stands between them; those that say nothing are left out."""
        if not is_chinese(part):
            yield part
            return
        for is_loose, found in groupby(pieces(part, self._glossary), _is_loose):
            together = list(found)
            if is_loose and any(piece.english is None for piece in together):
                yield "".join(piece.text for piece in together)
            else:
                yield from (piece.text for piece in together if piece.english)

    def _exact(self, typed: Sequence[str]) -> list[list[_Slice]]:
        return [[self._whole(part)] for part in typed[:-1]] + [[self._begun_by(part)] for part in typed[-1:]]

    def _told(self, numbers: Sequence[int], limit: int) -> list[Phrase]:
        told: dict[str, Phrase] = {}
        for number in numbers:
            phrase = self._phrases[number]
            told.setdefault(phrase.text.casefold(), phrase)
        return list(told.values())[:limit]

    def _beginning_with(self, key: str, limit: int) -> list[int]:
        numbers = self._by_key[bisect_left(self._keys, key) : bisect_right(self._keys, key + _LAST)]
        return _smallest(numbers, len(_KINDS) * limit)

    def _holding(self, parts_read: Iterable[Iterable[_Slice]], limit: int) -> list[int]:
        """Return the best phrases that hold, of each part, a word within one of its slices."""
        held = np.ones(len(self._phrases), dtype=np.bool_)
        for slices in parts_read:
            has_part = np.zeros(len(self._phrases), dtype=np.bool_)
            for start, end in slices:
                has_part[self._holders[self._starts[start] : self._starts[end]]] = True
            held &= has_part
            if not held.any():
                return []
        found: list[int] = np.flatnonzero(held)[: len(_KINDS) * limit].tolist()
        return found

    def _whole(self, part: str) -> _Slice:
        """Return the word that a part is, where it is one, or else those that it begins."""
        return self._word(part) or self._begun_by(part)

    def _word(self, part: str) -> _Slice | None:
        start = bisect_left(self._words, part)
        is_word = not is_chinese(part) and start < len(self._words) and self._words[start] == part
        return _Slice(start, start + 1) if is_word else None

    def _begun_by(self, part: str) -> _Slice:
        return _Slice(bisect_left(self._words, part), bisect_right(self._words, part + _LAST))

    def _readings(self, part: str) -> list[_Slice]:
        """Return the words that begin with a part, else its singular, else those that a slip or two were made in."""
        exact = self._begun_by(part)
        if exact.end > exact.start or not part.isalpha():
            return [exact]
        if is_chinese(part):
            return [self._begun_by(other) for other in _sounding_like(part)]
        singular = self._word(part.removesuffix(_PLURAL)) if len(part) >= MIN_CHARS else None
        return [singular] if singular else self._nearest(part[:_TYPED_CHARS])

    def _nearest(self, typed: str) -> list[_Slice]:
        """Return the most common words that begin with what is least away from what was typed."""
        slips = most_slips(typed)
        found = [
            one
            for length in range(len(typed) - slips, len(typed) + slips + 1)
            for one in near(typed, self._beginnings.get(length, ()), slips)
        ]
        least = min((one.slips for one in found), default=0)
        nearest = [one.word for one in found if one.slips == least]
        slices = sorted(map(self._begun_by, nearest), key=self._weight, reverse=True)
        return slices[:_READINGS]

    def _weight(self, words: _Slice) -> int:
        return int(self._starts[words.end] - self._starts[words.start])

    def _beginnings_of(self, length: int) -> list[str]:
        """Return the first `length` letters of every word that has so many, once each, the most common ones."""
        cut = dict.fromkeys(word[:length] for word in self._words if len(word) >= length and correctable(word))
        return sorted(cut, key=lambda beginning: -self._weight(self._begun_by(beginning)))[:_CORRECTABLE]


def _rank(phrase: Phrase) -> tuple[int, int, float, int, str]:
    return -phrase.count, _KINDS.index(phrase.kind), -phrase.popularity, len(phrase.text), phrase.text


def _smallest(numbers: NDArray[np.int32], limit: int) -> list[int]:
    if len(numbers) > limit:
        numbers = np.partition(numbers, limit)[:limit]
    found: list[int] = np.sort(numbers).tolist()
    return found


def _posted(held: Iterable[Iterable[str]]) -> tuple[list[str], NDArray[np.int64], NDArray[np.int32]]:
    """Return all words in order, and one array of who holds them: word i has it from `starts[i]` to `starts[i + 1]`."""
    holders: dict[str, list[int]] = {}
    for number, its_words in enumerate(held):
        for word in dict.fromkeys(its_words):
            holders.setdefault(word, []).append(number)
    words = sorted(holders)
    sizes = np.array([len(holders[word]) for word in words], dtype=np.int64)
    starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
    return words, starts, np.array([number for word in words for number in holders[word]], dtype=np.int32)


def _words(key: str) -> Iterator[str]:
    """Yield what a typed part may begin: each word, and in Chinese, which has no blanks, at each character."""
    for part in key.split():
        if is_chinese(part):
            yield from (part[at : at + _CHINESE_CHARS] for at in range(len(part)))
        else:
            yield part


def _is_loose(piece: Piece) -> bool:
    """Say whether a piece may be part of a word that the list does not know: such have single characters in them."""
    return piece.english is None or len(piece.text) == 1


def _as_posted(typed: Iterable[str]) -> list[str]:
    """Return the first of the typed parts; of a long run of Chinese all that words hold of it, which are cut off."""
    posted: list[str] = []
    for part in typed:
        spare = max(len(part) - _CHINESE_CHARS, 0) if is_chinese(part) else 0
        posted += [part[at : at + _CHINESE_CHARS] for at in range(spare + 1)] if spare else [part]
    return posted[:_TYPED_PARTS]


def _sounding_like(part: str) -> Iterator[str]:
    """Yield a run of Chinese with one of its characters taken for each that sounds like it."""
    if len(part) >= SHORTEST:
        for at, character in enumerate(part):
            yield from (part[:at] + other + part[at + 1 :] for other in alike(character))
