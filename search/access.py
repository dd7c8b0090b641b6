"""Who may see what: the scope of a caller, made in one place and joined to every call of the retriever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from catalog.points import VISIBLE, YES
from search.filters import AnyOf, Filter


@dataclass(frozen=True, slots=True)
class Scope:
    """What a caller may see, as a filter that no request can widen; tombstones and waiting patches are in none."""

    filter: Filter


EVERYTHING: Final = Scope(Filter(must=(AnyOf(VISIBLE, (YES,)),)))
"""Every visible product: what a caller sees where there are no keys."""
