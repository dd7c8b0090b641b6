"""The figures that a picture encoder is judged by, on rows that its training did not see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from encoders.evaluation import tasks
from encoders.evaluation.dataset import Item
from encoders.evaluation.intervals import Estimate, estimate
from encoders.evaluation.measures import Measured, measure
from encoders.evaluation.neighbours import vote
from encoders.evaluation.retrieval import nearest
from encoders.evaluation.scale import Scale, scale_of
from encoders.training.data import text_vectors
from encoders.training.progress import tracked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from encoders.bundled.tower import PictureTower
    from encoders.training.data import Dataset

    FloatArray = NDArray[np.float32]
    Places = NDArray[np.int64]

ENCODED_AT_ONCE: Final = 512
FEWEST_RIGHT: Final = 5  # "colour type" is asked where the gallery holds at least so many
CUTOFFS: Final = (1, 2, 3, 4, 5, 10)
NEIGHBOURS: Final = 10


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; `aim` is None where there is none."""

    name: str
    estimate: Estimate
    aim: float | None = None


@dataclass(frozen=True, slots=True)
class Labelled:
    """How well the nearest neighbours of photos tell their labels: share of right votes, and precision at 5."""

    vote: Estimate
    precision: Estimate
    commonest: float  # the share of right answers of whoever always says the commonest label


class Sighted:
    """A data set seen through a tower: `pictures` (rows, 384) in picture space, texts by request."""

    def __init__(self, dataset: Dataset, tower: PictureTower, cache: Path) -> None:
        self.dataset = dataset
        self.items = [Item(row.name, row.key, row.title, row.kind, row.colour) for row in dataset.rows]
        self.pictures = encoded(dataset, tower, np.arange(len(dataset.rows)))
        self._tower = tower
        self._cache = cache
        self._known = dict(zip(dataset.titles, dataset.title_vectors, strict=True))
        self._known |= dict(zip(dataset.bank.texts, dataset.phrase_vectors, strict=True))

    def texts(self, texts: Sequence[str]) -> FloatArray:
        """Return texts in picture space, (n, 384)."""
        unknown = sorted({text for text in texts if text not in self._known})
        if unknown:
            self._known |= dict(zip(unknown, text_vectors(unknown, self._cache), strict=True))
        vectors = [self._known[text] for text in texts]
        return self._tower.adapt_text(np.stack(vectors) if vectors else self.dataset.title_vectors[:0])

    def titles(self, asked: Places, gallery: Places) -> Measured:
        """Each distinct title of the rows `asked` looks for its pictures among the rows of `gallery`."""
        return self._by_words(tasks.titles(self._of(asked), self._of(gallery)), gallery)

    def phrases(self, gallery: Places, fewest: int) -> Measured:
        """Each "colour type" looks for pictures with exactly both, where there are at least `fewest`."""
        return self._by_words(tasks.phrases(self._of(gallery), self._of(gallery), fewest), gallery)

    def kinds(self, gallery: Places) -> Measured:
        """Each picture looks for others of its type."""
        queries = tasks.likenesses(range(len(gallery)), self._of(gallery))
        pictures, itself = self.pictures[gallery], [query.itself for query in queries]
        found = nearest(pictures[[place for place in itself if place is not None]], pictures, itself=itself)
        return measure(queries, found, CUTOFFS)

    def _by_words(self, queries: Sequence[tasks.Query], gallery: Places) -> Measured:
        found = nearest(self.texts([query.words for query in queries]), self.pictures[gallery])
        return measure(queries, found, CUTOFFS)

    def _of(self, rows: Places) -> list[Item]:
        return [self.items[n] for n in rows]


def encoded(dataset: Dataset, tower: PictureTower, rows: Places) -> FloatArray:
    """Return a vector for every row of the data set, (all rows, 384); those not among `rows` are zero."""
    vectors = np.zeros((len(dataset.rows), tower.dimension), dtype=np.float32)
    for start in tracked(range(0, len(rows), ENCODED_AT_ONCE), "encoding pictures"):
        part = rows[start : start + ENCODED_AT_ONCE]  # the pictures lie there letterboxed already
        vectors[part] = tower.encode([dataset.pixels[n].transpose(1, 2, 0) for n in part])
    return vectors


def aims(sighted: Sighted) -> list[Figure]:
    """The figures with an aim, on the held-out tenth of the catalogue photos; none where there is no such data."""
    held = sighted.dataset.where("fashion", held_out=True)
    if not len(held):
        return []
    every = np.sort(np.concatenate([held, sighted.dataset.where("fashion", held_out=False)]))
    tenth, whole = sighted.titles(held, held), sighted.titles(held, every)
    small, large = f"{len(held):,} pictures", f"all {len(every):,} pictures"
    phrases, kinds = sighted.phrases(held, FEWEST_RIGHT), sighted.kinds(held)
    figures = [
        _figure(f"title → picture, R@1, {small}", tenth.values["Success@1"]),
        _figure(f"title → picture, R@10, {small}", tenth.values["Success@10"], 0.73),
        _figure(f"held-out title → picture, R@10, {large}", whole.values["Success@10"], 0.36),
        _figure("“colour type” → pictures, P@5", phrases.precision_within_reach(5), 0.75),
        _figure("picture → pictures of its type, P@5", kinds.precision_within_reach(5), 0.82),
    ]
    return [figure for figure in figures if figure]


def goods(name: str, sighted: Sighted, rows: Places) -> list[Figure]:
    """The same for drawings, where a colour and kind may have fewer than five pictures."""
    titles, phrases = sighted.titles(rows, rows), sighted.phrases(rows, 1)
    figures = [
        _figure(f"{name}: “colour kind” → pictures, P@5", phrases.precision_within_reach(5)),
        _figure(f"{name}: title → picture, R@1, {len(rows):,} pictures", titles.values["Success@1"]),
        _figure(f"{name}: title → picture, R@10, {len(rows):,} pictures", titles.values["Success@10"]),
    ]
    return [figure for figure in figures if figure]


def photos(dataset: Dataset, pictures: FloatArray) -> Labelled | None:
    """Held-out photos that people took look for their label among the photos of all others; None without such data.

    `pictures` (rows, d) are the vectors of every row, L2-normalised. The split keeps a sender's photos together, so
    that nobody finds their own.
    """
    asked = dataset.where("clothing", held_out=True)
    known = dataset.where("clothing", held_out=False)
    if not (len(asked) and len(known)):
        return None
    _, labels = np.unique([row.kind for row in dataset.rows], return_inverse=True)
    return labelled(pictures[asked], labels[asked], pictures[known], labels[known])


def labelled(asked: FloatArray, truth: Places, known: FloatArray, labels: Places) -> Labelled:
    """Tell the labels of vectors (n, d) by the nearest of `known` (m, d) with `labels` (m,); `truth` (n,) is right."""
    places = nearest(asked, known)
    right = {label: tasks.Graded(np.flatnonzero(labels == label), tasks.RIGHT) for label in np.unique(truth).tolist()}
    queries = [tasks.Query(str(number), (right[label],)) for number, label in enumerate(truth.tolist())]
    voted = vote(labels[places[:, :NEIGHBOURS]]) == truth
    return Labelled(
        vote=_estimate(voted.astype(np.float64)),
        precision=_estimate(measure(queries, places, CUTOFFS).precision_within_reach(5)),
        commonest=float((truth == np.bincount(labels).argmax()).mean()),
    )


def scales(sighted: Sighted, rows: Places) -> list[tuple[str, Scale]]:
    """How random pairs of `rows` score; what matches is the row itself, or one of its kind and colour."""
    dataset, pictures = sighted.dataset, sighted.pictures[rows]
    plain = dataset.title_vectors[dataset.title_of_row[rows]]
    titles = sighted.texts([sighted.items[n].title for n in rows])
    groups: dict[tuple[str, str], list[int]] = {}
    for place, number in enumerate(rows):
        groups.setdefault((dataset.rows[number].kind, dataset.rows[number].colour), []).append(place)
    pairs = np.array([(group[n], group[n + 1]) for group in groups.values() for n in range(len(group) - 1)])

    def alike(vectors: FloatArray) -> list[float]:
        return (vectors[pairs[:, 0]] * vectors[pairs[:, 1]]).sum(axis=1).tolist() if len(pairs) else []

    return [
        ("title × picture", scale_of(titles, pictures, (titles * pictures).sum(axis=1).tolist())),
        ("picture × picture", scale_of(pictures, pictures, alike(pictures))),
        ("title × title, MiniLM", scale_of(plain, plain, alike(plain))),
    ]


def _figure(name: str, values: NDArray[np.float64], aim: float | None = None) -> Figure | None:
    """None where nothing could be asked."""
    return Figure(name, _estimate(values), aim) if len(values) else None


def _estimate(values: NDArray[np.float64]) -> Estimate:
    return estimate(values[:, None])[0]
