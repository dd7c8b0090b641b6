"""A Chinese text cut into words of the list, and put into English in the order in which they stand."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from encoders.glossary.words import CHINESE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from encoders.glossary.words import Glossary

ALGORITHM: Final = 1
"""Raised whenever this file gives another English for the same words: it is part of an encoder's revision."""

_FULL_WIDTH: Final = re.compile("[\uff01-\uff5e]")
_PUNCTUATION: Final = str.maketrans({"。": ".", "、": ",", "「": '"', "」": '"', "《": '"', "》": '"'})
_READABLE: Final = re.compile(r"[^\W_]")
_UNKNOWN: Final = 1 << 32  # a character that no word covers costs more than all words of a text


@dataclass(frozen=True, slots=True)
class Piece:
    """A word of the list with its English, "" if it is left out; or one character, whose English is None."""

    text: str
    english: str | None


def in_english(text: str, glossary: Glossary) -> str:
    """Return a text with English for its Chinese words; those that the list does not know are left out.

    Latin words, numbers and their order stay. A text without Chinese or full-width characters comes back as it is,
    and so does one of which nothing would be left.
    """
    if not (CHINESE.search(text) or _FULL_WIDTH.search(text)):
        return text
    words = " ".join("".join(_written(pieces(text, glossary))).split())
    return words if _READABLE.search(words) else text


def is_understood(text: str, glossary: Glossary) -> bool:
    """Say whether the list knows what a Chinese text is about: its last word, or half of its characters.

    What something is stands last in Chinese, behind a brand that no list has. Of 火车时刻表查询, a look at the
    timetable, only 表 is listed, and that is a watch.
    """
    chinese = [piece for piece in pieces(text, glossary) if CHINESE.search(piece.text)]
    known = sum(len(piece.text) for piece in chinese if piece.english is not None)
    return not chinese or chinese[-1].english is not None or 2 * known >= sum(len(piece.text) for piece in chinese)


def translations(text: str, glossary: Glossary) -> list[str]:
    """Return the English of the Chinese words of a text, and nothing else of it."""
    if not CHINESE.search(text):
        return []
    return [piece.english for piece in pieces(text, glossary) if piece.english]


def pieces(text: str, glossary: Glossary) -> Iterator[Piece]:
    """Cut a text into words of the list and single characters; full-width ones come as everybody else writes them."""
    plain = unicodedata.normalize("NFKC", text).translate(_PUNCTUATION)
    folded = glossary.folded(plain)
    at = 0
    for end in _cuts(folded, glossary):
        yield Piece(plain[at:end], glossary.english.get(folded[at:end]))
        at = end


def _written(cut: Iterator[Piece]) -> Iterator[str]:
    last = ""
    for piece in cut:
        if piece.english is None:
            unknown = CHINESE.match(piece.text)
            last = last if unknown or not piece.text.isalnum() else ""
            yield " " if unknown else piece.text
        elif piece.english and piece.english != last:  # two Chinese words in a row often share one English word
            last = piece.english
            yield f" {last} "
        else:
            yield " "


def _cuts(folded: str, glossary: Glossary) -> list[int]:
    """Return where the pieces of the best division end; a piece is a word of the list or one character.

    The fewest characters that no word covers, then the fewest words; of two divisions alike in both the one with the
    longer last word: in Chinese what something is stands behind what it is like.
    """
    english, longest, length = glossary.english, glossary.longest, len(folded)
    costs, starts = [0] * (length + 1), [0] * (length + 1)
    chinese = -1  # where the last character of these stands: without one there is no word of the list
    for end in range(1, length + 1):
        best, start = costs[end - 1], end - 1
        if CHINESE.match(folded, start):
            best, chinese = best + _UNKNOWN, start
        for at in range(min(start, chinese), max(end - longest, 0) - 1, -1):
            if folded[at:end] in english and costs[at] + 1 <= best and _stands_alone(folded, at, end):
                best, start = costs[at] + 1, at
        costs[end], starts[end] = best, start
    cuts, end = [], length
    while end > 0:
        cuts.append(end)
        end = starts[end]
    return cuts[::-1]


def _stands_alone(text: str, at: int, end: int) -> bool:
    """Say whether a word does not begin or end inside a Latin word or a number."""
    begins = at == 0 or not (_is_latin(text[at]) and _is_latin(text[at - 1]))
    return begins and (end == len(text) or not (_is_latin(text[end - 1]) and _is_latin(text[end])))


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()
