"""Slips in Chinese: a character of a catalogue's word that was taken for one that sounds like it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from encoders.glossary import pieces
from encoders.glossary.words import CHINESE
from search.words.characters import LONGEST, SHORTEST
from search.words.sounds import sound
from search.words.writing import lowered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from encoders.glossary import Glossary
    from search.words.characters import Characters

MAX_SLIPS: Final = 4
MAX_CHARS: Final = 40
"""A text with more Chinese is prose, and is left alone; so is a run with more slips than the above."""

_RUN: Final = re.compile(f"{CHINESE.pattern}{{{SHORTEST},}}")


class _Slip(NamedTuple):
    at: int
    meant: str


@dataclass(frozen=True, slots=True)
class Hearing:
    """Puts misheard characters right, each within a word that `least` products have.

    Left alone is a character that the word list reads as a word or as part of one, that `is_right` knows, or that
    stands beside both its neighbours in some product.
    """

    characters: Characters
    glossary: Glossary
    is_right: Callable[[str], bool]
    least: int

    def put_right(self, text: str) -> str:
        """Return a text with its misheard characters put right."""
        if text.isascii() or not self.characters.words or len(CHINESE.findall(text)) > MAX_CHARS:
            return text
        return _RUN.sub(lambda match: self._right(match[0]), text)

    def _right(self, typed: str) -> str:
        run = typed
        for _ in range(MAX_SLIPS + 1):
            slip = self._slip(lowered(run, self.glossary.simplified))
            if slip is None:
                return run
            run = run[: slip.at] + slip.meant + run[slip.at + 1 :]
        return typed

    def _slip(self, run: str) -> _Slip | None:
        """Return the first slip of a run, within the longest word in which it may have been made."""
        unread = set(_unread(run, self.glossary))
        for at in range(len(run) - SHORTEST + 1):
            for size in range(min(LONGEST, len(run) - at), SHORTEST - 1, -1):
                slip = self._slip_in(run[at : at + size], {place - at for place in unread})
                if slip is not None:
                    return _Slip(at + slip.at, slip.meant)
        return None

    def _slip_in(self, heard: str, unread: set[int]) -> _Slip | None:
        """Return where a run differs from the most frequent word that sounds like it, if that is in one character."""
        found = [
            (count, slips[0])
            for word, count in self.characters.words.get(sound(heard), {}).items()
            if count >= self.least and len(slips := _differing(heard, word)) == 1
        ]
        if not found or self.characters.may_have(heard):
            return None
        slip = max(found)[1]
        return None if slip.at not in unread or self.is_right(heard[slip.at]) else slip


def _unread(run: str, glossary: Glossary) -> Iterator[int]:
    """Yield the places of the characters that stand in no word of the list."""
    at = 0
    for piece in pieces(run, glossary):
        if piece.english is None:
            yield at
        at += len(piece.text)


def _differing(heard: str, word: str) -> list[_Slip]:
    return [_Slip(at, meant) for at, (one, meant) in enumerate(zip(heard, word, strict=True)) if one != meant]
