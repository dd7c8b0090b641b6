"""`vitrine encoders`: which models there are, and what the configured ones are."""

from __future__ import annotations

import json
from pathlib import Path  # noqa: TC003 - Typer reads the annotation
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from catalog.errors import Misconfigured
from deploy.cli import encoders_describe, encoders_distil, encoders_evaluate, encoders_train
from encoders.names import ALSO_TAKEN, SHIPPED

app = typer.Typer(help="See the models that turn text and pictures into vectors.", no_args_is_help=True)
app.command("describe")(encoders_describe.describe)
app.command("distil")(encoders_distil.distil)
app.command("evaluate")(encoders_evaluate.evaluate)
app.command("train")(encoders_train.train)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


@app.command("list")
def list_encoders(as_json: AsJson = False) -> None:
    """List the encoders known by name, and what else a name may be."""
    if as_json:
        typer.echo(json.dumps(SHIPPED))
        return
    table = Table("name", "what it is")
    for name, what in SHIPPED.items():
        table.add_row(name, what)
    table.add_section()
    for form, what in ALSO_TAKEN.items():
        table.add_row(form, escape(what), style="dim")
    Console().print(table)


@app.command("lexical-length")
def lexical_length(catalogue: Annotated[Path, typer.Argument(help="A JSON Lines file of products or events.")]) -> None:
    """Measure the mean tokens of a catalogue's texts, for VITRINE_ENCODERS__LEXICAL_AVERAGE_LENGTH."""
    from catalog.text import lexical_text  # noqa: PLC0415
    from deploy.feeds import read_events  # noqa: PLC0415
    from encoders.sparse import TokenCounter  # noqa: PLC0415

    counter = TokenCounter()
    products = [event["product"] for event in read_events(catalogue) if isinstance(event.get("product"), dict)]
    lengths = [counter.count(lexical_text(product)) for product in products if isinstance(product, dict)]
    if not lengths:
        raise Misconfigured(f"{catalogue} holds no products")
    typer.echo(f"{sum(lengths) / len(lengths):.1f} tokens on average over {len(lengths):,} products")
