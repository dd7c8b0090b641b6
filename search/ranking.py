"""Arms to one order: pure. Scores are put on common scales, fused, and ties broken by id, so that equal is equal.

What is near enough to be a candidate is a verdict on each product by itself: above the calibrated threshold in at
least one arm, or named by its id. No fusion, filter or page has a say in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from encoders.interface import FloatArray, Unrelated
    from search.rows import Row

RRF: Final = "rrf"
AUTO: Final = "auto"
RRF_CONSTANT: Final = 60
NAMED: Final = 1_000.0
"""What a product gets whose id or code was typed: more than any arm gives."""
ScoreArray: TypeAlias = NDArray[np.float64]


def _unversioned(_count: int) -> Sequence[int]:
    return ()


@dataclass(frozen=True, slots=True)
class ArmHits:
    """What one arm returned, best first: point ids, raw scores of shape (n,), and how they are read.

    `versions` gives the engine's, of the first so many points as they stood.
    """

    ids: Sequence[str]
    scores: FloatArray
    scale: Unrelated
    complete: bool
    """Whether the arm had no more to give that was asked for: it returned fewer than the depth."""
    versions: Callable[[int], Sequence[int]] = _unversioned

    @property
    def near(self) -> NDArray[np.bool_]:
        """Which of the hits are above the threshold, (n,)."""
        above: NDArray[np.bool_] = self.scores > self.scale.threshold
        return above

    def count_above(self, score: float) -> int:
        """Return how many of the hits score more: so many first ones."""
        return int(np.count_nonzero(self.scores > score))

    @property
    def near_to_the_end(self) -> bool:
        """Whether the arm may have had more that is above the threshold: its last hit still was."""
        return not self.complete and bool(self.near[-1])


@dataclass(frozen=True, slots=True)
class Ranking:
    """How arms become one score: the weight of each, the way they are fused, and whether the far ones are dropped."""

    weights: Mapping[str, float]
    fusion: str = "convex"
    cut_off: str = "off"

    def far(self, scale: Unrelated) -> float:
        """Return the score up to which a hit is no candidate, -inf where each is one."""
        return scale.threshold if self.cut_off == AUTO else -math.inf

    def silent(self, scale: Unrelated) -> float:
        """Return the score up to which a hit neither is a candidate nor lifts one, -inf where each may.

        What scores no more than the unrelated adds 0 to a convex sum; by ranks every hit adds something.
        """
        return -math.inf if self.fusion == RRF else min(scale.mean, self.far(scale))


@dataclass(frozen=True, slots=True)
class Found:
    """What the engine found for one query and filter: the arms' hits, and the points whose id or code was typed.

    `rows` are of all of these, where they were asked to carry something. `watermark` is the time of the newest event
    that the caller may see (ISO 8601), as it stood then or at most a second before.
    """

    arms: Mapping[str, ArmHits]
    named: Sequence[str] = ()
    rows: Mapping[str, Row] = field(default_factory=dict)
    watermark: str | None = None

    def versions(self, ranking: Ranking) -> dict[str, int]:
        """Return the engine's versions of the points that some arm makes candidates."""
        versions: dict[str, int] = {}
        for hits in self.arms.values():
            count = hits.count_above(ranking.far(hits.scale))
            versions.update(zip(hits.ids[:count], hits.versions(count), strict=False))
        return versions


class Candidate(NamedTuple):
    """A product's point in the candidate set; without a score where nothing was asked for.

    `variants` is there in a list of groups: how many of the set are of its group. A tuple, for there are thousands.
    """

    point_id: str
    score: float | None = None
    variants: int | None = None


@dataclass(frozen=True, slots=True)
class Candidates(Sequence[Candidate]):
    """The one candidate set that hits, total, facets, groups and pages come from, best first.

    A sequence of candidates, each made when it is looked at: most pages show twenty of a thousand. `scores` are of
    shape (n,), None where nothing was asked for. `exact` says that no arm may have had more of it.
    """

    point_ids: Sequence[str] = ()
    scores: ScoreArray | None = None
    exact: bool = True

    def __len__(self) -> int:
        return len(self.point_ids)

    def __iter__(self) -> Iterator[Candidate]:
        return iter(self[:])

    @overload
    def __getitem__(self, place: int) -> Candidate: ...

    @overload
    def __getitem__(self, place: slice) -> list[Candidate]: ...

    def __getitem__(self, place: int | slice) -> Candidate | list[Candidate]:
        if isinstance(place, int):
            return Candidate(self.point_ids[place], None if self.scores is None else float(self.scores[place]))
        if self.scores is None:
            return list(map(Candidate, self.point_ids[place]))
        return list(map(Candidate, self.point_ids[place], self.scores[place].tolist()))


def rank(arms: Mapping[str, ArmHits], ranking: Ranking, named: Sequence[str] = ()) -> Candidates:
    """Fuse the arms: the union of what they returned, by score, ties by id. No result set changes a score.

    The `named` points are candidates whatever the arms say of them, and come first.
    """
    arms = dict(sorted(arms.items()))  # always in one order: a sum of floats depends on it, and ties on the sum
    total = sum(ranking.weights[arm] for arm in arms)
    places = {point_id: place for place, point_id in enumerate(named)}
    heard = {arm: _with_a_say(hits, ranking) for arm, hits in arms.items()}
    found_at = {
        arm: np.array([places.setdefault(point_id, len(places)) for point_id in hits.ids], dtype=np.intp)
        for arm, hits in heard.items()
    }
    scores, near = np.zeros(len(places)), np.zeros(len(places), dtype=np.bool_)
    scores[: len(named)], near[: len(named)] = NAMED, True
    for arm, hits in heard.items():
        share = np.float32(ranking.weights[arm] / total)
        scores[found_at[arm]] += share * (_reciprocal_ranks(hits) if ranking.fusion == RRF else normalised(hits))
        near[found_at[arm][hits.near]] = True
    kept = np.flatnonzero(near) if ranking.cut_off == AUTO else np.arange(len(places))
    point_ids = list(places)
    return best_first(
        [point_ids[place] for place in kept.tolist()],
        scores[kept],
        exact=_is_exact(arms, ranking),
    )


def members(arms: Mapping[str, ArmHits], ranking: Ranking, named: Sequence[str] = ()) -> Candidates:
    """Return the candidates that `rank` returns, in no order and without scores: all that counting needs.

    Only hits that are candidates by themselves are named, not those that merely lift one.
    """
    counts = {arm: hits.count_above(ranking.far(hits.scale)) for arm, hits in arms.items()}
    found = chain(named, *(hits.ids[: counts[arm]] for arm, hits in arms.items()))
    return Candidates(list(dict.fromkeys(found)), exact=_is_exact(arms, ranking))


def _is_exact(arms: Mapping[str, ArmHits], ranking: Ranking) -> bool:
    """Whether no arm may have had more that is a candidate."""
    return not any(hits.near_to_the_end if ranking.cut_off == AUTO else not hits.complete for hits in arms.values())


def _with_a_say(hits: ArmHits, ranking: Ranking) -> ArmHits:
    """Return the first hits of an arm, up to where they no longer make or lift a candidate."""
    count = hits.count_above(ranking.silent(hits.scale))
    return ArmHits(hits.ids[:count], hits.scores[:count], hits.scale, hits.complete)


def best_first(point_ids: Sequence[str], scores: ScoreArray, *, exact: bool) -> Candidates:
    """Return candidates in the order of their scores, runs of equal ones in the order of ids."""
    order = np.argsort(-scores, kind="stable")
    ranked, ordered = scores[order], [point_ids[place] for place in order.tolist()]
    edges = np.flatnonzero(np.concatenate(([True], ranked[1:] != ranked[:-1], [True])))  # where runs begin, and the end
    for run in np.flatnonzero(np.diff(edges) > 1).tolist():
        start, end = edges[run], edges[run + 1]
        ordered[start:end] = sorted(ordered[start:end])
    return Candidates(ordered, ranked, exact)


def normalised(hits: ArmHits) -> FloatArray:
    """Return scores in deviations above the level of unrelated pairs, 0 at least: constants, never this result set."""
    above: FloatArray = np.maximum(0.0, (hits.scores - hits.scale.mean) / hits.scale.deviation).astype(np.float32)
    return above


def _reciprocal_ranks(hits: ArmHits) -> FloatArray:
    return (1.0 / (RRF_CONSTANT + 1 + np.arange(len(hits.ids)))).astype(np.float32)
