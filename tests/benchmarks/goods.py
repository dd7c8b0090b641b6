"""What is measured with: the sample catalogue, multiplied with other titles and prices, and queries for it."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from deploy.sample.catalogue import products
from deploy.sample.write import OCCURRED_AT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from deploy.sample.catalogue import SampleProduct

LINES = (
    *("Alpine", "Atelier", "Coastal", "Courtyard", "Essential", "Festival", "Harbour", "Heritage", "Island", "Metro"),
    *("Midnight", "Nomad", "Orchard", "Outdoor", "Premium", "Relaxed", "Riviera", "Signature", "Slim", "Studio"),
)
COPY = "~"
"""What separates the id of a sample product from the number of its variant."""


@dataclass(frozen=True, slots=True)
class Query:
    """One search: its words, and the category and price window that a filtered search narrows it to."""

    text: str
    picture: Path
    filter: dict[str, Any] = field(default_factory=dict)


def goods(count: int) -> list[SampleProduct]:
    """Return the sample catalogue and then variants of it, `count` products in all, the same on every run."""
    sample = products()
    return [_variant(sample[number % len(sample)], number // len(sample)) for number in range(count)]


def _variant(product: SampleProduct, copy: int) -> SampleProduct:
    """Return the product under another id, group, code, title and price; copy 0 is the product itself."""
    if copy == 0:
        return product
    chance = random.Random(f"{product.id}/{copy}")
    first, second = LINES[copy % len(LINES)], LINES[(copy // len(LINES) + chance.randrange(len(LINES))) % len(LINES)]
    return replace(
        product,
        id=f"{product.id}{COPY}{copy}",
        title=f"{first} {product.title} {second} {copy}",
        price=round(product.price * chance.uniform(0.6, 1.4), 2),
        group_id=f"{product.group_id}-{copy}",
        codes=tuple(f"{code}-{copy}" for code in product.codes),
    )


def picture_of(product: SampleProduct) -> str:
    """Return the picture of a product below the images folder: a variant has that of the product it came from."""
    return f"pictures/{product.id.partition(COPY)[0]}.jpg"


def upserts(wanted: Sequence[SampleProduct]) -> Iterator[tuple[bytes, bytes]]:
    """Yield one event for each product, as key and value."""
    for product in wanted:
        described = product.as_product() | {"images": [picture_of(product)]}
        event = {"type": "product.upserted", "version": 1, "occurred_at": OCCURRED_AT, "product": described}
        yield product.id.encode(), json.dumps(event, ensure_ascii=False).encode()


def price_changes(wanted: Sequence[SampleProduct], version: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield a patch of price and stock for each product."""
    for number, product in enumerate(wanted):
        changes = {"price": round(product.price * 0.9 + version, 2), "stock": (number + version) % 40}
        event = {"type": "product.patched", "version": version, "product_id": product.id, "changes": changes}
        yield product.id.encode(), json.dumps(event).encode()


def queries(count: int, images: Path) -> list[Query]:
    """Return `count` queries in shoppers' words, each for goods that the catalogue has."""
    chance = random.Random(7)
    english = [product for product in products() if product.language == "en"]
    return [_query(product, images) for product in chance.sample(english, count)]


def _query(product: SampleProduct, images: Path) -> Query:
    kind = product.category.split(" > ")[-1].lower()
    window = {"gte": round(product.price * 0.5), "lt": round(product.price * 2)}
    return Query(
        text=f"{product.attributes['colour']} {product.attributes['material']} {kind}",
        picture=images / product.picture,
        filter={"category": product.category.split(" > ")[0], "price": window},
    )
