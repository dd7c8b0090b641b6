"""Synonyms: what else a query's words may be called, put into the text beside them. They act on queries only. Pure.

A text with its synonyms in place serves every arm: BM25 asks for all of the words, and a dense encoder's vector moves
towards what they have in common. `docs/words.md` has figures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from encoders.glossary.words import CHINESE
from search.words.writing import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Key: TypeAlias = "tuple[str, ...]"
"""A phrase as it is looked up: folded words, and single Chinese characters, since Chinese has no blanks."""

MAX_ADDED: Final = 8
"""A match is given so many other names at most."""
MAX_CHARS: Final = 1_200
"""A text that has become longer than this is given no more; a shopper's may have 1,000."""

_PART: Final = re.compile(rf"{CHINESE.pattern}|(?:(?!{CHINESE.pattern})\w)+")


@dataclass(frozen=True, slots=True)
class Rule:
    """Who says one of `said` also means each of `meant`; `language` is "" where it holds in every one."""

    said: tuple[str, ...]
    meant: tuple[str, ...]
    language: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A text with its synonyms put in; and, where there are any, each way to say it, that which was typed first."""

    text: str
    readings: tuple[str, ...] = ()


class _Part(NamedTuple):
    key: str
    start: int
    end: int


class _Match(NamedTuple):
    """Where a phrase stands in a text, and its other names."""

    start: int
    end: int
    names: tuple[str, ...]

    def name(self, way: int) -> str:
        """Return the name in one way to say the text; where there are fewer names than ways the last one."""
        return self.names[min(way, len(self.names) - 1)]


class Synonyms:
    """The rules of a file, ready to be looked up."""

    def __init__(self, rules: Iterable[Rule] = (), simplified: Mapping[int, str] = MappingProxyType({})) -> None:
        self._simplified = simplified
        self._meant: dict[Key, list[tuple[str, str]]] = {}
        self._words: set[str] = set()
        for rule in rules:
            self._add(rule)
        self._longest = max(map(len, self._meant), default=0)

    def has_word(self, word: str) -> bool:
        """Say whether a word, folded, stands anywhere in the rules: it is no slip of the pen then."""
        return word in self._words

    def put_into(self, text: str, languages: Sequence[str] = ()) -> Said:
        """Return a text with other names for its phrases behind them; longer phrases go before shorter ones.

        A rule of one language is left out where `languages` (as BCP 47 has them) are given and it is none of them.
        """
        wanted = {language.partition("-")[0].lower() for language in languages}
        matches = self._matches(text, wanted) if self._longest else []
        if not matches:
            return Said(text)
        ways = range(max(len(match.names) for match in matches))
        others = [_written(text, matches, [match.name(way) for match in matches]) for way in ways]
        beside = [" ".join([text[match.start : match.end], *match.names]) for match in matches]
        return Said(_written(text, matches, beside), (text, *others))

    def _matches(self, text: str, wanted: set[str]) -> list[_Match]:
        """Return the phrases of a text that have other names which it does not hold yet, in their order."""
        there = list(self._parts(text))
        keys = tuple(one.key for one in there)
        added: set[str] = set()
        matches: list[_Match] = []
        at, room = 0, MAX_CHARS - len(text)
        while at < len(there):
            size, names = self._match(keys, at, wanted)
            new = [name for name in names if name not in added]
            while new and sum(len(name) + 1 for name in new) > room:
                new.pop()
            if new:
                matches.append(_Match(there[at].start, there[at + size - 1].end, tuple(new)))
                added.update(new)
                room -= sum(len(name) + 1 for name in new)
            at += max(size, 1)
        return matches

    def _add(self, rule: Rule) -> None:
        for phrase in rule.said:
            names = self._meant.setdefault(self._key(phrase), [])
            names += [(name, rule.language) for name in rule.meant if self._key(name) != self._key(phrase)]
        for phrase in (*rule.said, *rule.meant):
            self._words.update(self._key(phrase))

    def _match(self, keys: Key, at: int, wanted: set[str]) -> tuple[int, list[str]]:
        """Return the length of the longest phrase that stands here, and its other names that the text has not yet."""
        for size in range(min(self._longest, len(keys) - at), 0, -1):
            found = self._meant.get(keys[at : at + size])
            if found is not None:
                names = dict.fromkeys(
                    name for name, language in found if not language or not wanted or language in wanted
                )
                return size, [name for name in names if not _holds(keys, self._key(name))][:MAX_ADDED]
        return 0, []

    def _key(self, phrase: str) -> Key:
        return tuple(part.key for part in self._parts(phrase))

    def _parts(self, text: str) -> Iterator[_Part]:
        """Yield each part, folded, and where it stands in the text as it was typed."""
        for match in _PART.finditer(text):
            yield _Part(folded(match[0], self._simplified), match.start(), match.end())


def _written(text: str, matches: Sequence[_Match], instead: Sequence[str]) -> str:
    """Return a text with something instead of each match, a blank after it where a word follows."""
    written, done = "", 0
    for match, other in zip(matches, instead, strict=True):
        written = f"{_joined(written, text[done : match.start])}{other}"
        done = match.end
    return _joined(written, text[done:])


def _joined(before: str, after: str) -> str:
    return f"{before} {after}" if before and after[:1].isalnum() else before + after


def _holds(keys: Key, phrase: Key) -> bool:
    return any(keys[at : at + len(phrase)] == phrase for at in range(len(keys) - len(phrase) + 1))
