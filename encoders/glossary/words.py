"""The word list: Chinese words and the English for each, ours and a shop's own, from files that people edit."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from catalog.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CHINESE: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
MAX_WORD_CHARS: Final = 24
SETTING: Final = "VITRINE_ENCODERS__GLOSSARY"

_HERE: Final = Path(__file__).parent
_LIST: Final = _HERE / "zh-en.tsv"
_TRADITIONAL: Final = _HERE / "traditional.txt"
_LEFT_OUT: Final = "-"
_FORM: Final = "English, a tab, Chinese words apart by spaces"
_LOWER: Final = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


@dataclass(frozen=True, slots=True)
class Glossary:
    """The English of each Chinese word, "" for one that is left out; words are as `folded` makes them."""

    english: Mapping[str, str]
    simplified: Mapping[int, str] = field(repr=False)
    """Traditional characters by code point, as `str.translate` takes them."""
    longest: int = field(init=False)
    """How many characters the longest word has."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "longest", max(map(len, self.english), default=0))

    @property
    def revision(self) -> str:
        """A digest of every word and character: comments and the order of lines do not count."""
        digest = hashlib.blake2b(digest_size=16)
        for word, english in sorted(self.english.items()):
            digest.update(f"{word}\t{english}\n".encode())
        for code, character in sorted(self.simplified.items()):
            digest.update(f"{code}\t{character}\n".encode())
        return digest.hexdigest()

    def folded(self, text: str) -> str:
        """Return a text in the characters by which words are looked up: simplified, lower case; its length stays."""
        return text.translate(self.simplified).translate(_LOWER)


def load_glossary(extra: Path | None = None) -> Glossary:
    """Return our word list; the lines of `extra`, a file in the same form, come on top and win.

    Raises `Misconfigured` that names the line of `extra` and what is wrong with it.
    """
    simplified = dict(_characters(_TRADITIONAL.read_text(encoding="utf-8")))
    english = _read(_LIST.read_text(encoding="utf-8"), str(_LIST), simplified)
    if extra is not None:
        where = f"{SETTING}: {extra}"
        english |= _read(_text_of(extra, where), where, simplified)
    return Glossary(english, simplified)


def _text_of(path: Path, where: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{where} is not UTF-8: save it as UTF-8 text") from error
    except OSError as error:
        raise Misconfigured(f"{where} cannot be read: {error.strerror}") from error


def _characters(text: str) -> Iterator[tuple[int, str]]:
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    for pair in " ".join(lines).split():
        yield ord(pair[0]), pair[1]


def _read(text: str, where: str, simplified: Mapping[int, str]) -> dict[str, str]:
    folding = Glossary({}, simplified)
    english_of: dict[str, str] = {}
    line_of: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            english, words = _parsed(line)
        except ValueError as error:
            raise Misconfigured(f"{where}, line {number}: {error}") from error
        for word in map(folding.folded, words):
            if english_of.setdefault(word, english) != english:
                raise Misconfigured(
                    f"{where}, line {number}: {word!r} is {english_of[word]!r} in line {line_of[word]} already; "
                    "keep one of the two"
                )
            line_of.setdefault(word, number)
    return english_of


def _parsed(line: str) -> tuple[str, list[str]]:
    """Return the English of a line, "" for words that are left out, and the words; raises ValueError that says why."""
    english, tab, rest = (part.strip() if part != "\t" else part for part in line.partition("\t"))
    words = rest.split()
    if not tab:
        raise ValueError(f"there is no tab; a line is {_FORM}")
    if not english:
        raise ValueError(f"there is no English; write {_LEFT_OUT!r} for words that are to be left out")
    if CHINESE.search(english):
        raise ValueError(f"{english!r} stands where the English belongs; a line is {_FORM}")
    if not words:
        raise ValueError(f"there is no Chinese word after the tab; a line is {_FORM}")
    for word in words:
        if not CHINESE.search(word):
            raise ValueError(f"{word!r} has no Chinese character; English needs no entry")
        if len(word) > MAX_WORD_CHARS:
            raise ValueError(
                f"{word[:MAX_WORD_CHARS]!r}… has {len(word)} characters; a word has {MAX_WORD_CHARS} at most"
            )
    return ("" if english == _LEFT_OUT else english), words
