"""A snapshot against the index, in memory that does not grow with either but for sixteen bytes a product.

The rows are sorted into buckets on disk by a hash of their product; each bucket is compared with what the index
stores of its products, a few hundred in a call. Then the index is read once, page by page, for products that the
snapshot does not have: of those that it has, the sixteen bytes of their points' ids are kept, sorted.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final
from uuid import UUID

import numpy as np

from catalog.engine import outages_named
from catalog.points import DERIVED, LEDGER, REVISION, VISIBLE, YES, decode, field_path, point_id
from ingest.reconciling.compare import Standing, compare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from catalog.engine import Engine
    from catalog.points import Stored
    from ingest.loading.intake import Claim, Intake
    from ingest.reconciling.buckets import Buckets
    from ingest.reconciling.repairs import Repairs
    from ingest.store import Store

PRODUCTS_A_CALL: Final = 256
_ID_BYTES: Final = 16
_FAULTS: Final = (Standing.MISSING, Standing.OLD, Standing.DIFFERENT, Standing.SURPLUS)


@dataclass(slots=True)
class Findings:
    """How many products stand how, and the first ids of each kind of difference.

    `incurable` counts those that sending the rows would not bring in step: their version does not win.
    """

    shown: int
    counts: Counter[Standing] = field(default_factory=Counter)
    first: dict[Standing, list[str]] = field(default_factory=lambda: {fault: [] for fault in _FAULTS})
    incurable: Counter[Standing] = field(default_factory=Counter)
    first_incurable: list[str] = field(default_factory=list)

    def add(self, standing: Standing, product_id: str) -> None:
        """Count a product."""
        self.counts[standing] += 1
        if standing in self.first and len(self.first[standing]) < self.shown:
            self.first[standing].append(product_id)

    def add_incurable(self, standing: Standing, product_id: str) -> None:
        """Count a product that no repair can bring in step."""
        self.incurable[standing] += 1
        if len(self.first_incurable) < self.shown:
            self.first_incurable.append(product_id)

    @property
    def differences(self) -> int:
        """How many products are not in step."""
        return sum(self.counts[fault] for fault in _FAULTS)


def compare_rows(  # noqa: PLR0913, PLR0917 - what is compared with what, and who is told
    buckets: Buckets,
    intake: Intake,
    store: Store,
    findings: Findings,
    repairs: Repairs,
    done: Callable[[int], None],
) -> NDArray[np.bytes_]:
    """Compare every product of the snapshot and return the sorted ids of their points; `done` hears each bucket.

    Raises `EngineUnavailable` in an outage.
    """
    ids = bytearray()
    for number in range(len(buckets)):
        products = iter(buckets.products(number, intake).items())
        while part := dict(islice(products, PRODUCTS_A_CALL)):
            stored = store.read(list(part))
            for product_id, claims in part.items():
                ids += UUID(point_id(product_id)).bytes
                _compare_one(stored[product_id], claims, findings, repairs)
        done(number + 1)
    return np.sort(np.frombuffer(bytes(ids), dtype=f"S{_ID_BYTES}"))


def _compare_one(stored: Stored, claims: list[Claim], findings: Findings, repairs: Repairs) -> None:
    comparison = compare(stored, claims)
    findings.add(comparison.standing, stored.product_id)
    if comparison.standing not in _FAULTS:
        return
    if not comparison.curable:
        findings.add_incurable(comparison.standing, stored.product_id)
        return
    for claim in claims:
        repairs.add(claim)


def surplus(
    engine: Engine, collection: str, known: NDArray[np.bytes_], done: Callable[[int], None]
) -> Iterator[Stored]:
    """Yield each visible product of the index that is not among `known`, with its versions but without its fields.

    Raises `EngineUnavailable` in an outage; `done` hears how many points are read.
    """
    offset, read = None, 0
    while True:
        with outages_named():
            page, offset = engine.scroll(
                collection_name=collection,
                limit=PRODUCTS_A_CALL,
                offset=offset,
                with_payload=[field_path("id"), LEDGER, REVISION, VISIBLE],
                with_vectors=False,
            )
        for record in page:
            payload = record.payload or {}
            if payload[DERIVED][VISIBLE.removeprefix(f"{DERIVED}.")] == YES and not _has(known, str(record.id)):
                yield decode(payload)
        read += len(page)
        done(read)
        if offset is None:
            return


def _has(known: NDArray[np.bytes_], point: str) -> bool:
    wanted = np.frombuffer(UUID(point).bytes, dtype=known.dtype)[0]
    place = int(np.searchsorted(known, wanted))
    return place < len(known) and known[place] == wanted
