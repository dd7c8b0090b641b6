"""What the training minimises: contrastive losses between pictures and texts; several may be true of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
from torch import nn
from torch.nn import functional

from encoders.training.phrases import UNSAID

if TYPE_CHECKING:
    from torch import Tensor

HIDDEN: Final = -1e4  # a logit that takes no part
NEARLY_SAME: Final = 0.95  # titles this similar are no negatives of each other


@dataclass(frozen=True, slots=True)
class Truth:
    """What holds between n texts and m others, (n, m) bool: `possible` is all that is not known to be false."""

    known: Tensor
    possible: Tensor


def phrase_truth(claims: Tensor, facts: Tensor) -> Truth:
    """Which phrase holds for which picture; claims (n, attributes), facts (m, attributes) → (n, m)."""
    claims, facts = claims.unsqueeze(1), facts.unsqueeze(0)
    open_claim = (claims == UNSAID) | (claims == facts)
    return Truth(open_claim.all(2), (open_claim | (facts == UNSAID)).all(2))


def title_truth(numbers: Tensor, others: Tensor, vectors: Tensor, other_vectors: Tensor) -> Truth:
    """Which titles are the same (by number), and which are nearly so (by their vectors): (n,), (m,) → (n, m)."""
    same = numbers.unsqueeze(1) == others.unsqueeze(0)
    return Truth(same, same | (vectors @ other_vectors.T > NEARLY_SAME))


def own_text_loss(logits: Tensor, target: Tensor, possible: Tensor) -> Tensor:
    """Each picture finds its own text among all: logits (pictures, texts), target (pictures,) text numbers.

    Other texts that may be true of the picture count neither for nor against.
    """
    hidden = possible.scatter(1, target.unsqueeze(1), value=False)
    return functional.cross_entropy(logits.float().masked_fill(hidden, HIDDEN), target)


def any_picture_loss(logits: Tensor, truth: Truth) -> Tensor:
    """Each text finds all its pictures among many: logits and truth (texts, pictures)."""
    shares = functional.log_softmax(logits.float().masked_fill(truth.possible & ~truth.known, HIDDEN), dim=1)
    known = truth.known.float()
    return -((shares * known).sum(1) / known.sum(1).clamp(min=1)).mean()


def opinion_loss(logits: Tensor, taught: Tensor) -> Tensor:
    """How far one network's distribution over texts is from its teacher's, both (pictures, texts) logits."""
    own = functional.log_softmax(logits.float(), dim=1)
    return functional.kl_div(own, functional.log_softmax(taught.float(), dim=1), reduction="batchmean", log_target=True)


class Heads(nn.Module):
    """Auxiliary classifiers on the pooled features; they teach and are then thrown away."""

    def __init__(self, features: int, classes: dict[str, int]) -> None:
        super().__init__()
        self.heads = nn.ModuleDict({name: nn.Linear(features, count) for name, count in classes.items() if count})

    def forward(self, features: Tensor, labels: dict[str, Tensor]) -> Tensor:
        """Mean cross-entropy over the heads; features (n, features), labels (n,) with `UNSAID` where unknown."""
        losses = []
        for name, head in self.heads.items():
            if (labels[name] != UNSAID).any():
                logits = head(features).float()
                losses.append(functional.cross_entropy(logits, labels[name], ignore_index=UNSAID, label_smoothing=0.1))
        return torch.stack(losses).mean() if losses else features.sum() * 0


class Queue:
    """The last pictures seen, without gradient: more negatives for each text than one batch holds."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.vectors: Tensor | None = None
        self.rows: Tensor | None = None

    def joined(self, vectors: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        """The batch's vectors (n, d) and row numbers (n,), then the queue's, which takes the batch in."""
        with_queue = vectors if self.vectors is None else torch.cat([vectors, self.vectors.to(vectors.dtype)])
        all_rows = rows if self.rows is None else torch.cat([rows, self.rows])
        self.vectors = with_queue.detach()[: self.size]
        self.rows = all_rows[: self.size]
        return with_queue, all_rows
