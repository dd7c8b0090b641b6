"""What shrunk encoders are asked, and how far their answers fall behind the original's on the same questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from encoders.evaluation.intervals import Difference, compare
from encoders.evaluation.measures import measure
from encoders.evaluation.retrieval import nearest
from encoders.evaluation.tasks import likenesses, phrases, sampled

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from encoders.evaluation.tasks import Query
    from encoders.interface import FloatArray
    from encoders.training.shrink.samples import Sample

    Values = NDArray[np.float64]

PLACES: Final = 10
MOST_QUESTIONS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Views:
    """A sample through encoders: vectors of its titles (rows, d) and its pictures (rows, e), and how words are read.

    `ask_titles` and `ask_pictures` turn words into the space of the one and the other.
    """

    titles: FloatArray
    pictures: FloatArray
    ask_titles: Callable[[list[str]], FloatArray]
    ask_pictures: Callable[[list[str]], FloatArray]


@dataclass(frozen=True, slots=True)
class Score:
    """The nDCG@10 of each question of a task, and how its mean differs from the original's, None for the original."""

    values: Values
    difference: Difference | None = None

    @property
    def mean(self) -> float:
        """The task's nDCG@10."""
        return float(self.values.mean())

    def beside(self, original: Score) -> Score:
        """Return the same score compared with another; raises nothing, the questions are the same."""
        return Score(self.values, compare(original.values[:, None], self.values[:, None])[0])


WORDS_TO_TITLES: Final = "words → titles"
WORDS_TO_PICTURES: Final = "words → pictures"
PICTURE_TO_PICTURES: Final = "picture → its kind"


def scores(sample: Sample, views: Views, tasks: tuple[str, ...]) -> dict[str, Score]:
    """Ask the tasks: "blue sandals" for titles or pictures of blue sandals, and a picture for others of its kind."""
    asked = phrases(sample.items, sample.items)
    words = [query.words for query in asked]
    found = {}
    if WORDS_TO_TITLES in tasks:
        found[WORDS_TO_TITLES] = _score(asked, views.ask_titles(words), views.titles)
    if WORDS_TO_PICTURES in tasks:
        found[WORDS_TO_PICTURES] = _score(asked, views.ask_pictures(words), views.pictures)
    if PICTURE_TO_PICTURES in tasks:
        alike = sampled(likenesses(range(len(sample.items)), sample.items), MOST_QUESTIONS, seed=0)
        places = [query.picture for query in alike if query.picture is not None]
        found[PICTURE_TO_PICTURES] = _score(alike, views.pictures[places], views.pictures)
    return found


def _score(queries: list[Query], vectors: FloatArray, gallery: FloatArray) -> Score:
    places = nearest(vectors, gallery, itself=[query.itself for query in queries], depth=PLACES + 1)
    return Score(measure(queries, places, (PLACES,)).values[f"nDCG@{PLACES}"])
