"""The folder of a run: what it was told, how far it came, and what came out; a run is never mixed up with another."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from catalog.errors import Misconfigured
from encoders.training.shop.config import TrainingConfig  # noqa: TC001 - pydantic reads the annotations
from encoders.training.shop.figures import Line  # noqa: TC001 - likewise

if TYPE_CHECKING:
    from pathlib import Path

    from encoders.training.shop.data import ShopData

Kind = TypeVar("Kind", "Run", "Outcome")

RUN: Final = "run.json"
OUTCOME: Final = "outcome.json"
CURVE: Final = "curve.png"
MODEL: Final = "model"
CHECKPOINTS: Final = "checkpoints"


@dataclass(frozen=True, slots=True)
class Run:
    """What a run started from. Another base or other rows under the same names make another run."""

    config: TrainingConfig
    base_revision: str
    data_digest: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out: the model's folder and the arm it is for, how long it took, who was left out, what it finds."""

    model: str
    arm: Literal["IMAGE", "TEXT"]
    steps: int
    epochs: float
    seconds: float
    training_rows: int
    held_out_rows: int
    refused: tuple[str, ...]
    lines: tuple[Line, ...]


def open_workshop(config: TrainingConfig) -> Outcome | None:
    """Make the folder, or find the run in it; return its outcome where it has come to its end.

    Raises `Misconfigured` where the folder cannot be written or is another run's.
    """
    out = config.out
    try:
        out.mkdir(parents=True, exist_ok=True)
        started = _read(out / RUN)
        strange = started is None and any(path.name != CHECKPOINTS for path in out.iterdir())
    except OSError as error:
        raise Misconfigured(
            f"out: {out} cannot be used ({error.strerror}): name a folder that can be written"
        ) from error
    if not os.access(out, os.W_OK | os.X_OK):
        raise Misconfigured(f"out: {out} cannot be written: name another folder, or change its permissions")
    if strange:
        raise Misconfigured(f"out: {out} is not empty and holds no training run: name a new folder")
    if started is not None and (changed := config.differences(started.config)):
        raise Misconfigured(
            f"out: {out} holds a run with other settings ({'; '.join(changed)}): name another folder to start anew, or "
            "put the settings back to go on"
        )
    return _parse(Outcome, out / OUTCOME) if (out / OUTCOME).is_file() else None


def begin(config: TrainingConfig, base_revision: str, data: ShopData) -> None:
    """Write down what the run starts from, or check that nothing of it has changed; raises `Misconfigured`."""
    now = Run(config, base_revision, _digest(data))
    before = _read(config.out / RUN)
    if before is None:
        _write(config.out / RUN, TypeAdapter(Run).dump_json(now, indent=2))
        return
    if before.base_revision != base_revision:
        raise Misconfigured(f"out: {config.out} holds a run from another state of {config.base}: name another folder")
    if before.data_digest != now.data_digest:
        raise Misconfigured(
            f"out: {config.out} holds a run on other rows or pictures than {config.data} has now: name another folder"
        )


def finish(config: TrainingConfig, outcome: Outcome) -> None:
    """Write down what came out; the run is over."""
    _write(config.out / OUTCOME, TypeAdapter(Outcome).dump_json(outcome, indent=2))


def as_json(outcome: Outcome) -> str:
    """Return an outcome as a script would read it."""
    return TypeAdapter(Outcome).dump_json(outcome).decode()


def _write(path: Path, content: bytes) -> None:
    """Write in one move: a file that is there is whole."""
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.rename(path)


def _read(path: Path) -> Run | None:
    return _parse(Run, path) if path.is_file() else None


def _parse(kind: type[Kind], path: Path) -> Kind:
    try:
        return TypeAdapter(kind).validate_json(path.read_bytes())
    except ValidationError as error:
        raise Misconfigured(f"{path} is not as a training run wrote it: name another folder for out") from error


def _digest(data: ShopData) -> str:
    digest = blake2b(json.dumps([asdict(row.item) for row in data.rows]).encode(), digest_size=16)
    digest.update(data.pixels.data)
    return digest.hexdigest()
