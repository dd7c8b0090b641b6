"""What every group of settings is: frozen, and without room for a name that is none."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict


class Group(BaseModel):
    """Settings that belong together."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def separated(value: Any) -> Any:  # noqa: ANN401 - whatever the environment holds
    """Return what a variable of several values holds: separated by commas, or a JSON list."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return tuple(json.loads(value))
    return tuple(part.strip() for part in value.split(",") if part.strip())
