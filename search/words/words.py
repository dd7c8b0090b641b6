"""What search asks of words: understand these terms, complete this text; each within the scope of who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from search.words.understanding import Understood, as_known, corrected, with_synonyms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from search.access import Scope
    from search.schemas import Term
    from search.words.completions import Phrase
    from search.words.reading import Vocabularies
    from search.words.understanding import Language

_QUERY_WAIT_SECONDS: Final = 0.5
_SUGGESTIONS_WAIT_SECONDS: Final = 5.0
"""Longer, for without the catalogue's words there is nothing to suggest."""


class Words:
    """Reads the words of queries with a language's synonyms and the vocabulary of each scope."""

    def __init__(self, vocabularies: Vocabularies, language: Language) -> None:
        self._vocabularies = vocabularies
        self._language = language

    def begin(self, scope: Scope) -> None:
        """Begin to read the catalogue within a scope, so that whoever comes first need not wait for it."""
        self._vocabularies.begin(scope)

    async def understand(
        self, terms: Sequence[Term], scope: Scope, *, correcting: bool, languages: Sequence[str] = ()
    ) -> Understood:
        """Return the terms as they are to be looked for, in the same places.

        `languages` are those to which the request is narrowed. The first reading of a scope's products is waited for
        half a second: of a small catalogue the second of two answers is the first. Until it is done nothing is
        corrected, and every word counts as known.
        """
        right = Understood(list(terms))
        if not any(term.text for term in terms):
            return right
        vocabulary = await self._vocabularies.of(scope, within_seconds=_QUERY_WAIT_SECONDS)
        if correcting:
            right = corrected(terms, vocabulary, self._language)
        said = with_synonyms(right.terms, self._language, languages)
        return Understood(as_known(said, vocabulary, self._language), right.corrected, vocabulary.pictured)

    async def as_typed(self, terms: Sequence[Term], scope: Scope) -> Understood:
        """Return the terms as they stand, with what the catalogue knows of their words, once all of it is read."""
        vocabulary = await self._vocabularies.of(scope, within_seconds=None)
        return Understood(as_known(terms, vocabulary, self._language), pictured=vocabulary.pictured)

    async def suggest(self, text: str, limit: int, scope: Scope) -> list[Phrase]:
        """Return at most `limit` completions of a text from the titles, brands and categories of the scope."""
        vocabulary = await self._vocabularies.of(scope, within_seconds=_SUGGESTIONS_WAIT_SECONDS)
        return vocabulary.completions.find(text, limit)

    async def close(self) -> None:
        """Stop reading the catalogue."""
        await self._vocabularies.close()
