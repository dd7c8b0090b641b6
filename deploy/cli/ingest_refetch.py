"""`vitrine ingest refetch`: pictures that failed and are due again."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.cli.ingest_load import stopping_on_signals
from deploy.settings import load_settings

if TYPE_CHECKING:
    from ingest.refetch import Refetched

FAILED: Final = 1
_WORDS: Final = {"ok": "came", "failed": "failed again", "refused": "refused", "gone": "gone"}

Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many products; default: all.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON, for scripts.")]


def refetch(limit: Limit = None, as_json: AsJson = False) -> None:
    """Ask again for pictures that failed and are due, those due for longest first; run it from time to time.

    Safe beside running workers. The embedded engine takes one process at a time: end the other first.
    """
    settings = load_settings()
    from deploy.processes import refetching  # noqa: PLC0415 - models are loaded only when used

    started_at = time.monotonic()
    with stopping_on_signals() as stopping, _progress_bar() as bar:
        task = bar.add_task("Asking for pictures again", total=None)

        def progress(so_far: Refetched) -> None:
            bar.update(task, completed=so_far.products, total=min(so_far.due, limit or so_far.due))

        outcome = refetching.refetch(settings, stopping, limit=limit, progress=progress)
    _tell(outcome, time.monotonic() - started_at, as_json)
    if not outcome.finished:
        raise typer.Exit(FAILED)


def _progress_bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _tell(outcome: Refetched, seconds: float, as_json: bool) -> None:
    left = max(0, outcome.due - outcome.products)
    if as_json:
        plain = {
            "finished": outcome.finished,
            "due": outcome.due,
            "products": outcome.products,
            "left": left,
            "pictures": {status: outcome.pictures[status] for status in _WORDS},
            "seconds": round(seconds, 3),
        }
        typer.echo(json.dumps(plain))
        return
    counts = ", ".join(f"{count:,} {word}" for status, word in _WORDS.items() if (count := outcome.pictures[status]))
    how = f" in {seconds:.1f} s" + ("" if outcome.finished else ", then stopped")
    typer.echo(f"products asked for again: {outcome.products:,}{how}" + (f"; left due: {left:,}" if left else ""))
    if counts:
        typer.echo(f"pictures that had failed: {counts}")
