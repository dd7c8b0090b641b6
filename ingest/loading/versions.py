"""Which version the rows of a file get: a column's, a number, or the time of loading."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from catalog.errors import InvalidEvent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.product import Json

NOW: Final = "now"
DEFAULT_COLUMN: Final = "version"
DEFAULT_VERSION: Final = 1
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)


@dataclass(frozen=True, slots=True)
class VersionRule:
    """The version is in `column`, or it is `constant`; with both, the constant stands in where there is no column."""

    column: str | None
    constant: int | None

    def of(self, fields: Mapping[str, Json]) -> Json:
        """Return a row's version; a time becomes milliseconds since 1970. Raises `InvalidEvent`."""
        value = fields.get(self.column) if self.column is not None else None
        if value is None or value == "":
            if self.constant is None:
                raise InvalidEvent("is missing in this row", reason="missing_version", field=str(self.column))
            return self.constant
        return _version(value, str(self.column))


def version_rule(text: str | None, *, now: datetime) -> VersionRule:
    """Return the rule that `--version` asks for: a column's name, a whole number, `now`, or None for the default.

    By default it is the column `version`, else 1: less than any event of a shop that counts in time or row versions,
    so that a file never undoes what came in live.
    """
    if text is None:
        return VersionRule(DEFAULT_COLUMN, DEFAULT_VERSION)
    if text == NOW:
        return VersionRule(None, int(now.timestamp() * 1000))
    return VersionRule(None, int(text)) if _WHOLE.fullmatch(text) else VersionRule(text, None)


def _version(value: Json, column: str) -> Json:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    text = value.strip() if isinstance(value, str) else ""
    if _WHOLE.fullmatch(text):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise InvalidEvent(
            f"is {value!r:.80}, neither a whole number nor a time", reason="invalid_field", field=column
        ) from error
