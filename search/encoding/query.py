"""Terms to query vectors: all terms of one arm become one linear combination."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from catalog.errors import InvalidInput
from catalog.vectors import DENSE_ARMS, IMAGE, LEXICAL, SparseVector
from encoders.interface import NOTHING, PICTURE_QUERY, PRODUCT_QUERY, TEXT_QUERY, Encoders, FloatArray, Unrelated
from search.encoding.nearness import Rarity, picture_scale
from search.encoding.vectors import TEXTS_AT_ONCE, QueryVectors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from catalog.calibration import Pictures
    from encoders.pictures.decode import PictureLimits
    from encoders.pictures.fetch import PictureFetcher
    from search.encoding.batching import Noted
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
    """What one arm looks for, the scale on which its scores are read, and the terms that it combines.

    Those of a dense arm are `parts`, those of the lexical arm `words`, by their place among all terms of the request.
    """

    vector: FloatArray | SparseVector
    scale: Unrelated
    parts: Sequence[TermPart] = ()
    words: Mapping[int, SparseVector] = field(default_factory=dict)


class QueryEncoder:
    """Turns the terms of requests into one query for each arm; what is encoded goes through `QueryVectors`."""

    def __init__(
        self,
        encoders: Encoders,
        *,
        limits: PictureLimits | None = None,
        fetcher: PictureFetcher | None = None,
        texts_at_once: int = TEXTS_AT_ONCE,
        noted: Noted | None = None,
    ) -> None:
        self._own = self._encoders = encoders
        self._vectors = QueryVectors(encoders, limits, fetcher, texts_at_once=texts_at_once, noted=noted)
        self._rarity = Rarity()
        self.pictures: Pictures | None = None

    def calibrate(
        self,
        unrelated: Mapping[tuple[str, str], Unrelated],
        rarity: Rarity | None = None,
        pictures: Pictures | None = None,
    ) -> None:
        """Read scores on these scales from the next query on; on the encoders' own where there is none.

        `pictures` is what was measured of the catalogue's.
        """
        self.pictures = pictures
        self._encoders = self._own.with_calibration({**self._own.unrelated, **unrelated})
        self._rarity = rarity or Rarity()

    def close(self) -> None:
        """End the threads; running encodes finish. Another use starts others, so an app may start again."""
        self._vectors.close()

    async def encode(
        self, terms: Sequence[Term], uploads: Sequence[bytes], products: ProductVectors, arms: Mapping[str, float]
    ) -> dict[str, ArmQuery]:
        """Return what each arm of positive weight that can read these terms looks for; `uploads` are pictures.

        Raises `InvalidInput` that names the term for a picture that is none, terms that cancel out, or no arm left;
        `Overloaded`.
        """
        check_weights(terms)
        wanted = {name for name, weight in arms.items() if weight > 0}
        vectors = await self._vectors.of(terms, uploads, wanted)
        has_pictures = IMAGE in wanted and any(term.image is not None for term in terms)
        nothing = await self._vectors.of_nothing() if has_pictures else None
        queries: dict[str, ArmQuery] = {}
        for arm in DENSE_ARMS:
            if arm in wanted and (parts := _parts(arm, terms, vectors.dense, products)):
                queries[arm] = self._combined(arm, parts, nothing)
        if LEXICAL in wanted and (words := _words(terms, vectors.words)):
            scale = self._encoders.scale(TEXT_QUERY, LEXICAL)
            ways = [_words(terms, way) for way in self._ways(terms)] or [words]
            scale = replace(scale, threshold=min(map(self._rarity.threshold, ways)))
            queries[LEXICAL] = ArmQuery(words, scale, words=vectors.words)
        if not queries:
            raise InvalidInput("no arm with a weight above 0 can read these terms", field="arms")
        return queries

    async def warm_up(self) -> None:
        """Encode a word and some pictures, so that the first request does not pay for it."""
        await self._vectors.warm_up()

    def _combined(self, arm: str, parts: Sequence[TermPart], nothing: FloatArray | None) -> ArmQuery:
        scales = [self._scale(part, arm, nothing) for part in parts]
        if len(parts) == 1 and parts[0].weight > 0:  # most queries: there is nothing to combine
            return ArmQuery(parts[0].vector, scales[0], parts)
        weights = np.array([part.weight for part in parts])
        weights /= np.abs(weights).max()  # however light this arm's terms are
        mixed = weights @ np.stack([part.vector for part in parts])
        length = float(np.linalg.norm(mixed))
        if length < _NOTHING_LEFT:
            raise InvalidInput("the terms cancel each other out", field="terms")
        shares = np.abs(weights) / np.abs(weights).sum()
        table = np.array([[scale.mean, scale.deviation, scale.threshold] for scale in scales])
        return ArmQuery((mixed / length).astype(np.float32), Unrelated(*(shares @ table).tolist()), parts)

    def _scale(self, part: TermPart, arm: str, nothing: FloatArray | None) -> Unrelated:
        """Return the scale of one term; of a picture beside those of `nothing`, (n, size)."""
        scale = self._encoders.scale(part.kind, arm)
        if nothing is None or part.kind != PICTURE_QUERY:
            return scale
        return picture_scale(scale, part.vector, nothing, self._encoders.scale(NOTHING, arm).threshold)

    def _ways(self, terms: Sequence[Term]) -> list[dict[int, SparseVector]]:
        """Return the words of each way to say the positive texts, by the term's number; none where there is only one.

        Who calls a thing by another name need not use both. A text takes tens of microseconds, so it waits for nobody.
        """
        readings = {
            number: term.readings for number, term in enumerate(terms) if term.text is not None and term.weight > 0
        }
        count = max(map(len, readings.values()), default=1)
        if count == 1:
            return []
        words = {text: self._encoders.lexical.encode_query(text) for texts in readings.values() for text in texts}
        return [
            {number: words[texts[min(way, len(texts) - 1)]] for number, texts in readings.items()}
            for way in range(count)
        ]


def check_weights(terms: Sequence[Term]) -> None:
    """Raise `InvalidInput` unless a term has a weight above 0: dislikes alone are near nothing."""
    if not any(term.weight > 0 for term in terms):
        raise InvalidInput("at least one term needs a weight above 0", field="terms")


def heard(arms: Mapping[str, float], terms: Sequence[Term]) -> dict[str, float]:
    """Return the weight of each arm times the share that it hears of what is asked.

    Of a picture with "but in blue" the image arm hears all, and the others half: what is blue may be anything to them.
    Of a text with words that no product has, the lexical arm hears the others.
    """
    relative = [abs(weight) for weight in _relative(terms)] if terms else []
    if not any(relative):
        return dict(arms)
    return {
        arm: weight
        * sum(size * _share_heard(term, arm) for size, term in zip(relative, terms, strict=True))
        / sum(relative)
        for arm, weight in arms.items()
    }


def _share_heard(term: Term, arm: str) -> float:
    if arm == LEXICAL:
        return term.known if term.text is not None and term.weight > 0 else 0.0
    return float(arm == IMAGE or term.image is None)


def _relative(terms: Sequence[Term]) -> list[float]:
    """Return the weights of terms to the largest: only what they are to each other counts."""
    largest = max(abs(term.weight) for term in terms) or 1.0
    return [term.weight / largest for term in terms]


def _parts(
    arm: str, terms: Sequence[Term], vectors: Mapping[tuple[int, str], FloatArray], products: ProductVectors
) -> list[TermPart]:
    """Return what each term says to a dense arm; one without weight says nothing."""
    parts = []
    for number, (term, weight) in enumerate(zip(terms, _relative(terms), strict=True)):
        vector = vectors.get((number, arm)) if term.product is None else products.get(term.product, {}).get(arm)
        if vector is not None and weight:
            parts.append(TermPart(number, vector, weight, _kind(term)))
    return parts


def _kind(term: Term) -> str:
    if term.product is not None:
        return PRODUCT_QUERY
    return TEXT_QUERY if term.text is not None else PICTURE_QUERY


def _words(terms: Sequence[Term], words: Mapping[int, SparseVector]) -> SparseVector:
    """Sum the words of the positive texts: a negative weight would rank what has only the unwanted words."""
    relative = _relative(terms)
    weights: dict[int, float] = {}
    for number, found in words.items():
        for index, value in zip(found.indices, found.values, strict=True):
            weights[index] = weights.get(index, 0.0) + relative[number] * value
    return SparseVector(tuple(weights), tuple(weights.values()))
