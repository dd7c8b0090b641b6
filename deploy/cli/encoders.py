"""`vitrine encoders`: which models there are, and what the configured ones are."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path  # noqa: TC003 - Typer reads the annotation
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from catalog.errors import Misconfigured
from deploy.settings import load_settings
from encoders.names import SHIPPED

app = typer.Typer(help="See the models that turn text and pictures into vectors.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


@app.command("list")
def list_encoders(as_json: AsJson = False) -> None:
    """List the encoders known by name; any Hugging Face id or folder will do as well."""
    if as_json:
        typer.echo(json.dumps(SHIPPED))
        return
    table = Table("name", "what it is")
    for name, what in SHIPPED.items():
        table.add_row(name, what)
    Console().print(table)


@app.command()
def describe(as_json: AsJson = False) -> None:
    """Describe the configured encoders and the collection that belongs to them."""
    from encoders.registry import load_encoders  # noqa: PLC0415

    settings = load_settings()
    encoders = load_encoders(settings.encoders.settings())
    described = {"text": asdict(encoders.text.description), "image": asdict(encoders.picture.description)}
    collection = f"{settings.collection}-{encoders.specs.fingerprint}"
    if as_json:
        typer.echo(json.dumps({**described, "lexical": asdict(encoders.lexical.spec), "collection": collection}))
        return
    table = Table("arm", "encoder", "revision", "numbers", "languages", "licence")
    for arm, one in described.items():
        languages = ", ".join(one["languages"]) or "–"
        table.add_row(arm, one["name"], one["revision"][:12], str(one["size"]), languages, one["licence"])
    Console().print(table, f"collection {collection}")


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
