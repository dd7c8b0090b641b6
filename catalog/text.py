"""The text of a product that encoders read: training, indexing and evaluation all build it here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from catalog.product import ATTRIBUTE_PREFIX, CATEGORY_SEPARATOR, Json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DENSE_DESCRIPTION_CHARS: Final = 240
"""What a sentence encoder reads of the description: more costs time linearly and dilutes the title."""

DENSE_CHARS: Final = 4_000
"""More than any sentence encoder reads; the rest would only cost its tokenizer time."""

LEXICAL_CHARS: Final = 20_000
"""Beyond this a description is an abuse of the index; whole words before it still match."""


_WORDS: Final = frozenset({"title", "brand", "category", "description", "codes"})


def has_words(register: str) -> bool:
    """Whether a text of a product is made of this register among others: what changes no such one changes no text."""
    return register in _WORDS or register.startswith(ATTRIBUTE_PREFIX)


def dense_text(product: Mapping[str, Json]) -> str:
    """Return what the text encoder reads: title, brand, kind, attributes, start of the description; may be empty."""
    category = str(product.get("category", "")).split(CATEGORY_SEPARATOR)[-1]
    parts = [
        product.get("title", ""),
        product.get("brand", ""),
        category,
        " ".join(_words(product.get("attributes", {}))),
        str(product.get("description", ""))[:DENSE_DESCRIPTION_CHARS],
    ]
    return ". ".join(part.strip() for part in _without_repetition(parts) if part.strip())[:DENSE_CHARS]


def lexical_text(product: Mapping[str, Json]) -> str:
    """Return what the lexical arm indexes: every word a shopper may type to find this product; may be empty."""
    parts = [
        product.get("title", ""),
        product.get("brand", ""),
        product.get("category", ""),
        *_words(product.get("attributes", {})),
        *product.get("codes", []),
        product.get("description", ""),
    ]
    return "\n".join(part for part in parts if part)[:LEXICAL_CHARS]


def _without_repetition(parts: list[str]) -> Iterator[str]:
    """Skip what the title says already: repeating it would only weigh it twice."""
    title = parts[0].casefold()
    yield parts[0]
    yield from (part for part in parts[1:] if part.casefold() not in title)


def _words(attributes: Mapping[str, Json]) -> Iterator[str]:
    for value in attributes.values():
        if isinstance(value, list):
            yield from value
        elif isinstance(value, str):
            yield value
