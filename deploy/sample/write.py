"""The sample catalogue on its way out: as pictures on disk, as events, as a data set to train and evaluate on."""

from __future__ import annotations

import argparse
import csv
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deploy.sample.catalogue import products
from deploy.sample.drawing import draw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from deploy.sample.catalogue import SampleProduct

SIDE_PX: Final = 448
JPEG_QUALITY: Final = 88
OCCURRED_AT: Final = "2026-06-15T08:00:00Z"
COLUMNS: Final = ("id", "image", "title", "category", "colour", "group")


def write_pictures(
    root: Path,
    progress: Callable[[int, int], None] | None = None,
    goods: Sequence[SampleProduct] | None = None,
) -> None:
    """Draw every picture that is not there yet below `root`; `progress` hears how many of how many are done.

    `goods` are the products to draw, all of the catalogue where it is left out.
    A picture is written under another name and then renamed, so one that is there is whole. Raises OSError where
    the folder cannot be written.
    """
    catalogue = products() if goods is None else goods
    (root / "pictures").mkdir(parents=True, exist_ok=True)
    for done, product in enumerate(catalogue, start=1):
        _write_picture(product, root / product.picture)
        if progress is not None:
            progress(done, len(catalogue))


def events() -> Iterator[dict[str, object]]:
    """One `product.upserted` event for each product, version 1."""
    for product in products():
        yield {
            "type": "product.upserted",
            "version": 1,
            "occurred_at": OCCURRED_AT,
            "product": product.as_product(),
        }


def export_dataset(folder: Path, goods: Sequence[SampleProduct] | None = None) -> None:
    """Write the pictures and `products.csv`, whose columns are `COLUMNS`; images are paths below `folder`.

    `goods` as in `write_pictures`. Raises OSError where the folder cannot be written.
    """
    catalogue = products() if goods is None else goods
    write_pictures(folder, goods=catalogue)
    with (folder / "products.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for product in catalogue:
            article = product.article
            table.writerow(
                (
                    product.id,
                    product.picture,
                    product.title,
                    product.category,
                    article.colour,
                    product.group_id,
                )
            )


def _write_picture(product: SampleProduct, path: Path) -> None:
    if path.exists():
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    draw(product.article, SIDE_PX).save(part, format="JPEG", quality=JPEG_QUALITY)
    part.replace(path)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Write the demo catalogue as a data set: products.csv and its pictures."
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="made where it is not there")
    given = parser.parse_args(arguments)
    export_dataset(given.folder)


if __name__ == "__main__":
    main()
