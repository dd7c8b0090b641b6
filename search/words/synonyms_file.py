"""The synonym file: YAML that people edit, read with an eye to what they get wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import yaml

from catalog.errors import Misconfigured
from encoders.glossary.words import CHINESE
from search.words.synonyms import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTING: Final = "VITRINE_WORDS__SYNONYMS"
EVERY_LANGUAGE: Final = "any"
MAX_PHRASES: Final = 32
MAX_PHRASE_CHARS: Final = 100

_ARROW: Final = "=>"
_COMMA: Final = re.compile(r"[,\N{FULLWIDTH COMMA}\N{IDEOGRAPHIC COMMA}]")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
_WORD: Final = re.compile(r"[^\W_]")
_FORM: Final = "a list of lines such as `- sneakers, trainers` or `- tablet => ipad`"


def read_synonyms(path: Path) -> list[Rule]:
    """Return the rules of a file; raises `Misconfigured` that names the line, what is wrong and what it takes."""
    try:
        root = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{SETTING}: {path} is not UTF-8: save it as UTF-8 text") from error
    except OSError as error:
        raise Misconfigured(f"{SETTING}: {path} cannot be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise Misconfigured(f"{SETTING}: {path} is not YAML: {' '.join(str(error).split())}") from error
    return list(_Reader(path).rules(root)) if root is not None else []


class _Reader:
    """Goes through the nodes of the file, which know their lines."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rules(self, root: yaml.Node) -> Iterator[Rule]:
        """Yield the rules in their order."""
        if not isinstance(root, yaml.MappingNode):
            raise self._wrong(root, f"begin with `{EVERY_LANGUAGE}:` or a language such as `en:`, and under it {_FORM}")
        seen: set[str] = set()
        for key, section in root.value:
            language = self._language(key, seen)
            if not isinstance(section, yaml.SequenceNode):
                raise self._wrong(section, f"under `{key.value}:` stands {_FORM}")
            for line in section.value:
                yield self._rule(line, language)

    def _language(self, key: yaml.Node, seen: set[str]) -> str:
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        if not _LANGUAGE.fullmatch(name):
            raise self._wrong(
                key, f"{name!r} is no language: `{EVERY_LANGUAGE}`, or two or three small letters such as `en` or `zh`"
            )
        if name in seen:
            raise self._wrong(key, f"`{name}:` is there twice: put its lines together")
        seen.add(name)
        return "" if name == EVERY_LANGUAGE else name

    def _rule(self, line: yaml.Node, language: str) -> Rule:
        if not isinstance(line, yaml.ScalarNode):
            raise self._wrong(line, f"takes text: {_FORM}; put quotation marks around a line that has a colon")
        sides = line.value.split(_ARROW)
        if len(sides) > 2:  # noqa: PLR2004 - what is said, what is meant
            raise self._wrong(line, f"has more than one {_ARROW}")
        said, meant = (self._phrases(side, line) for side in (sides[0], sides[-1]))
        if len({*said, *meant}) == 1:
            raise self._wrong(line, "says one thing only: at least two phrases, apart by commas or by =>")
        for phrase in said:
            if len(phrase) == 1 and CHINESE.match(phrase):
                raise self._wrong(line, f"{phrase} stands inside too many other words: write the whole word")
        return Rule(said, meant, language)

    def _phrases(self, side: str, line: yaml.Node) -> tuple[str, ...]:
        phrases = tuple(" ".join(phrase.split()) for phrase in _COMMA.split(side))
        for phrase in phrases:
            if not _WORD.search(phrase):
                raise self._wrong(line, f"{phrase!r} is no word: remove a comma or arrow too many")
            if len(phrase) > MAX_PHRASE_CHARS:
                raise self._wrong(line, f"{phrase[:20]}… is longer than {MAX_PHRASE_CHARS} characters")
        if len(phrases) > MAX_PHRASES:
            raise self._wrong(line, f"has more than {MAX_PHRASES} phrases")
        return phrases

    def _wrong(self, node: yaml.Node, what: str) -> Misconfigured:
        return Misconfigured(f"{SETTING}: {self._path}, line {node.start_mark.line + 1}: {what}")
