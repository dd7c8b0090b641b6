"""The held-out part: a share of the rows that shares no group, title or picture with the rest."""

from __future__ import annotations

from collections import defaultdict
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def families(ties: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return for each row the name of its family: rows with a tie in common, directly or through others, share one.

    `ties` holds for each row what binds it, such as "group:7"; a row without ties is a family of its own.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for names in ties:
        for name in names[1:]:
            first, second = sorted((root(names[0]), root(name)))
            parent[second] = first  # the smallest name leads, whatever the order of the rows
    return tuple(root(names[0]) if names else f"row:{number}" for number, names in enumerate(ties))


def hold_out(names: Sequence[str], share: float, seed: int) -> NDArray[np.bool_]:
    """Return which rows are held out, (rows,): whole families, in an order that the seed decides, up to the share.

    A family that would overshoot the share by more than half of itself stays in the training part.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for number, name in enumerate(names):
        members[name].append(number)
    order = sorted(members, key=lambda name: blake2b(f"{seed} {name}".encode(), digest_size=8).digest())
    chosen = np.zeros(len(names), dtype=np.bool_)
    wanted = share * len(names)
    for name in order:
        if chosen.sum() + len(members[name]) / 2 <= wanted:
            chosen[members[name]] = True
    return chosen
