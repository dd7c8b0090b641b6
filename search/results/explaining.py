"""Why a hit stands where it does: what each arm and each term says of it, and what lifted it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.vectors import LEXICAL
from search.ranking import NAMED, normalised

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from catalog.vectors import SparseVector
    from encoders.interface import FloatArray
    from search.encoding.query import ArmQuery
    from search.ranking import ArmHits
    from search.results.outcome import Outcome
    from search.understood import Understood


def words_of_terms(query: Mapping[str, ArmQuery]) -> dict[int, SparseVector]:
    """Return the words of each term that has any, by its number."""
    return {term: words for term, words in query[LEXICAL].words.items() if words} if LEXICAL in query else {}


def explanations(outcome: Outcome, asked: Understood) -> dict[str, dict[str, Any]]:
    """Return the explanation of each hit shown, by point id; of what was browsed there is little to say."""
    if outcome.found is None:
        return {one.point_id: {"arms": {}, "terms": [], "boosts": {}} for one in outcome.shown}
    assert outcome.told is not None, "it is read where something is to be explained"
    weights = asked.ranking.weights
    total = sum(weights[arm] for arm in outcome.found.arms)
    shown = [one.point_id for one in outcome.shown]
    arms = {arm: _of_arm(hits, shown, weights[arm] / total) for arm, hits in outcome.found.arms.items()}
    named = set(outcome.found.named)
    return {
        point_id: {
            "arms": {arm: shares[point_id] for arm, shares in arms.items() if point_id in shares},
            "terms": [
                *_terms(outcome.query, outcome.told.vectors(point_id)),
                *(
                    {"term": number, "arm": LEXICAL, "score": round(score, 6)}
                    for number, score in outcome.told.by_words(point_id).items()
                ),
            ],
            "boosts": dict(outcome.boosts.get(point_id, {})) | ({"named": NAMED} if point_id in named else {}),
        }
        for point_id in shown
    }


def _of_arm(hits: ArmHits, shown: Sequence[str], weight: float) -> dict[str, dict[str, float]]:
    wanted = set(shown)
    above = normalised(hits)
    return {
        point_id: {
            "score": round(float(hits.scores[place]), 6),
            "rank": place + 1,
            "normalised": round(float(above[place]), 6),
            "weight": round(weight, 6),
        }
        for place, point_id in enumerate(hits.ids)
        if point_id in wanted
    }


def _terms(query: Mapping[str, ArmQuery], vectors: Mapping[str, FloatArray]) -> list[dict[str, Any]]:
    """Return what each term scores by itself in each dense arm: the arm's query is their weighted sum.

    Of several pictures that one counts which the engine scored the product by, the nearest to the sum.
    """
    nearest = {
        arm: vectors[arm][int((vectors[arm] @ np.asarray(asked.vector)).argmax())]
        for arm, asked in query.items()
        if arm in vectors
    }
    return [
        {"term": part.term, "arm": arm, "score": round(float(part.vector @ nearest[arm]), 6)}
        for arm, asked in query.items()
        for part in asked.parts
        if arm in nearest
    ]
