"""The last step of the training: what joins pictures and words, learnt in large batches on features that stay.

python -m encoders.training.align --data ../shared/data --drawings DIR --weights RUN/weights.safetensors --out DIR
"""

from __future__ import annotations

import argparse
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from torch import nn
from torch.nn import functional

from encoders.bundled.preprocess import normalise
from encoders.bundled.tower import without_norms
from encoders.bundled.weights import Weights, read_weights, write_weights
from encoders.training.command import add_sources, ending_plainly
from encoders.training.data import Dataset, load
from encoders.training.lesson import Lesson
from encoders.training.progress import tracked
from encoders.training.sampling import Sampler
from encoders.training.settings import Settings
from encoders.training.train import rate_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

AT_ONCE: Final = 64
LARGE: Final = Settings(
    out=Path(),
    minutes=0,
    steps=1_500,
    batch=1024,
    rate=1e-3,
    title_weight=2.0,
    title_sample=4096,
    hard_titles=4,
    phrase_sample=3072,
    queue=8192,
)
DROPPED: Final = 0.1  # of the features, so that no picture is known by a few of them


class Joint(nn.Module):
    """What learns: the projection of the features, the adapter of the texts, and the temperatures."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.project = weights.network.project
        self.adapter = weights.adapter
        self.scales = nn.Parameter(torch.full((2,), math.log(30.0)))  # for titles and for phrases


def features_of(dataset: Dataset, weights: Path, cache: Path) -> NDArray[np.float16]:
    """Each picture as it is and mirrored, through the network once and then out of the cache: (rows, 2, features)."""
    loaded = read_weights(weights)
    path = cache / f"features-{loaded.revision}-{len(dataset.rows)}.npy"
    if not path.is_file():
        network = without_norms(loaded.network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        found = np.zeros((len(dataset.rows), 2, network.project.in_features), dtype=np.float16)
        with torch.inference_mode():
            for start in tracked(range(0, len(found), AT_ONCE), "looking at pictures"):
                pixels = torch.from_numpy(np.array(dataset.pixels[start : start + AT_ONCE]))
                for place, seen in enumerate((pixels, pixels.flip(3))):
                    found[start : start + len(seen), place] = network.features(normalise(seen)).numpy()
        np.save(path, found)
    features: NDArray[np.float16] = np.load(path)
    return features


def align(dataset: Dataset, features: NDArray[np.float16], weights: Weights, settings: Settings) -> None:
    """Trains the weights' projection and adapter in place, for `settings.minutes` or `settings.steps`."""
    torch.manual_seed(settings.seed)
    joint = Joint(weights).train()
    optimiser = torch.optim.AdamW(joint.parameters(), lr=settings.rate, weight_decay=settings.decay)
    lesson, sampler = Lesson(dataset, settings), Sampler(dataset, settings.batch)
    columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    started = time.monotonic()
    with Progress(*columns) as bar:
        task = bar.add_task("", total=settings.minutes * 60)
        for step in range(settings.steps):
            seconds = time.monotonic() - started
            if seconds >= settings.minutes * 60:
                break
            for group in optimiser.param_groups:
                group["lr"] = rate_at(max(seconds / (settings.minutes * 60), step / settings.steps), settings)
            random = torch.Generator().manual_seed(settings.seed * 10**6 + step)
            loss = _loss(joint, lesson, features, sampler, random)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            bar.update(task, completed=seconds, description=f"step {step} loss {float(loss.detach()):.3f}")
    joint.eval()


def _loss(
    joint: Joint, lesson: Lesson, features: NDArray[np.float16], sampler: Sampler, random: torch.Generator
) -> Tensor:
    rows = sampler.draw(random)
    mirrored = torch.randint(2, (len(rows),), generator=random)
    seen = torch.from_numpy(features[rows.numpy(), mirrored.numpy()].astype(np.float32))
    vectors = functional.normalize(joint.project(functional.dropout(seen, DROPPED)), dim=1)  # (batch, 384)
    return lesson.joining_loss(joint, rows, vectors, random)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Align the picture encoder's last layers with the words once more.")
    add_sources(parser)
    parser.add_argument("--weights", type=Path, required=True, help="what the training left")
    parser.add_argument("--out", type=Path, required=True, help="where weights.safetensors goes")
    parser.add_argument("--minutes", type=float, default=6.0)
    given = parser.parse_args(arguments)
    settings = replace(LARGE, out=given.out, minutes=given.minutes)
    with ending_plainly(parser):
        weights = read_weights(given.weights)
        dataset = load(given.data, given.drawings, given.cache)
    align(dataset, features_of(dataset, given.weights, given.cache), weights, settings)
    given.out.mkdir(parents=True, exist_ok=True)
    write_weights(weights.network, weights.adapter, given.out / "weights.safetensors")


if __name__ == "__main__":
    main()
