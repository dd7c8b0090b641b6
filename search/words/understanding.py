"""A request's text terms as they are looked for: slips put right first, then other names put in. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from search.words.spelling import Correction, correct
from search.words.writing import without_digits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from encoders.glossary import Glossary
    from encoders.interface import LexicalEncoder
    from search.filter_values import FilterValue
    from search.schemas import Term
    from search.words.synonyms import Synonyms
    from search.words.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Understood:
    """The terms to search for, each in its place, and what was put right in them; how many products have pictures."""

    terms: list[Term]
    corrected: Correction | None = None
    pictured: float = 1.0


@dataclass(frozen=True, slots=True)
class Language:
    """What words are read with, whatever the catalogue holds."""

    synonyms: Synonyms
    glossary: Glossary
    is_word: Callable[[str], bool]
    lexical: LexicalEncoder


def corrected(terms: Sequence[Term], vocabulary: Vocabulary, language: Language) -> Understood:
    """Return the terms with the slips of their texts put right; what was changed in several is told in one text."""

    def is_right(word: str) -> bool:
        return language.is_word(word) or language.synonyms.has_word(word)

    found = [(term.text and correct(term.text, vocabulary, language.glossary, is_right)) or None for term in terms]
    changed = [one for one in found if one is not None]
    if not changed:
        return Understood(list(terms))
    written = [term if one is None else term.saying(one.text) for term, one in zip(terms, found, strict=True)]
    told = Correction(", ".join(one.text for one in changed), ", ".join(one.original for one in changed))
    return Understood(written, told)


def with_synonyms(terms: Sequence[Term], language: Language, languages: Sequence[str]) -> list[Term]:
    """Return the terms with other names put into their texts; `languages` are those that the request is narrowed to."""
    said = [language.synonyms.put_into(term.text, languages) if term.text else None for term in terms]
    return [
        term.saying(one.text, one.readings) if one is not None and one.readings else term
        for term, one in zip(terms, said, strict=True)
    ]


def as_known(terms: Sequence[Term], vocabulary: Vocabulary, language: Language) -> list[Term]:
    """Return the terms, those of positive texts with the share of their words that some product has.

    Of several ways to say a text the one counts of which most is known. What has a digit in it is left out: of a
    model's name or a measure that the catalogue lacks no other arm knows more.
    """

    def known(text: str) -> float:
        return vocabulary.rarity.known(language.lexical.encode_query(without_digits(text)))

    return [term.knowing(max(map(known, term.readings))) if term.text and term.weight > 0 else term for term in terms]


def languages_of(filters: Mapping[str, FilterValue]) -> tuple[str, ...]:
    """Return the languages that a request's filter names, none where it does not filter by language."""
    value = filters.get("language")
    values = value if isinstance(value, list) else [value]
    return tuple(one for one in values if isinstance(one, str))
