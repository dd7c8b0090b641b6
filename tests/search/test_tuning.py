"""Tuning weights: found on one half, judged on the other, and left alone unless there is a reason."""

from __future__ import annotations

import numpy as np
import pytest

from catalog.errors import Misconfigured
from encoders.interface import Unrelated
from search.quality.judging import Asked
from search.quality.judgments import Judgment
from search.quality.tuning import best_weights, tune
from search.ranking import ArmHits
from search.schemas import DEFAULT_ARMS, ImageSource, SearchRequest, Term

RIGHT = "right"
WRONG = tuple(f"wrong-{number:02d}" for number in range(12))


def hits(*ids: str) -> ArmHits:
    """Return what an arm found, best first, in steps of one deviation."""
    scores = np.arange(len(ids), 0, -1, dtype=np.float32)
    return ArmHits(ids, scores, Unrelated(0.0, 1.0, threshold=0.0), complete=True)


def asked(number: int, **arms: ArmHits) -> Asked:
    """Return a query with one right answer, and what the arms found for it."""
    request = SearchRequest(text="red")
    return Asked(Judgment(f"line {number}", request, {RIGHT: 1}), request.all_terms(), arms, {RIGHT: 1})


def told(_tried: int) -> None:
    """Hear how many weightings were tried."""


def misled(count: int) -> list[Asked]:
    """Return queries that the lexical arm answers and the picture arm, which is surer, does not."""
    return [asked(n, lexical=hits(RIGHT, WRONG[0]), image=hits(*WRONG, RIGHT)) for n in range(count)]


def test_the_arm_that_misleads_loses_its_weight() -> None:
    """On both halves the tuned weights put the right answer first, and the difference says so."""
    found = tune(misled(30), seed=1, progress=told)

    assert found.weights["image"] < found.weights["lexical"]
    assert (found.tuned_on, found.judged_on) == (15, 15)
    assert found.tuned["nDCG@10"].value > found.default["nDCG@10"].value
    assert found.differences["nDCG@10"].value == pytest.approx(
        found.tuned["nDCG@10"].value - found.default["nDCG@10"].value
    )
    assert found.is_better


def test_weights_stay_where_nothing_is_gained() -> None:
    """Arms that agree, or find nothing, are no reason to move from the default."""
    agreeing = [asked(n, text=hits(RIGHT), lexical=hits(RIGHT)) for n in range(24)]

    assert best_weights(agreeing, told) == DEFAULT_ARMS.model_dump()
    assert not tune(agreeing, seed=0, progress=told).is_better


def test_the_halves_are_drawn_by_the_seed() -> None:
    """The same seed gives the same answer; the queries of one kind do not all come into one half."""
    queries = [*misled(20), *(asked(n, text=hits(RIGHT)) for n in range(20, 40))]

    first, again = (tune(queries, seed=5, progress=told) for _ in range(2))

    assert first == again
    assert 0 < first.default["nDCG@10"].value < 1


def test_the_default_is_what_a_search_would_do() -> None:
    """Where words alone do not count pictures, a picture that is asked with still does."""
    photo = SearchRequest(terms=[Term(image=ImageSource(part=0))])
    deaf = {"text": 1.2, "image": 0.0, "lexical": 1.0}
    photos = [
        Asked(Judgment(f"line {n}", photo, {RIGHT: 1}), photo.all_terms(), {"image": hits(RIGHT)}, {RIGHT: 1}, deaf)
        for n in range(24)
    ]

    found = tune(photos, seed=0, progress=told)

    assert found.default["nDCG@10"].value == 1
    assert not found.is_better


def test_too_few_queries_are_refused() -> None:
    """Nineteen are no two halves."""
    with pytest.raises(Misconfigured, match="19 queries are too few"):
        tune(misled(19), seed=0, progress=told)
