"""What encoders are asked, and which pictures are right: pure functions from rows to queries, no vector in sight.

Every task returns only queries with at least one right answer in the gallery, in the order of the rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from encoders.evaluation.dataset import Item

Key = TypeVar("Key", str, tuple[str, str], tuple[str, str, str])

RIGHT: Final = 1
BEST: Final = 2


@dataclass(frozen=True, slots=True)
class Graded:
    """Places in the gallery, ascending, and how right they are as answers: the higher the better."""

    places: NDArray[np.int64]
    grade: int


@dataclass(frozen=True, slots=True)
class Query:
    """Words, a picture of the gallery by its place, or both; `key` tells it from the others of its task.

    `answers` lists the right pictures; where two name one place, the later holds. `itself` is a place of the gallery
    that does not count.
    """

    key: str
    answers: tuple[Graded, ...]
    words: str = ""
    picture: int | None = None
    itself: int | None = None

    def grades(self) -> dict[int, int]:
        """Return the grade of every right place."""
        found: dict[int, int] = {}
        for graded in self.answers:
            found |= dict.fromkeys(graded.places.tolist(), graded.grade)
        if self.itself is not None:
            found.pop(self.itself, None)
        return found


def titles(asked: Iterable[Item], gallery: Sequence[Item]) -> list[Query]:
    """Each distinct title of `asked` looks for the pictures of products with that title."""
    places = _places(gallery, _title)
    found = dict.fromkeys(item.title for item in asked if item.title in places)
    return [Query(title, (Graded(places[title], RIGHT),), words=title) for title in found]


def likenesses(asked: Iterable[int], gallery: Sequence[Item]) -> list[Query]:
    """Each picture, by its place in the gallery, looks for others of its category; those in its colour are best."""
    alike, twins = _places(gallery, _category), _places(gallery, _coloured)
    found = []
    for place in asked:
        item = gallery[place]
        right = alike.get(_category(item) or "")
        if right is not None and len(right) > 1:
            best = twins.get(_coloured(item) or ("", ""))
            answers = (Graded(right, RIGHT),) if best is None else (Graded(right, RIGHT), Graded(best, BEST))
            found.append(Query(item.id, answers, picture=place, itself=place))
    return found


def phrases(asked: Iterable[Item], gallery: Sequence[Item], fewest: int = 1) -> list[Query]:
    """Each "colour category" of `asked` looks for pictures with exactly both, where there are at least `fewest`.

    The words are the last part of the category: "red sandals" for a red row of "Women > Shoes > Sandals".
    """
    places = _places(gallery, phrase)
    found = dict.fromkeys(phrase(item) for item in asked)
    return [
        Query(words, (Graded(places[words], RIGHT),), words=words)
        for words in found
        if words and words in places and len(places[words]) >= fewest
    ]


def modifications(asked: Iterable[int], gallery: Sequence[Item]) -> list[Query]:
    """A picture and another colour that its kind comes in ("this, but in blue") look for the one in that colour.

    Asked of each picture, by its place, for each colour in which there is a row of its category and group (where it has
    no group: of its title without the colour). Such rows are best; others of its category in that colour are right.
    """
    coloured, variants = _places(gallery, _coloured), _places(gallery, _variant)
    choices: dict[tuple[str, str], list[str]] = {}
    for category, style, colour in variants:
        choices.setdefault((category, style), []).append(colour)
    found = []
    for place in asked:
        if (own := _variant(gallery[place])) is None:
            continue
        category, style, own_colour = own
        for colour in choices[category, style]:
            if colour != own_colour:
                right = Graded(coloured[category, colour], RIGHT)
                best = Graded(variants[category, style, colour], BEST)
                key = f"{gallery[place].id} in {colour}"
                found.append(Query(key, (right, best), words=colour, picture=place, itself=place))
    return found


def phrase(item: Item) -> str | None:
    """Return a row's colour and the last part of its category, as somebody would type them; None without either."""
    kind = item.category.rsplit(">", 1)[-1].strip()
    return f"{item.colour} {kind}".casefold() if item.colour and kind else None


def sampled(queries: Sequence[Query], count: int, seed: int) -> list[Query]:
    """Return so many queries drawn without replacement, in their order; all of them where there are no more."""
    if count >= len(queries):
        return list(queries)
    drawn = np.random.default_rng(seed).choice(len(queries), count, replace=False)
    return [queries[number] for number in np.sort(drawn)]


def _title(item: Item) -> str | None:
    return item.title or None


def _category(item: Item) -> str | None:
    return ">".join(part.strip() for part in item.category.casefold().split(">")) or None


def _coloured(item: Item) -> tuple[str, str] | None:
    category = _category(item)
    return (category, item.colour.casefold()) if category and item.colour else None


def _variant(item: Item) -> tuple[str, str, str] | None:
    """Return category, style and colour; rows that differ in colour alone share the others.

    The style is the group, or where there is none the title without the colour.
    """
    coloured = _coloured(item)
    if coloured is None:
        return None
    category, colour = coloured
    if item.group:
        return category, f"group {item.group}", colour
    words = re.sub(rf"\b{re.escape(colour)}\b", "", item.title.casefold()).split()
    return (category, f"title {' '.join(words)}", colour) if words else None


def _places(gallery: Iterable[Item], key: Callable[[Item], Key | None]) -> dict[Key, NDArray[np.int64]]:
    """Return the places of each key in the gallery, ascending."""
    found: dict[Key, list[int]] = {}
    for place, item in enumerate(gallery):
        name = key(item)
        if name is not None:
            found.setdefault(name, []).append(place)
    return {name: np.array(places, dtype=np.int64) for name, places in found.items()}
