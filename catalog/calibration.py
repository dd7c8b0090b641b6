"""What unrelated pairs score in one catalogue, measured there and kept with the collection, as JSON.

Search reads an arm's scores as deviations above this level. An encoder brings such levels from the catalogue it was
measured on; those measured here take their place, as long as the vectors are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final

from pydantic import Field, FiniteFloat, TypeAdapter, ValidationError

from catalog.errors import CollectionMismatch
from catalog.vectors import ARMS, VectorSpecs

CALIBRATION: Final = "calibration"
"""The key of the collection's metadata."""

BY_CHANCE: Final = 0.55
"""`Pictures.told` up to which pictures may tell nothing: half, and what chance adds to it in a sample of 500."""
ALL_TOLD: Final = 0.9
"""`Pictures.told` from which on pictures count in full: a shop whose titles are hardly more than brands reaches it."""

_AGAIN: Final = "run `vitrine search calibrate`"

Share = Annotated[FiniteFloat, Field(ge=0, le=1)]


@dataclass(frozen=True, slots=True)
class Level:
    """What unrelated pairs of a kind of query and an arm score: mean and standard deviation over `pairs`.

    `threshold` is the score above which a product is near; None in a calibration that was kept before it was measured.
    """

    query: str
    arm: str
    mean: FiniteFloat
    deviation: Annotated[FiniteFloat, Field(gt=0)]
    pairs: Annotated[int, Field(ge=1)]
    threshold: FiniteFloat | None = None


@dataclass(frozen=True, slots=True)
class Pictures:
    """What the pictures of one catalogue know, and how much is left to them, both from 0 to 1.

    `told` is how often a few words of a product's title are nearer to its own picture than to an unrelated one: half
    the time by chance, as where photos lie with the wrong products. `alone` is the mean over products of 0 where one
    has attributes or a description with words that its name lacks, a half where it has no more than a category, 1
    where it has a name alone.
    """

    told: Share
    alone: Share

    @property
    def known(self) -> float:
        """The share of the pictures that counts: none up to `BY_CHANCE`, all from `ALL_TOLD` on."""
        return min(1.0, max(0.0, (self.told - BY_CHANCE) / (ALL_TOLD - BY_CHANCE)))


@dataclass(frozen=True, slots=True)
class Calibration:
    """The levels of one catalogue, and what they hold for: the vectors (`specs`) they were measured with.

    `measured_at` is ISO 8601, `products` how many were drawn, `seed` which ones. `words` are pairs of a word's number
    in a sparse vector and how many of the products have it; those that hardly any has are left out. `pictures` is None
    where too few have any, where no words can be compared with them, and if it was kept before this was measured.
    """

    specs: VectorSpecs
    levels: tuple[Level, ...]
    measured_at: str
    products: int
    seed: int
    words: tuple[tuple[int, int], ...] = ()
    pictures: Pictures | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what is kept; `parse_calibration` is the inverse."""
        kept: dict[str, Any] = _adapter().dump_python(self, mode="json")
        return kept


def parse_calibration(kept: object, specs: VectorSpecs) -> Calibration:
    """Return a calibration as it was kept.

    Raises `CollectionMismatch` where it cannot be read or was measured with other vectors than `specs`.
    """
    try:
        calibration = _adapter().validate_python(kept)
    except ValidationError as error:
        culprit = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise CollectionMismatch(
            f"the calibration kept with the collection cannot be read (at {culprit or 'its start'}): {_AGAIN}"
        ) from error
    changed = [arm for arm in ARMS if getattr(calibration.specs, arm) != getattr(specs, arm)]
    if changed:
        raise CollectionMismatch(
            f"the calibration of {calibration.measured_at} was measured with another encoder of {', '.join(changed)}: "
            f"{_AGAIN}"
        )
    return calibration


@cache
def _adapter() -> TypeAdapter[Calibration]:
    return TypeAdapter(Calibration)
