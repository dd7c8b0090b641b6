"""Drawings to train on: every kind in every colour and pattern, other cuts and other titles than the catalogue's.

`python -m deploy.sample.variety DIR` writes about 6,000 of them in half a minute; the same ones at every run.
"""

from __future__ import annotations

import argparse
import csv
import random
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deploy.sample.article import Article
from deploy.sample.drawing import KINDS, draw
from deploy.sample.palette import COLOURS
from deploy.sample.patterns import PATTERNS
from deploy.sample.write import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SIDE_PX: Final = 160
_SEED: Final = 7
_PLAIN: Final = "plain"
_PLAIN_ONES: Final = 5
"""How many plain articles there are of each kind and colour, beside one of each pattern."""

_FAMILIES: Final = {
    "Shoes": ("sneaker", "sandal", "boot", "high heel", "ballet flat"),
    "Bags": ("handbag", "backpack", "tote bag", "wallet", "suitcase"),
    "Tops": ("t-shirt", "shirt", "sweater", "hoodie"),
    "Outerwear": ("jacket", "coat"),
    "Bottoms": ("jeans", "shorts", "skirt"),
    "Dresses": ("dress",),
    "Hats": ("cap", "beanie", "sun hat"),
    "Accessories": ("belt", "watch", "sunglasses", "tie", "scarf", "socks", "gloves", "umbrella"),
    "Home": ("mug", "lamp", "chair", "cushion", "vase"),
}
_ADJECTIVES: Final = {
    "stripes": ("Striped",),
    "dots": ("Polka Dot", "Dotted"),
    "checks": ("Checked", "Gingham"),
    "plaid": ("Plaid", "Tartan"),
    "floral": ("Floral",),
    "chevron": ("Chevron", "Zigzag"),
    "stars": ("Star Print",),
}


@dataclass(frozen=True, slots=True)
class Example:
    """One drawing with its title."""

    number: int
    article: Article
    title: str

    def row(self) -> tuple[str, ...]:
        """The example as a row of `products.csv`."""
        family = next(name for name, kinds in _FAMILIES.items() if self.article.kind in kinds)
        group = f"{self.article.kind}-{self.article.seed}"
        name = f"{self.number:05d}"
        return name, f"{name}.png", self.title, f"{family} > {self.article.kind}", self.article.colour, group


def examples() -> Iterator[Example]:
    """Yield every example, in a fixed order."""
    chance = random.Random(_SEED)  # noqa: S311 - variety, not secrecy
    number = 0
    for kind in KINDS:
        for colour in COLOURS:
            for pattern in [_PLAIN] * _PLAIN_ONES + [name for name in PATTERNS if name != _PLAIN]:
                article = Article(kind, colour, pattern, chance.randrange(1000, 10**6))
                yield Example(number, article, _title(article, chance))
                number += 1


def export(folder: Path, some: Sequence[Example]) -> None:
    """Write the examples as a data set: pictures and `products.csv`."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    with (folder / "products.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for example in some:
            row = example.row()
            draw(example.article, SIDE_PX).save(folder / "pictures" / row[1])
            table.writerow(row)


def _title(article: Article, chance: random.Random) -> str:
    colour, kind, phrase = article.colour, article.kind, PATTERNS[article.pattern].phrase
    if article.pattern == _PLAIN:
        forms = [f"{colour} {kind}", f"{kind} in {colour}", f"plain {colour} {kind}", f"{kind}, {colour}"]
    else:
        adjective = chance.choice(_ADJECTIVES[article.pattern])
        forms = [
            f"{colour} {adjective} {kind}",
            f"{adjective} {kind} in {colour}",
            f"{colour} {kind} {phrase}",
            f"{kind} {phrase}, {colour}",
        ]
    return chance.choice(forms).title()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Write drawings to train on as a data set: products.csv and its pictures."
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="made where it is not there")
    given = parser.parse_args(arguments)
    export(given.folder, list(examples()))


if __name__ == "__main__":
    main()
