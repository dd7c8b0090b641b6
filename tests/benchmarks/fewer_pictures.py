"""The default weights where pictures tell less: the same judged queries, with pictures taken from some products.

Or with the pictures of all of them shuffled.

Part of `python -m tests.benchmarks.relevance`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
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
    from collections.abc import Callable, Mapping, Sequence

    from catalog.calibration import Pictures
    from search.parts import Sampled

PICTURED: Final = (1.0, 0.5, 0.1, 0.0)
"""Shares of products that have pictures."""
_DEPTH: Final = 10


def pictures_table(
    name: str, asked: Mapping[str, Sequence[Asked]], pictures: Pictures | None, shuffled: Pictures | None
) -> Table:
    """Return what the default does over all kinds in words where pictures tell less, beside plain weights.

    `pictures` is what was measured of those of the catalogue, `shuffled` what of the same among other products.
    """
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
    words = {kind: part for kind, part in asked.items() if "photo" not in kind}
    ways: dict[str, Callable[[Asked], Asked]] = {
        f"{100 * share:.0f} %": partial(pictured, share=share, pictures=pictures) for share in PICTURED
    }
    ways["of other products"] = partial(mixed_up, other=_permuted(words), pictures=shuffled)
    for way, told in ways.items():
        rows = [_beside_plain([*map(told, part)]) for part in words.values()]
        plain, default, gained, below, still_below = (np.array(column) for column in zip(*rows, strict=True))
        table.add_row(
            way,
            f"{plain.mean():.3f}",
            f"{default.mean():.3f}",
            *(str(int(count)) for count in ((gained > 0).sum(), (gained < 0).sum(), below.sum(), still_below.sum())),
        )
    return table


def pictured(asked: Asked, share: float, pictures: Pictures | None) -> Asked:
    """Return what would have been found if only this share of the products, by their point ids, had pictures."""
    if IMAGE not in asked.arms:
        return asked
    hits = asked.arms[IMAGE]
    kept = [place for place, name in enumerate(hits.ids) if int(name[:4], 16) < share * 2**16]
    fewer = ArmHits([hits.ids[place] for place in kept], hits.scores[kept], hits.scale, complete=True)
    return replace(asked, arms={**asked.arms, IMAGE: fewer}, default=default_arms(share, pictures))


def mixed_up(asked: Asked, other: Mapping[str, str], pictures: Pictures | None) -> Asked:
    """Return what would have been found if each product, by its point id, had the pictures of another."""
    if IMAGE not in asked.arms:
        return asked
    hits = replace(asked.arms[IMAGE], ids=[other[name] for name in asked.arms[IMAGE].ids])
    return replace(asked, arms={**asked.arms, IMAGE: hits}, default=default_arms(1.0, pictures))


def with_other_pictures(products: Sequence[Sampled]) -> list[Sampled]:
    """Return the products, each with the picture of another."""
    seen = [place for place, one in enumerate(products) if IMAGE in one.vectors]
    others = dict(zip(seen, np.random.default_rng(0).permutation(seen).tolist(), strict=True))
    return [
        replace(one, vectors={**one.vectors, IMAGE: products[others[place]].vectors[IMAGE]}) if place in others else one
        for place, one in enumerate(products)
    ]


def _permuted(asked: Mapping[str, Sequence[Asked]]) -> dict[str, str]:
    """Return another product for each that was found, by their point ids."""
    ids = sorted({name for part in asked.values() for one in part for hits in one.arms.values() for name in hits.ids})
    return dict(zip(ids, np.random.default_rng(0).permutation(ids).tolist(), strict=True))


def _beside_plain(queries: Sequence[Asked]) -> tuple[float, float, int, bool, bool]:
    """Return the means of plain weights and of the default; which is better by more than chance; which below an arm."""
    best = max((values(queries, alone(arm), _DEPTH)[:, :1] for arm in ARMS), key=np.mean)
    plain, default = (values(queries, way, _DEPTH)[:, :1] for way in (Way(weights=default_arms(pictured=1.0)), Way()))
    (gained,), (of_plain,), (of_default,) = compare(plain, default), compare(best, plain), compare(best, default)
    better = int(gained.low > 0) - int(gained.high < 0)
    return float(plain.mean()), float(default.mean()), better, of_plain.high < 0, of_default.high < 0
