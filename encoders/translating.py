"""Chinese on encoders that read English: its words are put into English, by a word list, before they are encoded."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from catalog.vectors import SparseVector
from encoders.glossary import in_english, is_understood, translations
from encoders.glossary.segments import ALGORITHM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalog.vectors import LexicalSpec
    from encoders.glossary import Glossary
    from encoders.interface import Description, FloatArray, LexicalEncoder, TextEncoder

_CHINESE: Final = "zh"
_BESIDE: Final = "+"

OWN_CHARACTERS_WEIGHT: Final = 0.25
"""What a query's Chinese words weigh beside their English. A product in Chinese has both, one in English cannot have
the former: at full weight those in Chinese would crowd it out; at none a brand that is no word would not be found."""


class TranslatingTextEncoder:
    """A `TextEncoder` that reads Chinese through a word list; a text without Chinese reaches the encoder as it is."""

    def __init__(self, encoder: TextEncoder, glossary: Glossary) -> None:
        self._encoder = encoder
        self._glossary = glossary
        inner = encoder.description
        self._description = replace(
            inner,
            languages=tuple(dict.fromkeys((*inner.languages, _CHINESE))),
            revision=f"{inner.revision}{_BESIDE}{_mark(glossary)}",
        )

    @property
    def description(self) -> Description:
        """The encoder behind the list, with Chinese; another list is another revision."""
        return self._description

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text, of the English of its Chinese words, or of itself where they do not say enough.

        Raises what the encoder raises.
        """
        read = [in_english(text, self._glossary) if is_understood(text, self._glossary) else text for text in texts]
        return self._encoder.encode_queries(read)

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text; likewise."""
        return self._encoder.encode_documents(self._in_english(texts))

    def _in_english(self, texts: Sequence[str]) -> list[str]:
        return [in_english(text, self._glossary) for text in texts]


class TranslatingLexicalEncoder:
    """A `LexicalEncoder` that adds to a Chinese text the English of its words, so that either language finds both."""

    def __init__(self, encoder: LexicalEncoder, glossary: Glossary) -> None:
        self._encoder = encoder
        self._glossary = glossary
        inner = encoder.spec
        self._spec = replace(inner, tokenizer=f"{inner.tokenizer}{_BESIDE}{_mark(glossary)}")

    @property
    def spec(self) -> LexicalSpec:
        """What the weights depend on, the word list among it."""
        return self._spec

    def encode_document(self, text: str) -> SparseVector:
        """Return the weights of a text's words, of those in simplified characters and of their English."""
        return self._encoder.encode_document(" ".join([self._own(text), *translations(text, self._glossary)]))

    def encode_query(self, text: str) -> SparseVector:
        """Return the words of a query in English, and lighter those in its own characters; empty where it has none."""
        english = in_english(text, self._glossary)
        if english == text:
            return self._encoder.encode_query(text)
        own = self._encoder.encode_query(self._own(text))
        read = self._encoder.encode_query(english)
        weights = {index: OWN_CHARACTERS_WEIGHT * value for index, value in zip(own.indices, own.values, strict=True)}
        weights |= dict(zip(read.indices, read.values, strict=True))
        return SparseVector(tuple(weights), tuple(weights.values()))

    def _own(self, text: str) -> str:
        """Return a text, and once more in simplified characters if it has others."""
        simplified = text.translate(self._glossary.simplified)
        return text if simplified == text else f"{text} {simplified}"


def without_word_list(revision: str) -> str:
    """Return the revision of the encoder alone: what was aligned to that is so whatever the word list."""
    return revision.partition(_BESIDE)[0]


def _mark(glossary: Glossary) -> str:
    return hashlib.blake2b(f"{glossary.revision}/{ALGORITHM}".encode(), digest_size=6).hexdigest()
