"""What each way to shrink the shipped encoders costs: size, speed and nDCG@10 beside the original.

python -m encoders.training.shrink.table --catalogue DIR [--data ../shared/data --drawings DIR]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from catalog.errors import Misconfigured
from encoders.evaluation.measures import require_measures
from encoders.training.command import add_sources, ending_plainly
from encoders.training.progress import tracked
from encoders.training.shrink.lines import Line, picture_lines, see_originals, text_lines, vector_lines
from encoders.training.shrink.samples import Sample, read_catalogue, read_held_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from encoders.training.shrink.quality import Score


def cells(line: Line, original: Line) -> list[str]:
    """Return a line as text: name, megabytes, times, then each score with its difference and interval."""
    shown = [line.name, f"{line.megabytes:.1f}", *(_figure(time) for time in line.times.values())]
    return shown + [_told(score, original.scores[name]) for name, score in line.scores.items()]


def head(line: Line) -> list[str]:
    """Return the names of a line's columns."""
    return ["", "MB", *line.times, *line.scores]


def as_markdown(lines: Sequence[Line]) -> str:
    """Return lines as a table for a document; they are compared with the first."""
    rows = [head(lines[0]), ["---"] * len(head(lines[0])), *(cells(line, lines[0]) for line in lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def as_table(title: str, lines: Sequence[Line]) -> Table:
    """Return lines as a table for the screen."""
    table = Table(*head(lines[0]), title=title, title_justify="left")
    for line in lines:
        table.add_row(*cells(line, lines[0]))
    return table


def _told(score: Score, original: Score) -> str:
    if score is original:
        return f"{score.mean:.3f}"
    change = score.beside(original).difference
    assert change is not None
    return f"{score.mean:.3f}  {change.value:+.3f} ({change.low:+.3f} … {change.high:+.3f})"


def _figure(number: float) -> str:
    return f"{number:.1f}" if number < 100 else f"{number:,.0f}"  # noqa: PLR2004 - three digits are enough


def _samples(given: argparse.Namespace) -> list[Sample]:
    samples = [read_catalogue(folder) for folder in given.catalogue]
    if given.data:
        samples.append(read_held_out(given.data, given.drawings, given.cache, given.most))
    if not samples:
        raise Misconfigured("nothing to try on: give --catalogue DIR (`python -m deploy.sample.write DIR` makes one)")
    return samples


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Size, speed and quality of shrunk encoders, beside the original.")
    parser.add_argument("--catalogue", type=Path, action="append", default=[], help="data set folder; may come again")
    add_sources(parser)
    parser.add_argument("--most", type=int, default=2_000, help="held-out rows to try on, at most")
    parser.add_argument("--weights", type=Path, help="the picture tower's weights; the shipped ones if not given")
    parser.add_argument("--only", choices=["text", "pictures", "vectors"], action="append", help="may be given again")
    parser.add_argument("--markdown", action="store_true", help="print for a document")
    given = parser.parse_args(arguments)
    with ending_plainly(parser):
        require_measures()
        samples = _samples(given)
        originals = see_originals(samples, given.weights)
    ways: dict[str, tuple[str, Iterator[Line]]] = {
        "text": ("The text tower", text_lines(samples, originals)),
        "pictures": ("The picture tower", picture_lines(samples, originals, given.weights)),
        "vectors": ("The vectors", vector_lines(samples, originals)),
    }
    for name in given.only or ways:
        title, lines = ways[name]
        found = list(tracked(lines, title))
        if given.markdown:
            print(f"### {title}\n\n{as_markdown(found)}")  # noqa: T201 - a command's output
        else:
            Console().print(as_table(title, found))


if __name__ == "__main__":
    main()
