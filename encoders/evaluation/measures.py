"""Precision, recall, F1, reciprocal rank, average precision, nDCG and success of every query, through ir-measures."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.errors import Misconfigured
from encoders.evaluation.retrieval import DEPTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from encoders.evaluation.tasks import Query

    Values = NDArray[np.float64]

_QUERIES_AT_ONCE: Final = 256
_FROM_THE_LIBRARY: Final = ("P", "R", "nDCG", "Success")


@dataclass(frozen=True, slots=True)
class Measured:
    """Each measure's values, (queries,), by its name such as `P@5`; `answers` is how many right ones each query has."""

    values: Mapping[str, Values]
    answers: NDArray[np.int64]

    def precision_within_reach(self, count: int) -> Values:
        """Return precision at `count`, or at the number of right answers where that is smaller: 1 can be reached."""
        table = np.stack([self.values[f"P@{n}"] for n in range(1, count + 1)])
        chosen: Values = table[np.minimum(self.answers, count) - 1, np.arange(len(self.answers))]
        return chosen


def require_measures() -> None:
    """Raise `Misconfigured` where ir-measures is not installed, before minutes are spent on what it is to judge."""
    if importlib.util.find_spec("ir_measures") is None:
        raise Misconfigured("judging needs ir-measures: pip install 'vitrine[train]'")


def measure(queries: Sequence[Query], places: NDArray[np.int64], cutoffs: Sequence[int]) -> Measured:
    """Measure what was found: `places` (queries, depth) in the gallery, best first.

    The measures are P, R, F1, nDCG and Success at each cut-off, and over the whole depth RR and AP. All but nDCG take
    any grade as right. Raises `Misconfigured` where ir-measures is not installed.
    """
    require_measures()
    import ir_measures  # noqa: PLC0415 - an extra

    wanted = [getattr(ir_measures, name) @ count for name in _FROM_THE_LIBRARY for count in cutoffs]
    wanted += [ir_measures.RR, ir_measures.AP]
    values = {str(one): np.zeros(len(queries)) for one in wanted}
    answers = np.zeros(len(queries), dtype=np.int64)
    for numbers, truth, run in _blocks(queries, places):
        for one in ir_measures.iter_calc(wanted, truth, run):
            values[str(one.measure)][int(one.query_id)] = one.value
        answers[numbers.start : numbers.stop] = [len(grades) for grades in truth.values()]
    for count in cutoffs:
        values[f"F1@{count}"] = _harmonic(values[f"P@{count}"], values[f"R@{count}"])
    return Measured(values, answers)


def _blocks(
    queries: Sequence[Query], places: NDArray[np.int64]
) -> Iterator[tuple[range, dict[str, dict[str, int]], dict[str, dict[str, float]]]]:
    """Yield the queries a block at a time as the library takes them: all of them at once would fill the memory."""
    for start in range(0, len(queries), _QUERIES_AT_ONCE):
        numbers = range(start, min(start + _QUERIES_AT_ONCE, len(queries)))
        truth = {str(n): {str(place): grade for place, grade in queries[n].grades().items()} for n in numbers}
        yield numbers, truth, {str(n): _ranked(queries[n], places[n]) for n in numbers}


def _ranked(query: Query, places: NDArray[np.int64]) -> dict[str, float]:
    """Return made-up scores that fall with the rank: the library orders equal scores in its own way."""
    return {str(place): float(DEPTH - rank) for rank, place in enumerate(places.tolist()) if place != query.itself}


def _harmonic(first: Values, second: Values) -> Values:
    total = first + second
    mean: Values = np.divide(2 * first * second, total, out=np.zeros_like(total), where=total > 0)
    return mean
