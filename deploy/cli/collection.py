"""`vitrine collection`: the index itself."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli import collection_migrate
from deploy.cli.collection_reach import AsJson, Data, at, reach
from deploy.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.collection import Declaration
    from catalog.engine import Engine

app = typer.Typer(help="Make, check, keep and move the collection in Qdrant.", no_args_is_help=True)
app.add_typer(collection_migrate.app, name="migrate")

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The snapshot's folder.")]


@contextmanager
def _opened(data: Path | None = None) -> Iterator[tuple[Engine, Declaration]]:
    from catalog.engine import outages_named  # noqa: PLC0415 - models and clients are loaded only when used
    from deploy.processes.parts import declare, open_engine  # noqa: PLC0415
    from encoders.registry import load_encoders  # noqa: PLC0415

    settings = reach(data).settings
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
def verify(data: Data = None, as_json: AsJson = False) -> None:
    """Check that the collection fits the configured encoders and has all its indexes; exit code 1 if not."""
    _print_status(data, as_json)


@app.command()
def status(data: Data = None, as_json: AsJson = False) -> None:
    """Say how many points the collection holds and how many of their vectors are indexed."""
    _print_status(data, as_json)


@app.command()
def optimize(data: Data = None, as_json: AsJson = False) -> None:
    """Build the graphs of an embedded index that nobody has open; a server does it by itself."""
    from catalog.collection import resolve  # noqa: PLC0415
    from catalog.embedded import EmbeddedClient  # noqa: PLC0415
    from catalog.engine import outages_named  # noqa: PLC0415
    from catalog.errors import CollectionMismatch  # noqa: PLC0415
    from deploy.processes import optimizing  # noqa: PLC0415
    from deploy.processes.parts import open_engine  # noqa: PLC0415

    settings = reach(data).settings
    engine = open_engine(settings)
    try:
        with outages_named():
            name = resolve(engine, settings.collection)
            if name is None:
                raise CollectionMismatch(f"there is no collection behind the alias {settings.collection!r}")
            before = optimizing.unindexed_points(engine, name)
            seconds = optimizing.optimize(engine, name) if isinstance(engine, EmbeddedClient) else 0.0
            after = optimizing.unindexed_points(engine, name)
    finally:
        engine.close()
    if as_json:
        plain = {"collection": name, "unindexed_before": before, "unindexed": after, "seconds": round(seconds, 3)}
        typer.echo(json.dumps(plain))
        return
    how = f"in {seconds:.1f} s" if isinstance(engine, EmbeddedClient) else "(a server builds them by itself)"
    typer.echo(f"{name}: unindexed points {before:,} → {after:,} {how}")


@app.command()
def snapshot(folder: Folder, data: Data = None, as_json: AsJson = False) -> None:
    """Keep the collection in a new folder; also while a demo serves it."""
    made = reach(data).perform("snapshot", folder=str(folder.resolve()))
    typer.echo(json.dumps(made) if as_json else f"{made['collection']}: {made['points']:,} points in {made['folder']}")


@app.command()
def restore(folder: Folder, data: Data = None, as_json: AsJson = False) -> None:
    """Make the collection of a snapshot where it is not, and let the alias lead to it if it leads nowhere."""
    from deploy.processes import snapshots  # noqa: PLC0415
    from deploy.processes.parts import open_engine  # noqa: PLC0415

    settings = at(load_settings(), data)
    engine = open_engine(settings)
    try:
        made = snapshots.restore(settings, engine, folder)
    finally:
        engine.close()
    typer.echo(json.dumps(made) if as_json else f"{made['alias']}: {made['points']:,} points in {made['collection']}")
    if made["other_layout"]:
        typer.secho(
            "Another version of Vitrine laid them out: go over with `vitrine collection migrate start`",
            fg=typer.colors.YELLOW,
            err=True,
        )


def _print_status(data: Path | None, as_json: bool) -> None:
    from catalog.collection import verify as verified  # noqa: PLC0415

    with _opened(data) as (engine, declaration):
        found = verified(engine, declaration)
    if as_json:
        typer.echo(json.dumps(asdict(found)))
        return
    typer.echo(f"{found.physical_name}: {found.points:,} points, {found.indexed_vectors:,} vectors in an index")
