"""What a trial found, for people and for scripts: tables, JSON, a plot."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from rich import box
from rich.table import Column, Table

from catalog.errors import Misconfigured
from encoders.evaluation.intervals import Difference, Estimate, compare, estimate
from encoders.evaluation.judge import CURVE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from encoders.evaluation.judge import Trial

MEASURES: Final = ("P", "R", "F1", "nDCG", "Success")
WHOLE: Final = ("RR", "AP")
_HEAD_CHARS: Final = 13  # two names beside the figures of a comparison in 80 columns
_JOINTS: Final = re.compile(r"[^-/_. ]*[-/_. ]*")
CHANCE: Final = 0.05  # a difference whose p is above it is not told from chance


@dataclass(frozen=True, slots=True)
class Findings:
    """Each encoder's name and estimates by measure, and how the second differs from the first where there are two."""

    names: tuple[str, ...]
    estimates: tuple[Mapping[str, Estimate], ...]
    differences: Mapping[str, Difference]


def find(trial: Trial, seed: int = 0) -> Findings:
    """Estimate every measure of every encoder, and compare the first two."""
    tables = [np.stack(list(verdict.measured.values.values()), axis=1) for verdict in trial.verdicts]
    measures = list(trial.verdicts[0].measured.values)
    return Findings(
        names=_told_apart([verdict.encoder.name for verdict in trial.verdicts]),
        estimates=tuple(dict(zip(measures, estimate(table, seed), strict=True)) for table in tables),
        differences=dict(zip(measures, compare(tables[0], tables[1], seed), strict=True)) if len(tables) > 1 else {},
    )


def as_table(findings: Findings, cutoffs: Sequence[int]) -> Table:
    """Return one line per measure: one encoder's figures with their intervals, or two encoders' and how they differ."""
    measures = [*(f"{name}@{count}" for name in MEASURES for count in cutoffs), *WHOLE]
    if not findings.differences:
        table = Table("measure", findings.names[0], "95 % interval")
        for measure in measures:
            one = findings.estimates[0][measure]
            table.add_row(measure, f"{one.value:.3f}", f"{one.low:.3f} … {one.high:.3f}")
        return table
    heads = [Column(_in_lines(name), overflow="fold") for name in findings.names]
    table = Table("measure", *heads, box=box.SIMPLE_HEAD, collapse_padding=True)
    for name in ("difference", "95 % interval", "p"):
        table.add_column(name, no_wrap=True)
    for measure in measures:
        figures = [f"{estimates[measure].value:.3f}" for estimates in findings.estimates]
        gap = findings.differences[measure]
        style = "bold" if gap.p <= CHANCE else "dim"
        said = (f"{gap.value:+.3f}", f"{gap.low:+.3f} … {gap.high:+.3f}", f"{gap.p:.4f}")
        table.add_row(measure, *figures, *(f"[{style}]{one}[/]" for one in said))
    return table


def as_json(findings: Findings, trial: Trial) -> dict[str, object]:
    """Return everything as a script would read it."""
    return {
        "queries": len(trial.queries),
        "gallery": trial.gallery,
        "unreadable": list(trial.refused),
        "encoders": [
            {"name": verdict.encoder.name, "revision": verdict.encoder.revision, "measures": _plain(estimates)}
            for verdict, estimates in zip(trial.verdicts, findings.estimates, strict=True)
        ],
        "difference": _plain(findings.differences),
    }


def plot(findings: Findings, path: Path, title: str) -> None:
    """Draw recall and precision by k, with their intervals as bands, to a file.

    Raises `Misconfigured` where matplotlib is not installed, or the file's ending or folder will not do.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise Misconfigured("a plot needs matplotlib: pip install 'vitrine[train]'") from error
    figure = Figure(figsize=(9.0, 4.0), layout="constrained")
    figure.suptitle(title)
    for place, (letter, word) in enumerate((("R", "recall"), ("P", "precision")), start=1):
        axes = figure.add_subplot(1, 2, place)
        for name, estimates in zip(findings.names, findings.estimates, strict=True):
            points = [estimates[f"{letter}@{count}"] for count in CURVE]
            axes.plot(CURVE, [one.value for one in points], marker=".", label=name)
            axes.fill_between(CURVE, [one.low for one in points], [one.high for one in points], alpha=0.25)
        axes.set(xscale="log", xticks=CURVE, xticklabels=CURVE, xlabel="k", ylabel=f"{word} at k", ylim=(0, None))
        axes.minorticks_off()
        axes.legend()
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{path}: the plot cannot be written there: {error}") from error


def _plain(found: Mapping[str, Estimate] | Mapping[str, Difference]) -> dict[str, dict[str, float]]:
    return {name: {key: round(value, 6) for key, value in asdict(one).items()} for name, one in found.items()}


def _told_apart(names: Sequence[str]) -> tuple[str, ...]:
    """Two encoders of one name get numbers: a folder and a copy of it may call themselves alike."""
    if len(set(names)) == len(names):
        return tuple(names)
    return tuple(f"{name} ({number})" for number, name in enumerate(names, start=1))


def _in_lines(name: str) -> str:
    """Return a name in lines that are short enough for a head: it is broken where its parts meet."""
    lines = [""]
    for part in _JOINTS.findall(name):
        if len(lines[-1] + part.rstrip()) > _HEAD_CHARS and lines[-1]:
            lines.append("")
        lines[-1] += part
    return "\n".join(line.rstrip() for line in lines)
