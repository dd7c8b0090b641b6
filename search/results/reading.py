"""What one search reads of its candidates beside their scores: what orders them, is counted, shown and compared.

All of it comes in at most one call after that of the arms. What orders must be there before that one, for only then is
it known what a page shows. From a server it comes with the hits. The embedded engine unpacks a whole payload for it,
twenty times the price of a hit: there products are kept from search to search instead, and a search for which some are
missing reads those, and whatever may be on the page beside them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

from catalog.points import WHOLE_PRODUCT
from search.parts import Part, all_vectors, dense_vectors, product_paths
from search.results.diversity import DEEP
from search.rows import row_of
from search.schemas import MAX_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qdrant_client.models import ScoredPoint

    from catalog.vectors import SparseVector
    from encoders.interface import FloatArray
    from search.access import Scope
    from search.kept_rows import KeptRows
    from search.ranking import Found, Ranking
    from search.retriever import Retriever
    from search.rows import Row

_WHOLE: Final = frozenset(WHOLE_PRODUCT)
_FEW: Final = DEEP + MAX_LIMIT
"""So many products are a page, and what it is compared with for the sake of diversity."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Ids of points: those that are counted, by what lies at `paths`; that may be shown; whose vectors are compared.

    `fields` are those of a product that a page shows, None for all. Of those in `told` is read what each term says of
    them by itself; `words` are those of each term that has any, by its number.
    """

    counted: Sequence[str] = ()
    paths: Sequence[str] = ()
    shown: Sequence[str] = ()
    fields: Sequence[str] | None = None
    compared: Sequence[str] = ()
    told: Sequence[str] = ()
    words: Mapping[int, SparseVector] = field(default_factory=dict)

    def without_payload(self) -> list[Part]:
        """Return what is read of no payload: vectors, and then what the words of each term score."""
        with_vectors = list(dict.fromkeys((*self.compared, *self.told)))
        return [Part(with_vectors, (), vectors=True), *(Part(self.told, (), words=one) for one in self.words.values())]


@dataclass(frozen=True, slots=True)
class Compared:
    """The points that were asked for with their vectors, and those that were still there."""

    point_ids: Sequence[str]
    points: Mapping[str, ScoredPoint]

    @property
    def gone(self) -> set[str]:
        """Which were deleted since the arms were asked."""
        return {point_id for point_id in self.point_ids if point_id not in self.points}

    def vectors(self, point_ids: Iterable[str]) -> dict[str, dict[str, FloatArray]]:
        """Return the dense vectors of some of them by point id and arm, each (size,)."""
        return {point_id: dense_vectors(self.points[point_id]) for point_id in point_ids}


@dataclass(frozen=True, slots=True)
class Told:
    """What terms say of points one by one: points with their vectors, and by each term's number what its words find.

    How rare a word is only the engine knows, so that it is asked for the words of each.
    """

    points: Mapping[str, ScoredPoint]
    scored: Mapping[int, Mapping[str, ScoredPoint]]

    def vectors(self, point_id: str) -> dict[str, FloatArray]:
        """Return the dense vectors of a point by arm, each (n, size): one for each picture."""
        return all_vectors(self.points[point_id]) if point_id in self.points else {}

    def by_words(self, point_id: str) -> dict[int, float]:
        """Return what the words of each term score a point, by the term's number, where they find it."""
        return {term: points[point_id].score for term, points in self.scored.items() if point_id in points}


@dataclass(frozen=True, slots=True)
class Read:
    """What was read, by point id; of what was deleted since the arms were asked there may be nothing."""

    counted: Mapping[str, Row]
    shown: Mapping[str, Row]
    compared: Compared
    told: Told


class Reading(Protocol):
    """Reads for one search, once."""

    def known(self, point_ids: Sequence[str]) -> Mapping[str, Row]:
        """Return the rows that order these points, as far as they are there without asking."""

    async def read(self, wanted: Wanted) -> Read:
        """Return what is wanted: one call to the engine, none where all is there."""


class CarriedReading:
    """Has what orders from the hits that carried it, and reads the rest."""

    def __init__(self, retriever: Retriever, scope: Scope, founds: Sequence[Found]) -> None:
        self._retriever = retriever
        self._scope = scope
        self._carried = founds[0].rows

    def known(self, point_ids: Sequence[str]) -> Mapping[str, Row]:
        """Return the row of each hit under the whole filter."""
        assert all(point_id in self._carried for point_id in point_ids), "every hit carries what orders it"
        return self._carried

    async def read(self, wanted: Wanted) -> Read:
        """Return what is wanted, as it stands now."""
        parts = [
            Part(wanted.counted, wanted.paths),
            Part(wanted.shown, product_paths(wanted.fields)),
            *wanted.without_payload(),
        ]
        counted, shown, vectors, *scored = await self._retriever.read(parts, self._scope)
        return Read(_rows(counted), _rows(shown), *_as_wanted(wanted, vectors, scored))


class KeptReading:
    """Has products that are kept at just the version that a hit told, and keeps those that it reads.

    `ordering` are the paths that the order lies in.
    """

    def __init__(  # noqa: PLR0913 - the parts that it reads with, by their names
        self,
        retriever: Retriever,
        scope: Scope,
        founds: Sequence[Found],
        ranking: Ranking,
        *,
        kept: KeptRows,
        ordering: Sequence[str],
    ) -> None:
        self._retriever = retriever
        self._scope = scope
        self._founds = founds
        self._ranking = ranking
        self._kept = kept
        self._ordering = frozenset(ordering)
        kept.widened(ordering)

    def known(self, point_ids: Sequence[str]) -> Mapping[str, Row]:
        """Return the rows that are kept of these points, as far as they hold what the order lies in."""
        return self._kept.known(point_ids, self._versions, self._ordering)

    async def read(self, wanted: Wanted) -> Read:
        """Return what is wanted: known payloads as the hits found them, and all the rest as it stands now."""
        versions, paths = self._versions, self._kept.widened(wanted.paths)
        counted = self._kept.known(wanted.counted, versions, frozenset(wanted.paths))
        shown = self._kept.known(wanted.shown, versions, _WHOLE | self._ordering)
        lacking = dict.fromkeys(one for one in wanted.counted if one not in counted)
        whole = dict.fromkeys(one for one in wanted.shown if one not in shown or one in lacking)
        parts = [
            Part(list(whole), list(paths | _WHOLE)),
            Part([one for one in lacking if one not in whole], list(paths)),
            *wanted.without_payload(),
        ]
        for_pages, for_counts, vectors, *scored = await self._retriever.read(parts, self._scope)
        new, new_counted = _rows(for_pages), _rows(for_counts)
        if len(new) <= _FEW:
            self._kept.keep(new, versions, paths | _WHOLE)
        else:  # most of them are not shown after all: whole they would drive out those that are
            self._kept.keep({point_id: row.narrowed(paths) for point_id, row in new.items()}, versions, paths)
        self._kept.keep(new_counted, versions, paths)
        return Read(counted | new_counted | new, shown | new, *_as_wanted(wanted, vectors, scored))

    @cached_property
    def _versions(self) -> dict[str, int]:
        versions: dict[str, int] = {}
        for found in self._founds:
            versions |= found.versions(self._ranking)
        return versions


def _as_wanted(
    wanted: Wanted, vectors: Mapping[str, ScoredPoint], scored: Sequence[Mapping[str, ScoredPoint]]
) -> tuple[Compared, Told]:
    compared, told = ({one: vectors[one] for one in ids if one in vectors} for ids in (wanted.compared, wanted.told))
    return Compared(wanted.compared, compared), Told(told, dict(zip(wanted.words, scored, strict=True)))


def _rows(points: Mapping[str, ScoredPoint]) -> dict[str, Row]:
    return {point_id: row_of(point) for point_id, point in points.items()}
