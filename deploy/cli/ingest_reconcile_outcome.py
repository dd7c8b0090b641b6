"""What became of `vitrine ingest reconcile`: for a person, for a script, and as an exit code."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import typer

from ingest.reconciling.compare import Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ingest.loading.rows import BadRow
    from ingest.reconciling.reconcile import Findings
    from ingest.source import DeadLetter

_KEPT: Final = 5
_SHOWN_CHARS: Final = 300


@dataclass(slots=True)
class Refused:
    """Rows of the snapshot that say nothing, and repairs that were refused on their way: counted, the first told."""

    reasons: Counter[str] = field(default_factory=Counter)
    first: list[str] = field(default_factory=list)
    repairs: int = 0

    def add(self, row: BadRow) -> None:
        """Count a row that cannot be used."""
        self.reasons[row.reason] += 1
        if len(self.first) < _KEPT:
            self.first.append(f"line {row.line}: {row.error[:_SHOWN_CHARS]}")

    def send(self, letters: Sequence[DeadLetter]) -> None:
        """Count repairs that the topic or the worker refused, as a `DeadLetterSink`."""
        self.repairs += len(letters)
        self.first += [letter.error[:_SHOWN_CHARS] for letter in letters[: max(0, _KEPT - len(self.first))]]

    def close(self) -> None:
        """Do nothing."""


@dataclass(slots=True)
class Outcome:
    """How the index stands, and what was sent; `to` is where repairs go, None where none were asked for."""

    findings: Findings
    to: str | None
    refused: Refused = field(default_factory=Refused)
    rows: int = 0
    repairs: int = 0
    sent: int = 0
    deletes: bool = False
    finished: bool = True

    @property
    def in_step(self) -> bool:
        """Whether there is nothing left to do: no difference, or each of them was sent as an event."""
        return self.finished and not self.refused.reasons and self._left() == 0

    def _left(self) -> int:
        if self.to is None:
            return self.findings.differences
        kept = 0 if self.deletes else self.findings.counts[Standing.SURPLUS]
        return self.findings.incurable.total() + kept + self.refused.repairs


def tell(outcome: Outcome) -> None:
    """Say it to a person; what hides orders to the terminal is only shown."""
    plain = as_json(outcome)
    for text in outcome.refused.first:
        typer.echo(_printable(text), err=True)
    for kind in outcome.findings.first:
        count, ids = plain[kind.value]["count"], plain[kind.value]["ids"]
        shown = ", ".join(map(_printable, ids)) + (" …" if count > len(ids) else "")
        typer.echo(f"{kind.value}: {count:,}" + (f" ({shown})" if ids else ""))
    typer.echo(
        f"equal: {plain['equal']:,}; newer in the index: {plain['newer']:,}; refused rows: {plain['rejected']:,}"
    )
    if outcome.to is not None:
        typer.echo(f"repairs sent to {outcome.to}: {outcome.sent:,} of {outcome.repairs:,} events")
        for text in _advice(outcome):
            typer.echo(text, err=True)
    if not outcome.finished:
        typer.echo("stopped before the end", err=True)


def tell_script(outcome: Outcome) -> None:
    """Say it as JSON."""
    typer.echo(json.dumps(as_json(outcome), ensure_ascii=False))


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return everything there is to say."""
    findings = outcome.findings
    told: dict[str, Any] = {"in_step": outcome.in_step, "finished": outcome.finished, "rows": outcome.rows}
    told |= {"rejected": outcome.refused.reasons.total(), "reasons": dict(outcome.refused.reasons)}
    told |= {one.value: findings.counts[one] for one in (Standing.EQUAL, Standing.NEWER)}
    told |= {one.value: {"count": findings.counts[one], "ids": ids} for one, ids in findings.first.items()}
    told["incurable"] = {"count": findings.incurable.total(), "ids": findings.first_incurable}
    if outcome.to is None:
        return told | {"repairs": None}
    repairs = {"to": outcome.to, "events": outcome.repairs, "sent": outcome.sent, "deletes": outcome.deletes}
    return told | {"repairs": repairs | {"refused": outcome.refused.repairs}}


def _advice(outcome: Outcome) -> list[str]:
    said = []
    if incurable := outcome.findings.incurable.total():
        said.append(
            f"{incurable:,} products cannot be mended by these rows, whose version does not win: give a higher one "
            "(--version now, a number, or a column)"
        )
    if outcome.findings.counts[Standing.SURPLUS] and not outcome.deletes:
        why = "rows were refused" if outcome.refused.reasons else "--delete-missing was not said"
        said.append(f"nothing was deleted: {why}")
    return said


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "�" for one in text)
