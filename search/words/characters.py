"""The Chinese of a catalogue: its words by how they sound, and which characters stand side by side in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from search.words.sounds import sound
from search.words.writing import is_chinese, lowered, parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from encoders.glossary import Glossary

SHORTEST: Final = 3
"""A word of fewer characters sounds like too many others."""
LONGEST: Final = 8
_MOST_ALIKE: Final = 16
"""The most frequent words of a sound that are kept: a text is compared with each of them, place after place."""


@dataclass(frozen=True, slots=True)
class Characters:
    """What a catalogue calls things in Chinese: words of three to eight characters, by their sound.

    `words` has of each sound the words with how many products have them, `pairs` every two characters that stand side
    by side anywhere.
    """

    words: Mapping[str, Mapping[str, int]] = field(default_factory=dict, repr=False)
    pairs: frozenset[str] = field(default=frozenset(), repr=False)

    def may_have(self, run: str) -> bool:
        """Say whether a run of characters may stand in some product: each two of its neighbours do."""
        return all(pair in self.pairs for pair in _pairs(run))


class CharactersBuilder:
    """Collects the Chinese of products; with more than `most` words or pairs none are told."""

    def __init__(self, glossary: Glossary, *, most: int) -> None:
        self._glossary = glossary
        self._most = most
        self._counts: Counter[str] = Counter()
        self._pairs: set[str] = set()

    def add(self, naming: str, others: str) -> None:
        """Take what a product is called, and what else is said of it."""
        if max(len(self._pairs), len(self._counts)) > self._most:
            return
        named = self._runs(naming)
        self._counts.update({word for run in named for word in self._words(run)})
        self._pairs.update(pair for run in (*named, *self._runs(others)) for pair in _pairs(run))

    def build(self) -> Characters:
        """Return the snapshot, empty where there were too many."""
        if max(len(self._pairs), len(self._counts)) > self._most:
            return Characters()
        words: dict[str, dict[str, int]] = {}
        for word, count in self._counts.most_common():
            alike = words.setdefault(sound(word), {})
            if len(alike) < _MOST_ALIKE:
                alike[word] = count
        return Characters(words, frozenset(self._pairs))

    def _words(self, run: str) -> Iterator[str]:
        """Yield a run that is no longer than a word, and what the word list has of it."""
        for size in range(SHORTEST, min(LONGEST, len(run)) + 1):
            cuts = (run[at : at + size] for at in range(len(run) - size + 1))
            yield from (cut for cut in cuts if cut == run or cut in self._glossary.english)

    def _runs(self, text: str) -> list[str]:
        return [] if text.isascii() else [*filter(is_chinese, parts(lowered(text, self._glossary.simplified)))]


def _pairs(run: str) -> Iterator[str]:
    return (first + second for first, second in pairwise(run))
