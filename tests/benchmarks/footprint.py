"""What a product costs on the embedded engine: disk and memory at several sizes, for docs/sizing.md.

`python -m tests.benchmarks.footprint 2000 20000` fills an index of each size in a process of its own, with the sample's
products and random vectors of 384 numbers, and prints what the folder takes and how much the process has grown;
`--graph` builds the graphs as well, which takes minutes.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from qdrant_client import models

from catalog.collection import Declaration, ensure
from catalog.embedded import EmbeddedClient
from catalog.events import parse_event
from catalog.points import Derived, PictureStatus, Stored
from catalog.product import iso
from catalog.state import UNKNOWN, merge
from catalog.text import lexical_text
from catalog.vectors import IMAGE, LEXICAL, TEXT, DenseSpec, LexicalSpec, VectorSpecs
from deploy.processes.optimizing import optimize
from encoders.sparse import Bm25Encoder
from ingest.point_writes import PointWrite
from ingest.store import Store
from tests.benchmarks.goods import goods, upserts
from tests.builders import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deploy.sample.catalogue import SampleProduct

SIZE: Final = 384
BATCH: Final = 512
QUERIES: Final = 60
DEPTH: Final = 100
PAGE_BYTES: Final = resource.getpagesize()
SPECS: Final = VectorSpecs(
    DenseSpec(TEXT, SIZE, "random", "1"), DenseSpec(IMAGE, SIZE, "random", "1"), LexicalSpec(20.0)
)


def main() -> None:
    """Measure each size in a process of its own and print one line of JSON for each."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.footprint", description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", help="how many products")
    parser.add_argument("--graph", action="store_true", help="build the graphs too")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--open", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.open is not None:
        sys.stdout.write(json.dumps(opened(given.open)) + "\n")
        return
    if given.here:
        sys.stdout.write(json.dumps(measured(given.sizes[0], graph=given.graph)) + "\n")
        return
    for size in given.sizes:
        command = [sys.executable, "-m", "tests.benchmarks.footprint", "--here", str(size)]
        subprocess.run([*command, *(["--graph"] if given.graph else [])], check=True)


def measured(products: int, *, graph: bool) -> dict[str, float]:
    """Return what an index of so many products costs, in bytes and seconds."""
    with tempfile.TemporaryDirectory(prefix="vitrine-footprint-") as folder:
        engine = EmbeddedClient(folder)
        store = Store(engine, ensure(engine, Declaration("products", SPECS)))
        wanted = goods(products)
        started = time.perf_counter()
        for start in range(0, products, BATCH):
            store.write(list(writes(wanted[start : start + BATCH], start)))
        found = {"products": products, "write_seconds": round(time.perf_counter() - started, 1)}
        if graph:
            found["graph_seconds"] = round(optimize(engine, "products"), 1)
        engine.close()
        command = [sys.executable, "-m", "tests.benchmarks.footprint", "--open", folder]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        asked: dict[str, float] = json.loads(said)
        return found | {"disk_bytes": disk_bytes(Path(folder))} | asked


def opened(folder: Path) -> dict[str, float]:
    """Return by how much this process grows when it opens an index and asks it, and what asking both arms takes."""
    before_bytes = resident_bytes()
    engine = EmbeddedClient(folder)
    asked = np.random.default_rng(0).standard_normal((QUERIES, SIZE)).astype(np.float32)
    seconds = []
    for vector in asked.tolist():
        requests = [models.QueryRequest(query=vector, using=arm, limit=DEPTH) for arm in (TEXT, IMAGE)]
        started = time.process_time()
        engine.query_batch_points("products", requests=requests)
        seconds.append(time.process_time() - started)
    found = {"resident_bytes": resident_bytes() - before_bytes, "query_seconds": round(float(np.median(seconds)), 6)}
    engine.close()
    return found


def writes(wanted: Sequence[SampleProduct], seed: int) -> Iterator[PointWrite]:
    """Yield the points of products, as ingest would write them but for the dense vectors."""
    vectors = np.random.default_rng(seed).standard_normal((2, len(wanted), SIZE)).astype(np.float32)
    lexical = Bm25Encoder(SPECS.lexical.average_length)
    digests = dict.fromkeys((TEXT, IMAGE, LEXICAL), "0" * 32)
    picture = PictureStatus("ok", digest="0" * 32)
    for place, (_, raw) in enumerate(upserts(wanted)):
        event = parse_event(raw, received_at=NOW, position=None).event
        state = merge(UNKNOWN, event)
        made = {
            TEXT: vectors[0, place],
            IMAGE: vectors[1, place],
            LEXICAL: lexical.encode_document(lexical_text(state.product())),
        }
        derived = Derived(digests, (picture,), iso(NOW))
        yield PointWrite(Stored(event.product_id, state, derived), None, made)


def resident_bytes() -> int:
    """Return how much memory this process has."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE_BYTES


def disk_bytes(folder: Path) -> int:
    """Return what a folder takes on the disk, holes not counted."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
