"""The formula behind docs/sizing.md: it grows as it must, and the page shows what it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from catalog.options import IndexOptions
from catalog.sizing import FEW, MANY, Growth, estimate, options_for
from deploy.sizing import GROWTH, SIZES, SPECS, page

GIB = 2**30
PAGE = Path(__file__).parents[2] / "docs" / "sizing.md"
ROUND = Growth(memory_bytes=1_000, disk_bytes=2_000, scan_seconds=0.001, graph_seconds=0.002, graph_products=100_000)
BOTH = 2 * 384 * 4


def bytes_a_product(options: IndexOptions) -> tuple[float, float]:
    """Return the memory and disk that one product takes."""
    found = estimate(1_000_000, SPECS, ROUND, options, node_memory_bytes=64 * GIB)
    return found.memory_bytes / 1e6, found.disk_bytes / 1e6


def test_a_product_is_its_vectors_its_links_and_the_rest() -> None:
    """Two vectors of 384 numbers are 3,072 bytes, their links 256; the disk has room for merging."""
    memory, disk = bytes_a_product(IndexOptions())

    assert memory == BOTH + 256 + 1_000
    assert disk == 2 * (BOTH + 256 + 2_000)


def test_each_option_costs_what_it_says() -> None:
    """int8 adds a quarter, the disk takes the whole vectors out of memory, replicas double all."""
    assert bytes_a_product(IndexOptions(quantization="int8"))[0] == BOTH + BOTH / 4 + 256 + 1_000
    kept_small = IndexOptions(quantization="int8", vectors_on_disk=True, payload_on_disk=True)
    assert bytes_a_product(kept_small)[0] == BOTH / 4 + 256 + 1_000
    three = estimate(1, SPECS, replace(ROUND, pictures=3.0), IndexOptions(), node_memory_bytes=GIB)
    assert three.memory_bytes == 2 * BOTH + 256 + 1_000
    assert bytes_a_product(IndexOptions(replicas=2)) == tuple(2 * each for each in bytes_a_product(IndexOptions()))


def test_nodes_hold_the_memory_with_room_left_and_each_replica_has_its_own() -> None:
    """A node gives seven tenths of its memory away."""
    large = estimate(100_000_000, SPECS, ROUND, IndexOptions(), node_memory_bytes=64 * GIB)
    assert large.nodes * 0.7 * 64 * GIB >= large.memory_bytes > (large.nodes - 1) * 0.7 * 64 * GIB
    assert estimate(10, SPECS, ROUND, IndexOptions(replicas=3), node_memory_bytes=GIB).nodes == 3


def test_a_query_grows_with_the_products_until_there_is_a_graph() -> None:
    """Then by the logarithm of a shard, and each shard is asked."""
    cost = [
        estimate(products, SPECS, ROUND, options, node_memory_bytes=GIB).core_seconds
        for products, options in (
            (1_000, IndexOptions()),
            (10_000, IndexOptions()),
            (100_000, IndexOptions()),
            (1_000_000, IndexOptions(shards=10)),
        )
    ]
    assert cost == pytest.approx([0.001, 0.01, 0.002, 0.02])


def test_the_defaults_go_by_size() -> None:
    """Nothing to set for a small shop, spread and quantized above, on the disk at the largest."""
    assert options_for(FEW) == IndexOptions()
    assert options_for(MANY).quantization == "int8"
    assert not options_for(MANY).vectors_on_disk
    assert options_for(MANY + 1).vectors_on_disk


def test_the_page_shows_what_the_formula_says() -> None:
    """`python -m deploy.sizing` writes it; other figures make another page."""
    assert PAGE.read_text(encoding="utf-8") == page(GROWTH)
    assert page(replace(GROWTH, memory_bytes=2 * GROWTH.memory_bytes)) != page(GROWTH)
    assert SIZES == (10_000, 1_000_000, 100_000_000)
