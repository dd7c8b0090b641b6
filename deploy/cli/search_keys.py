"""`vitrine search keys`: API keys, made and checked here; what is kept of one is its digest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml

from deploy.settings import load_settings

if TYPE_CHECKING:
    from search.locks.keys import KeyRing

app = typer.Typer(help="API keys.", no_args_is_help=True)

Name = Annotated[str, typer.Option("--name", help="Who it is for, as logs name it; one of its own for each key.")]
Scopes = Annotated[list[str], typer.Option("--scope", help="What it permits: search, admin (events); may be repeated.")]
Wanted = Annotated[
    str | None,
    typer.Option("--filter", help='What it is confined to, as JSON in the API\'s own filter language: {"brand": "A"}.'),
]
Rate = Annotated[str | None, typer.Option("--rate", help="How often it may ask, such as 600/minute.")]
Expires = Annotated[str | None, typer.Option("--expires", help="Until when, in ISO 8601, such as 2027-01-31 (UTC).")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
File = Annotated[Path, typer.Argument(help="The file of keys.")]


@app.callback()
def group() -> None:
    """Make and check API keys."""


@app.command()
def new(
    name: Name,
    scopes: Scopes = ["search"],  # noqa: B006 - Typer reads it, and nobody changes it
    wanted: Wanted = None,
    rate: Rate = None,
    expires: Expires = None,
    as_json: AsJson = False,
) -> None:
    """Make a key: print it, this once, and the lines that let it in, for the file that VITRINE_API__KEYS_FILE names.

    The file needs no restart. To rotate: add a key, hand it out, take the old one out of the file.
    """
    from search.locks.keys import digest_of, new_key  # noqa: PLC0415 - it brings the engine's client along

    key = new_key()
    entry = _entry(name, digest_of(key), scopes, wanted, rate, expires)
    _checked(entry)
    if as_json:
        typer.echo(json.dumps({"key": key, "entry": entry}))
        return
    typer.echo(f"{key}\n")
    typer.echo("That is the key; it is kept nowhere. Below `keys:` in the file of keys:\n", err=True)
    typer.echo(
        yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, default_flow_style=None, width=200), nl=False
    )


@app.command()
def check(file: File) -> None:
    """Say what a file of keys has, or what is wrong with it, before a process reads it."""
    found = _read(file.read_bytes() if file.is_file() else b"", str(file))
    for key in found.keys:
        until = f", until {key.expires:%Y-%m-%d %H:%M} UTC" if key.expires else ""
        rate = f", {key.rate}" if key.rate else ""
        typer.echo(f"{key.name}: {', '.join(sorted(key.permissions))}{rate}{until}")
    typer.echo(f"{len(found.keys)} keys")


def _entry(
    name: str, digest: str, scopes: list[str], wanted: str | None, rate: str | None, expires: str | None
) -> dict[str, Any]:
    said = {"name": name, "sha256": digest, "scopes": scopes, "rate": rate, "expires": expires}
    entry = {field: value for field, value in said.items() if value is not None}
    if wanted is None:
        return entry
    try:
        return entry | {"filter": json.loads(wanted)}
    except ValueError as error:
        raise typer.BadParameter(f"is no JSON: {error}", param_hint="--filter") from error


def _checked(entry: dict[str, Any]) -> None:
    _read(json.dumps({"keys": [entry]}).encode(), "this key")


def _read(text: bytes, source: str) -> KeyRing:
    from search.locks.keys import read_keys  # noqa: PLC0415

    return read_keys(text, load_settings().catalogue.numbers, source)
