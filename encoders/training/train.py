"""Trains the shipped picture encoder and the text adapter; read it from top to bottom.

python -m encoders.training.train --data /work/shared/data --drawings DIR --out DIR --minutes 40
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from torch import nn

from encoders.bundled.network import NetworkShape, PictureNetwork, TextAdapter
from encoders.bundled.preprocess import PICTURE_SIDE, normalise
from encoders.bundled.weights import write_weights
from encoders.training.augment import augment
from encoders.training.data import Dataset, load
from encoders.training.losses import Heads, Queue, any_picture_loss, own_text_loss, phrase_truth, title_truth
from encoders.training.phrases import ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

SHARES: Final = {"fashion": 0.78, "folder": 0.14, "clothing": 0.08}  # of each batch
HEADS: Final = ("kind", "colour", "gender", "family")
WHITE_COLOURS: Final = frozenset({"", "white", "off white", "cream", "silver", "steel", "multi"})
EARLY_SIDE: Final = 64  # the first part of the training sees smaller pictures: more of them per second
CHECKPOINT: Final = "checkpoint.pt"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run needs to know. `minutes` is training time over all sessions of a run; `steps` ends it earlier."""

    out: Path
    minutes: float
    steps: int = 10**9
    batch: int = 144
    rate: float = 2e-3
    decay: float = 0.05
    early_share: float = 0.5
    warm_up_share: float = 0.03
    heads_weight: float = 0.6
    title_sample: int = 4096
    queue: int = 2048
    checkpoint_seconds: float = 150.0
    threads: int = 2
    seed: int = 20


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
    """Everything that learns: the network and the adapter, which ship, and the heads and temperatures, which do not."""

    def __init__(self, dataset: Dataset) -> None:
        super().__init__()
        self.network = PictureNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.adapter = TextAdapter()
        self.heads = Heads(
            NetworkShape().features, {name: len(dataset.bank.values[ATTRIBUTES.index(name)]) for name in HEADS}
        )
        self.scales = nn.Parameter(torch.full((2,), math.log(1 / 0.07)))  # for titles and for phrases


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
        self.coloured = torch.tensor([row.colour not in WHITE_COLOURS for row in dataset.rows])
        self.queue = Queue(settings.queue)

    def pictures(self, rows: Tensor, side: int, random: torch.Generator) -> Tensor:
        """(batch, 3, side, side), augmented and normalised."""
        pixels = torch.from_numpy(np.stack([self.dataset.pixels[n] for n in rows.tolist()]))
        return normalise(augment(pixels, side, self.coloured[rows], random))

    def loss(self, student: Student, rows: Tensor, pictures: Tensor, random: np.random.Generator) -> Tensor:
        """The sum of both contrastive losses and the heads' loss."""
        features = student.network.features(pictures)  # (batch, 512)
        vectors = nn.functional.normalize(student.network.project(features).float(), dim=1)  # (batch, 384)
        labels = {name: self.facts[rows, ATTRIBUTES.index(name)].long() for name in HEADS}
        seen, seen_rows = self.queue.joined(vectors, rows)  # (batch + queue, 384)
        scales = student.scales.exp().clamp(max=60)
        total: Tensor = (
            self.title_loss(student, rows, vectors, (seen, seen_rows), scales[0], random)
            + self.phrase_loss(student, rows, vectors, (seen, seen_rows), scales[1], random)
            + self.settings.heads_weight * student.heads(features, labels)
        )
        return total

    def title_loss(  # noqa: PLR0913, PLR0917 - what both losses need, each thing once
        self,
        student: Student,
        rows: Tensor,
        vectors: Tensor,
        seen: tuple[Tensor, Tensor],
        scale: Tensor,
        random: np.random.Generator,
    ) -> Tensor:
        """Picture → title among a sample of all titles, title → picture among the batch and the queue."""
        titled = self.titled[rows]
        rows, vectors = rows[titled], vectors[titled]
        own = self.title_of_row[rows]
        others = self.taught_titles[random.integers(0, len(self.taught_titles), self.settings.title_sample)]
        numbers = torch.cat([own, others])
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
        student: Student,
        rows: Tensor,
        vectors: Tensor,
        seen: tuple[Tensor, Tensor],
        scale: Tensor,
        random: np.random.Generator,
    ) -> Tensor:
        """The same over the phrases: one phrase of each row, among all phrases and among all pictures at hand."""
        drawn = np.array([random.choice(self.dataset.bank.of_row[n]) for n in rows.tolist()])
        target = torch.from_numpy(self.place[drawn])
        texts = student.adapter(self.phrase_vectors)  # (phrases, 384)
        possible = phrase_truth(self.claims, self.facts[rows]).possible.T
        to_text = own_text_loss(scale * vectors @ texts.T, target, possible)
        pictures, picture_rows = seen
        truth = phrase_truth(self.claims[target], self.facts[picture_rows])
        return to_text + any_picture_loss(scale * texts[target] @ pictures.T, truth)


def free_threads(most: int) -> int:
    """How many cores nobody else is using, from 1 to `most`: two threads that wait for each other lose to one."""
    try:
        running = int(Path("/proc/loadavg").read_text(encoding="ascii").split()[3].split("/")[0])
    except OSError:  # not Linux
        return most
    return max(1, min(most, (os.cpu_count() or 1) - (running - 1)))


def rate_at(progress: float, settings: Settings) -> float:
    """The learning rate after a share of the run: a linear warm-up, then half a cosine down to almost nothing."""
    if progress < settings.warm_up_share:
        return settings.rate * max(progress / settings.warm_up_share, 0.01)
    return settings.rate * (0.005 + 0.995 * (1 + math.cos(math.pi * min(progress, 1.0))) / 2)


def make_optimiser(student: Student, settings: Settings) -> torch.optim.AdamW:
    """Convolutions and matrices decay; norms, biases, temperatures do not; the text adapter moves more slowly."""
    decayed = [p for name, p in student.named_parameters() if p.ndim > 1 and not name.startswith("adapter")]
    plain = [p for name, p in student.named_parameters() if p.ndim <= 1 and not name.startswith("adapter")]
    groups = [
        {"params": decayed, "weight_decay": settings.decay, "share": 1.0},
        {"params": plain, "weight_decay": 0.0, "share": 1.0},
        {"params": list(student.adapter.parameters()), "weight_decay": 0.0, "share": 0.2},
    ]
    return torch.optim.AdamW(groups, lr=settings.rate, betas=(0.9, 0.98))


class Run:
    """One training run: it starts, or goes on where its checkpoint stands, and leaves weights.safetensors in `out`."""

    def __init__(self, dataset: Dataset, settings: Settings) -> None:
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.student = Student(dataset).train()
        self.optimiser = make_optimiser(self.student, settings)
        self.lesson = Lesson(dataset, settings)
        self.sampler = Sampler(dataset, settings.batch)
        self.step = 0
        self.trained_seconds = 0.0
        settings.out.mkdir(parents=True, exist_ok=True)
        if (settings.out / CHECKPOINT).is_file():
            self.resume()

    def resume(self) -> None:
        """Takes up the state that `save` left. The heads start afresh where the data have other classes now."""
        state = torch.load(self.settings.out / CHECKPOINT, weights_only=True)
        self.student.load_state_dict(state["student"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.trained_seconds = state["step"], state["trained_seconds"]

    def save(self) -> None:
        """The checkpoint, to go on from, and the weights, to use; each replaces the last one in one move."""
        part = self.settings.out / f"{CHECKPOINT}.part"
        state = {"student": self.student.state_dict(), "optimiser": self.optimiser.state_dict()}
        torch.save(state | {"step": self.step, "trained_seconds": self.trained_seconds}, part)
        part.rename(self.settings.out / CHECKPOINT)
        write_weights(self.student.network, self.student.adapter, self.settings.out / "weights.safetensors")

    def go(self) -> None:
        """Trains until the minutes or the steps are used up."""
        saved_at = self.trained_seconds
        columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns) as bar:
            task = bar.add_task("", total=self.settings.minutes * 60, completed=int(self.trained_seconds))
            while self.trained_seconds < self.settings.minutes * 60 and self.step < self.settings.steps:
                started = time.monotonic()
                loss = self.one_step()
                self.trained_seconds += time.monotonic() - started
                bar.update(task, completed=self.trained_seconds, description=f"step {self.step} loss {loss:.3f}")
                if self.step % 50 == 0:
                    bar.console.print(f"step {self.step} {self.trained_seconds:.0f} s loss {loss:.3f}")
                if self.trained_seconds - saved_at > self.settings.checkpoint_seconds:
                    self.save()
                    saved_at = self.trained_seconds
        self.save()

    def one_step(self) -> float:
        """One batch, forward and back; returns its loss."""
        torch.set_num_threads(free_threads(self.settings.threads))
        progress = self.trained_seconds / (self.settings.minutes * 60)
        for group in self.optimiser.param_groups:
            group["lr"] = rate_at(progress, self.settings) * group["share"]
        random = np.random.default_rng([self.settings.seed, self.step])  # a resumed run draws what it would have drawn
        rows = self.sampler.draw(random)
        generator = torch.Generator().manual_seed(self.settings.seed * 10**6 + self.step)
        side = EARLY_SIDE if progress < self.settings.early_share else PICTURE_SIDE
        pictures = self.lesson.pictures(rows, side, generator)
        with torch.autocast("cpu", torch.bfloat16):
            loss = self.lesson.loss(self.student, rows, pictures, random)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.student.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        return float(loss.detach())


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Train the shipped picture encoder.")
    parser.add_argument("--data", type=Path, help="folder with fashion.csv, clothing.csv and their tars")
    parser.add_argument("--drawings", type=Path, action="append", default=[], help="dataset folder; may be given again")
    parser.add_argument("--out", type=Path, required=True, help="where the checkpoint and the weights go")
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--cache", type=Path, default=Path("/tmp/vitrine-training"))  # noqa: S108 - a cache, not a secret
    given = parser.parse_args(arguments)
    dataset = load(given.data, given.drawings, given.cache)
    Run(dataset, Settings(out=given.out, minutes=given.minutes)).go()


if __name__ == "__main__":
    main()
