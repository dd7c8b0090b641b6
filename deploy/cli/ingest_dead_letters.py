"""`vitrine ingest dead-letters`: what was refused and why, and back to the topic once the cause is mended."""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from catalog.errors import InvalidInput, Misconfigured
from deploy.settings import load_settings
from ingest.dead_letters import KeptLetter, Place, Wanted, find, replay
from ingest.eventlog_file import to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ingest.dead_letters import DeadLetterStore

app = typer.Typer(help="Refused records: list them, look at one, send them back.", no_args_is_help=True)

LOG_FOLDER: Final = "log"
_SHOWN_VALUE_CHARS: Final = 4_000
_SHOWN_ERROR_CHARS: Final = 200
_SHOWN_KEY_CHARS: Final = 40

Data = Annotated[
    Path | None, typer.Option("--data", help="A demo's data folder, instead of the topic that the settings name.")
]
Reasons = Annotated[
    list[str] | None, typer.Option("--reason", help="Only letters of this reason; may be given several times.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many to show: the newest.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
At = Annotated[str, typer.Argument(metavar="PARTITION:OFFSET", help="Where the letter lies, as `list` shows it.")]
OnlyAt = Annotated[str | None, typer.Argument(metavar="[PARTITION:OFFSET]", help="One letter; default: all.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would go back, and send nothing.")]
MaxReplays = Annotated[
    int, typer.Option("--max-replays", min=0, help="Send back also what was refused again after so many replays.")
]


@app.callback()
def group() -> None:
    """Refused records: list them, look at one, send them back."""


@app.command("list")
def list_letters(reason: Reasons = None, limit: Limit = 50, data: Data = None, as_json: AsJson = False) -> None:
    """List the newest dead letters, and how many there are of each reason."""
    wanted = Wanted(frozenset(reason or ()))
    newest: deque[KeptLetter] = deque(maxlen=limit)
    reasons: Counter[str] = Counter()
    with _opened(data) as store:
        for letter in store.letters():
            if wanted.has(letter):
                newest.append(letter)
                reasons[letter.reason] += 1
    if as_json:
        plain = {"total": reasons.total(), "reasons": dict(reasons), "letters": [_summary(letter) for letter in newest]}
        typer.echo(json.dumps(plain, ensure_ascii=False))
        return
    if newest:
        Console().print(_table(newest))
    counts = ", ".join(f"{_printable(name) or '(none)'} {count:,}" for name, count in reasons.most_common())
    typer.echo(f"{reasons.total():,} dead letters" + (f": {counts}" if counts else ""))


@app.command()
def show(at: At, data: Data = None, as_json: AsJson = False) -> None:
    """Show one dead letter whole: where it came from, why it was refused, its headers, key and value."""
    place = _place(at)
    with _opened(data) as store:
        letter = find(store, place)
    if letter is None:
        raise _no_letter(Wanted(place=place))
    message = letter.message
    if as_json:
        headers = [[name, to_json(value)] for name, value in message.headers]
        plain = _summary(letter) | {
            "key": to_json(message.key),
            "value": to_json(message.value),
            "headers": headers,
        }
        typer.echo(json.dumps(plain, ensure_ascii=False))
        return
    for name, value in _summary(letter).items():
        typer.echo(f"{name}: {_printable(str(value))}")
    for header, content in message.headers:
        typer.echo(f"header {_printable(header)}: {_shown(content)}")
    typer.echo(f"key: {_shown(message.key)}")
    typer.echo(f"value: {_shown(message.value)}")


@app.command("replay")
def replay_letters(
    at: OnlyAt = None,
    reason: Reasons = None,
    dry_run: DryRun = False,
    max_replays: MaxReplays = 0,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Send records back to the topic they came from, as they were; the letters stay where they are.

    What was replayed before and refused again is left, so nothing goes round in a circle.
    """
    wanted = Wanted(frozenset(reason or ()), _place(at) if at else None)
    with _opened(data) as store:
        outcome = replay(store, wanted, max_replays=max_replays, send=_send_nothing if dry_run else store.send_back)
    if wanted.place is not None and not outcome.sent and not outcome.left:
        raise _no_letter(wanted)
    if as_json:
        plain = {"dry_run": dry_run, "topic": store.topic, "replayed": outcome.sent, "left": outcome.left}
        typer.echo(json.dumps(plain, ensure_ascii=False))
        return
    verb = "would go back" if dry_run else "went back"
    left = ", ".join(f"{count:,} {why}" for why, count in outcome.left.items())
    typer.echo(f"{outcome.sent:,} records {verb} to {store.topic}" + (f"; left: {left}" if left else ""))


@contextmanager
def _opened(data: Path | None) -> Iterator[DeadLetterStore]:
    settings = load_settings()
    store: DeadLetterStore
    if data is not None:
        from ingest.eventlog_dead_letters import EventLogLetterStore  # noqa: PLC0415 - loaded only when used

        if not (data / LOG_FOLDER).is_dir():
            raise Misconfigured(f"there is no event log in {data}: name a demo's folder, such as --data .data/demo")
        store = EventLogLetterStore(data / LOG_FOLDER)
    else:
        if settings.kafka.bootstrap_servers is None:
            raise Misconfigured(
                "which dead letters? Set VITRINE_KAFKA__BOOTSTRAP_SERVERS, or name a demo's folder: --data .data/demo"
            )
        from ingest.kafka_dead_letters import KafkaLetterStore  # noqa: PLC0415

        store = KafkaLetterStore(
            settings.kafka.connection(), topic=settings.kafka.topic, dead_letter_topic=settings.kafka.dead_letters
        )
    try:
        yield store
    finally:
        store.close()


def _send_nothing(_letters: list[KeptLetter]) -> None:
    """Stand in for sending in a dry run."""


def _no_letter(wanted: Wanted) -> InvalidInput:
    reasons = f" of the reason {', '.join(sorted(wanted.reasons))}" if wanted.reasons else ""
    return InvalidInput(f"there is no dead letter at {wanted.place}{reasons}")


def _place(text: str) -> Place:
    found = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,18})", text)
    if found is None:
        raise Misconfigured(f"{text!r} is not PARTITION:OFFSET, such as 0:17")
    return Place(int(found[1]), int(found[2]))


def _summary(letter: KeptLetter) -> dict[str, Any]:
    time_ms = letter.message.timestamp_ms
    return {
        "at": str(letter.place),
        "time": _time(time_ms) if time_ms is not None else None,
        "reason": letter.reason,
        "error": letter.error,
        "id": (letter.message.key or b"").decode(errors="replace") or None,
        "origin": letter.origin,
        "replays": letter.replays,
    }


def _time(time_ms: int) -> str | None:
    try:
        return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return None


def _table(letters: deque[KeptLetter]) -> Table:
    table = Table("at", "time", "reason", "key", "error", box=box.SIMPLE_HEAD)
    for letter in letters:
        said = _summary(letter)
        cells = (
            said["at"],
            said["time"] or "",
            letter.reason,
            (said["id"] or "")[:_SHOWN_KEY_CHARS],
            letter.error[:_SHOWN_ERROR_CHARS],
        )
        table.add_row(*(Text(_printable(cell)) for cell in cells))
    return table


def _printable(text: str) -> str:
    """Return text that a terminal only shows: whoever sent it may have hidden orders to the terminal in it."""
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in text)


def _shown(content: bytes | None) -> str:
    if content is None:
        return "null"
    text = content[:_SHOWN_VALUE_CHARS].decode(errors="replace")
    rest = f" … ({len(content):,} bytes; --json has all)" if len(content) > _SHOWN_VALUE_CHARS else ""
    return _printable(text) + rest
