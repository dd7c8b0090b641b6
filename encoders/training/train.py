"""Trains the shipped picture encoder and the text adapter; read it from top to bottom.

python -m encoders.training.train --data /work/shared/data --drawings DIR --out DIR --minutes 40
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from torch import nn

from encoders.bundled.preprocess import PICTURE_SIDE
from encoders.bundled.weights import write_weights
from encoders.training.data import Dataset, load
from encoders.training.lesson import Lesson, Sampler, Settings, Student

if TYPE_CHECKING:
    from collections.abc import Sequence

EARLY_SIDE: Final = 80  # the first part of the training sees smaller pictures: more of them per second
CHECKPOINT: Final = "checkpoint.pt"
CURVE: Final = "curve.csv"
CURVE_STEPS: Final = 50
PRETRAINED_SHARE: Final = 0.4  # of the learning rate


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
    """Convolutions and matrices decay, norms and biases do not; what was trained before moves more slowly."""
    trained_before = ("network.stem", "network.blocks", "network.head", "adapter")
    groups = []
    for before in (True, False):
        for matrices in (True, False):
            chosen = [
                parameter
                for name, parameter in student.named_parameters()
                if parameter.requires_grad
                and name.startswith(trained_before) == before
                and (parameter.ndim > 1) == matrices
            ]
            decay = settings.decay if matrices else 0.0
            share = PRETRAINED_SHARE if before and settings.start != "scratch" else 1.0
            groups.append({"params": chosen, "weight_decay": decay, "share": share})
    return torch.optim.AdamW(groups, lr=settings.rate, betas=(0.9, 0.98))


class Run:
    """One training run: it starts, or goes on where its checkpoint stands, and leaves weights.safetensors in `out`."""

    def __init__(self, dataset: Dataset, settings: Settings) -> None:
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.student = Student(dataset, settings.start).train()
        self.optimiser = make_optimiser(self.student, settings)
        self.lesson = Lesson(dataset, settings)
        self.sampler = Sampler(dataset, settings.batch)
        self.step = 0
        self.trained_seconds = 0.0
        settings.out.mkdir(parents=True, exist_ok=True)
        if (settings.out / CHECKPOINT).is_file():
            self.resume()

    def resume(self) -> None:
        """Takes up the state that `save` left."""
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
        recent: deque[float] = deque(maxlen=CURVE_STEPS)
        columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns) as bar:
            task = bar.add_task("", total=self.settings.minutes * 60, completed=int(self.trained_seconds))
            while self.trained_seconds < self.settings.minutes * 60 and self.step < self.settings.steps:
                started = time.monotonic()
                loss = self.one_step()
                self.trained_seconds += time.monotonic() - started
                bar.update(task, completed=self.trained_seconds, description=f"step {self.step} loss {loss:.3f}")
                recent.append(loss)
                if self.step % CURVE_STEPS == 0:
                    self.note(sum(recent) / len(recent))
                if self.trained_seconds - saved_at > self.settings.checkpoint_seconds:
                    self.save()
                    saved_at = self.trained_seconds
        self.save()

    def note(self, loss: float) -> None:
        """One more line of the curve: step, seconds, mean loss of late."""
        with (self.settings.out / CURVE).open("a", encoding="ascii") as file:
            file.write(f"{self.step},{self.trained_seconds:.0f},{loss:.4f}\n")

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
        if self.settings.adversarial:
            pictures = self.lesson.attacked(self.student, rows, pictures)
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
    parser.add_argument("--start", default="imagenet", help="imagenet, scratch, or the checkpoint of another run")
    parser.add_argument("--augmentation", choices=["full", "some", "flip"], default="full")
    parser.add_argument("--rate", type=float, default=2e-3, help="the highest learning rate")
    parser.add_argument("--early-share", type=float, default=0.6, help="of the run that sees smaller pictures")
    parser.add_argument("--title-weight", type=float, default=1.0, help="of the titles' loss beside the phrases'")
    parser.add_argument("--adversarial", type=float, default=0.0, help="share of each batch to attack by FGSM at 2/255")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args(arguments)
    dataset = load(given.data, given.drawings, given.cache)
    settings = Settings(
        out=given.out,
        minutes=given.minutes,
        start=given.start,
        augmentation=given.augmentation,
        adversarial=given.adversarial,
        rate=given.rate,
        early_share=given.early_share,
        title_weight=given.title_weight,
        threads=given.threads,
    )
    Run(dataset, settings).go()


if __name__ == "__main__":
    main()
