"""Queries of a picture and words ("this, but in blue"), made of rows that differ in one attribute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.errors import Misconfigured
from encoders.evaluation.tasks import RIGHT, Graded, Query
from encoders.training.phrases import GENDER_WORDS, KIND_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray

    from encoders.training.rows import Row

ATTRIBUTES: Final = ("colour", "gender", "kind")
TAUGHT_WORDING: Final = {
    "colour": ("in {}", "{}", "this, but in {}", "the same in {}"),
    "gender": ("for {}", "this, but for {}", "the same for {}"),
    "kind": ("{}", "{} in this style", "not this but {}"),
}
ASKED_WORDING: Final = {  # the shortest, and two that nobody learnt from
    "colour": ("in {}", "a {} one", "make it {}"),
    "gender": ("for {}", "one that {} wear", "made for {}"),
    "kind": ("{}", "{} like this", "the same look, but {}"),
}
UNSPOKEN: Final = frozenset({"", "multi", "unisex"})  # values that nobody asks for


@dataclass(frozen=True, slots=True)
class Looks:
    """What a row shares with those it is asked for; the family follows from the kind."""

    kind: str
    gender: str
    colour: str

    def changed(self, attribute: str, value: str) -> Looks:
        """The same but for one attribute."""
        values = {name: getattr(self, name) for name in ATTRIBUTES} | {attribute: value}
        return Looks(**values)


@dataclass(frozen=True, slots=True)
class Change:
    """One attribute's other value, and the words that ask for it, by their number in `Wardrobe.texts`."""

    sought: Looks
    texts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Composed:
    """n queries, each (n,) int64: the place of its picture, the number of its text, the place of one right answer."""

    pictures: NDArray[np.int64]
    texts: NDArray[np.int64]
    targets: NDArray[np.int64]


class Wardrobe:
    """Rows of one side of the split, and every change that leads from one of them to others of them.

    `texts` are all phrases, the same for any rows; `wording` holds those in use; `looks` (rows,) numbers what rows have
    in common.
    """

    def __init__(self, rows: Sequence[Row], texts: Sequence[str], wording: Mapping[str, Sequence[str]]) -> None:
        self.texts = tuple(texts)
        self._wording = wording
        self._of_rows = [looks_of(row) for row in rows]
        places: dict[Looks, list[int]] = {}
        for place, looks in enumerate(self._of_rows):
            places.setdefault(looks, []).append(place)
        self.places = {looks: np.array(found, dtype=np.int64) for looks, found in places.items()}
        codes = {looks: code for code, looks in enumerate(places)}
        self.looks = np.array([codes[looks] for looks in self._of_rows], dtype=np.int64)
        self._changes = {attribute: self._changes_of(attribute) for attribute in ATTRIBUTES}

    def _changes_of(self, attribute: str) -> dict[Looks, list[Change]]:
        numbers = {text: number for number, text in enumerate(self.texts)}
        values = sorted({str(getattr(looks, attribute)) for looks in self.places} - UNSPOKEN)
        said = {
            value: tuple(numbers[text] for text in phrases_for(attribute, value, self._wording)) for value in values
        }
        found: dict[Looks, list[Change]] = {}
        for looks in self.places:
            own = getattr(looks, attribute)
            others = [(value, looks.changed(attribute, value)) for value in values if own and value != own]
            found[looks] = [Change(sought, said[value]) for value, sought in others if sought in self.places]
        return found

    def changeable(self, attribute: str) -> NDArray[np.int64]:
        """The places of rows for which there is something to ask."""
        changes = self._changes[attribute]
        return np.array([n for n, looks in enumerate(self._of_rows) if changes[looks]], dtype=np.int64)

    def draw(self, places: NDArray[np.int64], attribute: str, random: Generator) -> Composed:
        """For each place one change, one way to say it and one right answer, each by chance."""
        texts, targets = [], []
        for place in places.tolist():
            changes = self._changes[attribute][self._of_rows[place]]
            change = changes[random.integers(len(changes))]
            texts.append(random.choice(change.texts))
            targets.append(random.choice(self.places[change.sought]))
        return Composed(places, np.array(texts, dtype=np.int64), np.array(targets, dtype=np.int64))

    def questions(self, composed: Composed) -> list[Query]:
        """As the measures take them: whatever looks like the target is right, the picture itself does not count."""
        return [
            Query(
                key=f"{place} {self.texts[text]}",
                answers=(Graded(self.places[self._of_rows[target]], RIGHT),),
                words=self.texts[text],
                picture=place,
                itself=place,
            )
            for place, text, target in zip(
                composed.pictures.tolist(), composed.texts.tolist(), composed.targets.tolist(), strict=True
            )
        ]


def looks_of(row: Row) -> Looks:
    """What a row shares with others."""
    return Looks(row.kind, row.gender, row.colour)


def phrases_for(attribute: str, value: str, wording: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Every way to ask for a value."""
    word = {"gender": GENDER_WORDS, "kind": KIND_WORDS}.get(attribute, {}).get(value, value)
    return tuple(words.format(word) for words in wording[attribute])


def all_phrases(rows: Sequence[Row]) -> tuple[str, ...]:
    """Every phrase that a change among these rows may need; raises `Misconfigured` where there are no rows."""
    if not rows:
        raise Misconfigured("there are no products to make queries of: name the folder of fashion.csv with --data")
    found: dict[str, None] = {}
    for attribute in ATTRIBUTES:
        for value in sorted({getattr(row, attribute) for row in rows} - UNSPOKEN):
            for wording in (TAUGHT_WORDING, ASKED_WORDING):
                found |= dict.fromkeys(phrases_for(attribute, value, wording))
    return tuple(found)
