"""What one sample picture shows: a kind of goods, its colour, its pattern, and a seed that varies the cut a little."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Article:
    """One thing to draw; `kind`, `colour` and `pattern` are names from `KINDS`, `COLOURS` and `PATTERNS`.

    Every variation is looked up by its own name, so the order in which a drawing asks never changes the picture.
    """

    kind: str
    colour: str
    pattern: str = "plain"
    seed: int = 0

    def vary(self, trait: str, low: float, high: float) -> float:
        """A number in [low, high) that depends on the kind, the seed and the trait: the colour moves no seam."""
        digest = blake2b(f"{self.kind}/{self.seed}/{trait}".encode(), digest_size=4).digest()
        return low + (high - low) * int.from_bytes(digest) / 2**32

    def choose(self, trait: str, options: Sequence[T]) -> T:
        """One of `options`, by the same rule as `vary`."""
        return options[int(self.vary(trait, 0, len(options)))]

    def has(self, trait: str) -> bool:
        """Whether this one has a feature that half of its kind have; `always` is one that all have."""
        return trait == "always" or self.vary(trait, 0, 1) > 0.5  # noqa: PLR2004 - half of them
