"""What a catalogue costs to keep and to ask, computed from measured growth; docs/sizing.md shows it at three sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from catalog.options import IndexOptions

if TYPE_CHECKING:
    from catalog.vectors import VectorSpecs

FEW: Final = 100_000
MANY: Final = 10_000_000
SCANNED: Final = 50_000
"""Up to so many products every vector is looked at; above, a graph is asked."""

_FLOAT_BYTES: Final = 4
_INT8_BYTES: Final = 1
_GRAPH_BYTES: Final = 2 * 16 * 4
"""m = 16: thirty-two links of four bytes at the lowest layer; the layers above are a few per cent of that."""
_FREE_SHARE: Final = 0.3
"""What stays free of a node's memory: for merging, for the page cache, for a day of many writes."""
_WHILE_MERGING: Final = 2.0
"""A segment is on the disk twice until the one it is merged into takes its place."""


@dataclass(frozen=True, slots=True)
class Growth:
    """What was measured. Bytes are of one more product, its dense vectors not counted.

    `scan_seconds` is what one core takes to ask both arms of a thousand products without a graph, `graph_seconds` of
    `graph_products` with one. `pictures` is how many a product has on average: each has a vector of its own.
    """

    memory_bytes: float
    disk_bytes: float
    scan_seconds: float
    graph_seconds: float
    graph_products: int
    pictures: float = 1.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A catalogue kept in a way: bytes with all replicas, nodes, seconds of one core for a query without a filter."""

    products: int
    options: IndexOptions
    memory_bytes: float
    disk_bytes: float
    nodes: int
    core_seconds: float


def options_for(products: int) -> IndexOptions:
    """Return how a catalogue of this size is kept best: the documented defaults."""
    if products <= FEW:
        return IndexOptions()
    if products <= MANY:
        return IndexOptions(quantization="int8", shards=2, replicas=2)
    return IndexOptions(quantization="int8", vectors_on_disk=True, payload_on_disk=True, shards=12, replicas=2)


def estimate(
    products: int,
    specs: VectorSpecs,
    growth: Growth,
    options: IndexOptions,
    *,
    node_memory_bytes: float,
) -> Estimate:
    """Return what a catalogue costs that is kept as the options say, on nodes of so much memory."""
    numbers = sum(spec.size * (growth.pictures if spec.several else 1.0) for spec in specs.dense)
    whole = numbers * _FLOAT_BYTES
    beside = len(specs.dense) * _GRAPH_BYTES + (numbers * _INT8_BYTES if options.quantization == "int8" else 0)
    memory = beside + growth.memory_bytes + (0 if options.vectors_on_disk else whole)
    disk = whole + beside + growth.disk_bytes
    memory_bytes = products * options.replicas * memory
    return Estimate(
        products=products,
        options=options,
        memory_bytes=memory_bytes,
        disk_bytes=products * options.replicas * disk * _WHILE_MERGING,
        nodes=max(options.replicas, math.ceil(memory_bytes / (node_memory_bytes * (1 - _FREE_SHARE)))),
        core_seconds=_core_seconds(products, growth, options.shards),
    )


def _core_seconds(products: int, growth: Growth, shards: int) -> float:
    """Return what a query costs over all shards: a graph takes longer by the logarithm of what it holds."""
    if products <= SCANNED:
        return growth.scan_seconds * products / 1_000
    deeper = math.log(products / shards) / math.log(growth.graph_products)
    return growth.graph_seconds * deeper * shards
