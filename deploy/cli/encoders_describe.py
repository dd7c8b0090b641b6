"""`vitrine encoders describe`: everything that an encoder says of itself."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from catalog.vectors import IMAGE, TEXT
from deploy.settings import load_settings

if TYPE_CHECKING:
    from encoders.interface import Description, PictureEncoder, TextEncoder


def describe(
    name: Annotated[
        str | None, typer.Argument(help="As in `vitrine encoders list`; absent: the configured ones.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")] = False,
) -> None:
    """Describe one encoder, or the configured ones and the collection that belongs to them."""
    from encoders.registry import load_encoders, load_named  # noqa: PLC0415 - models are loaded only when used

    settings = load_settings()
    if name is not None:
        named = load_named(name, device=settings.encoders.device)
        described, index = _described(named.text, named.picture), {}
    else:
        encoders = load_encoders(settings.encoders.settings())
        described = _described(encoders.text, encoders.picture)
        collection = f"{settings.collection}-{encoders.specs.fingerprint}"
        index = {"lexical": asdict(encoders.lexical.spec), "collection": collection}
    if as_json:
        typer.echo(json.dumps(described | index))
        return
    console = Console()
    console.print(_table(described))
    if index:
        console.print(f"collection {index['collection']}", highlight=False, markup=False)


def _described(text: TextEncoder | None, picture: PictureEncoder | None) -> dict[str, dict[str, Any]]:
    found = {}
    if text is not None:
        found[TEXT] = _plain(text.description, ["text"])
    if picture is not None:
        found[IMAGE] = _plain(picture.description, ["pictures"] if picture.text_tower is None else ["pictures", "text"])
    return found


def _plain(description: Description, reads: list[str]) -> dict[str, Any]:
    said = {field.name: getattr(description, field.name) for field in fields(description)}
    scales = {kind: asdict(scale) for kind, scale in description.unrelated.items()}
    return {"reads": reads} | said | {"unrelated": scales}


def _table(described: dict[str, dict[str, Any]]) -> Table:
    table = Table("", *described)
    for row, key in {
        "name": "name",
        "revision": "revision",
        "reads": "reads",
        "numbers": "size",
        "distance": "distance",
        "languages": "languages",
        "licence": "licence",
        "before a query": "query_prompt",
        "before a document": "document_prompt",
        "side of a picture, px": "picture_side_px",
    }.items():
        table.add_row(row, *(_shown(one[key]) for one in described.values()))
    for kind in dict.fromkeys(kind for one in described.values() for kind in one["unrelated"]):
        scales = [one["unrelated"].get(kind) for one in described.values()]
        shown = [f"{scale['mean']:.3f} ± {scale['deviation']:.3f}" if scale else "–" for scale in scales]
        table.add_row(f"unrelated to a {kind} query", *shown)
    return table


def _shown(value: object) -> str:
    """Return a cell; what is empty or unknown is a dash."""
    text = ", ".join(value) if isinstance(value, (list, tuple)) else "" if value is None else str(value)
    return escape(text) or "–"
