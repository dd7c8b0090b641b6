"""What the training's commands have in common: where their data lies, and how a mistake ends."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from catalog.errors import Misconfigured

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator

CACHE: Final = Path("/tmp/vitrine-training")  # noqa: S108 - a cache, not a secret


def add_sources(parser: ArgumentParser, *, required: bool = False) -> None:
    """Give a command --data, which may be `required`, --drawings and --cache."""
    data = "folder with fashion.csv, clothing.csv and their tars"
    parser.add_argument("--data", type=Path, required=required, help=data)
    drawings = "data set folder, the same for all commands, so that they share one cache; may be given again"
    parser.add_argument("--drawings", type=Path, action="append", default=[], help=drawings)
    parser.add_argument("--cache", type=Path, default=CACHE, help="where decoded pictures and encoded texts are kept")


@contextmanager
def ending_plainly(parser: ArgumentParser) -> Iterator[None]:
    """End with exit code 2 and what would do, rather than with a traceback, where something cannot work."""
    try:
        yield
    except Misconfigured as error:
        parser.error(str(error))
