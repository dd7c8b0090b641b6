"""Ingest: new products with pictures beside the bare encoders, and price changes; from the log to the index."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from catalog.points import Stored
from catalog.text import dense_text
from ingest.decode import decode as decode_events
from ingest.merge import merge_batch
from ingest.source import Record
from tests.benchmarks.forward import decoded, pictures_forward, texts_forward
from tests.benchmarks.goods import price_changes, upserts
from tests.benchmarks.table import Row, Section, verdict
from tests.benchmarks.timing import Samples, per_second, share

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from deploy.sample.catalogue import SampleProduct
    from encoders.interface import Encoders
    from tests.benchmarks.stocked import Shop

AIM_SHARE = 0.9
AIM_PRICES = 2_500
AIM_FOLDED = 15_000
AIM_REPLAYED = 5_000
AIM_FRESH_SHARE = 0.99
FRESH_WITHIN_SECONDS = "1.0"
FRESH_EVENTS_A_SECOND = 200
FRESH_SECONDS = 5
FOLD_BATCH = 256
FOLD_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class NewProducts:
    """Rounds of the same products: the whole chain, the bare forward passes, the encoders, and these with decoding."""

    batch: int
    chain: Samples = field(default_factory=Samples)
    forward: Samples = field(default_factory=Samples)
    encoders: Samples = field(default_factory=Samples)
    with_decoding: Samples = field(default_factory=Samples)

    def row(self) -> Row:
        """Return the line of the table."""
        reached, of_encoders, with_decoding = (
            share(floor, self.chain) for floor in (self.forward, self.encoders, self.with_decoding)
        )
        return Row(
            "new products, text and picture",
            f"{per_second(self.chain, self.batch):.0f} /s",
            f"bare forward passes {per_second(self.forward, self.batch):.0f} /s, "
            f"encoders {per_second(self.encoders, self.batch):.0f} /s, "
            f"with reading and decoding {per_second(self.with_decoding, self.batch):.0f} /s",
            f"{reached:.0%} of the passes, {of_encoders:.0%} of the encoders, {with_decoding:.0%} with decoding",
            verdict(f"≥ {AIM_SHARE:.0%}", holds=reached >= AIM_SHARE),
        )


def measure_new(
    shop: Shop, encoders: Encoders, images: Path, wanted: Sequence[SampleProduct], batch: int, tick: Callable[[], None]
) -> NewProducts:
    """Bring the products into the index, a batch a round; every other round what it is compared with goes first."""
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


def folding_row(wanted: Sequence[SampleProduct]) -> Row:
    """Decode price changes that the index has already, fold them into it and find that nothing changes, on one core."""
    known = _folded({}, list(upserts(wanted)))
    changes = list(price_changes(wanted, 2))
    known = _folded(known, changes)
    found = Samples()
    for _ in range(FOLD_ROUNDS):
        with found.timed():
            again = _folded(known, changes)
        assert all(again[one].state is known[one].state for one in known), "a replay changes nothing"
    rate = len(changes) / min(found.seconds)
    return Row(
        "decode, fold, compare: price changes, nothing changed",
        f"{rate:,.0f} /s at best",
        f"{per_second(found, len(changes)):,.0f} /s in the median",
        aim=verdict(f"≥ {AIM_FOLDED:,} /s", holds=rate >= AIM_FOLDED),
    )


def replay_row(shop: Shop, products: int) -> Row:
    """Read the whole log once more, by a worker whose group has no commit: nothing in it is news to the index."""
    count = sum(shop.source.lag().values())
    found = Samples()
    with found.timed():
        done = 0
        while done < count:
            done += shop.consumer.turn()
    encodes, points = _sum(shop, "vitrine_ingest_encodes_total"), _sum(shop, "vitrine_ingest_points_total")
    rate = per_second(found, count)
    return Row(
        f"whole-topic replay, {products:,} products, {count:,} events",
        f"{rate:,.0f} /s",
        f"{encodes:.0f} encodes, {points:.0f} points written",
        aim=verdict(f"≥ {AIM_REPLAYED:,} /s, 0, 0", holds=rate >= AIM_REPLAYED and encodes == points == 0),
    )


def freshness_row(shop: Shop, wanted: Sequence[SampleProduct], version: int) -> Row:
    """Send price changes at a steady rate and see, by the worker's own histogram, how soon they are searchable."""
    pairs = list(islice(price_changes(wanted, version), FRESH_EVENTS_A_SECOND * FRESH_SECONDS))
    within, whole = _fresh(shop)
    with ThreadPoolExecutor(1) as sender:
        sending = sender.submit(_send_steadily, shop, pairs)
        done = 0
        while done < len(pairs):
            done += shop.consumer.turn()
        sending.result()
    share_within = (_fresh(shop)[0] - within) / (_fresh(shop)[1] - whole)
    return Row(
        f"freshness at {FRESH_EVENTS_A_SECOND} price changes a second, {len(wanted):,} products",
        f"{share_within:.1%} searchable within 1 s",
        aim=verdict(f"≥ {AIM_FRESH_SHARE:.0%}", holds=share_within >= AIM_FRESH_SHARE),
    )


def section(new: NewProducts, prices: dict[int, Samples], rest: Sequence[Row]) -> Section:
    """Return the lines of ingest."""
    return Section([new.row(), *(prices_row(products, found) for products, found in prices.items()), *rest])


def _folded(known: dict[str, Stored], pairs: Sequence[tuple[bytes, bytes]]) -> dict[str, Stored]:
    """Return what is known after these events, as the loop does it, without an engine."""
    records = [Record("bench", 0, place, 0, key, value) for place, (key, value) in enumerate(pairs)]
    after = dict(known)
    for start in range(0, len(records), FOLD_BATCH):
        events = decode_events(records[start : start + FOLD_BATCH]).events
        stored = {event.product_id: after.get(event.product_id, Stored(event.product_id)) for event in events}
        after |= {
            change.before.product_id: replace(change.before, state=change.state)
            for change in merge_batch(stored, events).changes
        }
    return after


def _send_steadily(shop: Shop, pairs: Sequence[tuple[bytes, bytes]]) -> None:
    start = time.monotonic()
    for number, pair in enumerate(pairs):
        time.sleep(max(0.0, start + number / FRESH_EVENTS_A_SECOND - time.monotonic()))
        shop.log.append([pair])


def _fresh(shop: Shop) -> tuple[float, float]:
    """Return how many events were searchable within the aim, and how many there were."""
    registry = shop.metrics.registry
    within = registry.get_sample_value("vitrine_ingest_freshness_seconds_bucket", {"le": FRESH_WITHIN_SECONDS})
    return within or 0.0, _sum(shop, "vitrine_ingest_freshness_seconds_count")


def _sum(shop: Shop, name: str) -> float:
    samples = (sample for metric in shop.metrics.registry.collect() for sample in metric.samples)
    return sum(sample.value for sample in samples if sample.name == name)


def _chain(shop: Shop, part: Sequence[SampleProduct], into: Samples) -> None:
    events = list(upserts(part))
    with into.timed():
        shop.ingest(events)


def _bare(encoders: Encoders, images: Path, part: Sequence[SampleProduct], found: NewProducts) -> None:
    """Do the passes of the same texts and pictures alone; encode them; do that again, from the pictures' files on."""
    texts = [dense_text(product.as_product()) for product in part]
    pictures = decoded(encoders, images, part)
    passes = texts_forward(texts), pictures_forward(pictures)
    with found.forward.timed():
        for forward in passes:
            forward()
    with found.encoders.timed():
        encoders.text.encode_documents(texts)
        encoders.picture.encode_pictures(pictures)
    with found.with_decoding.timed():
        encoders.text.encode_documents(texts)
        encoders.picture.encode_pictures(decoded(encoders, images, part))
