"""Models of pydantic made without its checks, for what is made by the thousand out of values that are known to fit."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel

_Model = TypeVar("_Model", bound=BaseModel)

# The four slots of a pydantic model, set as pydantic's own `model_construct` sets them but without its look at each
# field: 0.5 instead of 3.3 microseconds a model, and up to 5 with the checks.
_set_fields = BaseModel.__dict__["__dict__"].__set__
_set_names = BaseModel.__dict__["__pydantic_fields_set__"].__set__
_set_extra = BaseModel.__dict__["__pydantic_extra__"].__set__
_set_private = BaseModel.__dict__["__pydantic_private__"].__set__


def built(kind: type[_Model], **fields: Any) -> _Model:  # noqa: ANN401 - what a field takes is the model's own
    """Return a model of these fields and the defaults of the others; nothing is checked, nothing converted."""
    return filled(kind, _defaults(kind) | fields, set(fields))


def filled(kind: type[_Model], fields: dict[str, Any], names: set[str]) -> _Model:
    """Return a model of all of its fields, `names` being those that count as given."""
    model = kind.__new__(kind)
    _set_fields(model, fields)
    _set_names(model, names)
    _set_extra(model, None)
    _set_private(model, None)
    return model


@cache
def _defaults(kind: type[BaseModel]) -> dict[str, Any]:
    """Return the fields that need not be given: no model here has one whose default is made anew each time."""
    return {name: field.default for name, field in kind.model_fields.items() if not field.is_required()}
