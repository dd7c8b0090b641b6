"""The index that `vitrine search calibrate` and `vitrine search evaluate` work on, opened as search opens it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from catalog.errors import Misconfigured
from deploy.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.collection import Declaration
    from catalog.engine import Engine
    from deploy.settings import Settings
    from encoders.interface import Encoders

REGISTRY: Final = "registry.json"

Data = Annotated[
    Path | None, typer.Option("--data", help="A demo's data folder, instead of the index that the settings name.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of what is drawn at random.")]


@dataclass(frozen=True, slots=True)
class OpenIndex:
    """A verified collection, and the encoders it was made with."""

    settings: Settings
    engine: Engine
    encoders: Encoders
    declaration: Declaration


@contextmanager
def opened(data: Path | None) -> Iterator[OpenIndex]:
    """Open the index; the engine comes first, so that one that is taken or away is told before models are loaded.

    Raises `Misconfigured` where another process has an embedded index open, `CollectionMismatch`, `EngineUnavailable`.
    """
    from catalog.collection import verify  # noqa: PLC0415 - models and clients are loaded only when used
    from catalog.engine import outages_named  # noqa: PLC0415
    from deploy.processes.parts import declare, open_engine  # noqa: PLC0415

    settings = _settings(data)
    with outages_named():
        engine = open_engine(settings)
        try:
            engine.get_aliases()
            from encoders.registry import load_encoders  # noqa: PLC0415 - seconds, for nothing where there is no index

            encoders = load_encoders(settings.encoders.settings())
            declaration = declare(settings, encoders)
            verify(engine, declaration)
            yield OpenIndex(settings, engine, encoders, declaration)
        finally:
            engine.close()


def progress_bar() -> Progress:
    """Return a progress bar on the standard error that goes away when it is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _settings(data: Path | None) -> Settings:
    settings = load_settings()
    if data is not None:
        settings = settings.model_copy(
            update={"qdrant": settings.qdrant.model_copy(update={"url": None, "path": data / "index"})}
        )
    qdrant = settings.qdrant
    if qdrant.url is None and not (qdrant.path / REGISTRY).is_file():
        raise Misconfigured(
            f"there is no index in {qdrant.path}: set VITRINE_QDRANT__PATH or VITRINE_QDRANT__URL, or name a demo's "
            "folder, such as --data .data/demo"
        )
    return settings
