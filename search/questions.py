"""Questions of ours to requests of the engine: what an arm looks for, what is called by a name, what is read."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from qdrant_client import models

from catalog.points import OCCURRED_AT, engine_vector
from catalog.vectors import DENSE_ARMS, LEXICAL
from search.conditions import engine_filter, narrowed
from search.filters import Filter, Points

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from encoders.interface import Unrelated
    from search.access import Scope
    from search.encoding.query import ArmQuery
    from search.filters import Condition
    from search.parts import Part

NEWEST: Final = models.OrderBy(key=OCCURRED_AT, direction=models.Direction.DESC)
"""The order in which the newest event comes first."""
_RESCORED: Final = models.SearchParams(quantization=models.QuantizationSearchParams(rescore=True, oversampling=2.0))
"""Where vectors are kept as int8 as well (VITRINE_INDEX__QUANTIZATION), those find twice as many and the whole ones
decide; elsewhere it says nothing."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What the arms look for together: what passes a filter and, where an arm has a floor, scores more than that.

    Each hit carries what of its payload lies at `paths`.
    """

    wanted: Filter
    floors: Mapping[str, float] = field(default_factory=dict)
    paths: Sequence[str] = ()

    @classmethod
    def above(
        cls,
        floor: Callable[[Unrelated], float],
        query: Mapping[str, ArmQuery],
        wanted: Filter,
        paths: Sequence[str] = (),
    ) -> Self:
        """Return the same for every arm's own floor on its scale; -inf is none."""
        floors = {arm: floor(part.scale) for arm, part in query.items()}
        return cls(wanted, {arm: score for arm, score in floors.items() if math.isfinite(score)}, paths)


def arm_request(arm: str, part: ArmQuery, within: models.Filter, sought: Sought, limit: int) -> models.QueryRequest:
    """Return what asks one arm for its best `limit`."""
    return models.QueryRequest(
        query=engine_vector(part.vector),
        using=arm,
        filter=within,
        params=None if arm == LEXICAL else _RESCORED,
        limit=limit,
        score_threshold=sought.floors.get(arm),
        with_payload=_payload_at(sought.paths),
    )


def named_request(named: Condition, within: models.Filter, sought: Sought, limit: int) -> models.QueryRequest:
    """Return what asks for up to `limit` points that are called by a name."""
    return models.QueryRequest(filter=narrowed(within, named), limit=limit, with_payload=_payload_at(sought.paths))


def read_request(part: Part, scope: Scope) -> models.QueryRequest:
    """Return what reads a part, scored where it has words.

    Asked by a filter, for a plain look-up by id would not ask for the scope.
    """
    return models.QueryRequest(
        query=engine_vector(part.words) if part.words is not None else None,
        using=LEXICAL if part.words is not None else None,
        filter=engine_filter(scope.filter & Filter(must=(Points(tuple(part.point_ids)),))),
        limit=len(part.point_ids),
        with_payload=True if part.paths is None else _payload_at(part.paths),
        with_vector=list(DENSE_ARMS) if part.vectors else False,
    )


def newest_request(scope: Scope) -> models.QueryRequest:
    """Return what asks for the time of the newest event that the scope lets through."""
    newest = models.OrderByQuery(order_by=NEWEST)
    return models.QueryRequest(query=newest, filter=engine_filter(scope.filter), limit=1, with_payload=[OCCURRED_AT])


def unique(paths: Sequence[str]) -> list[str]:
    """Return each of the paths once."""
    return list(dict.fromkeys(paths))


def _payload_at(paths: Sequence[str]) -> list[str] | bool:
    return unique(paths) or False
