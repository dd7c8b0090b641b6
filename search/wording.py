"""What pydantic complains about, in the words of the rest: what a field takes, and which name was meant by a slip."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from search.query_strings import SimpleSearch
from search.schemas import Arms, ImageSource, LimitPer, SearchRequest, Term

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "string_type": "takes text",
    "string_too_long": "takes at most {max_length} characters",
    "string_too_short": "takes at least {min_length} characters",
    "int_type": "takes a whole number",
    "int_from_float": "takes a whole number",
    "int_parsing": "takes a whole number",
    "float_type": "takes a number",
    "float_parsing": "takes a number",
    "finite_number": "takes a finite number",
    "bool_type": "takes true or false",
    "bool_parsing": "takes true or false",
    "greater_than_equal": "takes {ge} or more",
    "less_than_equal": "takes {le} or less",
    "literal_error": "takes {expected}",
    "list_type": "takes a list",
    "too_long": "takes at most {max_length}",
    "too_short": "takes at least {min_length}",
    "dict_type": "takes an object",
    "model_type": "takes an object",
    "model_attributes_type": "takes an object",
}
_NAMES: Final = sorted(
    {
        name.lower()
        for model in (SearchRequest, Term, ImageSource, Arms, LimitPer, SimpleSearch)
        for name in model.model_fields
    }
)
_UNKNOWN: Final = "extra_forbidden"
_ALIKE: Final = 0.75
_NAME_CHARS: Final = 40


def worded(error: Mapping[str, Any]) -> str:
    """Return the message of one of pydantic's errors, which come with their context."""
    kind = str(error["type"])
    if kind == _UNKNOWN:
        return f"is not known here{_meant(str(error['loc'][-1]))}"
    if kind in _WORDS:
        return _WORDS[kind].format_map({name: _told(value) for name, value in error.get("ctx", {}).items()})
    return str(error["msg"]).removeprefix("Value error, ")


def _told(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _meant(name: str) -> str:
    """Return a question after the field that was meant; nothing for a name that is known elsewhere, or like none."""
    written = name[:_NAME_CHARS].lower()
    near = [] if written in _NAMES else get_close_matches(written, _NAMES, n=1, cutoff=_ALIKE)
    return f"; did you mean {near[0]}?" if near else ""
