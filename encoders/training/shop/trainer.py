"""The run itself, by sentence-transformers' trainer: schedule, checkpoints, progress, what is measured on the way."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import torch
from datasets import Dataset
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.base.evaluation import BaseEvaluator
from transformers import PrinterCallback, TrainerCallback

from encoders.training.shop.batches import Collator, LabelledBatches
from encoders.training.shop.figures import answer, means
from encoders.training.shop.losses import LabelsLoss, make_loss

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rich.console import Console
    from torch import nn
    from transformers import TrainerControl, TrainerState, TrainingArguments

    from encoders.training.shop.config import TrainingConfig
    from encoders.training.shop.data import ShopData
    from encoders.training.shop.figures import Task
    from encoders.training.shop.pupil import Pupil

WARM_UP: Final = 0.1
FINAL_RATE: Final = 0.01
DECAY: Final = 0.01
LOG_STEPS: Final = 10
KEPT_CHECKPOINTS: Final = 2
ENDLESS_EPOCHS: Final = 100_000
WHOLE: Final = "whole.json"
"""Written into a checkpoint last: one without it was cut short by a kill, and the one before it holds."""


@dataclass(frozen=True, slots=True)
class Course:
    """What a run needs beside its config: the pupil, its data and questions, and where its checkpoints go."""

    pupil: Pupil
    data: ShopData
    tasks: tuple[Task, ...]
    checkpoints: Path


@dataclass(frozen=True, slots=True)
class Trained:
    """How a run went, over all its sessions: what was logged, in order, and how long it took."""

    history: tuple[Mapping[str, float], ...]
    steps: int
    epochs: float
    seconds: float


class Clock:
    """Seconds of training over all sessions of a run."""

    def __init__(self, before: float) -> None:
        self._before = before
        self._started = time.monotonic()

    def start(self) -> None:
        """From here on time counts."""
        self._started = time.monotonic()

    def seconds(self) -> float:
        """Return the seconds so far."""
        return self._before + time.monotonic() - self._started


class HeldOut(BaseEvaluator):
    """Asks the pupil the held-out questions, once an epoch."""

    def __init__(self, course: Course) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._course = course

    def __call__(self, *_: object, **__: object) -> dict[str, float]:
        """Return the curve's figures."""
        return means(answer(self._course.pupil.arms(), self._course.data, self._course.tasks))


class Watch(TrainerCallback):
    """Shows the progress, ends a run whose minutes are over, and marks checkpoints that are whole."""

    def __init__(self, config: TrainingConfig, clock: Clock, console: Console) -> None:
        columns = (BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console)
        self._task = self._bar.add_task("loading", total=1.0)
        self._limit_seconds = config.minutes * 60 if config.minutes is not None else math.inf
        self._clock = clock
        self._loss = math.nan

    def on_train_begin(self, *_: object, **__: object) -> None:
        """Start the clock and the bar."""
        self._clock.start()
        self._bar.start()

    def on_step_end(
        self,
        args: TrainingArguments,  # noqa: ARG002 - the library's own signature
        state: TrainerState,
        control: TrainerControl,
        **_: object,
    ) -> None:
        """Move the bar, and stop where the time is over."""
        done = max(self._clock.seconds() / self._limit_seconds, 0.0)
        if done >= 1:
            control.should_training_stop = True
            control.should_evaluate = True
            control.should_save = True
        if self._limit_seconds == math.inf:
            done = state.global_step / state.max_steps
        said = f"step {state.global_step} · epoch {state.epoch or 0:.1f} · loss {self._loss:.3f}"
        self._bar.update(self._task, completed=done, description=said)

    def on_log(self, *_: object, logs: dict[str, float] | None = None, **__: object) -> None:
        """Keep the last loss for the bar."""
        self._loss = (logs or {}).get("loss", self._loss)

    def on_save(self, args: TrainingArguments, state: TrainerState, *_: object, **__: object) -> None:
        """Mark the checkpoint: everything in it has been written."""
        folder = f"{args.output_dir}/checkpoint-{state.global_step}"
        with open(f"{folder}/{WHOLE}", "w", encoding="ascii") as file:  # noqa: PTH123 - the library's own kind of path
            json.dump({"seconds": self._clock.seconds()}, file)

    def on_train_end(self, *_: object, **__: object) -> None:
        """Leave the bar as it stands."""
        self.close()

    def close(self) -> None:
        """Give the screen back."""
        self._bar.stop()


class QuietTrainer(SentenceTransformerTrainer):
    """The trainer without its own notes for a model card: the rows it would quote are numbers."""

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """Add none."""


def fit(config: TrainingConfig, course: Course, console: Console) -> Trained:
    """Train the pupil in place, from the last whole checkpoint on if there is one."""
    last = last_checkpoint(course.checkpoints)
    clock = Clock(json.loads((last / WHOLE).read_bytes())["seconds"] if last else 0.0)
    watch = Watch(config, clock, console)
    trainer = _make_trainer(config, course, clock, watch)
    try:
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    finally:
        watch.close()
    return Trained(
        tuple(trainer.state.log_history), trainer.state.global_step, trainer.state.epoch or 0.0, clock.seconds()
    )


def last_checkpoint(folder: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end, None where there is none."""
    found = [path.parent for path in folder.glob(f"checkpoint-*/{WHOLE}") if path.stat().st_size]
    return max(found, key=lambda path: int(path.name.removeprefix("checkpoint-")), default=None)


def rate_at(progress: float) -> float:
    """Return the share of the learning rate after a share of the run: a linear warm-up, then half a cosine."""
    if progress < WARM_UP:
        return max(progress / WARM_UP, FINAL_RATE)
    after = min((progress - WARM_UP) / (1 - WARM_UP), 1.0)
    return FINAL_RATE + (1 - FINAL_RATE) * (1 + math.cos(math.pi * after)) / 2


def _make_trainer(config: TrainingConfig, course: Course, clock: Clock, watch: Watch) -> SentenceTransformerTrainer:
    rows = course.data.training_rows
    dataset = Dataset.from_dict({"row": rows.tolist(), "label": course.data.labels[0].numbers[rows].tolist()})
    steps = len(rows) // config.batch * (config.passes or 0)
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(course.checkpoints),
        num_train_epochs=config.passes or ENDLESS_EPOCHS,
        per_device_train_batch_size=config.batch,
        batch_sampler=LabelledBatches,
        seed=config.seed,
        data_seed=config.seed,
        eval_strategy="epoch",
        save_strategy="steps",
        save_steps=config.checkpoint_steps,
        save_total_limit=KEPT_CHECKPOINTS,
        logging_steps=LOG_STEPS,
        logging_first_step=True,
        report_to="none",
        disable_tqdm=True,
        use_cpu=config.device == "cpu",
        dataloader_pin_memory=config.device != "cpu",
    )

    def progress(step: int) -> float:
        return step / steps if config.minutes is None else clock.seconds() / (config.minutes * 60)

    optimiser = _make_optimiser(course.pupil.model, config.rate or course.pupil.rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate_at(progress(step)))
    collator = Collator(course.data, course.pupil.reader(course.data), config.seed)
    trainer = QuietTrainer(
        model=course.pupil.model,
        args=arguments,
        train_dataset=dataset,
        loss=LabelsLoss(course.pupil.model, make_loss(config)),
        evaluator=HeldOut(course),
        data_collator=collator,  # type: ignore[arg-type]  # any callable will do that names its label columns
        callbacks=[watch],
        optimizers=(optimiser, schedule),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _make_optimiser(model: nn.Module, rate: float) -> torch.optim.Optimizer:
    """Matrices and convolutions decay, norms and biases do not."""
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [one for one in learning if one.ndim > 1], "weight_decay": DECAY},
        {"params": [one for one in learning if one.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=rate)
