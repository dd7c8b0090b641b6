"""The lexical arm: BM25 word weights by Qdrant Edge's embedder, the same token ids as the server's `qdrant/bm25`.

The multilingual tokenizer segments Chinese; the default one would take a whole title for one word. It drops numbers, so
these are put into words before it: `measures`.
"""

from __future__ import annotations

from typing import Final

from qdrant_edge import Bm25, Bm25Config, TokenizerType

from catalog.vectors import LexicalSpec, SparseVector
from encoders.interface import readable
from encoders.measures import ALGORITHM, asked, indexed, numbers_of_measures
from encoders.names import DEFAULT_AVERAGE_LENGTH

_K: Final = 1.2
_TOKENIZER: Final = f"multilingual, numbers {ALGORITHM}"
_CHINESE: Final = "字"
"""Has the tokenizer read its Chinese dictionary, once a process: 0.14 s for which the first query in it would wait."""

NUMBER_WEIGHT: Final = 0.25
"""What the bare number of a query's measure weighs beside the measure: a 128 on its own may be anything."""


class Bm25Encoder:
    """BM25 of one average length; a `LexicalEncoder`."""

    def __init__(self, average_length: float = DEFAULT_AVERAGE_LENGTH) -> None:
        self._spec = LexicalSpec(average_length=average_length, tokenizer=_TOKENIZER)
        self._bm25 = Bm25(
            Bm25Config(k=self._spec.k, b=self._spec.b, avg_len=average_length, tokenizer=TokenizerType.Multilingual)
        )
        self._bm25.embed_query(_CHINESE)

    @property
    def spec(self) -> LexicalSpec:
        """What the weights depend on."""
        return self._spec

    def encode_document(self, text: str) -> SparseVector:
        """Return the weights of a text's words; empty where it has none."""
        weights = self._bm25.embed_document(indexed(readable(text)))
        return SparseVector(tuple(weights.indices), tuple(weights.values))

    def encode_query(self, text: str) -> SparseVector:
        """Return the words of a query, each of weight 1, the numbers of its measures less; empty where it has none."""
        plain = readable(text)
        words = self._bm25.embed_query(asked(plain))
        weights: dict[int, float] = {}
        if numbers := numbers_of_measures(plain):
            weights = dict.fromkeys(self._bm25.embed_query(numbers).indices, NUMBER_WEIGHT)
        weights |= dict(zip(words.indices, words.values, strict=True))
        return SparseVector(tuple(weights), tuple(weights.values()))


class TokenCounter:
    """Counts the tokens of a text as BM25 does: with b = 0 a weight depends on nothing but how often its word comes."""

    def __init__(self) -> None:
        self._bm25 = Bm25(Bm25Config(k=_K, b=0.0, tokenizer=TokenizerType.Multilingual))

    def count(self, text: str) -> int:
        """Return how many tokens a text has, stop words left out."""
        weights = self._bm25.embed_document(indexed(readable(text))).values
        return sum(round(weight * _K / (_K + 1 - weight)) for weight in weights)
