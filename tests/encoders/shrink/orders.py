"""A tiny shop and tiny teachers for students to learn from."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from rich.console import Console

from encoders.training.shrink.order import Order
from tests.encoders.shop.shops import some_goods, write_shop

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 48


def an_order(folder: Path, **changed: Any) -> Order:  # noqa: ANN401 - any setting
    """Return a short distillation of `folder`/teacher on a shop that is written to `folder`/shop."""
    table = folder / "shop" / "products.csv"
    if not table.is_file():
        write_shop(folder / "shop", some_goods(ROWS))
    told: dict[str, Any] = {
        "data": table,
        "teacher": str(folder / "teacher"),
        "student": "text",
        "out": folder / "out",
        "layers": 1,
        "batch": 8,
        "epochs": 2,
        "held_out": 0.25,
        "checkpoint_steps": 2,
    }
    return Order(**told | changed)


def silent() -> Console:
    """Return a console that nobody looks at."""
    return Console(file=io.StringIO())
