"""`vitrine search calibrate`: what unrelated pairs score in this catalogue, kept with the collection."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from deploy.cli.search_index import AsJson, Data, Seed, opened, progress_bar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.calibration import Calibration, Level, Pictures
    from deploy.cli.search_index import OpenIndex
    from encoders.interface import Encoders, Unrelated

SAMPLE: Final = 500
LARGEST_SAMPLE: Final = 5_000

Sample = Annotated[
    int, typer.Option("--sample", min=20, max=LARGEST_SAMPLE, help="Products to draw; all pairs of them are measured.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Measure and print, but keep nothing.")]
Forget = Annotated[bool, typer.Option("--forget", help="Measure nothing; go back to the encoders' own scales.")]


def calibrate(
    sample: Sample = SAMPLE,
    seed: Seed = 0,
    data: Data = None,
    dry_run: DryRun = False,
    forget: Forget = False,
    as_json: AsJson = False,
) -> None:
    """Measure what unrelated products score in this catalogue, and keep it with the collection.

    Search reads scores as deviations above that level: at its next start, or as soon as /readyz is asked.
    """
    from catalog.collection import keep_calibration  # noqa: PLC0415 - models and clients are loaded only when used

    with opened(data) as index:
        before = _in_use(index)
        found = None if forget else asyncio.run(_measured(index, before, sample, seed))
        if not dry_run:
            keep_calibration(index.engine, index.declaration, found)
        now = index.encoders if found is None else _on_scales_of(index.encoders, found)
    name = index.declaration.physical_name
    if as_json:
        typer.echo(json.dumps(_plain(name, before, now, found, kept=not (dry_run or forget))))
        return
    Console().print(_table(before, now, {(level.query, level.arm): level for level in found.levels} if found else {}))
    if found:
        typer.echo(_of_pictures(found.pictures))
    kept = "Nothing was kept." if dry_run else f"{'Forgotten by' if forget else 'Kept with'} {name}."
    typer.echo(f"{kept}{'' if dry_run else ' Search reads it at its next start, or when /readyz is asked.'}")


async def _measured(index: OpenIndex, before: Encoders, sample: int, seed: int) -> Calibration:
    from catalog.calibration import Calibration  # noqa: PLC0415
    from deploy.processes.parts import open_async_engine  # noqa: PLC0415
    from search.quality.calibrating import count_words, draw, measure  # noqa: PLC0415
    from search.retriever import Retriever  # noqa: PLC0415

    client = open_async_engine(index.settings, index.engine)
    retriever = Retriever(client, index.declaration.physical_name, depth=sample)
    try:
        products = await draw(retriever, sample, seed)
        with progress_bar() as bar:
            task = bar.add_task("Measuring unrelated pairs", total=None)
            found = await measure(
                retriever, before, products, lambda done, total: bar.update(task, completed=done, total=total)
            )
    finally:
        await retriever.close()
    now = datetime.now(UTC).isoformat(timespec="seconds")
    words = count_words(before, products)
    return Calibration(index.declaration.specs, found.levels, now, len(products), seed, words, found.pictures)


def _in_use(index: OpenIndex) -> Encoders:
    """Return the encoders on the scales that search reads now: those kept before, where they still hold."""
    from catalog.calibration import parse_calibration  # noqa: PLC0415
    from catalog.collection import kept_calibration  # noqa: PLC0415
    from catalog.errors import CollectionMismatch  # noqa: PLC0415

    kept = kept_calibration(index.engine, index.declaration)
    try:
        return (
            index.encoders
            if kept is None
            else _on_scales_of(index.encoders, parse_calibration(kept, index.declaration.specs))
        )
    except CollectionMismatch as error:
        typer.secho(f"what was kept before is not used: {error}", err=True)
        return index.encoders


def _on_scales_of(encoders: Encoders, calibration: Calibration) -> Encoders:
    from search.quality.calibrating import scales  # noqa: PLC0415

    return encoders.with_calibration({**encoders.unrelated, **scales(calibration)})


def _table(before: Encoders, now: Encoders, measured: Mapping[tuple[str, str], Level]) -> Table:
    from search.quality.calibrating import KINDS  # noqa: PLC0415

    table = Table("query → arm", "before", "now", "pairs", box=box.SIMPLE_HEAD, title="what unrelated pairs score")
    for query, arm in KINDS:
        level = measured.get((query, arm))
        table.add_row(
            f"{query} → {arm}",
            _shown(before.scale(query, arm)),
            _shown(now.scale(query, arm)),
            f"{level.pairs:,}" if level else "not measured",
        )
    return table


def _of_pictures(pictures: Pictures | None) -> str:
    from catalog.vectors import IMAGE  # noqa: PLC0415
    from search.schemas import default_arms  # noqa: PLC0415

    weight = f"{default_arms(1.0, pictures)[IMAGE]:.2f}"
    if pictures is None:
        return f"Words and pictures could not be compared: in words alone `image` counts {weight}."
    return (
        f"Words of a title are nearer to its picture than to another in {pictures.told:.0%} of pairs, and "
        f"{pictures.alone:.0%} is left to pictures: in words alone `image` counts {weight} where all products have one."
    )


def _shown(scale: Unrelated) -> str:
    return f"{scale.mean:.3f} ± {scale.deviation:.3f}, near > {scale.threshold:.3f}"


def _plain(name: str, before: Encoders, now: Encoders, found: Calibration | None, *, kept: bool) -> dict[str, Any]:
    from search.quality.calibrating import KINDS  # noqa: PLC0415

    def levels(encoders: Encoders) -> list[dict[str, Any]]:
        return [
            {"query": query, "arm": arm, **asdict(scale)}
            for query, arm in KINDS
            for scale in [encoders.scale(query, arm)]
        ]

    calibration = found.as_json() if found else None
    return {"collection": name, "kept": kept, "before": levels(before), "now": levels(now), "calibration": calibration}
