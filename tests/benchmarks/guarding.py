"""What the guard of a write costs: `python -m tests.benchmarks.guarding`.

The same price changes written to the embedded engine as `Store.write` does it, each under the condition that its point
still has the revision that was read, and the revisions read back; and bare, payload by payload, with neither.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from qdrant_client import models

from catalog.collection import Declaration, ensure
from catalog.embedded import EmbeddedClient
from catalog.points import encode, point_id
from encoders.fakes import fake_encoders
from encoders.pictures.fetch import FetchSettings, PictureFetcher
from ingest.decode import decode
from ingest.encoding import Encoding
from ingest.merge import merge_batch
from ingest.metrics import IngestMetrics
from ingest.source import Record
from ingest.store import Store
from tests.benchmarks.goods import goods, price_changes, upserts
from tests.benchmarks.timing import Samples

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ingest.point_writes import PointWrite

PRODUCTS: Final = 2_048
BATCH: Final = 256
ROUNDS: Final = 4


def main() -> None:
    """Measure and print."""
    guarded, bare = Samples(), Samples()
    with (
        tempfile.TemporaryDirectory(prefix="vitrine-guard-") as folder,
        closing(EmbeddedClient(Path(folder))) as engine,
        PictureFetcher(FetchSettings()) as fetcher,
        closing(Encoding(fake_encoders(), fetcher, IngestMetrics())) as encoding,
    ):
        collection = ensure(engine, Declaration("guarded", fake_encoders().specs))
        store = Store(engine, collection)
        wanted = goods(PRODUCTS)
        for batch in _batches(upserts(wanted)):
            store.write(_writes(store, encoding, batch))
        for version in range(2, 2 + 2 * ROUNDS):
            for batch in _batches(price_changes(wanted, version)):
                writes = _writes(store, encoding, batch)
                if version % 2:
                    with guarded.timed():
                        store.write(writes)
                else:
                    with bare.timed():
                        _write_bare(engine, collection, writes)
    best_guarded, best_bare = (BATCH / min(one.seconds) for one in (guarded, bare))
    sys.stdout.write(
        f"price changes written, {BATCH} a batch, best of {len(bare.seconds)}: guarded {best_guarded:,.0f}/s, "
        f"bare {best_bare:,.0f}/s: {best_guarded / best_bare:.0%}; medians {BATCH * 1000 / guarded.p50_ms:,.0f}/s and "
        f"{BATCH * 1000 / bare.p50_ms:,.0f}/s\n"
    )


def _batches(pairs: Iterable[tuple[bytes, bytes]]) -> list[list[Record]]:
    records = [Record("bench", 0, place, 0, key, value) for place, (key, value) in enumerate(pairs)]
    return [records[start : start + BATCH] for start in range(0, len(records), BATCH)]


def _writes(store: Store, encoding: Encoding, batch: Sequence[Record]) -> list[PointWrite]:
    events = decode(batch).events
    merged = merge_batch(store.read([event.product_id for event in events]), events)
    return encoding.points(merged.changes)


def _write_bare(engine: EmbeddedClient, collection: str, writes: Sequence[PointWrite]) -> None:
    """Write the same payloads to the same points, whoever else has written them."""
    operations: list[models.UpdateOperation] = [
        models.OverwritePayloadOperation(
            overwrite_payload=models.SetPayload(
                payload=encode(replace(write.product, revision=write.expected)),
                points=[point_id(write.product.product_id)],
            )
        )
        for write in writes
    ]
    engine.batch_update_points(collection_name=collection, update_operations=operations, wait=True)
    engine.flush()


if __name__ == "__main__":
    main()
