"""Queries for the sample catalogue and what answers them, judged by its own attributes.

`python -m deploy.sample.judgments` writes them: enough to try `vitrine search evaluate` on. A shop's own judgments are
better: these ask in the catalogue's own words, and know nothing of taste.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Final

from deploy.sample.catalogue import products

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from deploy.sample.catalogue import SampleProduct

WANTED: Final = 3
SAME_KIND: Final = 1
COLOURS_PER_KIND: Final = 3


def judgments(goods: Sequence[SampleProduct] | None = None) -> Iterator[dict[str, object]]:
    """Yield, for each kind of goods, queries of a colour and of a material: `{"query": …, "relevant": {id: gain}}`."""
    catalogue = products() if goods is None else goods
    for kind in dict.fromkeys(product.article.kind for product in catalogue):
        of_kind = [product for product in catalogue if product.article.kind == kind]
        for colour in list(dict.fromkeys(_colour(product) for product in of_kind))[:COLOURS_PER_KIND]:
            yield _judged(f"{colour} {kind}", of_kind, _colour, colour)
        material = _material(of_kind[0])
        if material:
            yield _judged(f"{material} {kind}", of_kind, _material, material)


def _judged(
    query: str, of_kind: Sequence[SampleProduct], trait: Callable[[SampleProduct], str], wanted: str
) -> dict[str, object]:
    gains = {product.id: WANTED if trait(product) == wanted else SAME_KIND for product in of_kind}
    return {"query": query, "relevant": gains}


def _colour(product: SampleProduct) -> str:
    return product.article.colour


def _material(product: SampleProduct) -> str:
    return str(product.attributes.get("material", ""))


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    description = "Write the judgments to standard output, a line for each query."
    argparse.ArgumentParser(description=description).parse_args(arguments)
    for judgment in judgments():
        sys.stdout.write(json.dumps(judgment, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
