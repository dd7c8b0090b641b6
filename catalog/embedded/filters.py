"""Filters: qdrant-client's models in, Qdrant Edge's out. Nothing is copied or validated a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import qdrant_edge as edge
from qdrant_client.http import models

if TYPE_CHECKING:
    from datetime import date


def edge_filter(given: models.Filter) -> edge.Filter:
    """Convert a filter; raise NotImplementedError for conditions that this project does not use (geo, slices)."""
    return edge.Filter(
        must=_conditions(given.must),
        should=_conditions(given.should),
        must_not=_conditions(given.must_not),
        min_should=None if given.min_should is None else _min_should(given.min_should),
    )


def optional_edge_filter(given: models.Filter | None) -> edge.Filter | None:
    """Convert a filter that may be absent."""
    return None if given is None else edge_filter(given)


def _min_should(given: models.MinShould) -> edge.MinShould:
    return edge.MinShould([_condition(each) for each in given.conditions], given.min_count)


def _conditions(given: list[models.Condition] | models.Condition | None) -> list[edge.ConditionType] | None:
    if given is None:
        return None
    if isinstance(given, list):
        return [_condition(each) for each in given]
    return [_condition(given)]


def _condition(given: models.Condition) -> edge.ConditionType:  # noqa: PLR0911 - one line for each kind
    match given:
        case models.FieldCondition():
            return _field_condition(given)
        case models.Filter():
            return edge_filter(given)
        case models.HasIdCondition():
            return edge.HasIdCondition(set(given.has_id))
        case models.IsEmptyCondition():
            return edge.IsEmptyCondition(given.is_empty.key)
        case models.IsNullCondition():
            return edge.IsNullCondition(given.is_null.key)
        case models.HasVectorCondition():
            return edge.HasVectorCondition(given.has_vector)
        case models.NestedCondition():
            return edge.NestedCondition(given.nested.key, edge_filter(given.nested.filter))
    raise _unsupported(given)


def _field_condition(given: models.FieldCondition) -> edge.FieldCondition:
    if given.geo_bounding_box or given.geo_radius or given.geo_polygon:
        raise _unsupported(given)
    return edge.FieldCondition(
        given.key,
        match=None if given.match is None else _match(given.match),
        range=None if given.range is None else _range(given.range),
        values_count=None if given.values_count is None else _values_count(given.values_count),
        is_empty=given.is_empty,
        is_null=given.is_null,
    )


def _match(given: models.Match) -> edge.MatchType:  # noqa: PLR0911 - one line for each kind
    match given:
        case models.MatchValue():
            return edge.MatchValue(_match_value(given.value))
        case models.MatchAny():
            return edge.MatchAny(given.any)
        case models.MatchExcept():
            return edge.MatchExcept(given.except_)
        case models.MatchText():
            return edge.MatchText(given.text)
        case models.MatchTextAny():
            return edge.MatchTextAny(given.text_any)
        case models.MatchPhrase():
            return edge.MatchPhrase(given.phrase)
        case models.MatchPrefix():
            return edge.MatchPrefix(given.prefix)
        case models.MatchSubstring():
            return edge.MatchSubstring(given.substring)


def _match_value(value: bool | int | str) -> bool | int | str:  # noqa: FBT001 - it is the value itself
    # Edge tries int before bool, so True becomes 1 and matches nothing; numpy's bool is no int and arrives as bool.
    return np.bool_(value) if isinstance(value, bool) else value  # type: ignore[return-value]


def _range(given: models.RangeInterface) -> edge.RangeType:
    if isinstance(given, models.Range):
        return edge.RangeFloat(gte=given.gte, gt=given.gt, lte=given.lte, lt=given.lt)
    return edge.RangeDateTime(gte=_time(given.gte), gt=_time(given.gt), lte=_time(given.lte), lt=_time(given.lt))


def _values_count(given: models.ValuesCount) -> edge.ValuesCount:
    return edge.ValuesCount(lt=given.lt, gt=given.gt, lte=given.lte, gte=given.gte)


def _time(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _unsupported(given: object) -> NotImplementedError:
    return NotImplementedError(f"the embedded engine takes no {type(given).__name__} like this: {given!r}")
