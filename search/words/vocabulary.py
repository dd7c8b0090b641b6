"""The catalogue's own words: a snapshot of what the products within one scope are called, with counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from catalog.product import parse_category
from catalog.text import lexical_text
from encoders.glossary import translations
from search.encoding.nearness import Rarity
from search.words.characters import Characters, CharactersBuilder
from search.words.completions import Completions, Phrase
from search.words.writing import folded, lowered, parts, prose, without_accents, without_digits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from encoders.glossary import Glossary
    from encoders.interface import LexicalEncoder

NAMING_FIELDS: Final = ("title", "brand", "category", "attributes")
OTHER_FIELDS: Final = ("id", "codes", "description", "popularity")
READ_FIELDS: Final = (*NAMING_FIELDS, *OTHER_FIELDS)
"""What is read of each product; the first group is what words are corrected to, all of it is what is left alone."""

_DESCRIPTION_CHARS: Final = 4_000
_PHRASE_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What one scope's products are called. `counts` is in products; `complete` unless there were too many words.

    `rarity` counts words as the lexical arm has them, those with digits left out: every product may have a code of its
    own. Where there are too many words nothing is counted: `rarity` is empty. `pictured` is the share of products that
    can be found by their pictures. `accented` has the words that most products write with accents, as most do.
    """

    counts: Mapping[str, int] = field(default_factory=dict, repr=False)
    known: frozenset[str] = field(default=frozenset(), repr=False)
    completions: Completions = field(default_factory=lambda: Completions(()), repr=False)
    products: int = 0
    complete: bool = True
    rarity: Rarity = field(default_factory=Rarity, repr=False)
    pictured: float = 1.0
    accented: Mapping[str, str] = field(default_factory=dict, repr=False)
    chinese: Characters = field(default_factory=Characters, repr=False)
    by_length: Mapping[int, list[str]] = field(init=False, repr=False)
    """The words that others may be corrected to, by how many letters they have."""

    def __post_init__(self) -> None:
        by_length: dict[int, list[str]] = {}
        for word in self.counts:
            by_length.setdefault(len(word), []).append(word)
        object.__setattr__(self, "by_length", by_length)


class VocabularyBuilder:
    """Collects the words of products; `most` words and as many phrases are kept, so that memory is bounded."""

    def __init__(self, glossary: Glossary, lexical: LexicalEncoder, *, most: int) -> None:
        self._glossary = glossary
        self._lexical = lexical
        self._most = most
        self._counts: Counter[str] = Counter()
        self._accented: dict[str, Counter[str]] = {}
        self._chinese = CharactersBuilder(glossary, most=most)
        self._known: set[str] = set()
        self._having: Counter[int] = Counter()
        self._phrases: dict[tuple[str, str], _Tally] = {}
        self._products = 0
        self._complete = True

    def add(self, products: Iterable[Mapping[str, Any]]) -> None:
        """Take the words of some products; each comes once."""
        for product in products:
            self._products += 1
            self._add_words(product)
            if len(self._having) <= self._most:
                words = without_digits(lexical_text(product))
                self._having.update(self._lexical.encode_document(words).indices)
            self._add_phrases(product)

    def build(self, with_pictures: int | None = None) -> Vocabulary:
        """Return the snapshot; `with_pictures` is how many of the products have any, None where nobody counted."""
        phrases = [
            Phrase(tally.text, kind, tally.count, tally.popularity) for (kind, _), tally in self._phrases.items()
        ]
        completions = Completions(phrases, self._glossary)
        return Vocabulary(
            dict(self._counts),
            frozenset(self._known),
            completions,
            self._products,
            self._complete,
            Rarity(self._products, dict(self._having)) if len(self._having) <= self._most else Rarity(),
            min(1.0, with_pictures / self._products) if self._products and with_pictures is not None else 1.0,
            dict(self._mostly_accented()),
            self._chinese.build(),
        )

    def _add_words(self, product: Mapping[str, Any]) -> None:
        naming = "\n".join(_naming_texts(product))
        english = " ".join(translations(naming, self._glossary))
        named = self._named(f"{naming}\n{english}")
        others = "\n".join(
            [product.get("id", ""), *product.get("codes", ()), product.get("description", "")[:_DESCRIPTION_CHARS]]
        )
        for word, written in named.items():
            if word in self._counts or len(self._counts) < self._most:
                self._counts[word] += 1
                if written != word:
                    self._accented.setdefault(word, Counter())[written] += 1
        self._chinese.add(naming, others)
        described = set(prose(folded(others, self._glossary.simplified)))
        room = self._most - len(self._known)
        new = (named.keys() | described) - self._known
        self._complete = self._complete and len(new) <= room
        if self._complete:
            self._known |= new

    def _add_phrases(self, product: Mapping[str, Any]) -> None:
        popularity = float(product.get("popularity", 0.0))
        for kind, text in _phrases_of(product):
            key = kind, " ".join(parts(folded(text, self._glossary.simplified)))
            tally = self._phrases.get(key)
            if tally is None and len(self._phrases) < self._most and key[1] and len(text) <= _PHRASE_CHARS:
                tally = self._phrases[key] = _Tally(text)
            if tally is not None:
                tally.count += 1
                tally.popularity = max(tally.popularity, popularity)

    def _named(self, text: str) -> dict[str, str]:
        """Return the words of a text as they are looked up, each with how it is written.

        An accent that is a mark of its own ends a word of `prose`: such a word stands as it is looked up.
        """
        low = lowered(text, self._glossary.simplified)
        named = {word: word for word in prose(without_accents(low))}
        return named | {bare: word for word in prose(low) if (bare := without_accents(word)) in named}

    def _mostly_accented(self) -> Iterator[tuple[str, str]]:
        """Yield the words that more products write with accents than without, and how most of these do."""
        for word, forms in self._accented.items():
            if 2 * forms.total() > self._counts[word]:
                yield word, forms.most_common(1)[0][0]


@dataclass(slots=True)
class _Tally:
    text: str
    count: int = 0
    popularity: float = 0.0


def _naming_texts(product: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(product[name]) for name in ("title", "brand", "category") if name in product)
    for value in product.get("attributes", {}).values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from value


def _phrases_of(product: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "category" in product:
        yield from (("category", part) for part in dict.fromkeys(parse_category(product["category"])))
    for kind in ("brand", "title"):
        if kind in product:
            yield kind, product[kind]
