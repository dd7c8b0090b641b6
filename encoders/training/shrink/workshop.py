"""The folder of a distillation: what was ordered, how far it came, what came out; never mixed up with another's."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from catalog.errors import Misconfigured
from encoders.training.shop.workshop import CHECKPOINTS, CURVE, OUTCOME, RUN
from encoders.training.shrink.agreement import Line  # noqa: TC001 - pydantic reads the annotations
from encoders.training.shrink.order import Order  # noqa: TC001 - likewise

if TYPE_CHECKING:
    from pathlib import Path

Kind = TypeVar("Kind", "Begun", "Outcome")

START: Final = "start"
TEACHER: Final = "teacher.npz"
OWN: Final = frozenset({RUN, OUTCOME, CHECKPOINTS, CURVE, START, TEACHER, f"{START}.part"})


@dataclass(frozen=True, slots=True)
class Begun:
    """What a distillation started from; `digest` is of the teacher, the rows and the pictures."""

    order: Order
    digest: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out: the model's folder and its arm, its size, how long it took to make and takes to run, its finds."""

    model: str
    arm: Literal["IMAGE", "TEXT"]
    megabytes: float
    teacher_ms: float
    student_ms: float
    steps: int
    seconds: float
    training_rows: int
    held_out_rows: int
    refused: tuple[str, ...]
    lines: tuple[Line, ...]


def open_workshop(order: Order) -> Outcome | None:
    """Make the folder, or find the distillation in it; return its outcome where it has come to its end.

    Raises `Misconfigured` where the folder cannot be written or is another's.
    """
    out = order.out
    try:
        out.mkdir(parents=True, exist_ok=True)
        begun = _parse(Begun, out / RUN) if (out / RUN).is_file() else None
        strange = begun is None and any(path.name not in OWN for path in out.iterdir())
    except OSError as error:
        raise Misconfigured(
            f"--out {out} cannot be used ({error.strerror}): name a folder that can be written"
        ) from error
    if not os.access(out, os.W_OK | os.X_OK):
        raise Misconfigured(f"--out {out} cannot be written: name another folder, or change its permissions")
    if strange:
        raise Misconfigured(f"--out {out} is not empty and holds no distillation: name a new folder")
    if begun is not None and (changed := _differences(begun.order, order)):
        raise Misconfigured(
            f"--out {out} holds a distillation with other settings ({'; '.join(changed)}): name another folder to "
            "start anew, or give the same settings to go on"
        )
    return _parse(Outcome, out / OUTCOME) if (out / OUTCOME).is_file() else None


def begin(order: Order, digest: str) -> None:
    """Write down what is begun, or check that teacher and rows are still the same; raises `Misconfigured`."""
    path = order.out / RUN
    if not path.is_file():
        _write(path, TypeAdapter(Begun).dump_json(Begun(order, digest), indent=2))
    elif _parse(Begun, path).digest != digest:
        raise Misconfigured(
            f"--out {order.out} holds a distillation from another teacher, or from other rows or pictures, than "
            f"{order.teacher} and {order.data} are now: name another folder"
        )


def finish(order: Order, outcome: Outcome) -> None:
    """Write down what came out; it is over."""
    _write(order.out / OUTCOME, TypeAdapter(Outcome).dump_json(outcome, indent=2))


def as_json(outcome: Outcome) -> str:
    """Return an outcome as a script would read it."""
    return TypeAdapter(Outcome).dump_json(outcome).decode()


def _write(path: Path, content: bytes) -> None:
    """Write in one move: a file that is there is whole."""
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.rename(path)


def _differences(before: Order, now: Order) -> list[str]:
    mine, others = asdict(now), asdict(before)
    return [f"{key}: {others[key]}, here {mine[key]}" for key in mine if key != "out" and mine[key] != others[key]]


def _parse(kind: type[Kind], path: Path) -> Kind:
    try:
        return TypeAdapter(kind).validate_json(path.read_bytes())
    except ValidationError as error:
        raise Misconfigured(f"{path} is not as a distillation wrote it: name another folder for --out") from error
