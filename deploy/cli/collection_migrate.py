"""`vitrine collection migrate`: over to other encoders while searches and events go on; see docs/migration.md."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.cli.collection_reach import AsJson, Data, reach
from deploy.cli.ingest_load import stopping_on_signals
from deploy.settings_indexing import EncoderGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from deploy.cli.collection_reach import Reach
    from deploy.settings import Settings
    from ingest.source import Source

FAILED: Final = 1
_PAUSE_SECONDS: Final = 0.3
_TOLERANCE: Final = 0.02

app = typer.Typer(help="Go over to other encoders while searches and events go on.", no_args_is_help=True)

Text = Annotated[str | None, typer.Option("--text", help="The text encoder to go over to (VITRINE_NEXT__TEXT).")]
Image = Annotated[str | None, typer.Option("--image", help="The picture encoder to go over to (VITRINE_NEXT__IMAGE).")]
Length = Annotated[float | None, typer.Option("--average-length", help="Mean tokens of a product's text, likewise.")]
Glossary = Annotated[Path | None, typer.Option("--glossary", help="Word list, Chinese to English, likewise.")]
Once = Annotated[bool, typer.Option("--once", help="End when everything is copied and the log is caught up with.")]
Again = Annotated[
    bool, typer.Option("--again", help="Look at every product once more, and ask for pictures again that failed.")
]
Judged = Annotated[
    Path | None, typer.Option("--judgments", help="Judged queries, as `vitrine search evaluate` reads them.")
]
Tolerance = Annotated[
    float, typer.Option("--tolerance", min=0, max=1, help="nDCG@10 that the new collection may lose.")
]
Lost = Annotated[int, typer.Option("--lost-pictures", min=0, help="Pictures that may be gone without failing.")]
Unverified = Annotated[bool, typer.Option("--unverified", help="Although it was not verified, or lags behind.")]
Abandon = Annotated[bool, typer.Option("--abandon", help="Drop the new collection instead, and forget the migration.")]


@app.command()
def start(
    text: Text = None,
    image: Image = None,
    average_length: Length = None,
    glossary: Glossary = None,
    once: Once = False,
    again: Again = False,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Make a second collection and keep it fresh: first all that is known, then the log. Again goes on where it was.

    On a server this is its worker and runs until stopped. A demo does it itself: this only shows how far it is.
    """
    found = reach(data)
    said = {"text": text, "image": image, "lexical_average_length": average_length, "glossary": glossary}
    models = _models(found.settings, said)
    status = found.ask("begin", models=models, again=again)
    status = _watched(found, status) if status is not None else _worked(found, models, once=once, again=again)
    _tell(status, as_json)
    if status["failure"]:
        raise typer.Exit(FAILED)


@app.command()
def status(data: Data = None, as_json: AsJson = False) -> None:
    """Say which collection is searched, and how far a migration is."""
    _tell(reach(data).perform("status"), as_json)


@app.command()
def verify(
    judgments: Judged = None,
    tolerance: Tolerance = _TOLERANCE,
    lost_pictures: Lost = 0,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Compare the two: counts, versions field by field, pictures, answers. Exit code 1 where something speaks against.

    Without judged queries the titles of 200 products are asked, each of which must find its own.
    """
    with Console(stderr=True).status("Comparing the two collections …"):
        found = reach(data).perform(
            "verify",
            judgments=str(judgments.resolve()) if judgments else None,
            tolerance=tolerance,
            lost_pictures=lost_pictures,
        )
    if as_json:
        typer.echo(json.dumps(found))
    else:
        _tell_comparison(found)
    if not found["ok"]:
        raise typer.Exit(FAILED)


@app.command()
def cutover(unverified: Unverified = False, data: Data = None, as_json: AsJson = False) -> None:
    """Let the new collection be searched: one call. The old one is kept fresh until `finish`."""
    _tell(reach(data).perform("cutover", although=unverified), as_json)


@app.command()
def rollback(data: Data = None, as_json: AsJson = False) -> None:
    """Let the old collection be searched again: one call."""
    _tell(reach(data).perform("rollback"), as_json)


@app.command()
def finish(abandon: Abandon = False, data: Data = None, as_json: AsJson = False) -> None:
    """Drop the old collection for good, fifteen seconds after the cutover at the earliest. There is no way back."""
    reached = reach(data)
    found = reached.perform("finish", abandon=abandon)
    if as_json:
        typer.echo(json.dumps(found))
        return
    typer.echo(f"dropped {found['dropped']}; {found['alias']} → {found['searched']}")
    if not abandon:
        typer.echo(_needed(reached.settings.encoders.models(), found["encoders"]))


def _needed(own: dict[str, Any], searched: dict[str, Any]) -> str:
    """Say which settings the processes must have for the encoders of the collection, as far as ours are others."""
    wanted = EncoderGroup().models() | searched
    changed = [name for name in own | wanted if own.get(name) != wanted.get(name)]
    if not changed:
        return "The settings here name its encoders already."
    variables = {name: f"VITRINE_ENCODERS__{name.upper()}" for name in changed}
    named = [f"{variables[name]}={wanted[name]}" if name in wanted else f"no {variables[name]}" for name in changed]
    return f"From the next start on the processes need: {' '.join(named)}"


def _models(settings: Settings, said: dict[str, Any]) -> dict[str, Any]:
    """Return what is to change of the encoders: as the options say, else as the settings of the next ones do."""
    given = {name: value for name, value in said.items() if value is not None}
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in (given or settings.next.model_dump(exclude_none=True)).items()
    }


def _worked(found: Reach, models: dict[str, Any], *, once: bool, again: bool) -> dict[str, Any]:
    """Be the new collection's worker; over an embedded index, which others wait for, only until all is done."""
    from deploy.processes.migration.feeding import feed  # noqa: PLC0415 - loaded only when used
    from deploy.processes.migration.migrator import Migrator  # noqa: PLC0415
    from deploy.processes.worker_http import answering  # noqa: PLC0415
    from ingest.metrics import IngestMetrics  # noqa: PLC0415

    with found.opened() as site, stopping_on_signals() as stopping:
        migrator = Migrator(site)
        begun = migrator.perform("begin", {"models": models, "again": again})
        ends = once or found.settings.qdrant.url is None
        around: Callable[[Source], Source] = partial(_until_caught_up, stopping) if ends else _as_it_is
        metrics = IngestMetrics()
        with (
            _shown(lambda: migrator.perform("status", {}), begun),
            answering(found.settings.ingest.http_port, metrics.registry) as ready,
        ):
            filled = site.filled_of(begun["target"])
            ready.set()
            feed(filled, stopping, around=around, metrics=metrics)
        return migrator.perform("status", {})


def _until_caught_up(stopping: threading.Event, source: Source) -> Source:
    from deploy.processes.migration.feeding import UntilCaughtUp  # noqa: PLC0415

    return UntilCaughtUp(source, stopping)


def _as_it_is(source: Source) -> Source:
    return source


def _watched(found: Reach, begun: dict[str, Any]) -> dict[str, Any]:
    """Show how far the process is that does it, until all is copied; whoever stops watching stops nothing."""
    status: dict[str, Any] | None = begun
    with stopping_on_signals() as stopping, _progress() as bar:
        task = bar.add_task("Copying", total=begun["of"], completed=begun["copied"])
        while status and status["phase"] == "filling" and not status["failure"] and not stopping.wait(_PAUSE_SECONDS):
            status = found.ask("status")
            if status:
                bar.update(task, completed=status["copied"], total=status["of"])
    return status or begun


@contextmanager
def _shown(ask: Callable[[], dict[str, Any]], begun: dict[str, Any]) -> Iterator[None]:
    """Show a bar of what is copied while the block lasts."""
    over = threading.Event()

    def show() -> None:
        with _progress() as bar:
            task = bar.add_task("Copying", total=begun["of"], completed=begun["copied"])
            while not over.wait(_PAUSE_SECONDS * 5):
                status = ask()
                bar.update(task, completed=status["copied"], total=status["of"])

    thread = threading.Thread(target=show, name="progress", daemon=True)
    if begun["phase"] == "filling":
        thread.start()
    try:
        yield
    finally:
        over.set()
        if thread.is_alive():
            thread.join()


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _tell(status: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(status))
        return
    typer.echo(f"{status['alias']} → {status['searched'] or 'nothing'}")
    if status["phase"] == "none":
        typer.echo("No migration is under way.")
        return
    typer.echo(f"migration: {status['source']} → {status['target']}, {status['phase']}")
    of = "" if status["of"] is None else f" of {status['of']:,}"
    lag = "" if status["lag"] is None else f"; {status['lag']:,} events before it"
    typer.echo(f"copied: {status['copied']:,}{of} points; it holds {status['points'] or 0:,}{lag}")
    typer.echo(f"verified: {status['verified_at'] or 'no'}; cut over: {status['cut_over_at'] or 'no'}")
    if "seconds" in status:
        typer.echo(f"in {1000 * status['seconds']:.0f} ms")
    if status["failure"]:
        typer.secho(f"its worker ended: {status['failure']}", fg=typer.colors.RED)


def _tell_comparison(found: dict[str, Any]) -> None:
    comparison, quality = found["comparison"], found["quality"]
    typer.echo(f"{found['source']} → {found['target']}: {comparison['products']:,} products compared")
    for kind, examples in comparison["shown"].items():
        typer.echo(f"{kind}: {comparison['counts'][kind]:,}, such as {'; '.join(examples)}")
    for lost in comparison["lost"]:
        typer.echo(f"lost picture: {lost['product_id']} {lost['reference']:.200}: {lost['error']}")
    if quality:
        of = "judged queries" if quality["judged"] else "titles, each for its own product"
        typer.echo(f"{quality['queries']:,} {of}:")
        for name, old in quality["old"].items():
            change = quality["differences"][name]
            interval = f"{change['value']:+.3f} ({change['low']:+.3f} … {change['high']:+.3f})"
            typer.echo(f"  {name}: {old:.3f} → {quality['new'][name]:.3f}, {interval}")
    if found.get("unasked"):
        typer.echo(f"Answers were not compared: {found['unasked']}.")
    if found["unread"]:
        typer.echo(
            f"No worker feeds the old collection, which lacks {found['unread']:,} events: what is only ahead or "
            "surplus does not count, and after a rollback these events are missing until one does."
        )
    typer.echo("Nothing speaks against going over." if found["ok"] else f"Against it: {'; '.join(found['why'])}.")
