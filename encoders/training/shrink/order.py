"""What a distillation is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - pydantic reads the annotation
from typing import Final, Literal, TypeAlias

from encoders.training.shop.config import TrainingConfig

Kind: TypeAlias = Literal["text", "pictures"]

DEFAULT_EPOCHS: Final = 10


@dataclass(frozen=True, slots=True)
class Order:
    """One distillation: from whom, for which goods, into what. `epochs` or `minutes` says how long, not both."""

    data: Path
    teacher: str
    student: Kind
    out: Path
    pictures: Path | None = None
    layers: int = 3
    epochs: int | None = None
    minutes: float | None = None
    batch: int = 64
    rate: float | None = None
    seed: int = 1
    held_out: float = 0.1
    checkpoint_steps: int = 100
    device: str = "cpu"

    @property
    def passes(self) -> int | None:
        """How many epochs, None where the clock decides."""
        return None if self.minutes is not None else self.epochs or DEFAULT_EPOCHS

    def as_training(self) -> TrainingConfig:
        """Return the part of it that the shop's trainer knows."""
        return TrainingConfig(data=self.data, out=self.out, epochs=self.epochs, minutes=self.minutes, batch=self.batch)

    def command(self) -> str:
        """Return the command that gives this order."""
        given = {
            "--teacher": self.teacher,
            "--student": self.student,
            "--out": self.out,
            "--pictures": self.pictures,
            "--layers": self.layers if self.student == "text" else None,
            "--minutes": self.minutes,
            "--epochs": self.passes,
            "--batch": self.batch,
            "--rate": self.rate,
            "--seed": self.seed,
            "--held-out": self.held_out,
            "--device": self.device,
        }
        options = " ".join(f"{name} {value}" for name, value in given.items() if value is not None)
        return f"vitrine encoders distil {self.data} {options}"
