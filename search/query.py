"""Terms to query vectors: all terms of one arm become one linear combination."""

from __future__ import annotations

import asyncio
import base64
import binascii
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from catalog.errors import InvalidInput, InvalidPicture
from catalog.vectors import IMAGE, LEXICAL, TEXT, SparseVector
from encoders.interface import NOTHING, PICTURE_QUERY, PRODUCT_QUERY, TEXT_QUERY, Encoders, FloatArray, Unrelated
from encoders.pictures.decode import Crop, PictureLimits, decode
from search.elsewhere import pictures_of_nothing
from search.nearness import Rarity, picture_scale

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from encoders.interface import Picture
    from search.schemas import Term

ProductVectors: TypeAlias = "Mapping[str, Mapping[str, FloatArray]]"
"""Product id → arm → the vector that the index holds for it."""

_NOTHING_LEFT = 1e-6


@dataclass(frozen=True, slots=True)
class TermPart:
    """What one term adds to a dense arm: a vector of unit length, its weight, and the kind of query that it is.

    `term` is its place among all terms of the request. One without weight says nothing.
    """

    term: int
    vector: FloatArray
    weight: float
    kind: str


@dataclass(frozen=True, slots=True)
class ArmQuery:
    """What one arm looks for, the scale on which its scores are read, and the terms that a dense arm combines."""

    vector: FloatArray | SparseVector
    scale: Unrelated
    parts: Sequence[TermPart] = ()


class QueryEncoder:
    """Encodes the terms of requests on a thread of its own, so that the event loop stays free.

    Pictures are decoded elsewhere: sixteen large ones take seconds, and whoever only types must not wait for them.
    """

    def __init__(self, encoders: Encoders, *, limits: PictureLimits | None = None) -> None:
        self._own = self._encoders = encoders
        self._limits = limits or PictureLimits()
        self._rarity = Rarity()
        self._nothing: FloatArray | None = None
        self._thread = _one_thread()

    def calibrate(self, unrelated: Mapping[tuple[str, str], Unrelated], rarity: Rarity | None = None) -> None:
        """Read scores on these scales from the next query on; on the encoders' own where there is none."""
        self._encoders = self._own.with_calibration({**self._own.unrelated, **unrelated})
        self._rarity = rarity or Rarity()

    def close(self) -> None:
        """End the thread; running encodes finish. Another use starts another thread, so an app may start again."""
        ended, self._thread = self._thread, _one_thread()
        ended.shutdown()

    async def encode(
        self, terms: Sequence[Term], parts: Sequence[bytes], products: ProductVectors, arms: Mapping[str, float]
    ) -> dict[str, ArmQuery]:
        """Return what each arm of positive weight that can read these terms looks for; `parts` are uploaded pictures.

        Raises `InvalidInput` that names the term for a picture that is none, terms that cancel out, or no arm left.
        """
        check_weights(terms)
        has_pictures = any(term.image is not None for term in terms)
        pictures = await asyncio.to_thread(self._pictures, terms, parts) if has_pictures else {}
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._encode, terms, pictures, products, arms)

    async def warm_up(self) -> None:
        """Encode a word and some pictures, so that the first request does not pay for it."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._warm_up)

    def _warm_up(self) -> None:
        self._encoders.text.encode_queries(["warm"])
        self._of_nothing()

    def _pictures(self, terms: Sequence[Term], parts: Sequence[bytes]) -> dict[int, Picture]:
        return {
            number: self._picture(term, parts, f"terms.{number}")
            for number, term in enumerate(terms)
            if term.image is not None
        }

    def _encode(
        self, terms: Sequence[Term], decoded: Mapping[int, Picture], products: ProductVectors, arms: Mapping[str, float]
    ) -> dict[str, ArmQuery]:
        largest = max(abs(term.weight) for term in terms)  # only what weights are to each other counts
        weights = [term.weight / largest for term in terms]
        texts = {number: term.text for number, term in enumerate(terms) if term.text is not None}
        likes = {number: term.product for number, term in enumerate(terms) if term.product is not None}
        wanted = {name for name, weight in arms.items() if weight > 0}
        queries: dict[str, ArmQuery] = {}
        for arm in (TEXT, IMAGE):
            if arm in wanted:
                parts = [
                    *self._parts(arm, texts, decoded if arm == IMAGE else {}, weights),
                    *_product_parts(arm, likes, products, weights),
                ]
                if counting := [part for part in parts if part.weight]:
                    queries[arm] = self._combined(arm, counting)
        if LEXICAL in wanted and (words := self._words(texts, weights)):
            scale = self._encoders.scale(TEXT_QUERY, LEXICAL)
            queries[LEXICAL] = ArmQuery(words, replace(scale, threshold=self._rarity.threshold(words)))
        if not queries:
            raise InvalidInput("no arm with a weight above 0 can read these terms", field="arms")
        return queries

    def _parts(
        self, arm: str, texts: Mapping[int, str], pictures: Mapping[int, Picture], weights: Sequence[float]
    ) -> Iterator[TermPart]:
        encoder = self._encoders.text if arm == TEXT else self._encoders.picture.text_tower
        if texts and encoder is not None:
            vectors = encoder.encode_queries(list(texts.values()))
            for number, vector in zip(texts, vectors, strict=True):
                yield TermPart(number, vector, weights[number], TEXT_QUERY)
        if pictures:
            vectors = self._encoders.picture.encode_pictures(list(pictures.values()))
            for number, vector in zip(pictures, vectors, strict=True):
                yield TermPart(number, vector, weights[number], PICTURE_QUERY)

    def _combined(self, arm: str, parts: Sequence[TermPart]) -> ArmQuery:
        weights = np.array([part.weight for part in parts])
        weights /= np.abs(weights).max()  # however light this arm's terms are
        mixed = weights @ np.stack([part.vector for part in parts])
        length = float(np.linalg.norm(mixed))
        if length < _NOTHING_LEFT:
            raise InvalidInput("the terms cancel each other out", field="terms")
        shares = np.abs(weights) / np.abs(weights).sum()
        scales = [self._scale(part, arm) for part in parts]
        table = np.array([[scale.mean, scale.deviation, scale.threshold] for scale in scales])
        return ArmQuery((mixed / length).astype(np.float32), Unrelated(*(shares @ table).tolist()), parts)

    def _scale(self, part: TermPart, arm: str) -> Unrelated:
        scale = self._encoders.scale(part.kind, arm)
        if part.kind != PICTURE_QUERY:
            return scale
        return picture_scale(scale, part.vector, self._of_nothing(), self._encoders.scale(NOTHING, arm).threshold)

    def _of_nothing(self) -> FloatArray:
        """Return the vectors of pictures that show nothing, (n, size); they are encoded once."""
        if self._nothing is None:
            self._nothing = self._encoders.picture.encode_pictures(pictures_of_nothing())
        return self._nothing

    def _words(self, texts: Mapping[int, str], term_weights: Sequence[float]) -> SparseVector:
        """Sum the words of the positive texts: a negative weight would rank what has only the unwanted words."""
        weights: dict[int, float] = {}
        for number, text in texts.items():
            if term_weights[number] > 0:
                words = self._encoders.lexical.encode_query(text)
                for index, value in zip(words.indices, words.values, strict=True):
                    weights[index] = weights.get(index, 0.0) + term_weights[number] * value
        return SparseVector(tuple(weights), tuple(weights.values()))

    def _picture(self, term: Term, parts: Sequence[bytes], where: str) -> Picture:
        assert term.image is not None
        if term.image.part is not None and term.image.part >= len(parts):
            raise InvalidInput(f"there are {len(parts)} uploaded pictures", field=f"{where}.image.part")
        try:
            data = parts[term.image.part] if term.image.part is not None else _base64(term.image.data or "")
            return decode(data, self._limits, crop=Crop(*term.crop) if term.crop else None)
        except InvalidPicture as error:
            raise InvalidInput(error.message, field=f"{where}.image") from error


def _one_thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="query-encoder")


def check_weights(terms: Sequence[Term]) -> None:
    """Raise `InvalidInput` unless a term has a weight above 0: dislikes alone are near nothing."""
    if not any(term.weight > 0 for term in terms):
        raise InvalidInput("at least one term needs a weight above 0", field="terms")


def _product_parts(
    arm: str, likes: Mapping[int, str], products: ProductVectors, weights: Sequence[float]
) -> Iterator[TermPart]:
    for number, product_id in likes.items():
        vector = products.get(product_id, {}).get(arm)
        if vector is not None:
            yield TermPart(number, vector, weights[number], PRODUCT_QUERY)


def _base64(text: str) -> bytes:
    body = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidPicture(f"the data is not base64: {error}") from error
