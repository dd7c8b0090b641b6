"""What a model finds in the held-out rows, before and after: the same questions, with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from encoders.evaluation.intervals import Difference, Estimate, compare, estimate
from encoders.evaluation.measures import measure
from encoders.evaluation.retrieval import nearest
from encoders.evaluation.tasks import RIGHT, Graded, Query
from encoders.evaluation.vectors import see

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from encoders.evaluation.measures import Measured
    from encoders.interface import FloatArray
    from encoders.training.shop.data import ShopData
    from encoders.training.shop.labels import Labels
    from encoders.training.shop.pupil import Arms

MEASURES: Final = ("Success@1", "Success@10", "P@5", "nDCG@10")
CUTOFFS: Final = (1, 5, 10)


@dataclass(frozen=True, slots=True)
class Task:
    """Questions of one kind to the held-out rows; a query's `picture` is a place in the gallery, picture or title."""

    name: str
    queries: tuple[Query, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One measure of one task: what the base and the new model reach, and how they differ."""

    task: str
    measure: str
    queries: int
    before: Estimate
    after: Estimate
    difference: Difference


def held_out_tasks(data: ShopData, goods: str) -> tuple[Task, ...]:
    """Return what is asked of each label: one of the goods ("picture") for others, and its words for the goods."""
    rows = data.held_out_rows
    found = []
    for labels in data.labels:
        places = _places(labels, rows)
        found.append(Task(f"{goods} → {goods}s of the same {labels.column}", _alike(labels, rows, places)))
        if labels.words:
            queries = [
                Query(labels.words[n], (Graded(one, RIGHT),), words=labels.words[n]) for n, one in places.items()
            ]
            found.append(Task(f"{labels.column} in words → {goods}s", tuple(queries)))
    return tuple(task for task in found if task.queries)


def answer(arms: Arms, data: ShopData, tasks: Sequence[Task]) -> dict[str, Measured]:
    """Ask a model everything; the gallery are the held-out pictures, or titles where it reads text only.

    Questions in words are left out where it reads pictures only.
    """
    gallery = gallery_of(arms, data)
    found = {}
    for task in tasks:
        if not task.queries[0].words:
            vectors = gallery[[query.picture for query in task.queries if query.picture is not None]]
        elif arms.words is not None:
            vectors = arms.words.encode_queries([query.words for query in task.queries])
        else:
            continue
        places = nearest(vectors, gallery, itself=[query.itself for query in task.queries])
        found[task.name] = measure(task.queries, places, CUTOFFS)
    return found


def lines(before: Mapping[str, Measured], after: Mapping[str, Measured]) -> tuple[Line, ...]:
    """Set both side by side, task by task and measure by measure."""
    found = []
    for task, first in before.items():
        old, new = _table(first), _table(after[task])
        columns = zip(MEASURES, estimate(old), estimate(new), compare(old, new), strict=True)
        found += [Line(task, name, len(old), one, other, change) for name, one, other, change in columns]
    return tuple(found)


def means(measured: Mapping[str, Measured]) -> dict[str, float]:
    """Return the curve's figures: the share of questions in words with a right answer among the first ten.

    For goods that look for their like the first one counts: among ten, nearly all would have one.
    """
    chosen = {task: "Success@10" if " in words " in task else "Success@1" for task in measured}
    return {f"{task} {chosen[task]}": float(one.values[chosen[task]].mean()) for task, one in measured.items()}


def gallery_of(arms: Arms, data: ShopData) -> FloatArray:
    """Return the vectors of the held-out pictures, or of their titles where the model reads text only."""
    rows = [data.rows[number] for number in data.held_out_rows]
    if arms.pictures is not None:
        return see(arms.pictures, rows, _unheard).vectors
    assert arms.words is not None, "a model reads pictures or words"
    return arms.words.encode_documents([row.item.title for row in rows])


def _table(measured: Measured) -> NDArray[np.float64]:
    return np.stack([measured.values[name] for name in MEASURES], axis=1)


def _unheard(_done: int, _total: int) -> None:
    """Progress of a few seconds' work: nobody needs to hear."""


def _places(labels: Labels, rows: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
    """Return the held-out places of each number, in the order of the numbers."""
    own = labels.numbers[rows]
    return {int(number): np.flatnonzero(own == number) for number in np.unique(own[own >= 0])}


def _alike(labels: Labels, rows: NDArray[np.int64], places: Mapping[int, NDArray[np.int64]]) -> tuple[Query, ...]:
    found = []
    for place, row in enumerate(rows.tolist()):
        others = places.get(int(labels.numbers[row]))
        if others is not None and len(others) > 1:
            found.append(Query(str(place), (Graded(others, RIGHT),), picture=place, itself=place))
    return tuple(found)
