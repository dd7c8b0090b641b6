"""`vitrine ingest load`: a catalogue file onto the topic or into the index."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from catalog.errors import Misconfigured
from deploy.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from deploy.settings import Settings
    from ingest.loading.files import FeedFile
    from ingest.loading.formats import FileFormat
    from ingest.loading.intake import Intake
    from ingest.loading.rejected import RejectedRows
    from ingest.source import Record

FAILED: Final = 1
_SHOWN_CHARS: Final = 300
_SHOWN_FIELDS: Final = 10

File = Annotated[Path, typer.Argument(metavar="FILE", help="JSON Lines, CSV or a Google Merchant feed; also as .gz.")]
Format = Annotated[
    str | None, typer.Option("--format", help="jsonl, csv or google-merchant; default: what the file's name says.")
]
Version = Annotated[
    str | None,
    typer.Option("--version", help="A column, a whole number, or now; default: the column `version`, else 1."),
]
To = Annotated[
    Literal["kafka", "index"] | None,
    typer.Option("--to", help="Default: kafka where VITRINE_KAFKA__BOOTSTRAP_SERVERS is set, else index."),
]
MappingFile = Annotated[Path | None, typer.Option("--mapping", help="TOML that says which column is which field.")]
Rejected = Annotated[
    Path | None, typer.Option("--rejected", help="Where refused rows go; default: FILE.rejected.jsonl.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON, for scripts.")]


@dataclass(slots=True)
class _Outcome:
    """What became of a file."""

    to: str
    unknown: Counter[str] = field(default_factory=Counter)
    done: int = 0
    finished: bool = False
    seconds: float = 0.0


def load(
    file: File,
    format_name: Format = None,
    version: Version = None,
    to: To = None,
    mapping: MappingFile = None,
    rejected_file: Rejected = None,
    as_json: AsJson = False,
) -> None:
    """Load a catalogue file; rows that cannot be used are written beside it with their lines (docs/loading.md)."""
    from ingest.loading.files import open_feed  # noqa: PLC0415 - loaded only when used
    from ingest.loading.formats import format_of  # noqa: PLC0415
    from ingest.loading.rejected import SUFFIX, RejectedRows  # noqa: PLC0415

    settings = load_settings()
    outcome = _Outcome(to or ("kafka" if settings.kafka.bootstrap_servers else "index"))
    if outcome.to == "kafka":
        settings.kafka.connection()  # refuses at once what could not work
    form = format_of(file, format_name)
    intake = intake_of(settings, file, form, version, mapping)
    if rejected_file is not None and rejected_file.resolve() == file.resolve():
        raise Misconfigured(f"--rejected {rejected_file} is the file to load; name another")
    rejected = RejectedRows(rejected_file or file.with_name(file.name + SUFFIX))
    with ExitStack() as stack:
        feed = stack.enter_context(open_feed(file))
        stack.callback(rejected.close)
        _run(settings, feed, form, intake, rejected, outcome)
    _tell(outcome, rejected, as_json)
    if rejected.count or not outcome.finished:
        raise typer.Exit(FAILED)


def intake_of(
    settings: Settings, file: Path, form: FileFormat, version: str | None, mapping_file: Path | None
) -> Intake:
    """Return how the rows of a file are read; raises `Misconfigured` where the mapping file cannot be used."""
    from deploy.processes.debezium import debezium_reading  # noqa: PLC0415
    from ingest.loading.intake import Intake  # noqa: PLC0415
    from ingest.loading.mapping_file import read_mapping, with_numbers  # noqa: PLC0415
    from ingest.loading.versions import version_rule  # noqa: PLC0415
    from ingest.mapping import FieldMapping  # noqa: PLC0415

    now = datetime.now(UTC)
    mapping = read_mapping(mapping_file, form.mapping or FieldMapping()) if mapping_file else form.mapping
    return Intake(
        name=file.name,
        rule=version_rule(version, now=now),
        mapping=with_numbers(mapping, settings.catalogue.numbers) if mapping else None,
        tables=debezium_reading(settings),
        loaded_at_ms=int(now.timestamp() * 1000),
    )


def _run(
    settings: Settings, feed: FeedFile, form: FileFormat, intake: Intake, rejected: RejectedRows, outcome: _Outcome
) -> None:
    from ingest.loading.files import guarded  # noqa: PLC0415

    rows = guarded(form.read(feed.content, intake.check_header))
    records = _looked_at(intake.records(rows, rejected.add, outcome.unknown))
    from deploy.processes import loading  # noqa: PLC0415 - models are loaded only when used, and after a first look

    started_at = time.monotonic()
    with stopping_on_signals() as stopping, _progress_bar() as bar:
        task = bar.add_task(f"Loading into {outcome.to}", total=feed.total_bytes, rows="")

        def progress(done: int) -> None:
            outcome.done = done
            bar.update(task, completed=feed.read_bytes, rows=f"{done:,} rows")

        send = loading.to_kafka if outcome.to == "kafka" else loading.to_index
        outcome.finished = send(settings, loading.Load(records, rejected, progress), stopping)
    outcome.seconds = time.monotonic() - started_at


def _looked_at(records: Iterator[Record]) -> Iterator[Record]:
    """Read up to the first good row, so that a wrong header or mapping is told before anything else is done."""
    first = next(records, None)
    return records if first is None else chain([first], records)


@contextmanager
def stopping_on_signals() -> Iterator[threading.Event]:
    """Give an event that Ctrl-C and SIGTERM set: what is under way is finished, and the rest left."""
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _progress_bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TextColumn("{task.fields[rows]}"))
    return Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)


def _tell(outcome: _Outcome, rejected: RejectedRows, as_json: bool) -> None:
    loaded = outcome.done - rejected.late
    if as_json:
        plain = {
            "to": outcome.to,
            "finished": outcome.finished,
            "loaded": loaded,
            "rejected": rejected.count,
            "rejected_file": str(rejected.path) if rejected.count else None,
            "reasons": dict(rejected.reasons),
            "unknown_fields": dict(outcome.unknown),
            "seconds": round(outcome.seconds, 3),
        }
        typer.echo(json.dumps(plain, ensure_ascii=False))
        return
    for row in rejected.first:
        error = "".join(one if one.isprintable() else "�" for one in row.error[:_SHOWN_CHARS])
        typer.echo(f"line {row.line}: {error}", err=True)
    if outcome.unknown:
        names = ", ".join(repr(name)[:80] for name, _ in outcome.unknown.most_common(_SHOWN_FIELDS))
        typer.echo(f"ignored, since nobody knows them: {names}", err=True)
    if rejected.count:
        typer.echo(f"refused: {rejected.count:,}; they are in {rejected.path}", err=True)
    how = "" if outcome.finished else ", then stopped"
    typer.echo(f"rows loaded into {outcome.to}: {loaded:,} in {outcome.seconds:.1f} s{how}")
