"""What a base is to the training, whatever it is: a model to train, a reader, a way to try it and to keep it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sentence_transformers import SentenceTransformer

    from encoders.interface import Description, PictureEncoder, TextEncoder, Unrelated
    from encoders.training.shop.batches import Reader
    from encoders.training.shop.data import ShopData


@dataclass(frozen=True, slots=True)
class Arms:
    """The two ways into a model's space; one may be missing."""

    words: TextEncoder | None
    pictures: PictureEncoder | None


class Pupil(Protocol):
    """A base on its way to another model."""

    @property
    def base(self) -> Description:
        """What it started from."""
        ...

    @property
    def model(self) -> SentenceTransformer:
        """What the trainer trains, in place."""
        ...

    @property
    def reads_pictures(self) -> bool:
        """Whether it learns from pictures; otherwise from titles."""
        ...

    @property
    def rate(self) -> float:
        """A learning rate that suits it."""
        ...

    def reader(self, data: ShopData) -> Reader:
        """Return how it reads the shop's rows and words."""
        ...

    def arms(self) -> Arms:
        """Return it as the house's encoders, as it is now."""
        ...

    def write(self, folder: Path, name: str, unrelated: Mapping[str, Unrelated]) -> None:
        """Write it as the service loads it; `unrelated` is its calibration."""
        ...

    def read_back(self, folder: Path) -> Arms:
        """Return what `write` wrote, loaded as the service does."""
        ...
