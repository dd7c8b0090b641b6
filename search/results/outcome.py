"""What a search came to: the entries of one page and everything that is said of the set they are from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from catalog.points import point_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from search.encoding.query import ArmQuery
    from search.ranking import Candidate, Found
    from search.results.ordering import Key, Order
    from search.results.reading import Told
    from search.rows import Row


@dataclass(frozen=True, slots=True)
class End:
    """Where a page ended with more to come: the key of its last row.

    `by_point` says that this row stands among so many of equal value that they are in the order of their points.
    """

    key: Key
    by_point: bool = False

    def comes_before(self, row: Row, order: Order) -> bool:
        """Whether a row belongs to what follows."""
        if self.by_point and order.value(row) == order.value_of(self.key):
            return row.point_id > point_id(str(self.key[-1]))
        return order.key(row) > self.key


@dataclass(frozen=True, slots=True)
class Outcome:
    """One page of a search. `listed` are all that pages show, `products` those before any folding.

    `read` are the products already read, by point id, None where they are still to be. `found` and `query` are what
    the arms found and looked for, absent when browsing; `told` is what each term says of the products shown, where that
    is wanted, and `boosts` what lifted them. The `watermark` is the time of the newest event that the caller may see,
    as it stood at most a second before (ISO 8601).
    """

    shown: Sequence[Candidate]
    listed: int
    products: int
    exact: bool
    facets: Mapping[str, Any]
    end: End | None = None
    read: Mapping[str, Mapping[str, Any]] | None = None
    found: Found | None = None
    query: Mapping[str, ArmQuery] = field(default_factory=dict)
    boosts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    told: Told | None = None
    watermark: str | None = None
