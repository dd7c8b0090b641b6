"""How well each of two collections answers: judged queries put to both, or titles that must find their own product."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from deploy.processes.parts import search_core
from encoders.evaluation.intervals import compare
from encoders.evaluation.measures import require_measures
from search.access import EVERYTHING
from search.quality.calibrating import start_of
from search.quality.judging import MEASURES, Way, inquire, values
from search.quality.judgments import Judgment, read_judgments
from search.schemas import SearchRequest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from catalog.engine import Engine
    from deploy.settings import Settings
    from encoders.evaluation.intervals import Difference
    from encoders.interface import Encoders
    from search.quality.judging import Asked
    from search.retriever import Retriever

TITLES: Final = 200
KNOWN_ITEM_MEASURES: Final = ("nDCG@10", "R@10")
_DEPTH: Final = 10
_TITLE_CHARS: Final = 500


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two collections: the settings that name its encoders, and these."""

    settings: Settings
    encoders: Encoders


@dataclass(frozen=True, slots=True)
class Quality:
    """The means of each measure over `queries`, of the old and the new collection, and how they differ."""

    queries: int
    judged: bool
    old: dict[str, float]
    new: dict[str, float]
    differences: dict[str, Difference]


def measure(engine: Engine, old: Side, new: Side, judgments: Path | None) -> Quality | None:
    """Ask both the same queries; None where there is nothing to ask. Raises what search raises, `Misconfigured`.

    Without `judgments` the titles of products drawn at random are asked, each of which must find its own: that shows a
    broken collection, not a better model.
    """
    if judgments is not None:
        require_measures()
    wanted = read_judgments(judgments) if judgments else asyncio.run(_titles(engine, old))
    if not wanted:
        return None
    olds, news = (asyncio.run(_ask(engine, side, wanted)) for side in (old, new))
    both = sorted(olds.keys() & news.keys())
    names = MEASURES if judgments else KNOWN_ITEM_MEASURES
    measured = values if judgments else _known_item_values
    first, second = (measured([asked[where] for where in both], Way()) for asked in (olds, news))
    return Quality(
        queries=len(both),
        judged=judgments is not None,
        old=dict(zip(names, first.mean(axis=0).tolist(), strict=True)),
        new=dict(zip(names, second.mean(axis=0).tolist(), strict=True)),
        differences=dict(zip(names, compare(first, second), strict=True)),
    )


def _known_item_values(asked: Sequence[Asked], way: Way) -> NDArray[np.float64]:
    """Return nDCG@10 and recall@10 of each query that has one answer, (queries, 2)."""
    rows = []
    for one in asked:
        found = list(way.order(one, _DEPTH))
        place = next((place for place, name in enumerate(found) if name in one.gains), None)
        rows.append((0.0, 0.0) if place is None else (1.0 / np.log2(place + 2.0), 1.0))
    return np.array(rows, dtype=np.float64)


async def _ask(engine: Engine, side: Side, judgments: Sequence[Judgment]) -> dict[str, Asked]:
    core = search_core(side.settings, engine, side.encoders)
    try:
        inquiry = await inquire(core.service, core.retriever, judgments, lambda _done, _of: None)
    finally:
        core.encoder.close()
        await core.service.close()
    return {one.judgment.where: one for one in inquiry.asked}


async def _titles(engine: Engine, side: Side) -> list[Judgment]:
    core = search_core(side.settings, engine, side.encoders)
    try:
        return await _drawn(core.retriever)
    finally:
        core.encoder.close()
        await core.service.close()


async def _drawn(retriever: Retriever) -> list[Judgment]:
    sampled = await retriever.sample(start_of(0), TITLES, EVERYTHING)
    products = [(str(one.product["id"]), str(one.product.get("title", "")).strip()) for one in sampled]
    return [Judgment(name, SearchRequest(text=title[:_TITLE_CHARS]), {name: 1}) for name, title in products if title]
