"""Three ways to make one vector of a picture's and a text's before the search (early fusion), and how they learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from encoders.bundled.network import TEXT_DIMENSION
from encoders.training.losses import own_text_loss

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from encoders.training.experiments.composed import Composed, Wardrobe

HEADS: Final = 4
FIRST_SCALE: Final = 20.0
LARGEST_SCALE: Final = 60.0


class Arm(Protocol):
    """Picture vectors (n, d) and text vectors (n, d) to query vectors (n, d), L2-normalised, in picture space."""

    def __call__(self, pictures: Tensor, texts: Tensor) -> Tensor:
        """Fuse them."""
        ...


@dataclass(frozen=True, slots=True)
class LateFusion:
    """The weighted sum of both, as the image arm of a search adds its terms."""

    picture_share: float

    def __call__(self, pictures: Tensor, texts: Tensor) -> Tensor:
        """Fuse them."""
        return functional.normalize(self.picture_share * pictures + (1 - self.picture_share) * texts, dim=1)


class Concatenation(nn.Module):
    """Both vectors end to end through a perceptron of two layers."""

    def __init__(self, dimension: int = TEXT_DIMENSION) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2 * dimension, 2 * dimension), nn.GELU(), nn.Dropout(0.1), nn.Linear(2 * dimension, dimension)
        )

    def forward(self, pictures: Tensor, texts: Tensor) -> Tensor:
        """(n, d), (n, d) → (n, d), L2-normalised."""
        return functional.normalize(self.layers(torch.cat([pictures, texts], dim=1)), dim=1)


class GatedResidual(nn.Module):
    """Each dimension of the picture is let through as far as both vectors say, and something is added to it.

    After TIRG (Vo et al., "Composing Text and Image for Image Retrieval", CVPR 2019).
    """

    def __init__(self, dimension: int = TEXT_DIMENSION) -> None:
        super().__init__()
        self.gate = _perceptron(dimension)
        self.addition = _perceptron(dimension)
        self.shares = nn.Parameter(torch.tensor([1.0, 0.3]))

    def forward(self, pictures: Tensor, texts: Tensor) -> Tensor:
        """(n, d), (n, d) → (n, d), L2-normalised."""
        both = torch.cat([pictures, texts], dim=1)
        kept = self.gate(both).sigmoid() * pictures
        return functional.normalize(self.shares[0] * kept + self.shares[1] * self.addition(both), dim=1)


class CrossAttention(nn.Module):
    """A Transformer layer over the two vectors as tokens; the picture's token, changed, is the query."""

    def __init__(self, dimension: int = TEXT_DIMENSION) -> None:
        super().__init__()
        self.kinds = nn.Parameter(torch.randn(2, dimension) * 0.02)
        self.scale = dimension**0.5  # unit vectors have small numbers; a layer expects numbers about 1
        self.layer = nn.TransformerEncoderLayer(
            dimension, HEADS, 2 * dimension, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
        )
        self.out = nn.Linear(dimension, dimension)

    def forward(self, pictures: Tensor, texts: Tensor) -> Tensor:
        """(n, d), (n, d) → (n, d), L2-normalised."""
        tokens = torch.stack([pictures, texts], dim=1) * self.scale + self.kinds  # (n, 2, d)
        return functional.normalize(self.out(self.layer(tokens)[:, 0]), dim=1)


def _perceptron(dimension: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(2 * dimension, dimension), nn.GELU(), nn.Linear(dimension, dimension))


FAMILIES: Final[dict[str, Callable[[], nn.Module]]] = {
    "concatenation + MLP": Concatenation,
    "gated (TIRG)": GatedResidual,
    "cross-attention": CrossAttention,
}


@dataclass(frozen=True, slots=True)
class Vectors:
    """A side of the split through a frozen encoder: pictures (rows, d), texts (phrases, d), both in picture space."""

    pictures: Tensor
    texts: Tensor


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long an arm learns."""

    steps: int = 1500
    batch: int = 256
    rate: float = 1e-3
    decay: float = 0.05


@dataclass(frozen=True, slots=True)
class Lesson:
    """What an arm learns to change, for how long, and the seed that it starts from."""

    attributes: tuple[str, ...]
    schedule: Schedule
    seed: int


def train(
    family: str, wardrobe: Wardrobe, vectors: Vectors, lesson: Lesson, advance: Callable[[], object]
) -> nn.Module:
    """An arm of one family that finds each query's target among those and the pictures of a batch, batch-softmax.

    The batch's own pictures are among the wrong answers: whoever asks for blue is not shown the red one again.
    """
    torch.manual_seed(lesson.seed)
    random = np.random.default_rng(lesson.seed)
    schedule = lesson.schedule
    arm = FAMILIES[family]().train()
    scale = nn.Parameter(torch.tensor(FIRST_SCALE).log())
    optimiser = torch.optim.AdamW([*arm.parameters(), scale], lr=schedule.rate, weight_decay=schedule.decay)
    slope = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, schedule.steps)
    places = {attribute: wardrobe.changeable(attribute) for attribute in lesson.attributes}
    looks = torch.from_numpy(wardrobe.looks)
    for step in range(schedule.steps):
        attribute = lesson.attributes[step % len(lesson.attributes)]
        drawn = wardrobe.draw(random.choice(places[attribute], schedule.batch), attribute, random)
        loss = batch_softmax(arm, scale.exp().clamp(max=LARGEST_SCALE), drawn, vectors, looks)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        slope.step()
        advance()
    return arm.eval()


def batch_softmax(arm: Arm, scale: Tensor, drawn: Composed, vectors: Vectors, looks: Tensor) -> Tensor:
    """The loss of a batch; `looks` (rows,): what else looks like a query's target counts neither way."""
    candidates = torch.from_numpy(np.concatenate([drawn.targets, drawn.pictures]))
    queries = arm(vectors.pictures[drawn.pictures], vectors.texts[drawn.texts])  # (batch, d)
    logits = scale * queries @ vectors.pictures[candidates].T  # (batch, 2 batches)
    own = torch.arange(len(queries))
    alike = looks[candidates[own]].unsqueeze(1) == looks[candidates].unsqueeze(0)
    return own_text_loss(logits, own, alike)
