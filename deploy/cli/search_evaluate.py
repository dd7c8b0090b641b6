"""`vitrine search evaluate`: how good the answers of a running index are, arm by arm and fused."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from deploy.cli.search_index import AsJson, Data, Seed, opened, progress_bar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from encoders.evaluation.intervals import Difference, Estimate
    from search.quality.judging import Inquiry
    from search.quality.judgments import Judgment
    from search.quality.tuning import Tuned

Judgments = Annotated[
    Path,
    typer.Argument(
        metavar="JUDGMENTS",
        help='JSON Lines of {"query": words or a search request, "relevant": {id: gain}}, or a folder with '
        "queries.tsv and qrels as TREC has them.",
    ),
]
Arms = Annotated[bool, typer.Option("--arms", help="Judge each arm alone as well.")]
Tune = Annotated[bool, typer.Option("--tune", help="Tune the arms' weights on one half, judge them on the other.")]


def evaluate(
    judgments: Judgments,
    arms: Arms = False,
    tune: Tune = False,
    seed: Seed = 0,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Judge a running index by queries whose right answers are known; see docs/relevance.md."""
    from encoders.evaluation.measures import require_measures  # noqa: PLC0415 - loaded only when used
    from search.quality.judging import FUSIONS, Way, alone, judge  # noqa: PLC0415
    from search.quality.judgments import read_judgments  # noqa: PLC0415

    require_measures()
    judged = read_judgments(judgments)
    inquiry, index = _asked(judged, data)
    ways = {arm: alone(arm) for arm in ("text", "image", "lexical") if arms} | {name: Way(name) for name in FUSIONS}
    results = {name: judge(inquiry.asked, way) for name, way in ways.items()}
    tuned = _tuned(inquiry, seed) if tune else None
    if as_json:
        typer.echo(json.dumps(_plain(inquiry, index, results, tuned)))
        return
    console = Console()
    console.print(_table(results, _title(inquiry, index)))
    if tuned:
        console.print(_tuned_table(tuned))
        typer.echo(_advice(tuned))


def _asked(judged: list[Judgment], data: Path | None) -> tuple[Inquiry, dict[str, Any]]:
    """Put the queries to the index, and say which one it was."""
    from deploy.processes.parts import search_core  # noqa: PLC0415
    from search.quality.judging import inquire  # noqa: PLC0415

    async def ask() -> Inquiry:
        try:
            with progress_bar() as bar:
                task = bar.add_task("Asking", total=len(judged))
                return await inquire(
                    core.service, core.retriever, judged, lambda done, _: bar.update(task, completed=done)
                )
        finally:
            core.encoder.close()
            await core.service.close()

    with opened(data) as index:
        core = search_core(index.settings, index.engine, index.encoders)
        inquiry = asyncio.run(ask())
        measured_at = core.calibration.current.measured_at if core.calibration.current else None
    return inquiry, {"collection": index.declaration.physical_name, "calibration": measured_at}


def _tuned(inquiry: Inquiry, seed: int) -> Tuned:
    from search.quality.tuning import tune  # noqa: PLC0415

    with progress_bar() as bar:
        task = bar.add_task("Tuning, weightings tried", total=None)
        return tune(inquiry.asked, seed, lambda done: bar.update(task, completed=done))


def _title(inquiry: Inquiry, index: Mapping[str, Any]) -> str:
    lines = [f"{len(inquiry.asked):,} queries on {index['collection']}; mean and 95 % interval"]
    measured_at = index["calibration"]
    lines.append(f"scales: {f'calibration of {measured_at}' if measured_at else 'the encoders’ own'}")
    if inquiry.unknown_products:
        lines.append(
            f"left out: {inquiry.unknown_products:,} judged products that the index does not have, and "
            f"{inquiry.unanswerable:,} queries that have no other answer"
        )
    return "\n".join(lines)


def _table(results: Mapping[str, Mapping[str, Estimate]], title: str) -> Table:
    from search.quality.judging import MEASURES  # noqa: PLC0415

    table = Table("", *MEASURES, title=title, title_justify="left", box=box.SIMPLE_HEAD, collapse_padding=True)
    for name, estimates in results.items():
        table.add_row(name, *(_with_interval(estimates[measure]) for measure in MEASURES))
    return table


def _tuned_table(tuned: Tuned) -> Table:
    title = f"weights tuned on {tuned.tuned_on:,} queries, judged on the other {tuned.judged_on:,}"
    table = _table({"default": tuned.default, "tuned": tuned.tuned}, title)
    cells = [f"{one.value:+.3f}\n[dim]{one.low:+.3f}…{one.high:+.3f}[/]" for one in tuned.differences.values()]
    table.add_row("difference", *cells)
    return table


def _advice(tuned: Tuned) -> str:
    arms = json.dumps({"arms": tuned.weights})
    if tuned.is_better:
        return f"Better by more than chance. In a search request: {arms}"
    return f"No better than the default by more than chance; keep it. (Tuned: {arms})"


def _with_interval(one: Estimate) -> str:
    return f"{one.value:.3f} [dim]{_short(one.low)}–{_short(one.high)}[/]"


def _short(share: float) -> str:
    """Return a share in four characters: .849, 1.00."""
    return f"{share:.3f}".removeprefix("0")[:4]


def _plain(
    inquiry: Inquiry, index: Mapping[str, Any], results: Mapping[str, Mapping[str, Estimate]], tuned: Tuned | None
) -> dict[str, Any]:
    plain: dict[str, Any] = {
        **index,
        "queries": len(inquiry.asked),
        "unanswerable_queries": inquiry.unanswerable,
        "unknown_products": inquiry.unknown_products,
        "results": {name: _figures(estimates) for name, estimates in results.items()},
    }
    if tuned:
        plain["tuned"] = {
            "arms": dict(tuned.weights),
            "better": tuned.is_better,
            "tuned_on": tuned.tuned_on,
            "judged_on": tuned.judged_on,
            "default_results": _figures(tuned.default),
            "tuned_results": _figures(tuned.tuned),
            "difference": _figures(tuned.differences),
        }
    return plain


def _figures(found: Mapping[str, Estimate] | Mapping[str, Difference]) -> dict[str, dict[str, float]]:
    return {name: {key: round(value, 6) for key, value in asdict(one).items()} for name, one in found.items()}
