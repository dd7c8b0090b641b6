"""Ingest: new products with pictures beside the bare encoders, and price changes; from the log to the index."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from catalog.text import dense_text
from encoders.pictures.decode import PictureLimits, decode
from tests.benchmarks.goods import picture_of, price_changes, upserts
from tests.benchmarks.table import Row, Section, verdict
from tests.benchmarks.timing import Samples, per_second, share

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from deploy.sample.catalogue import SampleProduct
    from encoders.interface import Encoders
    from tests.benchmarks.stocked import Shop

AIM_SHARE = 0.8
AIM_PRICES = 1_000


@dataclass(frozen=True, slots=True)
class NewProducts:
    """Rounds of the same products: through the whole chain, through the bare encoders, and these with decoding."""

    batch: int
    chain: Samples = field(default_factory=Samples)
    encoders: Samples = field(default_factory=Samples)
    with_decoding: Samples = field(default_factory=Samples)

    def row(self) -> Row:
        """Return the line of the table."""
        reached = share(self.encoders, self.chain)
        reached_decoding = share(self.with_decoding, self.chain)
        return Row(
            "new products, text and picture",
            f"{per_second(self.chain, self.batch):.0f} /s",
            f"bare encoders {per_second(self.encoders, self.batch):.0f} /s, "
            f"with reading and decoding {per_second(self.with_decoding, self.batch):.0f} /s",
            f"{reached:.0%} of the encoders, {reached_decoding:.0%} with decoding",
            verdict(f"≥ {AIM_SHARE:.0%}", holds=reached >= AIM_SHARE),
        )


def measure_new(
    shop: Shop, encoders: Encoders, images: Path, wanted: Sequence[SampleProduct], batch: int, tick: Callable[[], None]
) -> NewProducts:
    """Bring the products into the index, a batch a round; every other round the bare encoders go first."""
    _bare(encoders, images, wanted[:batch], NewProducts(batch))  # the first time costs more, whoever it meets
    found = NewProducts(batch)
    for number, start in enumerate(range(0, len(wanted), batch)):
        part = wanted[start : start + batch]
        steps = [
            lambda part=part: _chain(shop, part, found.chain),
            lambda part=part: _bare(encoders, images, part, found),
        ]
        for step in reversed(steps) if number % 2 else steps:
            step()
        tick()
    return found


def measure_prices(shop: Shop, wanted: Sequence[SampleProduct], rounds: int, tick: Callable[[], None]) -> Samples:
    """Change the price and stock of every product, `rounds` times."""
    found = Samples()
    for version in range(2, rounds + 2):
        events = list(price_changes(wanted, version))
        with found.timed():
            shop.ingest(events)
        tick()
    return found


def prices_row(products: int, found: Samples) -> Row:
    """Return the line of the table."""
    rate = per_second(found, products)
    return Row(
        f"price changes, {products:,} products",
        f"{rate:,.0f} /s",
        aim=verdict(f"≥ {AIM_PRICES:,} /s", holds=rate >= AIM_PRICES),
    )


def section(new: NewProducts, prices: dict[int, Samples]) -> Section:
    """Return the lines of ingest."""
    return Section([new.row(), *(prices_row(products, found) for products, found in prices.items())])


def _chain(shop: Shop, part: Sequence[SampleProduct], into: Samples) -> None:
    events = list(upserts(part))
    with into.timed():
        shop.ingest(events)


def _bare(encoders: Encoders, images: Path, part: Sequence[SampleProduct], found: NewProducts) -> None:
    """Encode the same texts and pictures and do nothing else; then again, from the pictures' files on."""
    texts = [dense_text(product.as_product()) for product in part]
    pictures = [decode((images / picture_of(product)).read_bytes(), PictureLimits()) for product in part]
    with found.encoders.timed():
        encoders.text.encode_documents(texts)
        encoders.picture.encode_pictures(pictures)
    with found.with_decoding.timed():
        encoders.text.encode_documents(texts)
        encoders.picture.encode_pictures(
            [decode((images / picture_of(product)).read_bytes(), PictureLimits()) for product in part]
        )
