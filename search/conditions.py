"""Conditions of ours to conditions of the engine: one for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qdrant_client import models

from catalog.points import point_id
from search.filters import AnyOf, During, Either, Filter, Has, Points, Products, Within

if TYPE_CHECKING:
    from search.filters import Condition


def engine_filter(wanted: Filter) -> models.Filter:
    """Return a filter as the engine takes it."""
    return models.Filter(
        must=[_engine_condition(condition) for condition in wanted.must],
        must_not=[_engine_condition(condition) for condition in wanted.must_not] or None,
    )


def narrowed(given: models.Filter, condition: Condition) -> models.Filter:
    """Return a filter of the engine's with one more condition that must hold; the others are not converted anew."""
    assert isinstance(given.must, list), "whatever must hold already must hold on"
    return models.Filter(must=[*given.must, _engine_condition(condition)], must_not=given.must_not)


def _engine_condition(condition: Condition) -> models.Condition:  # noqa: PLR0911 - one for each kind
    match condition:
        case AnyOf(path, values):
            return models.FieldCondition(key=path, match=models.MatchAny(any=list(values)))
        case Within(path, gt, gte, lt, lte):
            return models.FieldCondition(key=path, range=models.Range(gt=gt, gte=gte, lt=lt, lte=lte))
        case During(path, gt, gte, lt, lte):
            bounds = {"gt": gt, "gte": gte, "lt": lt, "lte": lte}
            return models.FieldCondition(key=path, range=models.DatetimeRange.model_validate(bounds))
        case Products(ids):
            return models.HasIdCondition(has_id=[point_id(product_id) for product_id in ids])
        case Points(ids):
            return models.HasIdCondition(has_id=list(ids))
        case Has(arm):
            return models.HasVectorCondition(has_vector=arm)
        case Either(conditions):
            return models.Filter(should=[_engine_condition(part) for part in conditions])
