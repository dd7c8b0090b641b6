"""How far something is, on standard error: standard output is for what a script reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.progress import track

if TYPE_CHECKING:
    from collections.abc import Iterable

Thing = TypeVar("Thing")


def tracked(things: Iterable[Thing], doing: str) -> Iterable[Thing]:
    """Hand on each of `things`, with a bar that says what is being done."""
    return track(things, description=doing, console=Console(stderr=True))
