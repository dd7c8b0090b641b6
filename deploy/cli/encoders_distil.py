"""`vitrine encoders distil`: a small student that says what a large teacher says, on a shop's own products."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from catalog.errors import Misconfigured
from encoders.names import MINILM, given_in

if TYPE_CHECKING:
    from encoders.training.shrink.order import Order
    from encoders.training.shrink.workshop import Outcome


class Student(StrEnum):
    """What a student reads."""

    TEXT = "text"
    PICTURES = "pictures"


Data = Annotated[
    Path, typer.Argument(metavar="DATA", help="CSV of products: id,image,title and category,colour,group.")
]
Teacher = Annotated[str, typer.Option(help="Any encoder: a name of `vitrine encoders list`, a folder, a hub id.")]
StudentOption = Annotated[
    Student,
    typer.Option(
        "--student",
        help="text: fewer layers of the teacher, or of minilm. pictures: the shipped network and its text adapter.",
    ),
]
Out = Annotated[Path, typer.Option(help="Folder for checkpoints while it runs, then for model/, its card, its curve.")]
Pictures = Annotated[Path | None, typer.Option(help="Folder or .tar of the pictures, where they are not beside DATA.")]
Layers = Annotated[int, typer.Option(min=1, help="text: how many layers the student keeps.")]
Epochs = Annotated[int | None, typer.Option(min=1, max=1000, help="Passes over the data. [default: 10]")]
Minutes = Annotated[float | None, typer.Option(min=0.01, help="Time to train for instead, over all sessions.")]
Batch = Annotated[int, typer.Option(min=8, max=4096, help="Rows learnt from at once.")]
Rate = Annotated[float | None, typer.Option(min=1e-9, max=1.0, help="Learning rate at its highest. [default: fits]")]
Seed = Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Same seed, same machine: same student (with epochs).")]
HeldOut = Annotated[float, typer.Option(min=0.01, max=0.5, help="Share of the rows kept aside to measure on.")]
CheckpointSteps = Annotated[int, typer.Option(min=1, help="Steps between checkpoints.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:1, mps")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def distil(
    data: Data,
    teacher: Teacher,
    student: StudentOption,
    out: Out,
    pictures: Pictures = None,
    layers: Layers = 3,
    epochs: Epochs = None,
    minutes: Minutes = None,
    batch: Batch = 64,
    rate: Rate = None,
    seed: Seed = 1,
    held_out: HeldOut = 0.1,
    checkpoint_steps: CheckpointSteps = 100,
    device: Device = "cpu",
    as_json: AsJson = False,
) -> None:
    """Teach a small encoder to give your products the vectors that a large one gives them; see docs/shrinking.md.

    A run that was stopped goes on when the same command is given again.
    """
    from encoders.training.shrink.order import Order  # noqa: PLC0415 - models are loaded only when used

    if epochs is not None and minutes is not None:
        raise Misconfigured("--epochs and --minutes both say how long: give one of them")
    order = Order(
        data=data,
        teacher=teacher,
        student=student.value,
        out=out,
        pictures=pictures,
        layers=layers,
        epochs=epochs,
        minutes=minutes,
        batch=batch,
        rate=rate,
        seed=seed,
        held_out=held_out,
        checkpoint_steps=checkpoint_steps,
        device=device,
    )
    outcome = _distilled(order, Console(stderr=True))
    say = _say_as_json if as_json else _say
    say(outcome)


def _say_as_json(outcome: Outcome) -> None:
    from encoders.training.shrink.workshop import as_json  # noqa: PLC0415

    typer.echo(as_json(outcome))


def _say(outcome: Outcome) -> None:
    Console().print(_table(outcome))
    for refused in outcome.refused:
        typer.echo(f"left out: {refused}", err=True)
    typer.echo(f"It is ready for use: VITRINE_ENCODERS__{outcome.arm}={outcome.model}")


def _distilled(order: Order, console: Console) -> Outcome:
    from encoders.device import check_device  # noqa: PLC0415
    from encoders.registry import load_named  # noqa: PLC0415
    from encoders.shipped import load_minilm  # noqa: PLC0415

    try:
        with console.status("Loading the libraries and the teacher …"):
            from encoders.training.shrink import distil as school  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise Misconfigured(f"distilling needs {error.name}: pip install 'vitrine[train]'") from error
    check_device("--device", order.device)
    # Without its word list, which stays outside.
    plain = load_minilm(device=order.device) if order.teacher == MINILM else None
    with given_in("--teacher"):
        named = load_named(order.teacher, device=order.device, minilm=plain)
    return school.distil(order, school.Teacher(named.text, named.picture), console)


def _table(outcome: Outcome) -> Table:
    title = (
        f"{outcome.held_out_rows:,} held-out rows, {outcome.training_rows:,} to learn from; "
        f"{outcome.megabytes:.1f} MB; {outcome.student_ms:.1f} ms, teacher {outcome.teacher_ms:.1f} ms"
    )
    table = Table("task", "teacher", "student", title=title, title_justify="left")
    table.add_column("difference (95 %)", no_wrap=True)
    table.add_column("p")
    for line in outcome.lines:
        change = f"{line.difference.value:+.3f} ({line.difference.low:+.3f} … {line.difference.high:+.3f})"
        figures = (f"{line.teacher.value:.3f}", f"{line.student.value:.3f}", change, f"{line.difference.p:.4f}")
        table.add_row(line.name, *figures)
    return table
