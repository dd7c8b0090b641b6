"""The lessons themselves, by sentence-transformers' trainer and its loss for distillation; stopped, they go on."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.base.evaluation import BaseEvaluator
from sentence_transformers.sentence_transformer.losses import EmbedDistillLoss
from transformers import PrinterCallback

from encoders.training.shop.trainer import (
    DECAY,
    ENDLESS_EPOCHS,
    KEPT_CHECKPOINTS,
    LOG_STEPS,
    WHOLE,
    Clock,
    QuietTrainer,
    Trained,
    Watch,
    last_checkpoint,
    rate_at,
)
from encoders.training.shrink.goods import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rich.console import Console

    from encoders.training.shop.batches import Reader
    from encoders.training.shop.pupil import Pupil
    from encoders.training.shrink.goods import Goods
    from encoders.training.shrink.order import Order
    from encoders.training.shrink.teaching import Lessons

RATES: Final = {"text": 2e-4, "pictures": 1e-3}


@dataclass(frozen=True, slots=True)
class Course:
    """A student, how it reads the goods, what it is to say of them, and how its progress is measured."""

    pupil: Pupil
    reader: Reader
    goods: Goods
    lessons: Lessons
    measure: Callable[[], dict[str, float]]
    checkpoints: Path


@dataclass(frozen=True, slots=True)
class Collator:
    """Turns drawn rows into what the student reads, goods and words, and what its teacher has for both.

    Which words a row brings, and how its picture is changed, hangs on the batch alone: a run that was stopped goes on
    as it would have.
    """

    course: Course
    seed: int
    valid_label_columns: list[str] = field(default_factory=lambda: ["label"])  # what the trainer's sampler looks at

    def __call__(self, examples: Sequence[dict[str, int]]) -> dict[str, Any]:
        """Rows {"row"} → features of goods and of words, and `label`, (rows, 2, d)."""
        course = self.course
        rows = np.array([example["row"] for example in examples], dtype=np.int64)
        seed = zlib.crc32(rows.tobytes(), self.seed)
        random = np.random.default_rng(seed)
        words = [str(random.choice(words_of(course.goods.items[number]))) for number in rows.tolist()]
        features = course.reader.read_rows(rows, torch.Generator().manual_seed(seed))
        batch: dict[str, Any] = {f"goods_{name}": value for name, value in features.items()}
        batch |= {f"words_{name}": value for name, value in course.reader.read_words(words).items()}
        told = np.stack([course.lessons.words[text] for text in words])
        batch["label"] = torch.from_numpy(np.stack([course.lessons.goods[rows], told], axis=1))
        return batch


class Measured(BaseEvaluator):
    """Measures the student, once an epoch."""

    def __init__(self, course: Course) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._course = course

    def __call__(self, *_: object, **__: object) -> dict[str, float]:
        """Return the curve's figures."""
        return self._course.measure()


def attend(order: Order, course: Course, console: Console) -> Trained:
    """Teach the student in place, from the last whole checkpoint on if there is one."""
    last = last_checkpoint(course.checkpoints)
    clock = Clock(json.loads((last / WHOLE).read_bytes())["seconds"] if last else 0.0)
    watch = Watch(order.as_training(), clock, console)
    trainer = _make_trainer(order, course, clock, watch)
    try:
        trainer.train(resume_from_checkpoint=str(last) if last else None)
    finally:
        watch.close()
    state = trainer.state
    return Trained(tuple(state.log_history), state.global_step, state.epoch or 0.0, clock.seconds())


def _make_trainer(order: Order, course: Course, clock: Clock, watch: Watch) -> SentenceTransformerTrainer:
    rows = course.goods.training_rows.tolist()
    steps = -(-len(rows) // order.batch) * (order.passes or 0)
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(course.checkpoints),
        num_train_epochs=order.passes or ENDLESS_EPOCHS,
        per_device_train_batch_size=order.batch,
        seed=order.seed,
        data_seed=order.seed,
        eval_strategy="epoch",
        save_strategy="steps",
        save_steps=order.checkpoint_steps,
        save_total_limit=KEPT_CHECKPOINTS,
        logging_steps=LOG_STEPS,
        logging_first_step=True,
        report_to="none",
        disable_tqdm=True,
        use_cpu=order.device == "cpu",
        dataloader_pin_memory=order.device != "cpu",
    )

    def progress(step: int) -> float:
        return step / steps if order.minutes is None else clock.seconds() / (order.minutes * 60)

    model = course.pupil.model
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learning, lr=order.rate or RATES[order.student], weight_decay=DECAY)
    trainer = QuietTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_dict({"row": rows}),
        loss=EmbedDistillLoss(model, distance_metric="cosine"),
        evaluator=Measured(course),
        data_collator=Collator(course, order.seed),  # type: ignore[arg-type]  # any callable will do
        callbacks=[watch],
        optimizers=(optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate_at(progress(step)))),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer
