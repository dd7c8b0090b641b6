"""Two hundred products with a photo each: real ones from ../shared/data where it exists, else from the drawings."""

from __future__ import annotations

import csv
import hashlib
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.sample.catalogue import products
from deploy.sample.write import write_pictures
from tests.builders import bare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.builders import JsonObject

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
PHOTOS = DATA / "fashion-60x80.tar"


@dataclass(frozen=True, slots=True)
class Photographed:
    """A product as its event carries it, and the bytes of its photo; no two share a title or a photo."""

    fields: JsonObject
    photo: bytes

    @property
    def id(self) -> str:
        """The product's id."""
        return str(self.fields["id"])


def photographed(count: int, images: Path) -> list[Photographed]:
    """Return `count` products whose photos lie below `images`; prices and stock are made up."""
    found = _real(count) if PHOTOS.exists() else _drawn(count, images)
    chosen: list[Photographed] = []
    for number, (fields, photo) in enumerate(found):
        priced = {**fields, "price": 10.0 + number, "stock": 5, "images": [f"{fields['id']}.jpg"]}
        (images / f"{fields['id']}.jpg").write_bytes(photo)
        chosen.append(Photographed(priced, photo))
    assert len(chosen) == count
    return chosen


def _real(count: int) -> Iterator[tuple[JsonObject, bytes]]:
    with (DATA / "fashion.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    seen: set[str] = set()
    with tarfile.open(PHOTOS) as tar:
        for member in tar:
            row = rows.get(Path(member.name).stem)
            file_in_tar = tar.extractfile(member)
            if row is None or file_in_tar is None:
                continue
            photo = file_in_tar.read()
            marks = {row["productDisplayName"].casefold(), hashlib.sha256(photo).hexdigest()}
            if not seen & marks:
                seen |= marks
                yield _fields(row), photo
            if len(seen) == 2 * count:
                return


def _fields(row: dict[str, str]) -> JsonObject:
    return bare(
        f"fashion-{row['id']}",
        title=row["productDisplayName"],
        category=f"{row['gender']} > {row['masterCategory']} > {row['articleType']}",
        attributes={"colour": row["baseColour"].lower()},
    )


def _drawn(count: int, images: Path) -> Iterator[tuple[JsonObject, bytes]]:
    goods = products()[:count]
    write_pictures(images, goods=goods)
    for product in goods:
        colour = {"colour": product.article.colour}
        fields = bare(product.id, title=product.title, category=product.category, attributes=colour)
        yield fields, (images / product.picture).read_bytes()
