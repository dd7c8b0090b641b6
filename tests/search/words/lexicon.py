"""Vocabularies for tests, made of titles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from encoders.fakes import fake_encoders
from encoders.glossary import load_glossary
from search.words.vocabulary import Vocabulary, VocabularyBuilder

if TYPE_CHECKING:
    from tests.builders import JsonObject

GLOSSARY = load_glossary()
MANY = 10_000


def vocabulary(*titles: str, most: int = MANY) -> Vocabulary:
    """Return the words of products that have nothing but these titles."""
    return of_products(*({"title": title} for title in titles), most=most)


def of_products(*products: JsonObject, most: int = MANY) -> Vocabulary:
    """Return the words of these products."""
    builder = VocabularyBuilder(GLOSSARY, fake_encoders().lexical, most=most)
    builder.add(products)
    return builder.build()


def wide(text: str) -> str:
    """Return a text as Chinese keyboards write it in full width."""
    return text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
