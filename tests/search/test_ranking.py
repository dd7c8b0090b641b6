"""Ranking by its properties: no order of arms, no result set and no coincidence changes a score."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.vectors import ARMS
from encoders.interface import Unrelated
from search.ranking import AUTO, RRF_CONSTANT, ArmHits, Ranking, members, rank

SCALE = Unrelated(mean=0.2, deviation=0.1)
EVEN = dict.fromkeys(ARMS, 1.0)


def hits(*scored: tuple[str, float], scale: Unrelated = SCALE, complete: bool = True) -> ArmHits:
    """Return what an arm found, best first."""
    ordered = sorted(scored, key=lambda pair: -pair[1])
    scores = np.array([score for _, score in ordered], dtype=np.float32)
    return ArmHits([point_id for point_id, _ in ordered], scores, scale, complete)


def scored(arms: dict[str, ArmHits], ranking: Ranking) -> dict[str, float | None]:
    """Return the score of each candidate."""
    return {candidate.point_id: candidate.score for candidate in rank(arms, ranking)}


some_hits = st.dictionaries(st.sampled_from("abcdefghij"), st.floats(-1, 1, width=32), max_size=8)
some_arms = st.dictionaries(st.sampled_from(ARMS), some_hits, min_size=1)
some_weights = st.fixed_dictionaries({arm: st.floats(0.001, 1000) for arm in ARMS})
fusions = st.sampled_from(["convex", "rrf"])


@given(some_arms, some_weights, fusions)
def test_the_order_of_arms_does_not_matter(
    found: dict[str, dict[str, float]], weights: dict[str, float], fusion: str
) -> None:
    """To the last bit: ties are decided by it."""
    arms = {arm: hits(*scores.items()) for arm, scores in found.items()}
    answers = [rank({arm: arms[arm] for arm in order}, Ranking(weights, fusion)) for order in permutations(arms)]

    assert all(list(answer) == list(answers[0]) for answer in answers)


@given(some_arms, some_weights, fusions)
def test_candidates_are_the_union_in_order(
    found: dict[str, dict[str, float]], weights: dict[str, float], fusion: str
) -> None:
    """Each product once, best first, equal ones by id."""
    ordered = rank({arm: hits(*scores.items()) for arm, scores in found.items()}, Ranking(weights, fusion))

    assert {candidate.point_id for candidate in ordered} == set().union(*found.values())
    assert len({candidate.point_id for candidate in ordered}) == len(ordered)
    keys = [(-(candidate.score or 0.0), candidate.point_id) for candidate in ordered]
    assert keys == sorted(keys)
    assert all(np.isfinite(candidate.score or 0.0) for candidate in ordered)


@given(some_hits, some_weights, st.data())
def test_a_score_does_not_depend_on_who_else_was_found(
    found: dict[str, float], weights: dict[str, float], data: st.DataObject
) -> None:
    """Leaving candidates out leaves the others as they were: scales are constants, not of this result."""
    kept = data.draw(st.sets(st.sampled_from("abcdefghij")))
    whole = scored({"text": hits(*found.items())}, Ranking(weights))
    part = scored({"text": hits(*((key, score) for key, score in found.items() if key in kept))}, Ranking(weights))

    assert part == {key: score for key, score in whole.items() if key in kept}


@given(some_arms, some_weights, fusions, st.floats(-1, 1, width=32))
def test_dropping_the_far_changes_no_score(
    found: dict[str, dict[str, float]], weights: dict[str, float], fusion: str, threshold: float
) -> None:
    """What is near in some arm keeps the score that it has among all, wherever the line lies; the others are gone."""
    scale = Unrelated(SCALE.mean, SCALE.deviation, threshold)
    arms = {arm: hits(*scores.items(), scale=scale) for arm, scores in found.items()}
    near = {key for scores in found.values() for key, score in scores.items() if score > threshold}

    whole, kept = scored(arms, Ranking(weights, fusion)), scored(arms, Ranking(weights, fusion, AUTO))

    assert kept == {key: score for key, score in whole.items() if key in near}


@given(some_arms, some_weights, fusions, st.sampled_from([AUTO, "off"]), st.floats(-1, 1, width=32))
def test_what_has_no_say_need_not_be_returned(
    found: dict[str, dict[str, float]], weights: dict[str, float], fusion: str, cut_off: str, threshold: float
) -> None:
    """The order, every score and the members are the same without the hits up to these scores."""
    scale = Unrelated(SCALE.mean, SCALE.deviation, threshold)
    ranking = Ranking(weights, fusion, cut_off)

    def above(floor: float) -> dict[str, ArmHits]:
        kept = {arm: [pair for pair in scores.items() if pair[1] > floor] for arm, scores in found.items()}
        return {arm: hits(*pairs, scale=scale) for arm, pairs in kept.items()}

    whole = above(-2)
    assert list(rank(whole, ranking)) == list(rank(above(ranking.silent(scale)), ranking))
    assert set(members(whole, ranking).point_ids) == set(members(above(ranking.far(scale)), ranking).point_ids)


def test_an_arm_that_did_not_return_a_candidate_gives_it_nothing() -> None:
    """Half of the weight is half of the score."""
    found = scored({"text": hits(("a", 0.5), ("b", 0.5)), "image": hits(("a", 0.5))}, Ranking(EVEN))

    assert found == pytest.approx({"a": 3.0, "b": 1.5}, rel=1e-5)


def test_below_the_level_of_unrelated_pairs_is_nothing() -> None:
    """A score below the mean of strangers is no evidence against either."""
    found = scored({"text": hits(("a", 0.1), ("b", -1.0), ("c", 0.3))}, Ranking(EVEN))

    assert found == pytest.approx({"a": 0.0, "b": 0.0, "c": 1.0}, rel=1e-5)


def test_reciprocal_ranks_ignore_the_scores() -> None:
    """The first gets 1 / (k + 1), the second 1 / (k + 2)."""
    found = scored({"text": hits(("a", 0.9), ("b", -0.9))}, Ranking(EVEN, "rrf"))

    assert found == pytest.approx({"a": 1 / (RRF_CONSTANT + 1), "b": 1 / (RRF_CONSTANT + 2)})


@pytest.mark.parametrize("full", ARMS)
def test_one_full_arm_makes_the_total_inexact(full: str) -> None:
    """There may be more where it stopped."""
    arms = {arm: hits(("a", 0.5), complete=arm != full) for arm in ARMS}

    assert not rank(arms, Ranking(EVEN)).exact
    assert rank({arm: hits(("a", 0.5)) for arm in ARMS}, Ranking(EVEN)).exact


def test_nothing_found_is_an_answer() -> None:
    """Empty arms make an empty, exact set."""
    answer = rank({arm: hits() for arm in ARMS}, Ranking(EVEN))

    assert list(answer) == []
    assert answer.exact


@given(st.integers(0, 60), st.integers(1, 20))
def test_pages_of_an_order_are_slices_of_it(count: int, limit: int) -> None:
    """Cut anywhere, the pages are the whole: the order has no ties left."""
    arms = {"text": hits(*((f"{number:02d}", 0.5) for number in range(count)))}
    whole = [candidate.point_id for candidate in rank(arms, Ranking(EVEN))]

    pages = [whole[start : start + limit] for start in range(0, count, limit)]

    assert [point_id for page in pages for point_id in page] == sorted(whole)


@given(some_arms, fusions, st.sampled_from([AUTO, "off"]), st.floats(-1, 1, width=32), st.sets(st.sampled_from(ARMS)))
def test_members_are_the_candidates(
    found: dict[str, dict[str, float]], fusion: str, cut_off: str, threshold: float, complete: set[str]
) -> None:
    """Who only counts gets the very set that is shown, and whether it is exact."""
    scale = Unrelated(SCALE.mean, SCALE.deviation, threshold)
    arms = {
        arm: hits(*scores.items(), scale=scale, complete=arm in complete or not scores) for arm, scores in found.items()
    }
    ranking, named = Ranking(EVEN, fusion, cut_off), ["j", "k"]
    ranked, counted = rank(arms, ranking, named), members(arms, ranking, named)

    assert sorted(counted.point_ids) == sorted(ranked.point_ids)
    assert counted.exact == ranked.exact
