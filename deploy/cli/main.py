"""The `vitrine` command: its groups, and how its errors end."""

from __future__ import annotations

import sys
from typing import Final

import typer

from catalog.errors import Misconfigured, VitrineError
from deploy import logs
from deploy.cli import collection, demo, encoders, ingest, search

WRONG_USE: Final = 2
FAILED: Final = 1

app = typer.Typer(
    name="vitrine",
    help="Product search that shops run themselves: Kafka in, text and picture vectors in Qdrant, hybrid search out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("demo")(demo.demo)
app.add_typer(search.app, name="search")
app.add_typer(ingest.app, name="ingest")
app.add_typer(encoders.app, name="encoders")
app.add_typer(collection.app, name="collection")


def main() -> None:
    """Run the command; a user's mistake ends with what to do about it, never with a traceback."""
    logs.configure("auto")
    try:
        app()
    except VitrineError as error:
        typer.secho(f"vitrine: {error}", err=True, fg=typer.colors.RED)
        sys.exit(WRONG_USE if isinstance(error, Misconfigured) else FAILED)
    except _refusals() as error:
        said = " ".join(str(error).split())
        typer.secho(
            f"vitrine: what answers at VITRINE_QDRANT__URL refused what it was asked; is it a Qdrant server? {said}",
            err=True,
            fg=typer.colors.RED,
        )
        sys.exit(FAILED)


def _refusals() -> tuple[type[Exception], ...]:
    """Return what says that the engine answered what we have no word for: none where nobody has loaded its client."""
    client = sys.modules.get("qdrant_client.http.exceptions")
    return () if client is None else (client.ApiException,)
