"""`vitrine encoders train`: metric learning on a shop's own products."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from catalog.errors import Misconfigured

if TYPE_CHECKING:
    from encoders.training.shop.workshop import Outcome

Config = Annotated[Path, typer.Argument(help="A .toml or .yaml file; docs/shop-training.md lists what it takes.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def train(config: Config, as_json: AsJson = False) -> None:
    """Fine-tune an encoder on a CSV of your own products, and measure it on rows kept aside.

    A run that was stopped goes on when the same command is given again.
    """
    from encoders.training.shop.config import read_config  # noqa: PLC0415 - models are loaded only when used

    told = read_config(config)
    console = Console(stderr=True)
    try:
        with console.status("Loading the libraries …"):
            from encoders.training.shop import run, workshop  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise Misconfigured(f"training needs {error.name}: pip install 'vitrine[train]'") from error
    outcome = run.train(told, console)
    if as_json:
        typer.echo(workshop.as_json(outcome))
        return
    Console().print(_table(outcome))
    for refused in outcome.refused:
        typer.echo(f"left out: {refused}", err=True)
    typer.echo(f"It is ready for use: VITRINE_ENCODERS__{outcome.arm}={outcome.model}")


def _table(outcome: Outcome) -> Table:
    title = f"{outcome.held_out_rows:,} held-out rows, {outcome.training_rows:,} to learn from"
    table = Table("", "before", "after", title=title, title_justify="left")
    table.add_column("difference (95 %)", no_wrap=True)
    table.add_column("p")
    task = ""
    for line in outcome.lines:
        if line.task != task:
            task = line.task
            table.add_section()
            table.add_row(f"[bold]{task}[/], {line.queries:,} questions")
        change = f"{line.difference.value:+.3f} ({line.difference.low:+.3f} … {line.difference.high:+.3f})"
        figures = (f"{line.before.value:.3f}", f"{line.after.value:.3f}", change, f"{line.difference.p:.4f}")
        table.add_row(f"  {line.measure}", *figures)
    return table
