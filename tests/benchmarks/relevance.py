"""How near is near, and how much each arm has to say: both errors of the cut-off, and weights, on judged queries.

`python -m tests.benchmarks.relevance --data ../shared/data --folder DIR` indexes 5,000 products of a real shop, the
same with their titles alone, and the demo's catalogue through the real worker (minutes; what lies in DIR already is
taken as it is), calibrates each, asks the queries of `tests.benchmarks.judged`, `judged_openly` and `nonsense`, and
prints the tables of docs/relevance.md. `--lines` draws other lines between near and far too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from rich import box
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from catalog.calibration import Calibration
from catalog.points import point_id
from deploy.processes.parts import open_async_engine, search_core
from deploy.sample.write import events, write_pictures
from encoders.names import EncoderSettings
from encoders.registry import load_encoders
from search.access import EVERYTHING
from search.encoding.levels import Line
from search.encoding.nearness import rarity
from search.quality.calibrating import count_words, draw, measure, scales
from search.quality.judging import FUSIONS, Asked, Way, alone, values
from search.ranking import Ranking, rank
from search.retriever import Retriever
from search.schemas import DEFAULT_ARMS
from tests.benchmarks.fewer_pictures import pictures_table, with_other_pictures
from tests.benchmarks.judged import (
    WANTED,
    demo_queries,
    read_shop,
    shop_pictures,
    shop_queries,
    titles_alone,
    upserts,
)
from tests.benchmarks.judged_openly import open_queries
from tests.benchmarks.nonsense import nonsense
from tests.benchmarks.stocked import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from deploy.processes.parts import SearchCore
    from encoders.interface import Encoders
    from search.parts import Sampled
    from search.quality.judgments import Judgment
    from tests.benchmarks.stocked import Shop as Stocked

SAMPLE: Final = 500
FIRST: Final = (20, 100)
ARMS: Final = ("text", "image", "lexical")
WEIGHTS: Final = (
    DEFAULT_ARMS.model_dump(),
    *(
        {"text": text, "image": image, "lexical": 1.0}
        for text, image in ((1.0, 1.0), (0.75, 0.75), (0.5, 0.5), (0.8, 0.4), (0.5, 0.7), (0.6, 1.2), (2.0, 2.0))
    ),
)
LINES: Final = (
    *(replace(Line(), unrelated=share) for share in (0.7, 0.75, 0.85, 0.9, 0.95)),
    *(replace(Line(), pictures=share) for share in (0.2, 0.3, 0.5, 0.6, 0.8)),
    *(replace(Line(), elsewhere=share) for share in (0.75, 0.95)),
)
console = Console(width=220)


@dataclass(frozen=True, slots=True)
class Errors:
    """What a cut-off does to queries of one kind: shares, and hits of a query.

    `lost` is the share of the wanted among the first hits that it drops, by how many are the first; `whole` the share
    of queries that keep every wanted one of the first `FIRST[0]`; `none` the share of queries without a hit.
    """

    lost: Mapping[int, float]
    whole: float
    hits: float
    most: int
    none: float


@contextmanager
def stocked(
    folder: Path, encoders: Encoders, goods: Iterable[Mapping[str, Any]], photos: Path | None = None
) -> Iterator[Stocked]:
    """Open an index; whoever is the first fills it with these events, and unpacks the pictures that they name.

    Without `photos`, a tar file, they are those of the demo.
    """
    filled = folder / "filled"
    images = folder / "images"
    with opened(folder, images, encoders) as shop:
        if not filled.exists():
            images.mkdir(parents=True, exist_ok=True)
            if photos is None:
                write_pictures(images, lambda _done, _total: None)
            else:
                with tarfile.open(photos) as archive:
                    archive.extractall(images, filter="data")
            pairs = [(str(one["product"]["id"]).encode(), json.dumps(one).encode()) for one in goods]
            console.print(f"Filling {folder} with {len(pairs):,} products …")
            shop.ingest(pairs)
            filled.touch()
        yield shop


async def calibrate(shop: Stocked, core: SearchCore, encoders: Encoders, line: Line) -> Calibration:
    """Measure, and let queries be read by it."""
    found = await measured(shop, encoders, line)
    core.encoder.calibrate(scales(found), rarity(found), found.pictures)
    return found


async def measured(
    shop: Stocked, encoders: Encoders, line: Line, sample: Callable[[list[Sampled]], list[Sampled]] = list
) -> Calibration:
    """Measure as `vitrine search calibrate` does, what `sample` makes of the drawn products; nothing is kept."""
    client = open_async_engine(shop.settings, shop.engine)
    retriever = Retriever(client, shop.collection, depth=SAMPLE)
    try:
        products = sample(await draw(retriever, SAMPLE, 0))
        found = await measure(retriever, encoders, products, lambda _done, _total: None, line=line)
    finally:
        await retriever.close()
    words = count_words(encoders, products)
    return Calibration(encoders.specs, found.levels, "", len(products), 0, words, found.pictures)


async def ask(core: SearchCore, judged: Mapping[str, Sequence[Judgment]]) -> dict[str, list[Asked]]:
    """Put every query to the index."""
    found: dict[str, list[Asked]] = {}
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Asking", total=sum(map(len, judged.values())))
        for kind, judgments in judged.items():
            found[kind] = []
            for one in judgments:
                arms = await core.service.ask_arms(one.request, EVERYTHING)
                known = await core.service.known(one.request, EVERYTHING)
                gains = {point_id(name): gain for name, gain in one.gains.items()}
                found[kind].append(Asked(one, known.terms, arms, gains, known.default))
                progress.advance(task)
    return found


def errors(asked: Sequence[Asked], arms: Sequence[str]) -> Errors:
    """Return what the cut-off does to these queries where only some arms are asked."""
    ranking = Ranking(dict.fromkeys(ARMS, 1.0))
    lost, wanted, whole, counts = dict.fromkeys(FIRST, 0), dict.fromkeys(FIRST, 0), 0, []
    for one in asked:
        found = {arm: hits for arm, hits in one.arms.items() if arm in arms}
        if not found:
            counts.append(0)
            continue
        order = rank(found, ranking).point_ids
        kept = set(rank(found, replace(ranking, cut_off="auto")).point_ids)
        counts.append(len(kept))
        for first in FIRST:
            right = {name for name in order[:first] if one.gains.get(name) == WANTED}
            wanted[first] += len(right)
            lost[first] += len(right - kept)
            whole += first == FIRST[0] and right <= kept
    return Errors(
        lost={first: lost[first] / max(1, wanted[first]) for first in FIRST},
        whole=whole / max(1, len(asked)),
        hits=float(np.mean(counts)) if counts else 0.0,
        most=max(counts, default=0),
        none=sum(count == 0 for count in counts) / max(1, len(asked)),
    )


def cut_off_table(name: str, asked: Mapping[str, Sequence[Asked]], absurd: Mapping[str, Sequence[Asked]]) -> Table:
    """Return both errors by kind, fused and in each arm alone."""
    table = Table(
        "",
        "queries",
        "lost of first 20",
        "of 100",
        "queries whole",
        "hits",
        "most",
        "none",
        title=name,
        box=box.MARKDOWN,
    )
    for kind, queries in [*asked.items(), *absurd.items()]:
        table.add_row(kind, str(len(queries)), *_cells(errors(queries, ARMS), real=kind in asked))
    for arm in ARMS:
        for label, kinds in (("real", asked), ("nonsense", absurd)):
            queries = [one for part in kinds.values() for one in part if arm in one.arms]
            table.add_row(
                f"{arm} alone, {label}", str(len(queries)), *_cells(errors(queries, (arm,)), real=label == "real")
            )
    return table


def _cells(found: Errors, *, real: bool) -> list[str]:
    lost = [f"{100 * found.lost[first]:.1f} %" if real else "" for first in FIRST]
    return [
        *lost,
        f"{100 * found.whole:.0f} %" if real else "",
        f"{found.hits:.1f}",
        str(found.most),
        f"{100 * found.none:.0f} %",
    ]


def weights_table(name: str, asked: Mapping[str, Sequence[Asked]]) -> Table:
    """Return nDCG@10 of each arm alone, of several weights, and of RRF."""
    ways = {arm: alone(arm) for arm in ARMS}
    ways |= {" ".join(f"{one[arm]:g}" for arm in ARMS): Way(weights=one) for one in WEIGHTS}
    ways |= {"default": Way(), FUSIONS[1]: Way(FUSIONS[1], WEIGHTS[0])}
    table = Table("nDCG@10", *ways, title=name, box=box.MARKDOWN)
    for kind, queries in asked.items():
        table.add_row(kind, *(f"{values(queries, way, 10)[:, 0].mean():.3f}" for way in ways.values()))
    return table


def lines_table(name: str, rows: Sequence[tuple[Line, Calibration, Sequence[Errors]]]) -> Table:
    """Return both errors by where the line is drawn: words, photos, nonsense."""
    table = Table(
        "unrelated, pictures, elsewhere",
        "thresholds",
        "words: lost of 20",
        "of 100",
        "photos: of 20",
        "of 100",
        "nonsense: hits",
        "none",
        title=name,
        box=box.MARKDOWN,
    )
    for line, found, parts in rows:
        words, photos, absurd = parts
        lost = [f"{100 * one.lost[first]:.1f} %" if one.hits else "" for one in (words, photos) for first in FIRST]
        levels = " ".join(f"{one.query}→{one.arm} {one.threshold:.2f}" for one in found.levels if one.threshold)
        table.add_row(
            f"{line.unrelated} {line.pictures} {line.elsewhere}",
            levels,
            *lost,
            f"{absurd.hits:.1f}",
            f"{100 * absurd.none:.0f} %",
        )
    return table


def redrawn(asked: Asked, before: Calibration, after: Calibration) -> Asked:
    """Return what was found for a query of one term, read by another line; what a picture of nothing lifts stays."""
    kind = "text" if asked.judgment.request.text else "picture"
    lines = {
        arm: [
            next(one.threshold for one in levels if (one.query, one.arm) == (kind, arm))
            for levels in (before.levels, after.levels)
        ]
        for arm in asked.arms
        if arm != "lexical"
    }
    arms = dict(asked.arms)
    for arm, (old, new) in lines.items():
        scale = arms[arm].scale
        lifted = scale.threshold > (old or 0.0) + 1e-4
        threshold = max(scale.threshold, new or 0.0) if lifted else new or 0.0
        arms[arm] = replace(arms[arm], scale=replace(scale, threshold=threshold))
    return replace(asked, arms=arms)


def _grouped(asked: Mapping[str, Sequence[Asked]], real: Mapping[str, object]) -> tuple[list[Asked], ...]:
    words: list[Asked] = []
    photos: list[Asked] = []
    absurd: list[Asked] = []
    for kind, part in asked.items():
        (absurd if kind not in real else photos if "photo" in kind else words).extend(part)
    return words, photos, absurd


async def study(
    name: str, shop: Stocked, encoders: Encoders, judged: Mapping[str, Sequence[Judgment]], lines: Sequence[Line]
) -> None:
    """Ask everything of one index, and print its tables."""
    core = search_core(shop.settings, shop.engine, encoders)
    try:
        found = await calibrate(shop, core, encoders, Line())
        for level in found.levels:
            console.print(
                f"{level.query} → {level.arm}: {level.mean:.3f} ± {level.deviation:.3f}, near > {level.threshold:.3f}"
            )
        shuffled = await measured(shop, encoders, Line(), with_other_pictures)
        console.print(f"pictures: {found.pictures}; shuffled: {shuffled.pictures}")
        asked, absurd = await ask(core, judged), await ask(core, nonsense())
        console.print(cut_off_table(name, asked, absurd), weights_table(name, asked))
        console.print(pictures_table(name, asked, found.pictures, shuffled.pictures))
        rows = []
        for line in lines:
            drawn = await calibrate(shop, core, encoders, line)
            moved = {
                kind: [redrawn(one, found, drawn) for one in part if len(one.judgment.request.all_terms()) == 1]
                for kind, part in [*asked.items(), *absurd.items()]
            }
            rows.append((line, drawn, [errors(part, ARMS) for part in _grouped(moved, asked)]))
        if rows:
            console.print(lines_table(name, rows))
    finally:
        core.encoder.close()
        await core.service.close()


def main() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with fashion.csv and the photos")
    parser.add_argument("--folder", type=Path, required=True, help="where the indexes are kept")
    parser.add_argument("--lines", action="store_true", help="draw other lines too")
    arguments = parser.parse_args()
    encoders = load_encoders(EncoderSettings())
    lines = (Line(), *LINES) if arguments.lines else ()
    with stocked(arguments.folder / "demo", encoders, events()) as shop:
        asyncio.run(study("demo", shop, encoders, demo_queries(), lines))
    shop_of, photos = read_shop(arguments.data), arguments.data / "fashion-60x80.tar"
    words = shop_queries(shop_of) | open_queries(shop_of)
    judged = words | shop_pictures(shop_of, arguments.data)
    with stocked(arguments.folder / "fashion", encoders, upserts(shop_of), photos) as shop:
        asyncio.run(study("shop", shop, encoders, judged, lines))
    with stocked(arguments.folder / "titles", encoders, titles_alone(shop_of), photos) as shop:
        asyncio.run(study("titles", shop, encoders, words, ()))


if __name__ == "__main__":
    main()
