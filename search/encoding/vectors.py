"""The vectors that the terms of a query come to, through the one queue of everything that queries want encoded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.errors import InvalidInput
from catalog.vectors import ARMS, IMAGE, LEXICAL, TEXT, SparseVector
from search.encoding.batching import BatchingQueue, Encoding, Wanted
from search.encoding.elsewhere import pictures_of_nothing
from search.encoding.pictures import QueryPictures

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from encoders.interface import Encoders, FloatArray, Picture
    from encoders.pictures.decode import PictureLimits
    from encoders.pictures.fetch import PictureFetcher
    from search.encoding.batching import Noted, Vector, Verdict
    from search.schemas import Term

_WORDS: Final = "words"
_PICTURES: Final = "pictures"
TEXTS_AT_ONCE: Final = 32
"""For each of the arms: most texts are wanted for all of them."""
_PICTURES_AT_ONCE: Final = 8
"""Few: who only types waits for a batch of pictures, and a larger one is hardly quicker for each."""


@dataclass(frozen=True, slots=True)
class TermVectors:
    """What terms come to: `dense` by the term's number and the arm, `words` by the number."""

    dense: dict[tuple[int, str], FloatArray] = field(default_factory=dict)
    words: dict[int, SparseVector] = field(default_factory=dict)


class QueryVectors:
    """Encodes terms for the arms that read them."""

    def __init__(
        self,
        encoders: Encoders,
        limits: PictureLimits | None = None,
        fetcher: PictureFetcher | None = None,
        *,
        texts_at_once: int = TEXTS_AT_ONCE,
        noted: Noted | None = None,
    ) -> None:
        self._encoders = encoders
        self._pictures = QueryPictures(encoders.picture.description.needed_side_px, limits, fetcher)
        words = Encoding(self._encode_words, len(ARMS) * texts_at_once)
        pictures = Encoding(self._encode_pictures, _PICTURES_AT_ONCE)
        self._queue = BatchingQueue({_WORDS: words, _PICTURES: pictures}, noted=noted)
        self._nothing: FloatArray | None = None
        reads_words = encoders.picture.text_tower is not None
        self._arms_of_words = (TEXT, IMAGE, LEXICAL) if reads_words else (TEXT, LEXICAL)

    def close(self) -> None:
        """End the threads; another use starts others."""
        self._queue.close()
        self._pictures.close()

    async def of(self, terms: Sequence[Term], uploads: Sequence[bytes], arms: Collection[str]) -> TermVectors:
        """Return what the texts and pictures among the terms say to these arms.

        To the lexical arm only positive terms speak. Raises `InvalidInput` that names the term, `Overloaded`.
        """
        wanted = self._words(terms, arms)
        found = TermVectors()
        has_pictures = any(term.image is not None for term in terms)
        known, unknown = await self._read_pictures(terms, uploads) if has_pictures else ({}, {})
        if IMAGE in arms:
            found.dense.update(known)
            wanted |= unknown
        for (number, arm), verdict in zip(wanted, await self._queue.encode(list(wanted.values())), strict=True):
            if isinstance(verdict, InvalidInput):
                raise InvalidInput(verdict.message, field=f"terms.{number}") from verdict
            if isinstance(verdict, SparseVector):
                found.words[number] = verdict
            else:
                found.dense[number, arm] = verdict
        return found

    async def of_nothing(self) -> FloatArray:
        """Return the vectors of pictures that show nothing, (n, size); they are encoded once."""
        if self._nothing is None:
            pictures = [Wanted(_PICTURES, number, one) for number, one in enumerate(pictures_of_nothing())]
            self._nothing = np.stack([_sound(one) for one in await self._queue.encode(pictures)])
        return self._nothing

    async def warm_up(self) -> None:
        """Encode a word for each arm and some pictures, so that the first request does not pay for it."""
        await self._queue.encode([Wanted(_WORDS, (arm, "warm"), (arm, "warm")) for arm in self._arms_of_words])
        await self.of_nothing()

    def _words(self, terms: Sequence[Term], arms: Collection[str]) -> dict[tuple[int, str], Wanted]:
        asked = [arm for arm in self._arms_of_words if arm in arms]
        texts = [(number, term) for number, term in enumerate(terms) if term.text is not None]
        return {
            (number, arm): Wanted(_WORDS, (arm, term.text), (arm, term.text))
            for number, term in texts
            for arm in asked
            if arm != LEXICAL or term.weight > 0
        }

    async def _read_pictures(
        self, terms: Sequence[Term], uploads: Sequence[bytes]
    ) -> tuple[dict[tuple[int, str], FloatArray], dict[tuple[int, str], Wanted]]:
        """Return the vectors of pictures that are known, and what is to be encoded: only that is unpacked to pixels."""
        came = await self._pictures.read(terms, uploads)
        known: dict[tuple[int, str], FloatArray] = {}
        unknown = {}
        for number, picture in came.items():
            vector = self._queue.remembered(Wanted(_PICTURES, picture.key))
            if vector is None:
                unknown[number] = picture
            else:
                known[number, IMAGE] = _sound(vector)
        pixels = await self._pictures.decode(unknown)
        return known, {
            (number, IMAGE): Wanted(_PICTURES, unknown[number].key, picture) for number, picture in pixels.items()
        }

    def _encode_words(self, asked: Sequence[tuple[str, str]]) -> list[Vector]:
        """Encode (arm, text) pairs. An encoder remembers a batch, so two towers on one model share its forward pass."""
        found: dict[tuple[str, str], Vector] = {
            (arm, text): self._encoders.lexical.encode_query(text) for arm, text in asked if arm == LEXICAL
        }
        for arm, encoder in ((TEXT, self._encoders.text), (IMAGE, self._encoders.picture.text_tower)):
            texts = [text for of, text in asked if of == arm]
            if texts and encoder is not None:
                found |= zip(((arm, text) for text in texts), _rows(encoder.encode_queries(texts)), strict=True)
        return [found[pair] for pair in asked]

    def _encode_pictures(self, pictures: Sequence[Picture]) -> list[Vector]:
        return _rows(self._encoders.picture.encode_pictures(pictures))


def _sound(verdict: Verdict) -> FloatArray:
    """Return the vector of a picture of which there must be one."""
    if isinstance(verdict, InvalidInput):
        raise verdict
    assert not isinstance(verdict, SparseVector), "pictures have no words"
    return verdict


def _rows(vectors: FloatArray) -> list[Vector]:
    """Return rows that stand alone, for one that is remembered must not keep its whole batch."""
    return [row.copy() for row in vectors]
