"""How good a running index's answers are: judged queries put to the service, its arms judged one by one and fused.

Every query is asked once. What is judged afterwards is the order that `search.ranking` makes of what the arms found, so
it is the order of the API.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.errors import InvalidInput, Misconfigured
from catalog.points import point_id
from catalog.vectors import ARM_WEIGHTS, ARMS
from encoders.evaluation.intervals import estimate
from encoders.evaluation.measures import measure
from encoders.evaluation.retrieval import DEPTH
from encoders.evaluation.tasks import Graded, Query
from search.access import EVERYTHING
from search.encoding.query import heard
from search.ranking import Ranking, rank

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from numpy.typing import NDArray

    from encoders.evaluation.intervals import Estimate
    from search.quality.judgments import Judgment
    from search.ranking import ArmHits
    from search.retriever import Retriever
    from search.schemas import Term
    from search.service import SearchService

    Progress: TypeAlias = Callable[[int, int], None]
    Values: TypeAlias = NDArray[np.float64]

MEASURES: Final = ("nDCG@10", "R@10", "R@100", "RR")
FUSIONS: Final = ("convex", "rrf")
_CUTOFFS: Final = (10, 100)
_IDS_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Asked:
    """A judged query, what each arm found for it, and the gain of each point that is an answer.

    `terms` are those of its request, with what the catalogue knows of their words; `default` are the
    weights of the arms where the request has none.
    """

    judgment: Judgment
    terms: Sequence[Term]
    arms: Mapping[str, ArmHits]
    gains: Mapping[str, int]
    default: Mapping[str, float] = field(default_factory=lambda: dict(ARM_WEIGHTS))


@dataclass(frozen=True, slots=True)
class Inquiry:
    """Every query that the index can answer; how many it cannot, and how many judged products it does not have."""

    asked: tuple[Asked, ...]
    unanswerable: int
    unknown_products: int


@dataclass(frozen=True, slots=True)
class Way:
    """How the arms become one order: a fusion, and weights in the place of those that a request brings."""

    fusion: str = FUSIONS[0]
    weights: Mapping[str, float] | None = None

    def order(self, asked: Asked, depth: int) -> Sequence[str]:
        """Return the point ids that a search would answer with, best first, at most `depth`."""
        request = asked.judgment.request
        weights = heard(self.weights or request.weights(asked.default), asked.terms)
        arms = {arm: hits for arm, hits in asked.arms.items() if weights[arm] > 0}
        ranking = Ranking(weights, self.fusion, request.cut_off)
        return rank(arms, ranking).point_ids[:depth] if arms else ()


def alone(arm: str) -> Way:
    """Return the way that lets one arm decide."""
    return Way(weights=dict.fromkeys(ARMS, 0.0) | {arm: 1.0})


async def inquire(
    service: SearchService, retriever: Retriever, judgments: Sequence[Judgment], progress: Progress
) -> Inquiry:
    """Ask every query that has an answer in the index; judged products that it does not have count neither way.

    Raises `Misconfigured` where no query has one, or a query cannot be asked; `EngineUnavailable`.
    """
    gains = [{name: gain for name, gain in one.gains.items() if gain > 0} for one in judgments]
    names = list(dict.fromkeys(name for one in gains for name in one))
    known = await _known(retriever, names)
    asked: list[Asked] = []
    for number, (judgment, wanted) in enumerate(zip(judgments, gains, strict=True), start=1):
        present = {point_id(name): gain for name, gain in wanted.items() if name in known}
        if present:
            try:
                arms = await service.ask_arms(judgment.request, EVERYTHING)
                read = await service.known(judgment.request, EVERYTHING)
            except InvalidInput as error:
                raise Misconfigured(f"{judgment.where}: {error}") from error
            asked.append(Asked(judgment, read.terms, arms, present, read.default))
        progress(number, len(judgments))
    if not asked:
        raise Misconfigured(
            f"none of the {len(judgments):,} judged queries has an answer in this index: "
            f"{len(names) - len(known):,} of the {len(names):,} products judged to be answers are unknown to it. "
            "Is it the right collection, and are these its ids?"
        )
    return Inquiry(tuple(asked), len(judgments) - len(asked), len(names) - len(known))


def judge(asked: Sequence[Asked], way: Way) -> dict[str, Estimate]:
    """Return each of `MEASURES` with its interval.

    Raises `Misconfigured` where ir-measures is not installed.
    """
    return dict(zip(MEASURES, estimate(values(asked, way)), strict=True))


def values(asked: Sequence[Asked], way: Way, depth: int = DEPTH) -> Values:
    """Return what each query scores in each of `MEASURES`, (queries, measures), by its first `depth` hits."""
    queries: list[Query] = []
    rows: list[list[int]] = []
    for one in asked:
        places = {name: place for place, name in enumerate(one.gains)}
        graded = (Graded(np.array([places[name]]), gain) for name, gain in one.gains.items())
        queries.append(Query(one.judgment.where, tuple(graded)))
        rows.append([places.setdefault(name, len(places)) for name in way.order(one, depth)])
    table = np.full((len(rows), max(1, *map(len, rows))), -1)  # -1: a place that nothing was found for
    for row, found in zip(table, rows, strict=True):
        row[: len(found)] = found
    measured = measure(queries, table, _CUTOFFS)
    return np.stack([measured.values[name] for name in MEASURES], axis=1)


async def _known(retriever: Retriever, names: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(names), _IDS_AT_ONCE):
        part = {point_id(name): name for name in names[start : start + _IDS_AT_ONCE]}
        found |= {part[point] for point in await retriever.fetch(list(part), ["id"], EVERYTHING)}
    return found
