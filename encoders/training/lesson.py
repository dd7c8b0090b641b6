"""What one training step is made of: which rows it draws, what learns, and the loss of a batch."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

import numpy as np
import torch
from torch import nn

from encoders.bundled.network import NetworkShape, PictureNetwork, TextAdapter
from encoders.bundled.preprocess import CHANNEL_DEVIATION, normalise
from encoders.training.adversary import fgsm
from encoders.training.augment import augment, augment_some, flip
from encoders.training.losses import Heads, Queue, any_picture_loss, own_text_loss, phrase_truth, title_truth
from encoders.training.negatives import hard_titles
from encoders.training.phrases import ATTRIBUTES
from encoders.training.pretrained import start_from_imagenet

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from encoders.training.data import Dataset

SHARES: Final = {"fashion": 0.78, "folder": 0.14, "clothing": 0.08}  # of each batch
KEPT_BLOCKS: Final = 3
ATTACK: Final = 2 / 255 / CHANNEL_DEVIATION[0]  # in the units of normalised pictures
HEADS: Final = ("kind", "colour", "gender", "family")
WHITE_COLOURS: Final = frozenset({"", "white", "off white", "cream", "silver", "steel", "multi"})


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run needs to know. `minutes` is training time over all sessions of a run; `steps` ends it earlier."""

    out: Path
    minutes: float
    steps: int = 10**9
    batch: int = 128
    start: str = "imagenet"  # or "scratch", or the checkpoint of another run
    augmentation: Literal["full", "some", "flip"] = "full"
    adversarial: float = 0.0  # the share of each batch that is attacked before it is learnt from
    rate: float = 2e-3
    decay: float = 0.05
    early_share: float = 0.6
    warm_up_share: float = 0.03
    title_weight: float = 1.0
    heads_weight: float = 0.6
    title_sample: int = 2560
    hard_titles: int = 12
    phrase_sample: int = 3072
    queue: int = 4096
    checkpoint_seconds: float = 150.0
    threads: int = 2
    seed: int = 20


class Joint(Protocol):
    """What joins pictures and words: the texts' way into picture space, and a temperature for titles and phrases."""

    adapter: TextAdapter
    scales: nn.Parameter


class Sampler:
    """Draws the rows of each batch: a fixed share from every source, rare goods somewhat more often than they occur."""

    def __init__(self, dataset: Dataset, batch: int) -> None:
        present = {source: dataset.where(source, held_out=False) for source in SHARES}
        present = {source: rows for source, rows in present.items() if len(rows)}
        whole = sum(SHARES[source] for source in present)
        self.parts: list[tuple[np.ndarray, np.ndarray, int]] = []
        for source, rows in present.items():
            counts = Counter((dataset.rows[n].kind, dataset.rows[n].colour) for n in rows)
            weights = np.array([counts[dataset.rows[n].kind, dataset.rows[n].colour] ** -0.3 for n in rows])
            self.parts.append((rows, weights / weights.sum(), max(1, round(batch * SHARES[source] / whole))))

    def draw(self, random: np.random.Generator) -> Tensor:
        """Row numbers, (batch,) int64."""
        return torch.from_numpy(
            np.concatenate([random.choice(rows, count, p=odds) for rows, odds, count in self.parts])
        )


class Student(nn.Module):
    """Everything that learns: the network and the adapter, which ship, and the heads and temperatures, which do not.

    What sees edges and colours keeps its ImageNet weights: a third faster, and it knows more pictures than ours.
    """

    def __init__(self, dataset: Dataset, start: str) -> None:
        super().__init__()
        self.network = PictureNetwork()
        self.kept: tuple[nn.Module, ...] = ()
        if start != "scratch":
            start_from_imagenet(self.network)
            self.kept = (self.network.stem, *list(self.network.blocks)[:KEPT_BLOCKS])
        for module in self.kept:
            module.requires_grad_(requires_grad=False)
        self.network = self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.adapter = TextAdapter()
        self.heads = Heads(
            NetworkShape().features, {name: len(dataset.bank.values[ATTRIBUTES.index(name)]) for name in HEADS}
        )
        self.scales = nn.Parameter(torch.full((2,), math.log(1 / 0.07)))  # for titles and for phrases
        if start not in {"imagenet", "scratch"}:
            self.load_state_dict(torch.load(start, weights_only=True)["student"])

    def train(self, mode: bool = True) -> Student:  # noqa: FBT001, FBT002 - torch's own signature
        """As torch has it, but what is kept keeps its norms' statistics too."""
        super().train(mode)
        for module in self.kept:
            module.eval()
        return self


class Lesson:
    """The data as tensors, and the loss of one batch."""

    def __init__(self, dataset: Dataset, settings: Settings) -> None:
        self.settings = settings
        self.dataset = dataset
        self.facts = torch.from_numpy(dataset.bank.facts.astype(np.int16))
        self.title_of_row = torch.from_numpy(dataset.title_of_row)
        self.title_vectors = torch.from_numpy(dataset.title_vectors)
        taught = [n for n, row in enumerate(dataset.rows) if not row.held_out]
        # Phrases and titles that are true of held-out pictures alone must not be seen, not even as negatives.
        numbers = np.unique(np.concatenate([dataset.bank.of_row[n] for n in taught]))
        self.place = np.full(len(dataset.bank.texts), -1)
        self.place[numbers] = np.arange(len(numbers))
        self.claims = torch.from_numpy(dataset.bank.claims[numbers].astype(np.int16))
        self.phrase_vectors = torch.from_numpy(dataset.phrase_vectors[numbers])
        # The labels of the clothing photos are no titles.
        self.titled = torch.tensor([row.source != "clothing" for row in dataset.rows])
        self.taught_titles = torch.from_numpy(np.unique(dataset.title_of_row[[n for n in taught if self.titled[n]]]))
        self.hard = hard_titles(self.title_vectors, self.taught_titles)
        self.coloured = torch.tensor([row.colour not in WHITE_COLOURS for row in dataset.rows])
        self.queue = Queue(settings.queue)

    def pictures(self, rows: Tensor, side: int, random: torch.Generator) -> Tensor:
        """(batch, 3, side, side), augmented and normalised."""
        pixels = torch.from_numpy(np.stack([self.dataset.pixels[n] for n in rows.tolist()]))
        match self.settings.augmentation:
            case "flip":
                return normalise(flip(pixels, side, random))
            case "some":
                return normalise(augment_some(pixels, side, self.coloured[rows], random))
            case "full":
                return normalise(augment(pixels, side, self.coloured[rows], random))

    def attacked(self, student: Student, rows: Tensor, pictures: Tensor) -> Tensor:
        """The same pictures, a share of them changed within 2/255 so that they leave their titles."""
        count = round(len(rows) * self.settings.adversarial)
        chosen = torch.randperm(len(rows))[:count]
        with torch.no_grad():
            texts = student.adapter(self.title_vectors[self.title_of_row[rows[chosen]]])

        def loss_of(changed: Tensor) -> Tensor:
            loss: Tensor = -(student.network(changed) * texts).sum()
            return loss

        student.eval()
        pictures[chosen] = fgsm(loss_of, pictures[chosen], ATTACK)
        student.train()
        return pictures

    def loss(self, student: Student, rows: Tensor, pictures: Tensor, random: np.random.Generator) -> Tensor:
        """The sum of both contrastive losses and the heads' loss."""
        features = student.network.features(pictures)  # (batch, 1280)
        vectors = nn.functional.normalize(student.network.project(features), dim=1)  # (batch, 384)
        labels = {name: self.facts[rows, ATTRIBUTES.index(name)].long() for name in HEADS}
        of_heads: Tensor = student.heads(features, labels)
        return self.joining_loss(student, rows, vectors, random) + self.settings.heads_weight * of_heads

    def joining_loss(self, joint: Joint, rows: Tensor, vectors: Tensor, random: np.random.Generator) -> Tensor:
        """Both contrastive losses of a batch of pictures, `vectors` (batch, 384)."""
        seen = self.queue.joined(vectors, rows)  # (batch + queue, 384)
        scales = joint.scales.exp().clamp(max=60)
        # The many texts go in bfloat16; the network does not: its depthwise convolutions are slower that way.
        with torch.autocast("cpu", torch.bfloat16):
            of_titles = self.title_loss(joint, rows, vectors, seen, scales[0], random)
            of_phrases = self.phrase_loss(joint, rows, vectors, seen, scales[1], random)
            total: Tensor = self.settings.title_weight * of_titles + of_phrases
        return total

    def title_loss(  # noqa: PLR0913, PLR0917 - what both losses need, each thing once
        self,
        student: Joint,
        rows: Tensor,
        vectors: Tensor,
        seen: tuple[Tensor, Tensor],
        scale: Tensor,
        random: np.random.Generator,
    ) -> Tensor:
        """Picture → title among a sample of all and the most alike, title → picture among the batch and the queue."""
        titled = self.titled[rows]
        rows, vectors = rows[titled], vectors[titled]
        own = self.title_of_row[rows]
        others = self.taught_titles[random.integers(0, len(self.taught_titles), self.settings.title_sample)]
        alike = self.hard[own][:, random.permutation(self.hard.shape[1])[: self.settings.hard_titles]].flatten()
        numbers = torch.cat([own, others, alike])
        plain = self.title_vectors[numbers]
        texts = student.adapter(plain)  # (batch + sample, 384)
        truth = title_truth(own, numbers, plain[: len(own)], plain)
        to_text = own_text_loss(scale * vectors @ texts.T, torch.arange(len(own)), truth.possible)
        pictures, picture_rows = seen
        titles = self.title_of_row[picture_rows]
        truth = title_truth(own, titles, plain[: len(own)], self.title_vectors[titles])
        return to_text + any_picture_loss(scale * texts[: len(own)] @ pictures.T, truth)

    def phrase_loss(  # noqa: PLR0913, PLR0917
        self,
        student: Joint,
        rows: Tensor,
        vectors: Tensor,
        seen: tuple[Tensor, Tensor],
        scale: Tensor,
        random: np.random.Generator,
    ) -> Tensor:
        """The same over the phrases: one phrase of each row, among a sample of all and among all pictures at hand."""
        drawn = np.array([random.choice(self.dataset.bank.of_row[n]) for n in rows.tolist()])
        own = self.place[drawn]
        numbers = np.concatenate([own, random.integers(0, len(self.claims), self.settings.phrase_sample)])
        texts = student.adapter(self.phrase_vectors[numbers])  # (batch + sample, 384)
        possible = phrase_truth(self.claims[numbers], self.facts[rows]).possible.T
        to_text = own_text_loss(scale * vectors @ texts.T, torch.arange(len(own)), possible)
        pictures, picture_rows = seen
        truth = phrase_truth(self.claims[own], self.facts[picture_rows])
        return to_text + any_picture_loss(scale * texts[: len(own)] @ pictures.T, truth)
