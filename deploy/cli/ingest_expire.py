"""`vitrine ingest expire`: tombstones and waiting patches that have served."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.cli.ingest_load import stopping_on_signals
from deploy.settings import load_settings

if TYPE_CHECKING:
    from ingest.expiry import Expired

FAILED: Final = 1

AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON, for scripts.")]


def expire(as_json: AsJson = False) -> None:
    """Delete tombstones and patches whose product never came, after VITRINE_INGEST__TOMBSTONE_DAYS without a change.

    That must be longer than the topic keeps its records. Safe beside running workers; run it from time to time. The
    embedded engine takes one process at a time: end the other first.
    """
    settings = load_settings()
    from deploy.processes import expiring  # noqa: PLC0415 - the engine is loaded only when used

    with stopping_on_signals() as stopping, _progress_bar() as bar:
        task = bar.add_task("Forgetting", total=None)

        def progress(so_far: Expired) -> None:
            bar.update(task, completed=so_far.done, total=max(so_far.due, so_far.done))

        outcome = expiring.expire_hidden(settings, stopping, progress=progress)
    _tell(outcome, settings.ingest.tombstone_days, as_json)
    if not outcome.finished:
        raise typer.Exit(FAILED)


def _progress_bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _tell(outcome: Expired, days: float, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"finished": outcome.finished, "due": outcome.due, "done": outcome.done, "days": days}))
        return
    ending = "" if outcome.finished else f"; stopped before the end, left: {max(0, outcome.due - outcome.done):,}"
    typer.echo(f"tombstones and waiting patches unchanged for {days:g} days, forgotten: {outcome.done:,}{ending}")
