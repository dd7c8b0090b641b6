"""How a way to fuse a picture and words is judged: against late fusion, query by query, with the noise of both."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from encoders.evaluation.intervals import compare
from encoders.evaluation.measures import measure
from encoders.evaluation.retrieval import nearest
from encoders.training.experiments.composed import ATTRIBUTES
from encoders.training.experiments.fused import LateFusion
from encoders.training.progress import tracked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from encoders.evaluation.tasks import Query
    from encoders.training.experiments.composed import Composed, Wardrobe
    from encoders.training.experiments.fused import Arm, Vectors

MEASURES: Final = {"R@1": "Success@1", "R@10": "Success@10", "nDCG@10": "nDCG@10"}
DECIDES: Final = "nDCG@10"
PLACE: Final = list(MEASURES).index(DECIDES)
SHARES: Final = tuple(round(0.05 * step, 2) for step in range(1, 20))
TIMED: Final = 300


@dataclass(frozen=True, slots=True)
class Result:
    """How an arm did on one kind of change: each measure's mean and deviation over seeds, and what it is ahead by.

    `ahead`, `low` and `high` are of `DECIDES` against late fusion, with the interval that holds 95 % of its bootstrap.
    """

    arm: str
    attribute: str
    means: dict[str, float]
    deviations: dict[str, float]
    ahead: float
    low: float
    high: float
    query_ms: float

    @property
    def wins(self) -> bool:
        """Whether it beats late fusion by more than the noise of the queries and of the seeds."""
        return self.low > 0 and self.ahead > 2 * self.deviations[DECIDES]


@dataclass(frozen=True, slots=True)
class Trial:
    """Held-out rows through the encoder, and for each attribute what is asked of them."""

    vectors: Vectors
    asked: dict[str, Composed]
    questions: dict[str, list[Query]]

    def values(self, arm: Arm, attribute: str) -> NDArray[np.float64]:
        """Each measure of each query, (queries, measures)."""
        asked, questions = self.asked[attribute], self.questions[attribute]
        with torch.no_grad():
            queries = arm(self.vectors.pictures[asked.pictures], self.vectors.texts[asked.texts])
        itself = [query.itself for query in questions]
        places = nearest(queries.numpy(), self.vectors.pictures.numpy(), itself=itself, depth=10)
        found = measure(questions, places, (1, 10)).values
        return np.stack([found[name] for name in MEASURES.values()], axis=1)


def set_trial(wardrobe: Wardrobe, vectors: Vectors, most: int, seed: int) -> Trial:
    """For each attribute at most so many queries, one for a picture, the same for the same seed."""
    asked: dict[str, Composed] = {}
    for attribute in ATTRIBUTES:
        random = np.random.default_rng(seed)
        places = wardrobe.changeable(attribute)
        if len(places):
            places = np.sort(random.choice(places, min(most, len(places)), replace=False))
            asked[attribute] = wardrobe.draw(places, attribute, random)
    return Trial(vectors, asked, {name: wardrobe.questions(composed) for name, composed in asked.items()})


def tuned(trial: Trial, attributes: Sequence[str]) -> LateFusion:
    """Late fusion with the picture's share that ranks best on queries of the training part."""

    def quality(share: float) -> float:
        return sum(float(trial.values(LateFusion(share), name)[:, PLACE].mean()) for name in attributes)

    return LateFusion(max(tracked(SHARES, "tuning late fusion"), key=quality))


def judged(name: str, arms: Sequence[Arm], late: LateFusion, trial: Trial) -> list[Result]:
    """One arm, as it came out of each seed, on every attribute."""
    found = []
    for attribute in trial.asked:
        of_seeds = np.stack([trial.values(arm, attribute) for arm in arms])  # (seeds, queries, measures)
        means = of_seeds.mean(axis=1)
        deviations = means.std(axis=0, ddof=1) if len(arms) > 1 else np.zeros(len(MEASURES))
        ahead = compare(trial.values(late, attribute), of_seeds.mean(axis=0))[PLACE]
        found.append(
            Result(
                arm=name,
                attribute=attribute,
                means=dict(zip(MEASURES, means.mean(axis=0).tolist(), strict=True)),
                deviations=dict(zip(MEASURES, deviations.tolist(), strict=True)),
                ahead=ahead.value,
                low=ahead.low,
                high=ahead.high,
                query_ms=milliseconds(arms[0], trial.vectors),
            )
        )
    return found


def milliseconds(arm: Arm, vectors: Vectors) -> float:
    """The median time that one query takes to be fused, its vectors being there."""
    picture, text = vectors.pictures[:1], vectors.texts[:1]
    times = []
    with torch.inference_mode():
        for _ in range(TIMED):
            started = time.perf_counter()
            arm(picture, text)
            times.append(time.perf_counter() - started)
    return float(np.median(times)) * 1000
