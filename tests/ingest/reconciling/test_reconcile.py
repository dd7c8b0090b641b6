"""A snapshot against a real index: in buckets on disk, and what is too much by one reading of the index."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from deploy.processes.debezium import debezium_reading
from deploy.settings import Settings
from ingest.loading.intake import Claim, Intake
from ingest.loading.versions import version_rule
from ingest.reconciling.buckets import MAX_BUCKETS, Buckets, bucket_count
from ingest.reconciling.compare import Standing
from ingest.reconciling.reconcile import PRODUCTS_A_CALL, Findings, compare_rows, surplus
from ingest.reconciling.repairs import Repairs
from tests.builders import NOW, NOW_MS, as_event, bare, deleted, record, records, upserted
from tests.index import embedded_engine, new_index
from tests.pipeline import ListLetters, ListSource, consumer_of, new_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.builders import JsonObject
    from tests.index import Index

INTAKE = Intake("shop.jsonl", version_rule(None, now=NOW), None, debezium_reading(Settings()), NOW_MS)
MANY = PRODUCTS_A_CALL + 44


@pytest.fixture(scope="module")
def index() -> Iterator[Index]:
    """Fill an index with more products than one call takes, one of them deleted."""
    with ExitStack() as stack:
        made = stack.enter_context(new_index(stack.enter_context(embedded_engine())))
        parts = stack.enter_context(new_encoding())
        events = [upserted(bare(f"sku-{number}")) for number in range(MANY)] + [deleted("sku-0", version=2)]
        consumer_of(parts, made.store, ListSource([records(*events)]), ListLetters()).turn()
        yield made


def claim(event: JsonObject, line: int = 1) -> Claim:
    """Return what a row with a version of its own says."""
    parsed = as_event(event)
    return Claim(record(event, key=parsed.product_id.encode(), offset=line), parsed, versioned=True)


@pytest.mark.parametrize("count", [1, 7])
def test_everything_is_compared_once(index: Index, tmp_path: Path, count: int) -> None:
    """However many buckets there are; the index's own tombstones are not too much."""
    findings, repairs, told = Findings(shown=2), Repairs(tmp_path), [0]
    with Buckets(tmp_path, count) as buckets:
        for number in range(1, MANY - 1):
            buckets.add(claim(upserted(bare(f"sku-{number}"))))
        buckets.add(claim(upserted(bare("new\t1"))))
        known = compare_rows(buckets, INTAKE, index.store, findings, repairs, told.append)
    extra = list(surplus(index.engine, index.collection, known, told.append))

    assert findings.counts == {Standing.EQUAL: MANY - 2, Standing.MISSING: 1}
    assert findings.first[Standing.MISSING] == ["new\t1"]
    assert [(product.product_id, product.state.version) for product in extra] == [(f"sku-{MANY - 1}", 1)]
    assert (told[count], told[-1]) == (count, MANY)
    (repair,) = repairs.records("shop.jsonl", NOW_MS)
    assert repair.key == b"new\t1"
    repairs.close()


def test_an_empty_snapshot_leaves_everything_too_much(index: Index, tmp_path: Path) -> None:
    """And only what is visible."""
    repairs, told = Repairs(tmp_path), [0]
    with Buckets(tmp_path, 2) as buckets:
        known = compare_rows(buckets, INTAKE, index.store, Findings(shown=1), repairs, told.append)
    repairs.close()

    assert len(list(surplus(index.engine, index.collection, known, told.append))) == MANY - 1


def test_rows_of_one_product_come_together_in_their_order(tmp_path: Path) -> None:
    """Wherever they lay in the file."""
    with Buckets(tmp_path, 5) as buckets:
        for line, version in enumerate([3, 1, 2], start=1):
            for name in ("a", "b", "c"):
                buckets.add(claim(upserted(bare(name), version=version), line))
        found = [buckets.products(number, INTAKE) for number in range(len(buckets))]

    rows = {name: [one.record.offset for one in rows] for products in found for name, rows in products.items()}
    assert rows == {"a": [1, 2, 3], "b": [1, 2, 3], "c": [1, 2, 3]}


def test_buckets_grow_with_the_file_up_to_a_point() -> None:
    """So that one fits in memory; a packed file is larger than it looks."""
    assert bucket_count(0, packed=False) == 1
    assert bucket_count(2**30, packed=False) == MAX_BUCKETS
    assert bucket_count(2**25, packed=True) > bucket_count(2**25, packed=False)
