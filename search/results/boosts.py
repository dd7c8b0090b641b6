"""What lifts a product beyond how well it fits: popularity, newness, stock, by one declared formula. Pure.

    score = fused × (1 + popularity × p + newness × n + in_stock × s)

with p = log(1 + popularity) / log(1 + 1,000,000), at most 1; n = ½ ^ (age ÷ half-life), an age in whole days;
s = 1 for what can be bought. The three weights are settings, and 0 leaves a score as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.points import AVAILABILITY, YES, field_path
from search.ranking import best_first

if TYPE_CHECKING:
    from collections.abc import Mapping

    from search.ranking import Candidates
    from search.rows import Row

_VERY_POPULAR: Final = 1_000_000
_CREATED_AT: Final = "created_at"


@dataclass(frozen=True, slots=True)
class Boosts:
    """The weights of the formula, each 0 or more; `half_life_days` is when half of the newness is gone."""

    popularity: float = 0.0
    newness: float = 0.0
    in_stock: float = 0.0
    half_life_days: float = 30.0

    @property
    def paths(self) -> tuple[str, ...]:
        """What a row must hold to be lifted; nothing where nothing lifts."""
        wanted = {
            field_path("popularity"): self.popularity,
            field_path(_CREATED_AT): self.newness,
            AVAILABILITY: self.in_stock,
        }
        return tuple(path for path, weight in wanted.items() if weight)

    @property
    def highest(self) -> float:
        """The greatest factor there can be; the least is 1."""
        return 1 + self.popularity + self.newness + self.in_stock

    def of(self, row: Row, today: datetime | None = None) -> dict[str, float]:
        """Return what each part adds to the factor of a product, those that add something; `today` is now if absent."""
        parts = {
            "popularity": self.popularity * _popularity(row),
            "newness": self.newness * _newness(row, today or datetime.now(UTC), self.half_life_days),
            "in_stock": self.in_stock * (row.derived.get(AVAILABILITY) == YES),
        }
        return {name: value for name, value in parts.items() if value}


def lifted(candidates: Candidates, rows: Mapping[str, Row], boosts: Boosts) -> Candidates:
    """Return the candidates in the order of their lifted scores; rows that lack lift nothing."""
    today = datetime.now(UTC)
    if candidates.scores is None or not boosts.paths:
        return candidates
    factors = np.array(
        [
            1 + sum(boosts.of(rows[point_id], today).values()) if point_id in rows else 1.0
            for point_id in candidates.point_ids
        ]
    )
    return best_first(list(candidates.point_ids), candidates.scores * factors, exact=candidates.exact)


def _popularity(row: Row) -> float:
    return min(1.0, math.log1p(row.product.get("popularity", 0.0)) / math.log1p(_VERY_POPULAR))


def _newness(row: Row, today: datetime, half_life_days: float) -> float:
    created = row.product.get(_CREATED_AT)
    if created is None:
        return 0.0
    days = max(0, (today.astimezone(UTC).date() - datetime.fromisoformat(created).date()).days)
    return float(0.5 ** (days / half_life_days))
