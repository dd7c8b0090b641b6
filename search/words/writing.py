"""How words are compared: one form for each, whatever its case, its width and its script."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from encoders.glossary.words import CHINESE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PARTS: Final = re.compile(rf"(?P<chinese>{CHINESE.pattern}+)|(?P<word>(?:(?!{CHINESE.pattern})[\w])+(?:'\w+)?)")
_COMPOUND: Final = re.compile(r"[^\W_]+(?:-[^\W_]+)+")
_PROSE: Final = re.compile(r"[^\W\d_]+")
_NO_BLANK: Final = re.compile(rf"(?:(?!{CHINESE.pattern})\S)+")
_DIGIT: Final = re.compile(r"\d")
_ACCENTS: Final = re.compile("(?<=[a-zæøʒ\u0370-\u03ff])[\u0300-\u036f]+")
_LIGATURES: Final = str.maketrans({"æ": "ae", "œ": "oe"})
MIN_CHARS: Final = 4
_MAX_CHARS: Final = 32


def folded(text: str, simplified: Mapping[int, str]) -> str:
    """Return a text in the characters by which words are looked up: as `lowered` has it, and without accents."""
    return without_accents(lowered(text, simplified))


def lowered(text: str, simplified: Mapping[int, str]) -> str:
    """Return a text in half width, lower case and simplified characters."""
    plain = text.casefold() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    return plain.replace("’", "'").translate(simplified)


def without_accents(lowered_text: str) -> str:
    """Return a text without the accents of Latin and Greek letters: just those that the lexical arm does not tell.

    It tells й from и and ø from o, so these stay.
    """
    if lowered_text.isascii():
        return lowered_text
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", lowered_text))
    return unicodedata.normalize("NFC", bare).translate(_LIGATURES)


def without_digits(text: str) -> str:
    """Return a text without its numbers, measures and codes: whatever has a digit in it, up to a blank or Chinese."""
    return _NO_BLANK.sub(lambda run: " " if _DIGIT.search(run[0]) else run[0], text)


def parts(folded_text: str) -> Iterator[str]:
    """Yield the words of a folded text, without apostrophes, and its runs of Chinese characters, in their order."""
    return (match[0].replace("'", "") for match in _PARTS.finditer(folded_text))


def compounds(folded_text: str) -> Iterator[str]:
    """Yield the words of a folded text that have hyphens, without these: who types `tshirt` means one."""
    return (match[0].replace("-", "") for match in _COMPOUND.finditer(folded_text))


def is_chinese(part: str) -> bool:
    """Say whether a part is a run of Chinese characters: these are not divided into words."""
    return CHINESE.match(part) is not None


def correctable(chunk: str) -> bool:
    """Say whether something that stands between blanks may be a word with a slip, by its looks.

    Letters of an alphabet, four at least: no number, code, id, address, compound with a hyphen, Chinese or Korean.
    """
    return MIN_CHARS <= len(chunk) <= _MAX_CHARS and chunk.isalpha() and all(map(_of_an_alphabet, chunk))


def prose(folded_text: str) -> Iterator[str]:
    """Yield every run of letters in a folded text that `correctable` would take for a word."""
    return (match[0] for match in _PROSE.finditer(folded_text) if correctable(match[0]))


def _of_an_alphabet(letter: str) -> bool:
    """Say whether a letter is Latin, Greek, Cyrillic or Armenian."""
    return letter < "\u0590" or "\u1e00" <= letter < "\u2000"
