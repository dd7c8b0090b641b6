"""Which rows a batch is made of."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np
import torch

if TYPE_CHECKING:
    from torch import Generator, Tensor

    from encoders.training.data import Dataset

SHARES: Final = {"fashion": 0.78, "folder": 0.14, "clothing": 0.08}  # of each batch


class Sampler:
    """Draws the rows of each batch: a fixed share from every source, rare goods somewhat more often than they occur."""

    def __init__(self, dataset: Dataset, batch: int, device: str = "cpu") -> None:
        present = {source: dataset.where(source, held_out=False) for source in SHARES}
        present = {source: rows for source, rows in present.items() if len(rows)}
        whole = sum(SHARES[source] for source in present)
        self.parts: list[tuple[Tensor, Tensor, int]] = []
        for source, rows in present.items():
            counts = Counter((dataset.rows[n].kind, dataset.rows[n].colour) for n in rows)
            weights = np.array([counts[dataset.rows[n].kind, dataset.rows[n].colour] ** -0.3 for n in rows])
            odds = torch.from_numpy(np.cumsum(weights / weights.sum())).to(device)
            count = max(1, round(batch * SHARES[source] / whole))
            self.parts.append((torch.from_numpy(rows).to(device), odds, count))

    def draw(self, random: Generator) -> Tensor:
        """Row numbers, (batch,) int64."""
        drawn = []
        for rows, odds, count in self.parts:
            lots = torch.rand(count, generator=random, device=random.device, dtype=odds.dtype)
            drawn.append(rows[torch.searchsorted(odds, lots).clamp(max=len(rows) - 1)])
        return torch.cat(drawn)
