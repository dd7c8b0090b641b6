"""A training run from its config to the model's folder; read it from top to bottom."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from rich.progress import Progress

from encoders.evaluation.scale import levels_by_chance
from encoders.training.shop.bases import load_pupil
from encoders.training.shop.blend import blend, remember
from encoders.training.shop.card import CARD, write_card
from encoders.training.shop.curve import draw_curve
from encoders.training.shop.data import divide, read_rows, with_pictures, with_titles
from encoders.training.shop.figures import answer, gallery_of, held_out_tasks, lines, means
from encoders.training.shop.losses import make_loss
from encoders.training.shop.trainer import Course, Trained, fit
from encoders.training.shop.workshop import (
    CHECKPOINTS,
    CURVE,
    MODEL,
    Outcome,
    begin,
    finish,
    open_workshop,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from encoders.evaluation.measures import Measured
    from encoders.interface import TextEncoder, Unrelated
    from encoders.training.shop.config import TrainingConfig
    from encoders.training.shop.data import ShopData
    from encoders.training.shop.pupil import Arms, Pupil

FILE, FOLDER = 0o644, 0o755
"""The service may run under another name than the training, and safetensors writes for its own user alone."""


def train(config: TrainingConfig, console: Console, text: TextEncoder | None = None) -> Outcome:
    """Train, or go on where a run in the same folder stands; return at once what came out where it has ended.

    `text` stands in for MiniLM. Raises `Misconfigured` for a config, data or a folder that cannot work.
    """
    finished = open_workshop(config)
    if finished is not None:
        return finished
    make_loss(config)  # refuses at once where the library is missing
    pupil = load_pupil(config, text)
    data = _prepare(config, pupil, console)
    begin(config, pupil.base.revision, data)
    tasks = held_out_tasks(data, "picture" if pupil.reads_pictures else "title")
    course = Course(pupil, data, tasks, config.out / CHECKPOINTS)
    before = answer(pupil.arms(), data, tasks)
    base = remember(pupil.model)
    trained = fit(config, course, console)
    blend(pupil.model, base, config.keep)
    title = f"{config.out.name}: {pupil.base.name} on {config.data.name}"
    draw_curve(trained.history, means(before), config.out / CURVE, title)
    outcome = _write_model(config, course, before, trained)
    finish(config, outcome)
    shutil.rmtree(config.out / CHECKPOINTS)
    return outcome


def _write_model(config: TrainingConfig, course: Course, before: Mapping[str, Measured], trained: Trained) -> Outcome:
    """Write the folder whole or not at all, and measure what is loaded from it."""
    pupil, data = course.pupil, course.data
    part = config.out / f"{MODEL}.part"
    shutil.rmtree(part, ignore_errors=True)
    pupil.write(part, config.out.name, unrelated(pupil.arms(), data))
    outcome = Outcome(
        model=str(config.out / MODEL),
        arm="IMAGE" if pupil.reads_pictures else "TEXT",
        steps=trained.steps,
        epochs=trained.epochs,
        seconds=trained.seconds,
        training_rows=len(data.training_rows),
        held_out_rows=len(data.held_out_rows),
        refused=data.refused,
        lines=lines(before, answer(pupil.read_back(part), data, course.tasks)),
    )
    shutil.copy(config.out / CURVE, part / CURVE)
    (part / CARD).write_text(write_card(config, pupil.base, data, outcome), encoding="utf-8")
    for path in part.rglob("*"):
        path.chmod(FOLDER if path.is_dir() else FILE)
    shutil.rmtree(config.out / MODEL, ignore_errors=True)
    part.rename(config.out / MODEL)
    return outcome


def unrelated(arms: Arms, data: ShopData) -> dict[str, Unrelated]:
    """Measure what unrelated pairs of held-out rows score: the calibration until a catalogue has its own."""
    words = data.held_out_words()
    asked = arms.words.encode_queries(words) if arms.words is not None and words else None
    return levels_by_chance(gallery_of(arms, data), asked)


def _prepare(config: TrainingConfig, pupil: Pupil, console: Console) -> ShopData:
    rows = read_rows(config)
    if not pupil.reads_pictures:
        return divide(with_titles(rows, config), config)
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("decoding pictures")
        candidates = with_pictures(rows, lambda done, total: bar.update(task, completed=done, total=total))
    return divide(candidates, config)
