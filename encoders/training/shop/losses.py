"""The losses by name, as pytorch-metric-learning has them, each over unit vectors and the numbers of their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional

from catalog.errors import Misconfigured

if TYPE_CHECKING:
    from torch import Tensor

    from encoders.training.shop.config import TrainingConfig

UNKNOWN = -1
"""The number of a label that a row does not have: the row takes no part in that label's loss."""


class MetricLoss(nn.Module):
    """One of the library's losses, after its miner where it has one."""

    def __init__(self, loss: nn.Module, miner: nn.Module | None = None, *, scale: float = 1.0) -> None:
        super().__init__()
        self.loss = loss
        self.miner = miner
        self.stretch = scale**0.5  # both sides of each product are stretched, so products grow by the scale

    def forward(self, vectors: Tensor, labels: Tensor) -> Tensor:
        """Vectors (n, d), L2-normalised, and label numbers (n,) → the loss, a scalar; 0 where nothing can be learnt."""
        chosen = self.miner(vectors, labels) if self.miner is not None else None
        found: Tensor = self.loss(vectors * self.stretch, labels, chosen)
        return found

    def between(self, words: Tensor, word_labels: Tensor, items: Tensor, labels: Tensor) -> Tensor:
        """Words (m, d) find their items (n, d), and items their words, each kind among the other alone."""
        found: list[Tensor] = []
        for one, own, other, others in ((words, word_labels, items, labels), (items, labels, words, word_labels)):
            chosen = self.miner(one, own, other, others) if self.miner is not None else None
            found.append(self.loss(one, own, chosen, other, others))
        return torch.stack(found).mean()


class PairLoss(MetricLoss):
    """The N-pair loss: it takes one pair of each label, the first that comes."""

    def between(self, words: Tensor, word_labels: Tensor, items: Tensor, labels: Tensor) -> Tensor:
        """Each word is paired with the first item of its label, so the other labels' items are wrong."""
        paired: Tensor = self(torch.cat([words, items]), torch.cat([word_labels, labels]))
        return paired


class LabelsLoss(nn.Module):
    """The mean of one metric loss over several labels: what the trainer minimises.

    The trainer hands over what the model reads: items and, where labels have words, the words. Each label asks twice:
    of the items alone, and between words and items, so that few words weigh as much as many pictures.
    """

    def __init__(self, model: nn.Module, metric: MetricLoss) -> None:
        super().__init__()
        self.model = model
        self.metric = metric

    def forward(self, features: list[dict[str, Any]], labels: Tensor) -> Tensor:
        """Features of items, or of words and items; labels (words + items, columns), `UNKNOWN` where there is none."""
        parts = [functional.normalize(self.model(part)["sentence_embedding"], dim=1) for part in features]
        items, count = parts[-1], len(labels) - len(parts[-1])
        losses = []
        for column in labels.T:
            own, known = column[count:], column[count:] != UNKNOWN
            losses.append(self.metric(items[known], own[known]))
            named = column[:count] != UNKNOWN
            if named.any():
                words = parts[0][named]
                losses.append(self.metric.between(words, column[:count][named], items[known], own[known]))
        return torch.stack(losses).mean()


def make_loss(config: TrainingConfig) -> MetricLoss:
    """Return the configured loss; raises `Misconfigured` where pytorch-metric-learning is not installed.

    `info-nce` is the supervised contrastive loss: all of a label's members are right, all others wrong.
    `multiple-negatives` (N-pair) takes one pair of each label, the other labels' being wrong. `triplet` takes the
    semi-hard ones: the wrong one is farther than the right one, but by less than the margin.
    """
    try:
        from pytorch_metric_learning import losses, miners  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise Misconfigured("training needs pytorch-metric-learning: pip install 'vitrine[train]'") from error
    if config.loss == "info-nce":
        return MetricLoss(losses.SupConLoss(temperature=config.temperature))
    if config.loss == "multiple-negatives":
        from pytorch_metric_learning.distances import DotProductSimilarity  # noqa: PLC0415

        plain = DotProductSimilarity(normalize_embeddings=False)  # they are unit vectors; stretched, they must stay so
        return PairLoss(losses.NPairsLoss(distance=plain), scale=1 / config.temperature)
    semi_hard = miners.TripletMarginMiner(margin=config.margin, type_of_triplets="semihard")
    return MetricLoss(losses.TripletMarginLoss(margin=config.margin), semi_hard)
