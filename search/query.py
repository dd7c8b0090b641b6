"""Terms to query vectors: all terms of one arm become one linear combination."""

from __future__ import annotations

import asyncio
import base64
import binascii
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from catalog.errors import InvalidInput, InvalidPicture
from catalog.vectors import IMAGE, LEXICAL, TEXT, SparseVector
from encoders.interface import PICTURE_QUERY, PRODUCT_QUERY, TEXT_QUERY, Encoders, FloatArray, Unrelated
from encoders.pictures.decode import Crop, PictureLimits, decode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from encoders.interface import Picture
    from search.schemas import Term

ProductVectors: TypeAlias = "Mapping[str, Mapping[str, FloatArray]]"
"""Product id → arm → the vector that the index holds for it."""

_NOTHING_LEFT = 1e-6


@dataclass(frozen=True, slots=True)
class ArmQuery:
    """What one arm looks for, and the scale on which its scores are read."""

    vector: FloatArray | SparseVector
    scale: Unrelated


@dataclass(slots=True)
class _Parts:
    """The weighted vectors of one arm, with the kind of query each came from."""

    vectors: list[FloatArray] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    def add(self, vector: FloatArray, weight: float, kind: str) -> None:
        """Add a vector of unit length; one without weight says nothing."""
        if weight:
            self.vectors.append(vector)
            self.weights.append(weight)
            self.kinds.append(kind)


class QueryEncoder:
    """Encodes the terms of requests on a thread of its own, so that the event loop stays free.

    Pictures are decoded elsewhere: sixteen large ones take seconds, and whoever only types must not wait for them.
    """

    def __init__(self, encoders: Encoders, *, limits: PictureLimits | None = None) -> None:
        self._own = self._encoders = encoders
        self._limits = limits or PictureLimits()
        self._thread = _one_thread()

    def calibrate(self, unrelated: Mapping[tuple[str, str], Unrelated]) -> None:
        """Read scores on these scales from the next query on; on the encoders' own where there is none."""
        self._encoders = self._own.with_calibration({**self._own.unrelated, **unrelated})

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
        """Encode a word and a picture, so that the first request does not pay for it."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._warm_up)

    def _warm_up(self) -> None:
        self._encoders.text.encode_queries(["warm"])
        self._encoders.picture.encode_pictures([np.full((64, 64, 3), 255, dtype=np.uint8)])

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
        pictures = [(picture, terms[number].weight / largest) for number, picture in decoded.items()]
        texts = [(term.text, term.weight / largest) for term in terms if term.text is not None]
        likes = [(term.product, term.weight / largest) for term in terms if term.product is not None]
        wanted = {name for name, weight in arms.items() if weight > 0}
        queries: dict[str, ArmQuery] = {}
        for arm in (TEXT, IMAGE):
            if arm in wanted:
                parts_of_arm = self._parts(arm, texts, pictures if arm == IMAGE else [])
                _add_products(parts_of_arm, arm, likes, products)
                if parts_of_arm.vectors:
                    queries[arm] = self._combined(arm, parts_of_arm)
        if LEXICAL in wanted and (words := self._words(texts)):
            queries[LEXICAL] = ArmQuery(words, self._encoders.scale(TEXT_QUERY, LEXICAL))
        if not queries:
            raise InvalidInput("no arm with a weight above 0 can read these terms", field="arms")
        return queries

    def _parts(self, arm: str, texts: Sequence[tuple[str, float]], pictures: Sequence[tuple[Picture, float]]) -> _Parts:
        parts = _Parts()
        encoder = self._encoders.text if arm == TEXT else self._encoders.picture.text_tower
        if texts and encoder is not None:
            vectors = encoder.encode_queries([text for text, _ in texts])
            for vector, (_, weight) in zip(vectors, texts, strict=True):
                parts.add(vector, weight, TEXT_QUERY)
        if pictures:
            vectors = self._encoders.picture.encode_pictures([picture for picture, _ in pictures])
            for vector, (_, weight) in zip(vectors, pictures, strict=True):
                parts.add(vector, weight, PICTURE_QUERY)
        return parts

    def _combined(self, arm: str, parts: _Parts) -> ArmQuery:
        weights = np.asarray(parts.weights) / max(map(abs, parts.weights))  # however light this arm's terms are
        mixed = weights @ np.stack(parts.vectors)
        length = float(np.linalg.norm(mixed))
        if length < _NOTHING_LEFT:
            raise InvalidInput("the terms cancel each other out", field="terms")
        shares = np.abs(weights) / np.abs(weights).sum()
        scales = [self._encoders.scale(kind, arm) for kind in parts.kinds]
        table = np.array([[scale.mean, scale.deviation, scale.threshold] for scale in scales])
        return ArmQuery((mixed / length).astype(np.float32), Unrelated(*(shares @ table).tolist()))

    def _words(self, texts: Sequence[tuple[str, float]]) -> SparseVector:
        """Sum the words of the positive texts: a negative weight would rank what has only the unwanted words."""
        weights: dict[int, float] = {}
        for text, weight in texts:
            if weight > 0:
                words = self._encoders.lexical.encode_query(text)
                for index, value in zip(words.indices, words.values, strict=True):
                    weights[index] = weights.get(index, 0.0) + weight * value
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


def _add_products(parts: _Parts, arm: str, likes: Sequence[tuple[str, float]], products: ProductVectors) -> None:
    for product_id, weight in likes:
        vector = products.get(product_id, {}).get(arm)
        if vector is not None:
            parts.add(vector, weight, PRODUCT_QUERY)


def _base64(text: str) -> bytes:
    body = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidPicture(f"the data is not base64: {error}") from error
