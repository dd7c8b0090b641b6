"""Trains the shipped picture encoder and the text adapter; read it from top to bottom.

python -m encoders.training.train --data ../shared/data --drawings DIR --out DIR --minutes 40
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final

import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from torch import nn

from encoders.bundled.preprocess import PICTURE_SIDE
from encoders.bundled.weights import write_weights
from encoders.training.checkpoint import CHECKPOINT, read_checkpoint
from encoders.training.command import add_sources, ending_plainly
from encoders.training.data import Dataset, load
from encoders.training.lesson import Lesson
from encoders.training.pretrained import SHAPES
from encoders.training.sampling import Sampler
from encoders.training.settings import Settings
from encoders.training.student import Student

if TYPE_CHECKING:
    from collections.abc import Sequence

EARLY_SIDE: Final = 80  # the first part of the training sees smaller pictures: more of them per second
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
        self.lesson = Lesson(dataset, settings)
        self.student = Student(dataset, settings).to(settings.device).train()
        if self.lesson.teacher and settings.start == "imagenet":  # both shall speak of one space
            self.student.adapter.load_state_dict(self.lesson.teacher.adapter.state_dict())
        self.optimiser = make_optimiser(self.student, settings)
        self.sampler = Sampler(dataset, settings.batch, settings.device)
        self.step = 0
        self.trained_seconds = 0.0
        settings.out.mkdir(parents=True, exist_ok=True)
        if (settings.out / CHECKPOINT).is_file():
            self.resume()

    def resume(self) -> None:
        """Takes up the state that `save` left."""
        state = read_checkpoint(self.settings.out / CHECKPOINT, self.settings.device)
        self.student.load_state_dict(state["student"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.trained_seconds = state["step"], state["trained_seconds"]

    def save(self) -> None:
        """The checkpoint, to go on from, and the weights, to use; each replaces the last one in one move."""
        part = self.settings.out / f"{CHECKPOINT}.part"
        state: dict[str, object] = {"student": self.student.state_dict(), "optimiser": self.optimiser.state_dict()}
        state |= {"step": self.step, "trained_seconds": self.trained_seconds}
        torch.save(state | {"shape": self.settings.shape, "side": self.settings.side}, part)
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
        """One more line of the curve: step, seconds, mean loss of late, and now and then R@10 of what is held out."""
        often = self.settings.judged_steps
        found = f"{self.lesson.recall(self.student):.4f}" if often and self.step % often == 0 else ""
        with (self.settings.out / CURVE).open("a", encoding="ascii") as file:
            file.write(f"{self.step},{self.trained_seconds:.0f},{loss:.4f},{found}\n")

    def one_step(self) -> float:
        """One batch, forward and back; returns its loss."""
        if self.settings.device == "cpu":
            torch.set_num_threads(free_threads(self.settings.threads))
        progress = self.trained_seconds / (self.settings.minutes * 60)
        for group in self.optimiser.param_groups:
            group["lr"] = rate_at(progress, self.settings) * group["share"]
        random = torch.Generator(self.settings.device)  # a resumed run draws what it would have drawn
        random.manual_seed(self.settings.seed * 10**6 + self.step)
        rows = self.sampler.draw(random)
        side = EARLY_SIDE if progress < self.settings.early_share else self.settings.side
        pictures = self.lesson.pictures(rows, side, random)
        if self.settings.adversarial:
            pictures = self.lesson.attacked(self.student, rows, pictures, random)
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
    add_sources(parser)
    parser.add_argument("--out", type=Path, required=True, help="where the checkpoint and the weights go")
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--start", default="imagenet", help="imagenet, scratch, or another run's checkpoint or weights")
    parser.add_argument("--shape", choices=list(SHAPES), default="lite0", help="lite0 ships; lite2 is a teacher for it")
    parser.add_argument("--side", type=int, default=PICTURE_SIDE, help="pixels a side that the network sees")
    parser.add_argument("--kept-blocks", type=int, default=3, help="how many stay as they start, with the stem")
    parser.add_argument("--teacher", type=Path, help="the checkpoint of a larger network to learn from as well")
    parser.add_argument("--augmentation", choices=["full", "some", "flip"], default="full")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rate", type=float, default=2e-3, help="the highest learning rate")
    parser.add_argument(
        "--dropped", type=float, default=0.0, help="share of the features that each picture goes without"
    )
    parser.add_argument("--early-share", type=float, default=0.6, help="of the run that sees smaller pictures")
    parser.add_argument("--title-weight", type=float, default=1.0, help="of the titles' loss beside the phrases'")
    parser.add_argument("--title-sample", type=int, default=2560, help="titles that each picture is compared with")
    parser.add_argument("--phrase-sample", type=int, default=3072, help="phrases that each picture is compared with")
    parser.add_argument(
        "--queue", type=int, default=4096, help="pictures of the last batches that texts are compared with"
    )
    parser.add_argument("--shortened", type=int, default=0, help="how many more times each title comes, words left out")
    parser.add_argument("--adversarial", type=float, default=0.0, help="share of each batch to attack by FGSM at 2/255")
    parser.add_argument("--judged-steps", type=int, default=0, help="how often the curve says what is held out finds")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda: the pictures must fit its memory")
    parser.add_argument("--threads", type=int, default=2)
    given = vars(parser.parse_args(arguments))
    sources = {name: given.pop(name) for name in ("data", "drawings", "cache", "shortened")}
    with ending_plainly(parser):
        dataset = load(sources["data"], sources["drawings"], sources["cache"], shortened=sources["shortened"])
        Run(dataset, Settings(**given)).go()


if __name__ == "__main__":
    main()
