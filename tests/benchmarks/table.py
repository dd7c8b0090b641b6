"""The one table that a run ends in, for a terminal and as markdown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADINGS = ("what", "figure", "beside it, in the same run", "comes to", "aim")


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a figure, what was measured beside it in the same rounds, and what the two come to."""

    what: str
    figure: str
    beside: str = ""
    comes_to: str = ""
    aim: str = ""

    def cells(self) -> tuple[str, str, str, str, str]:
        """Return the line as text, in the order of the headings."""
        return self.what, self.figure, self.beside, self.comes_to, self.aim


@dataclass(frozen=True, slots=True)
class Section:
    """Lines that belong together."""

    rows: Sequence[Row] = field(default=())


def rich_table(sections: Sequence[Section], caption: str) -> Table:
    """Return the table for a terminal."""
    table = Table(title="Vitrine, measured", caption=caption, caption_justify="left", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, overflow="fold", no_wrap=heading in {"figure", "aim"})
    for section in sections:
        for row in section.rows:
            table.add_row(*row.cells())
        table.add_section()
    return table


def markdown(sections: Sequence[Section], caption: str) -> str:
    """Return the table as markdown, the caption below it."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *(row.cells() for section in sections for row in section.rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + f"\n\n{caption}\n"


def verdict(aim: str, *, holds: bool) -> str:
    """Return an aim with whether this run met it; nothing fails on it, for a busy machine is no bug."""
    return f"{aim} {'✓' if holds else '✗'}"
