"""The default weights where fewer products have pictures: the same judged queries, with pictures taken from some.

Part of `python -m tests.benchmarks.relevance`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from rich import box
from rich.table import Table

from catalog.vectors import ARMS, IMAGE
from encoders.evaluation.intervals import compare
from search.quality.judging import Asked, Way, alone, values
from search.ranking import ArmHits
from search.schemas import default_arms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PICTURED: Final = (1.0, 0.5, 0.1, 0.0)
"""Shares of products that have pictures."""
_DEPTH: Final = 10


def pictures_table(name: str, asked: Mapping[str, Sequence[Asked]]) -> Table:
    """Return what the default does over all kinds in words where fewer products have pictures, beside plain weights."""
    table = Table(
        "pictures",
        "plain",
        "default",
        "kinds better",
        "worse",
        "below the best arm: plain",
        "default",
        title=f"{name}, nDCG@10",
        box=box.MARKDOWN,
    )
    for share in PICTURED:
        rows = [
            _beside_plain([pictured(one, share) for one in part]) for kind, part in asked.items() if "photo" not in kind
        ]
        plain, default, gained, below, still_below = (np.array(column) for column in zip(*rows, strict=True))
        table.add_row(
            f"{100 * share:.0f} %",
            f"{plain.mean():.3f}",
            f"{default.mean():.3f}",
            *(str(int(count)) for count in ((gained > 0).sum(), (gained < 0).sum(), below.sum(), still_below.sum())),
        )
    return table


def pictured(asked: Asked, share: float) -> Asked:
    """Return what would have been found if only this share of the products, by their point ids, had pictures."""
    if IMAGE not in asked.arms:
        return asked
    hits = asked.arms[IMAGE]
    kept = [place for place, name in enumerate(hits.ids) if int(name[:4], 16) < share * 2**16]
    fewer = ArmHits([hits.ids[place] for place in kept], hits.scores[kept], hits.scale, complete=True)
    return replace(asked, arms={**asked.arms, IMAGE: fewer}, pictured=share)


def _beside_plain(queries: Sequence[Asked]) -> tuple[float, float, int, bool, bool]:
    """Return the means of plain weights and of the default; which is better by more than chance; which below an arm."""
    best = max((values(queries, alone(arm), _DEPTH)[:, :1] for arm in ARMS), key=np.mean)
    plain, default = (values(queries, way, _DEPTH)[:, :1] for way in (Way(weights=default_arms(pictured=1.0)), Way()))
    (gained,), (of_plain,), (of_default,) = compare(plain, default), compare(best, plain), compare(best, default)
    better = int(gained.low > 0) - int(gained.high < 0)
    return float(plain.mean()), float(default.mean()), better, of_plain.high < 0, of_default.high < 0
