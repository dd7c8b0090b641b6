"""`vitrine collection`: the index itself."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.collection import Declaration
    from catalog.engine import Engine

app = typer.Typer(help="Make and check the collection in Qdrant.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


@contextmanager
def _opened() -> Iterator[tuple[Engine, Declaration]]:
    from catalog.engine import outages_named  # noqa: PLC0415 - models and clients are loaded only when used
    from deploy.processes.parts import declare, open_engine  # noqa: PLC0415
    from encoders.registry import load_encoders  # noqa: PLC0415

    settings = load_settings()
    declaration = declare(settings, load_encoders(settings.encoders.settings()))
    engine = open_engine(settings)
    try:
        with outages_named():
            yield engine, declaration
    finally:
        engine.close()


@app.command()
def create(as_json: AsJson = False) -> None:
    """Make the collection, its indexes and its alias where they lack."""
    from catalog.collection import ensure  # noqa: PLC0415

    with _opened() as (engine, declaration):
        name = ensure(engine, declaration)
    typer.echo(
        json.dumps({"collection": name, "alias": declaration.alias}) if as_json else f"{declaration.alias} → {name}"
    )


@app.command()
def verify(as_json: AsJson = False) -> None:
    """Check that the collection fits the configured encoders and has all its indexes; exit code 1 if not."""
    _print_status(as_json)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say how many points the collection holds and how many of their vectors are indexed."""
    _print_status(as_json)


def _print_status(as_json: bool) -> None:
    from catalog.collection import verify as verified  # noqa: PLC0415

    with _opened() as (engine, declaration):
        found = verified(engine, declaration)
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    typer.echo(f"{found.physical_name}: {found.points:,} points, {found.indexed_vectors:,} vectors in an index")
