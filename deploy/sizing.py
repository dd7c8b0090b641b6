"""docs/sizing.md, made from the formula and from what was measured by `python -m deploy.sizing`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from catalog.sizing import FEW, MANY, SCANNED, Estimate, Growth, estimate, options_for
from catalog.vectors import IMAGE, TEXT, DenseSpec, LexicalSpec, VectorSpecs

PAGE: Final = Path(__file__).parents[1] / "docs" / "sizing.md"
SIZES: Final = (10_000, 1_000_000, 100_000_000)
NODE_BYTES: Final = 64 * 2**30
CORE_HOUR: Final = 0.04
"""What an hour of a core costs, with the memory beside it, in whatever currency: an assumption to be replaced."""
SPECS: Final = VectorSpecs(
    DenseSpec(TEXT, 384, "minilm", "1"), DenseSpec(IMAGE, 384, "vitrine-pictures", "1", several=True), LexicalSpec(20.0)
)

MEASURED: Final = """\
| products | disk | memory after opening and asking | a query of both dense arms, CPU |
|---|---|---|---|
| 2,000 | 22.0 MB | 203 MB | 0.30 ms |
| 20,000 | 147.4 MB | 348 MB | 3.27 ms |
| 20,000 with graphs | 159.5 MB | 241 MB | 1.94 ms |
"""
GROWTH: Final = Growth(
    memory_bytes=4_983, disk_bytes=3_894, scan_seconds=0.000_165, graph_seconds=0.001_94, graph_products=20_000
)
"""From the table above: the differences between 20,000 and 2,000, less the 3,072 bytes of two vectors. With graphs the
memory is less, for what was merged was read less; the formula takes the larger."""


def page(growth: Growth) -> str:
    """Return the text of the page."""
    rows = [_row(estimate(size, SPECS, growth, options_for(size), node_memory_bytes=NODE_BYTES)) for size in SIZES]
    return _TEXT.format(
        measured=MEASURED.strip(),
        rows="\n".join(rows),
        memory=growth.memory_bytes,
        disk=growth.disk_bytes,
        scan=1e3 * growth.scan_seconds,
        graph=1e3 * growth.graph_seconds,
        graph_products=growth.graph_products,
        few=FEW,
        many=MANY,
        scanned=SCANNED,
        core_hour=CORE_HOUR,
    )


def _row(found: Estimate) -> str:
    options = found.options
    kept = [f"{options.shards} × {options.replicas}"]
    kept += ["int8"] if options.quantization == "int8" else []
    kept += ["vectors and products on disk"] if options.vectors_on_disk else []
    million = 1e6 * found.core_seconds / 3_600 * CORE_HOUR
    cells = (
        f"{found.products:,}",
        ", ".join(kept),
        _bytes(found.memory_bytes),
        _bytes(found.disk_bytes),
        str(found.nodes),
        f"{1e3 * found.core_seconds:.2g} ms",
        f"{million:.2g}",
    )
    return f"| {' | '.join(cells)} |"


def _bytes(count: float) -> str:
    gigabytes = count / 1e9
    return f"{gigabytes:.2g} GB" if gigabytes < 10 else f"{gigabytes:,.0f} GB"  # noqa: PLR2004 - two digits say enough


_TEXT: Final = """\
# How large an index is, and what it costs

Made by `python -m deploy.sizing` from the formula in `catalog/sizing.py`; a test compares. The first table is
measured, the second computed from it and not measured: nobody here had a server, let alone a hundred million
products.

## Measured

`python -m tests.benchmarks.footprint 2000 20000`: the embedded engine on 2 cores that other jobs used too, the
sample catalogue multiplied, two random vectors of 384 numbers and BM25 weights each. Disk without
holes; memory is what a process grows by that opens the index and asks it sixty times: some 185 MB of it are
there before the first product.

{measured}

So one more product takes {memory:,.0f} bytes of memory and {disk:,.0f} of disk beside its 3,072 bytes of
vectors, and asking both arms of a thousand products takes {scan:.3f} ms of a core. With a graph (`--graph`)
{graph_products:,} products take {graph:.2f} ms.

## Computed

Memory is vectors (or their int8 copies where the whole ones are on the disk), 128 bytes of links a vector, and
the rest as measured, times replicas; the rest counts in full also with the products on the disk, for the
indexes of their fields stay in memory, and how much less that takes was not measured. Disk is all of it, twice
while segments are merged. Nodes have 64 GB, three tenths of which stay free. A query is one without a filter
over both dense arms: up to {scanned:,} products every vector is looked at, above that a graph is asked in each
shard, which takes longer by the logarithm of what it holds. Its price is at {core_hour} for an hour of a core:
put your own in its place. Encoding the query, the API and the lexical arm come on top.

| products | shards × replicas, kept | memory | disk | nodes | a query | a million queries |
|---|---|---|---|---|---|---|
{rows}

One picture a product; each further one is another vector of 384 numbers. What the formula leaves out: the
lexical arm's postings in memory beyond what 20,000 products show, updates (a node that takes many price changes
merges all day), reading vectors from the disk to rescore what the int8 copies found (with vectors on the disk a
query waits for it: fast local disks, not network ones), and the size of your own attributes and descriptions.

## The defaults by size

| products | `VITRINE_INDEX__…` |
|---|---|
| up to {few:,} | nothing to set |
| up to {many:,} | `QUANTIZATION=int8` `SHARDS=2` `REPLICAS=2` |
| above | `QUANTIZATION=int8` `VECTORS_ON_DISK=true` `PAYLOAD_ON_DISK=true` `SHARDS=12` `REPLICAS=2` |

They count when a collection is made: of one that exists nothing changes but strict mode. With
`WRITE_CONSISTENCY` 1 ingest goes on while a replica is away; a node lost for good before the other had a write
loses it, which `vitrine ingest reconcile` finds. With 2 nothing is lost, and ingest waits until the replica is
back. Shards, replicas, consistency and strict mode are a server's; the embedded engine takes quantization and
the disk settings.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(GROWTH), encoding="utf-8")


if __name__ == "__main__":
    main()
