"""Several pictures of one product: their mean as one vector, or a vector each? What finds the product by one of them.

`python -m tests.benchmarks.several_pictures --data ../shared/data` takes the rows of one title as the pictures of one
product (2 to 8 of them), every other row as a product with one picture, and asks for each product by its second and
later pictures: as they are, cut and darkened as a shopper would take them, and left out of the index. "Each" scores
a product by the nearest of its pictures, as a multivector does. See docs/decisions/0005.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tarfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.product import MAX_IMAGES
from encoders.names import EncoderSettings
from encoders.pictures.decode import Crop, PictureLimits, decode
from encoders.registry import load_encoders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from encoders.interface import FloatArray, Picture, PictureEncoder

AT_ONCE: Final = 256
QUERIES_AT_ONCE: Final = 512
SHOPPERS_CUT: Final = Crop(0.1, 0.1, 0.85, 0.9)
DARKER: Final = 0.75
DEPTHS: Final = (1, 10)


@dataclass(frozen=True, slots=True)
class Photos:
    """Vectors by row, [n, size], of photos as they are and as a shopper would take them; `products[row]` is whose."""

    plain: FloatArray
    shoppers: FloatArray
    products: np.ndarray[tuple[int], np.dtype[np.int64]]
    titles: list[str]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.several_pictures", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with fashion.csv and fashion-60x80.tar")
    photos = _photos(parser.parse_args().data)
    later = _later(photos.products)
    everywhere = np.ones(len(photos.products), dtype=bool)
    third = later & ~np.roll(later, -1) & np.roll(later, 1)  # the last picture of a product with three or more
    tower = load_encoders(EncoderSettings()).picture.text_tower
    assert tower is not None, "the shipped picture encoder reads text too"
    several = np.unique(photos.products[later])
    titles = tower.encode_queries([photos.titles[product] for product in several])
    sys.stdout.write(f"{len(photos.titles):,} products, {len(several):,} of them with 2 to {MAX_IMAGES} pictures\n")
    for name, queries, own, indexed in (
        ("a later picture, as it is", photos.plain[later], photos.products[later], everywhere),
        ("the same, cut and darker", photos.shoppers[later], photos.products[later], everywhere),
        ("a picture that is not in the index", photos.plain[third], photos.products[third], ~third),
        ("the title", titles, several, everywhere),
    ):
        mean, each = _ranks(photos, queries, own, indexed)
        said = " · ".join(f"R@{depth} {np.mean(mean < depth):.3f} → {np.mean(each < depth):.3f}" for depth in DEPTHS)
        sys.stdout.write(f"{name}: mean → each: {said} ({len(queries):,} queries)\n")


def _photos(data: Path) -> Photos:
    """Encode every photo, those of one title next to each other."""
    encoder = load_encoders(EncoderSettings()).picture
    with (data / "fashion.csv").open(newline="", encoding="utf-8") as rows:
        by_title: dict[str, list[str]] = defaultdict(list)
        for row in csv.DictReader(rows):
            by_title[row["productDisplayName"]].append(row["id"])
    owned = [(number, one) for number, ids in enumerate(by_title.values()) for one in ids[:MAX_IMAGES]]
    with tarfile.open(data / "fashion-60x80.tar") as archive:
        files = {Path(name).stem: name for name in archive.getnames()}
        owned = [(number, one) for number, one in owned if one in files]
        read = [_bytes(archive, files[one]) for _, one in owned]
    whole = [decode(data, PictureLimits()) for data in read]
    shoppers = [(decode(data, PictureLimits(), crop=SHOPPERS_CUT) * DARKER).astype(np.uint8) for data in read]
    products = np.array([number for number, _ in owned])
    return Photos(_encoded(encoder, whole), _encoded(encoder, shoppers), products, list(by_title))


def _bytes(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    assert member is not None, "photos are plain files"
    return member.read()


def _encoded(encoder: PictureEncoder, pictures: Sequence[Picture]) -> FloatArray:
    return np.concatenate([encoder.encode_pictures(part) for part in _parts(pictures)])


def _parts(pictures: Sequence[Picture]) -> Iterator[Sequence[Picture]]:
    for start in range(0, len(pictures), AT_ONCE):
        yield pictures[start : start + AT_ONCE]


def _later(products: np.ndarray[tuple[int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which pictures are not the first of their product."""
    return np.concatenate([[False], products[1:] == products[:-1]])


def _ranks(
    photos: Photos,
    queries: FloatArray,
    own: np.ndarray[tuple[int], np.dtype[np.int64]],
    indexed: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Return the rank of each query's own product, from 0, by the mean and by the nearest picture."""
    vectors, products = photos.plain[indexed], photos.products[indexed]
    shown, starts = np.unique(products, return_index=True)
    means = np.add.reduceat(vectors, starts, axis=0)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    places = np.searchsorted(shown, own)
    ranks: tuple[list[FloatArray], list[FloatArray]] = ([], [])
    for start in range(0, len(queries), QUERIES_AT_ONCE):
        part, place = queries[start : start + QUERIES_AT_ONCE], places[start : start + QUERIES_AT_ONCE]
        by_mean = part @ means.T
        by_each = np.maximum.reduceat(part @ vectors.T, starts, axis=1)
        for scores, into in zip((by_mean, by_each), ranks, strict=True):
            mine = np.take_along_axis(scores, place[:, None], axis=1)
            into.append((scores > mine).sum(axis=1))
    return np.concatenate(ranks[0]), np.concatenate(ranks[1])


if __name__ == "__main__":
    main()
