"""What search asks of words: understand these terms, complete this text; each within the scope of who asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.words.understanding import Understood, corrected, with_synonyms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from search.access import Scope
    from search.schemas import Term
    from search.words.completions import Phrase
    from search.words.reading import Vocabularies
    from search.words.understanding import Language


class Words:
    """Reads the words of queries with a language's synonyms and the vocabulary of each scope."""

    def __init__(self, vocabularies: Vocabularies, language: Language) -> None:
        self._vocabularies = vocabularies
        self._language = language

    def begin(self, scope: Scope) -> None:
        """Begin to read the catalogue within a scope, so that whoever comes first need not wait for it."""
        self._vocabularies.of(scope)

    def understand(
        self, terms: Sequence[Term], scope: Scope, *, correcting: bool, languages: Sequence[str] = ()
    ) -> Understood:
        """Return the terms as they are to be looked for, in the same places.

        `languages` are those to which the request is narrowed. Never waits: before the first reading of a scope's
        products nothing is corrected.
        """
        right = Understood(list(terms))
        if correcting and any(term.text for term in terms):
            right = corrected(terms, self._vocabularies.of(scope), self._language)
        return Understood(with_synonyms(right.terms, self._language, languages), right.corrected)

    async def suggest(self, text: str, limit: int, scope: Scope) -> list[Phrase]:
        """Return at most `limit` completions of a text from the titles, brands and categories of the scope."""
        vocabulary = await self._vocabularies.read(scope)
        return vocabulary.completions.find(text, limit)

    async def close(self) -> None:
        """Stop reading the catalogue."""
        await self._vocabularies.close()
