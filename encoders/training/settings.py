"""What a training run is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from encoders.bundled.preprocess import PICTURE_SIDE

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run needs to know. `minutes` is training time over all sessions of a run; `steps` ends it earlier."""

    out: Path
    minutes: float
    steps: int = 10**9
    batch: int = 128
    shape: str = "lite0"  # one of SHAPES
    side: int = PICTURE_SIDE
    start: str = "imagenet"  # or "scratch", or another run's checkpoint or weights
    kept_blocks: int = 3  # with the stem, they stay as they start
    teacher: Path | None = None  # the checkpoint of a larger network's run
    augmentation: Literal["full", "some", "flip"] = "full"
    adversarial: float = 0.0  # the share of each batch that is attacked before it is learnt from
    rate: float = 2e-3
    decay: float = 0.05
    dropped: float = 0.0  # share of the features, so that no picture is known by a few of them
    early_share: float = 0.6
    warm_up_share: float = 0.03
    title_weight: float = 1.0
    heads_weight: float = 0.6
    teacher_weight: float = 1.0
    title_sample: int = 2560
    hard_titles: int = 12
    phrase_sample: int = 3072
    queue: int = 4096
    judged_steps: int = 0  # how often the curve says what the held-out titles find; 0: never
    checkpoint_seconds: float = 150.0
    device: str = "cpu"
    threads: int = 2
    seed: int = 20
