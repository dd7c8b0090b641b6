"""What the robustness experiment asks: held-out pictures, the questions put to them, and which answers are right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

from catalog.errors import Misconfigured
from encoders.evaluation.dataset import Item
from encoders.evaluation.measures import measure
from encoders.evaluation.retrieval import nearest
from encoders.evaluation.tasks import Query, likenesses, phrases, titles
from encoders.training.data import text_vectors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from encoders.interface import FloatArray
    from encoders.training.data import Dataset, TextEncoding
    from encoders.training.experiments.sight import Sight

TITLE_TASK: Final = "title → picture, R@10"
PHRASE_TASK: Final = "“colour type” → pictures, P@5"
KIND_TASK: Final = "picture → pictures of its type, P@5"
PHOTO_TASK: Final = "photo someone took → type, by vote"
FEWEST_RELEVANT: Final = 5  # a "colour type" is asked for where the gallery has at least so many
VOTES: Final = 10
BEHIND: Final = 400  # this many photos that people took lend their backgrounds


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pixels (n, 3, side, side) uint8, and the MiniLM vectors (n, 384) of their titles: what attacks lead away from."""

    pixels: Tensor
    texts: Tensor


@dataclass(frozen=True, slots=True)
class Words:
    """Queries in words, and the MiniLM vectors of their words, (queries, 384)."""

    queries: list[Query]
    vectors: Tensor


@dataclass(frozen=True, slots=True)
class Scene:
    """The same for all weights and disturbances. `behind` (m, 3, side, side) is what busy backgrounds are made of."""

    products: Pictures
    photos: Pictures
    behind: Tensor
    titles: Words
    phrases: Words
    likenesses: list[Query]
    product_kinds: NDArray[np.int64]
    photo_kinds: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Views:
    """The vectors of all products and photos as an encoder sees them, both (n, 384)."""

    products: FloatArray
    photos: FloatArray


def set_scene(dataset: Dataset, count: int, seed: int, cache: Path, encode: TextEncoding | None = None) -> Scene:
    """Draws `count` held-out products (0: takes all) and every held-out photo whose label is a type among them.

    Raises `Misconfigured` where nothing is held out.
    """
    products = dataset.where("fashion", held_out=True)
    if not len(products):
        raise Misconfigured("no products are held out: name with --data the folder that holds fashion.csv and its tar")
    if 0 < count < len(products):
        products = np.sort(np.random.default_rng(seed).choice(products, count, replace=False))
    items = [_item(dataset, number) for number in products]
    codes = {kind: code for code, kind in enumerate(sorted({item.category for item in items}))}
    photos = [n for n in dataset.where("clothing", held_out=True).tolist() if dataset.rows[n].kind in codes]
    taught = dataset.where("clothing", held_out=False)
    wanted = phrases(items, items, FEWEST_RELEVANT)
    asked = titles(items, items)
    return Scene(
        products=_pictures(dataset, products),
        photos=_pictures(dataset, photos),
        behind=_pixels(dataset, taught[:BEHIND] if len(taught) else products[:BEHIND]).float() / 255,
        titles=Words(asked, _title_vectors(dataset, asked)),
        phrases=Words(wanted, torch.from_numpy(text_vectors([query.words for query in wanted], cache, encode))),
        likenesses=likenesses(range(len(items)), items),
        product_kinds=np.array([codes[item.category] for item in items]),
        photo_kinds=np.array([codes[dataset.rows[n].kind] for n in photos], dtype=np.int64),
    )


def figures(scene: Scene, sight: Sight, clean: Views, seen: Views) -> dict[str, float]:
    """Every task's figure. Words look among the pictures as `seen`; pictures as seen look among the clean ones."""
    found = {}
    places = nearest(sight.read(scene.titles.vectors).numpy(), seen.products, depth=10)
    found[TITLE_TASK] = float(measure(scene.titles.queries, places, (10,)).values["Success@10"].mean())
    if scene.phrases.queries:
        places = nearest(sight.read(scene.phrases.vectors).numpy(), seen.products, depth=5)
        found[PHRASE_TASK] = _precision(scene.phrases.queries, places)
    if scene.likenesses:
        own = [query.picture for query in scene.likenesses]
        places = nearest(seen.products[[n for n in own if n is not None]], clean.products, itself=own, depth=5)
        found[KIND_TASK] = _precision(scene.likenesses, places)
    if len(scene.photo_kinds):
        places = nearest(seen.photos, clean.products, depth=VOTES)
        found[PHOTO_TASK] = float((elected(scene.product_kinds[places]) == scene.photo_kinds).mean())
    return found


def elected(votes: NDArray[np.int64]) -> NDArray[np.int64]:
    """What most neighbours say, (n, votes) → (n,); of equally many, what the nearest of them says."""
    support = (votes[:, :, None] == votes[:, None, :]).sum(axis=2)
    winners: NDArray[np.int64] = np.take_along_axis(votes, support.argmax(axis=1)[:, None], axis=1)[:, 0]
    return winners


def _precision(queries: Sequence[Query], places: NDArray[np.int64]) -> float:
    return float(measure(queries, places, range(1, 6)).precision_within_reach(5).mean())


def _item(dataset: Dataset, number: int) -> Item:
    row = dataset.rows[number]
    return Item(row.name, row.key, row.title, row.kind, row.colour)


def _title_vectors(dataset: Dataset, queries: Sequence[Query]) -> Tensor:
    numbers = {title: number for number, title in enumerate(dataset.titles)}
    return torch.from_numpy(dataset.title_vectors[[numbers[query.words] for query in queries]])


def _pictures(dataset: Dataset, rows: Sequence[int] | NDArray[np.int64]) -> Pictures:
    numbers = np.asarray(rows, dtype=np.int64)
    return Pictures(_pixels(dataset, numbers), torch.from_numpy(dataset.title_vectors[dataset.title_of_row[numbers]]))


def _pixels(dataset: Dataset, rows: NDArray[np.int64]) -> Tensor:
    """Fancy indexing copies: what comes back is no view of the read-only map."""
    return torch.from_numpy(np.asarray(dataset.pixels[rows]))
