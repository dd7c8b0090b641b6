"""`vitrine encoders evaluate`: how well an encoder finds a shop's own pictures, and whether another does better."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from catalog.errors import Misconfigured
from deploy.settings import load_settings
from encoders.names import SETTINGS, given_in

if TYPE_CHECKING:
    from encoders.evaluation.dataset import ProductTable
    from encoders.evaluation.judge import Question, Trial
    from encoders.interface import PictureEncoder


class Task(StrEnum):
    """What is asked."""

    TITLE_IMAGE = "title-image"
    IMAGE_IMAGE = "image-image"
    CATEGORY = "category"
    COMPOSED = "composed"


Data = Annotated[Path, typer.Argument(metavar="DATA", help="CSV of products: id,image,title,category,colour,group.")]
TaskOption = Annotated[
    Task,
    typer.Option(
        "--task",
        metavar="TASK",
        help="title-image: a title finds its pictures. image-image: a picture finds others of its category. category: "
        "“red sandals” finds red sandals. composed: a picture and “blue” find the same thing in blue.",
    ),
]
Pictures = Annotated[
    Path | None,
    typer.Option(
        help="Folder or .tar of the pictures. Default: beside the CSV, pictures/ or a folder or .tar of its name."
    ),
]
Gallery = Annotated[
    Path | None, typer.Option(help="Another CSV, whose products are searched as well but not asked for.")
]
GalleryPictures = Annotated[Path | None, typer.Option(help="Folder or .tar of the pictures of --gallery.")]
Image = Annotated[
    str | None, typer.Option(help="Picture encoder to judge: a name, folder or hub id. Default: as configured.")
]
Compare = Annotated[
    tuple[str, str] | None,
    typer.Option(metavar="A B", help="Judge two picture encoders on the same queries, with a paired test."),
]
Limit = Annotated[int | None, typer.Option(min=1, help="Ask at most so many queries, drawn by --seed.")]
Fewest = Annotated[int, typer.Option(min=1, help="category: ask where at least so many pictures are right.")]
Weight = Annotated[float, typer.Option(min=0.0, help="composed: the weight of the words, the picture's being 1.")]
Seed = Annotated[int, typer.Option(min=0, help="Of the drawn queries, the intervals and the test.")]
Cutoffs = Annotated[str, typer.Option("--at", metavar="K,K,…", help="The k of the table, 1 to 1000.")]
Plot = Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw recall and precision by k.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def evaluate(
    data: Data,
    task: TaskOption,
    pictures: Pictures = None,
    gallery: Gallery = None,
    gallery_pictures: GalleryPictures = None,
    image: Image = None,
    compare: Compare = None,
    limit: Limit = None,
    fewest: Fewest = 1,
    weight: Weight = 1.0,
    seed: Seed = 0,
    at: Cutoffs = "1,5,10",
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Judge an encoder on your own products, or two of them side by side; see docs/judging.md for how to read it."""
    from encoders.evaluation.dataset import read_table  # noqa: PLC0415 - loaded only when used
    from encoders.evaluation.judge import CURVE, Question  # noqa: PLC0415
    from encoders.evaluation.report import as_json as as_plain  # noqa: PLC0415
    from encoders.evaluation.report import as_table, find  # noqa: PLC0415
    from encoders.evaluation.report import plot as draw  # noqa: PLC0415

    if compare and image:
        raise Misconfigured("--compare names both encoders; leave --image out")
    shown = _cutoffs(at)
    _check_plot(plot)
    question = Question(task.value, limit, seed, fewest, weight, tuple(sorted({*CURVE, *shown})))
    table = read_table(data, pictures)
    more = read_table(gallery, gallery_pictures) if gallery else None
    trial = _tried(question, _loaded(compare, image), table, more)
    findings = find(trial, seed)
    title = f"{task.value}: {len(trial.queries):,} queries, {trial.gallery:,} pictures"
    if plot:
        draw(findings, plot, title)
    if as_json:
        typer.echo(json.dumps({"data": str(data), "task": task.value, **as_plain(findings, trial)}))
    else:
        Console().print(f"{title}; means over queries with 95 % intervals", as_table(findings, shown))


def _tried(question: Question, encoders: list[PictureEncoder], table: ProductTable, more: ProductTable | None) -> Trial:
    from encoders.evaluation.dataset import some  # noqa: PLC0415
    from encoders.evaluation.judge import judge  # noqa: PLC0415

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        shown = bar.add_task("reading pictures", total=None)
        trial = judge(
            question,
            encoders,
            table,
            more,
            lambda name, done, of: bar.update(shown, description=name, completed=done, total=of),
        )
    if trial.refused:
        console.print(f"left out {len(trial.refused):,} pictures that cannot be read: {some(trial.refused)}")
    return trial


def _loaded(compare: tuple[str, str] | None, image: str | None) -> list[PictureEncoder]:
    """Load what is judged; an error names the option or the setting in which the encoder was given."""
    from encoders.device import DEVICE, check_device  # noqa: PLC0415
    from encoders.glossary import load_glossary  # noqa: PLC0415
    from encoders.registry import load_named, reading_pictures  # noqa: PLC0415

    settings = load_settings().encoders.settings()
    place = "--compare" if compare else "--image" if image else SETTINGS.image
    glossary = load_glossary(settings.glossary)
    check_device(DEVICE, settings.device)
    with given_in(place):
        return [
            reading_pictures(load_named(name, device=settings.device, glossary=glossary), name)
            for name in compare or (image or settings.image,)
        ]


def _cutoffs(given: str) -> list[int]:
    parts = [part.strip() for part in given.split(",")]
    if not all(part.isdecimal() and 1 <= int(part) <= 1000 for part in parts):  # noqa: PLR2004 - the depth, in the help
        raise Misconfigured(f"--at takes whole numbers from 1 to 1000, separated by commas, not {given!r}")
    return sorted({int(part) for part in parts})


def _check_plot(path: Path | None) -> None:
    """Raise `Misconfigured` for a file that cannot be written, before minutes are spent on what goes into it."""
    if path and not (path.suffix.lower() in {".png", ".svg", ".pdf"} and path.parent.is_dir()):
        raise Misconfigured(f"--plot {path}: name a .png, .svg or .pdf in a folder that exists")
