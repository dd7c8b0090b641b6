"""`vitrine ingest reconcile`: a snapshot of the shop against the index, and the events that bring the index in step."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from catalog.errors import Misconfigured
from deploy.cli.ingest_load import FAILED, AsJson, Format, MappingFile, Version, intake_of, stopping_on_signals
from deploy.settings import load_settings

if TYPE_CHECKING:
    import threading

    from rich.progress import TaskID

    from deploy.cli.ingest_reconcile_outcome import Outcome
    from deploy.settings import Settings
    from ingest.loading.files import FeedFile
    from ingest.loading.formats import FileFormat
    from ingest.loading.intake import Intake
    from ingest.reconciling.buckets import Buckets
    from ingest.reconciling.repairs import Repairs

_SHOWN_ROWS: Final = 100

Snapshot = Annotated[
    Path, typer.Argument(metavar="SNAPSHOT", help="All products of the shop, in any format that `load` reads.")
]
Data = Annotated[
    Path | None, typer.Option("--data", help="A demo's data folder (stopped): its index, and its log for repairs.")
]
Repair = Annotated[bool, typer.Option("--repair", help="Send what is missing or old as events, never straight in.")]
DeleteMissing = Annotated[
    bool,
    typer.Option(
        "--delete-missing",
        help="With --repair: also delete what the snapshot does not have. Only for a file of all products.",
    ),
]
First = Annotated[int, typer.Option("--first", min=0, max=10_000, help="How many ids of each kind to tell.")]
To = Annotated[
    Literal["kafka", "index"] | None,
    typer.Option("--to", help="Where repairs go; default: kafka where it is set, else index."),
]


@dataclass(frozen=True, slots=True)
class _Run:
    """What one run of the command works with."""

    settings: Settings
    snapshot: Path
    form: FileFormat
    intake: Intake
    outcome: Outcome
    repairs: Repairs
    folder: Path
    bar: Progress
    stopping: threading.Event

    def shown(self, task: TaskID, done: int) -> None:
        """Move the bar, or end here where somebody said so: nothing has been sent yet."""
        if self.stopping.is_set():
            raise typer.Abort
        self.bar.update(task, completed=done)


def reconcile(
    snapshot: Snapshot,
    format_name: Format = None,
    version: Version = None,
    mapping: MappingFile = None,
    repair: Repair = False,
    delete_missing: DeleteMissing = False,
    to: To = None,
    data: Data = None,
    first: First = 10,
    as_json: AsJson = False,
) -> None:
    """Compare a snapshot with the index: what it lacks, has too much of, or has in an old version.

    Exit code 0 when they are equal (with --repair: when every difference was sent), else 1. See docs/loading.md.
    """
    from deploy.cli.ingest_reconcile_outcome import Outcome, tell, tell_script  # noqa: PLC0415 - loaded only when used
    from ingest.loading.formats import format_of  # noqa: PLC0415
    from ingest.reconciling.reconcile import Findings  # noqa: PLC0415
    from ingest.reconciling.repairs import Repairs  # noqa: PLC0415

    settings = _settings(data)
    outcome = Outcome(Findings(first), _target(settings, data, to) if repair else None)
    if delete_missing and not repair:
        raise Misconfigured("--delete-missing goes with --repair; without them surplus products are only told")
    form = format_of(snapshot, format_name)
    intake = intake_of(settings, snapshot, form, version, mapping)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="vitrine-reconcile-")))
        bar = stack.enter_context(_progress_bar())
        stopping = stack.enter_context(stopping_on_signals())
        repairs = Repairs(folder)
        stack.callback(repairs.close)
        run = _Run(settings, snapshot, form, intake, outcome, repairs, folder, bar, stopping)
        _compare(run, delete_missing)
        outcome.repairs = repairs.count
        if repair and repairs.count and outcome.finished:
            _send(run, data)
    (tell_script if as_json else tell)(outcome)
    if not outcome.in_step:
        raise typer.Exit(FAILED)


def _settings(data: Path | None) -> Settings:
    settings = load_settings()
    if data is None:
        return settings
    if not (data / "log").is_dir():
        raise Misconfigured(f"there is no demo in {data}: name its data folder, such as --data .data/demo")
    qdrant = settings.qdrant.model_copy(update={"url": None, "path": data / "index"})
    return settings.model_copy(update={"qdrant": qdrant})


def _target(settings: Settings, data: Path | None, to: str | None) -> str:
    if data is not None:
        return "log"
    target = to or ("kafka" if settings.kafka.bootstrap_servers else "index")
    if target == "kafka":
        settings.kafka.connection()  # refuses at once what could not work
    return target


def _compare(run: _Run, delete_missing: bool) -> None:
    from deploy.processes import reconciling  # noqa: PLC0415 - clients are loaded only when used
    from ingest.loading.files import open_feed  # noqa: PLC0415
    from ingest.reconciling.buckets import Buckets, bucket_count  # noqa: PLC0415

    with ExitStack() as stack:
        feed = stack.enter_context(open_feed(run.snapshot))
        engine = stack.enter_context(reconciling.opened(run.settings))
        count = bucket_count(feed.total_bytes, packed=run.snapshot.suffix.lower() == ".gz")
        buckets = stack.enter_context(Buckets(run.folder, count))
        _sort(run, feed, buckets)
        run.outcome.deletes = delete_missing and run.outcome.rows > 0 and not run.outcome.refused.reasons
        compared = run.bar.add_task("Comparing", total=len(buckets))
        read = run.bar.add_task("Reading the index", total=reconciling.points(run.settings, engine))
        progress = reconciling.Progress(
            buckets=lambda done: run.shown(compared, done), points=lambda done: run.shown(read, done)
        )
        comparison = reconciling.Reconciliation(run.intake, buckets, run.outcome.findings, run.repairs, progress)
        reconciling.compare(run.settings, engine, comparison, delete_missing=run.outcome.deletes)


def _sort(run: _Run, feed: FeedFile, buckets: Buckets) -> None:
    """Read the snapshot into buckets."""
    from ingest.loading.files import guarded  # noqa: PLC0415 - loaded only when used

    task = run.bar.add_task("Reading the snapshot", total=feed.total_bytes)
    rows = guarded(run.form.read(feed.content, run.intake.check_header))
    for claim in run.intake.claims(rows, run.outcome.refused.add, Counter()):
        buckets.add(claim)
        if run.outcome.rows % _SHOWN_ROWS == 0:
            run.shown(task, feed.read_bytes)
        run.outcome.rows += 1


def _send(run: _Run, data: Path | None) -> None:
    """Send the repairs, the index being closed again: the worker's own loop opens it itself."""
    from deploy.processes import loading, reconciling  # noqa: PLC0415 - models are loaded only when used

    task = run.bar.add_task(f"Repairs into the {run.outcome.to}", total=run.repairs.count)

    def sent(done: int) -> None:
        run.outcome.sent = done
        run.bar.update(task, completed=done)

    records = run.repairs.records(run.intake.name, run.intake.loaded_at_ms)
    if data is not None:
        reconciling.to_log(data / "log", records, sent)
        return
    send = loading.to_kafka if run.outcome.to == "kafka" else loading.to_index
    run.outcome.finished = send(run.settings, loading.Load(records, run.outcome.refused, sent), run.stopping)


def _progress_bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
