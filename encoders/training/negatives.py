"""Mining of hard negatives: for each title those others that read most like it without saying the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch

from encoders.training.losses import NEARLY_SAME

if TYPE_CHECKING:
    from torch import Tensor

NEIGHBOURS: Final = 48
AT_ONCE: Final = 1024


def hard_titles(vectors: Tensor, taught: Tensor) -> Tensor:
    """The numbers of each title's nearest `taught` others, (titles, neighbours) int64; vectors (titles, d), L2 1.

    Those of nearly the same words are left out: their pictures may well be the same goods. Held-out titles are not
    among the answers.
    """
    count = min(NEIGHBOURS, len(taught))
    candidates = vectors[taught].bfloat16()
    found = torch.empty(len(vectors), count, dtype=torch.int64, device=vectors.device)
    for start in range(0, len(vectors), AT_ONCE):
        scores = (vectors[start : start + AT_ONCE].bfloat16() @ candidates.T).float()
        found[start : start + AT_ONCE] = taught[scores.masked_fill(scores > NEARLY_SAME, -1).topk(count, dim=1).indices]
    return found
