"""How a filtered hybrid query and the memory of the process grow with the catalogue.

`python -m tests.benchmarks.growth [--sizes 2000 20000 100000] [--plot docs/growth.png]`: the first products come
through the real ingest, the others are written to the engine as copies of their points under other ids, with noise on
their vectors and other prices. Each size is served by `vitrine demo` in a process of its own and asked over HTTP.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from qdrant_client import models
from rich.console import Console

from catalog.embedded import EmbeddedClient
from catalog.points import PRODUCT, point_id
from catalog.vectors import ARMS, IMAGE, TEXT
from deploy.processes.parts import declare
from deploy.settings import Settings
from tests.benchmarks.filled import kit
from tests.benchmarks.goods import queries
from tests.benchmarks.served import Api, search_body
from tests.benchmarks.stocked import NOISE
from tests.benchmarks.table import Row, Section, markdown
from tests.benchmarks.timing import Samples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.status import Status

    from encoders.interface import FloatArray
    from tests.benchmarks.filled import Kit
    from tests.benchmarks.goods import Query

SIZES = (2_000, 20_000, 100_000)
BASE = 2_000
SEARCHES = 100
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Grown:
    """One size: what searches took, and the resident memory of the process once it had answered them."""

    products: int
    filtered: Samples
    plain: Samples
    memory_mib: float

    def row(self, first: Grown) -> Row:
        """Return the line of the table, beside the first size."""
        growth = self.products / first.products
        return Row(
            f"{self.products:,} products",
            f"filtered {self.filtered}",
            f"unfiltered {self.plain}",
            f"{self.filtered.p50_ms / first.filtered.p50_ms:.1f} times the time of {first.products:,}",
            f"at {growth:.0f} times the products; {self.memory_mib:,.0f} MiB",
        )


def grow(client: EmbeddedClient, collection: str, size: int) -> None:
    """Write copies of the points that are there until there are `size`."""
    originals, _ = client.scroll(collection, limit=BASE, with_payload=True, with_vectors=True)
    chance = np.random.default_rng(size)
    made = range(client.count(collection).count, size)
    for start in range(made.start, made.stop, _AT_ONCE):
        copies = [
            _copy(originals[number % len(originals)], number, chance)
            for number in range(start, min(start + _AT_ONCE, made.stop))
        ]
        client.upsert(collection, points=copies)


def _copy(original: models.Record, number: int, chance: np.random.Generator) -> models.PointStruct:
    payload: dict[str, Any] = deepcopy(original.payload or {})
    product = payload[PRODUCT]
    product["id"] = f"{product['id']}~copy{number}"
    if "price" in payload:
        payload["price"] = round(payload["price"] * random.Random(number).uniform(0.6, 1.4), 2)
    assert isinstance(original.vector, dict)
    vectors: dict[str, Any] = dict(original.vector)
    vectors |= {arm: _noisy(np.array(vectors[arm]), chance) for arm in (TEXT, IMAGE) if arm in vectors}
    return models.PointStruct(id=point_id(product["id"]), payload=payload, vector=vectors)


def _noisy(vectors: FloatArray, chance: np.random.Generator) -> list[Any]:
    """Return one vector, (size,), or those of several pictures, (n, size), with noise beside each."""
    noisy = vectors + chance.normal(0.0, NOISE / vectors.shape[-1] ** 0.5, vectors.shape)
    found: list[Any] = (noisy / np.linalg.norm(noisy, axis=-1, keepdims=True)).tolist()
    return found


def measure(made: Kit, data: Path, size: int, wanted: Sequence[Query]) -> Grown:
    """Serve a folder and search it, with a filter and without in turn; words are known from the second round on."""
    filtered, plain = Samples(), Samples()
    with made.served(data) as served:
        api = Api(served.port)
        for query in wanted:
            api.search(search_body(text=query.text))
        for number in range(SEARCHES):
            query = wanted[number % len(wanted)]
            arms = dict.fromkeys(ARMS, 1.0)
            with filtered.timed():
                api.search(search_body(text=query.text, filter=query.filter, arms=arms))
            with plain.timed():
                api.search(search_body(text=query.text, arms=arms))
        api.close()
        return Grown(size, filtered, plain, served.memory_mib() or float("nan"))


def draw(found: Sequence[Grown], path: Path) -> None:
    """Draw p50 and memory over size, both axes logarithmic, beside what growing in proportion would look like."""
    mpl.use("Agg")
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    times, memory = figure.subplots(1, 2)
    sizes = [one.products for one in found]
    for name, values in (
        ("filtered hybrid", [one.filtered.p50_ms for one in found]),
        ("unfiltered hybrid", [one.plain.p50_ms for one in found]),
    ):
        times.loglog(sizes, values, marker="o", label=name)
    linear = [found[0].filtered.p50_ms * size / sizes[0] for size in sizes]
    times.loglog(sizes, linear, linestyle=":", color="grey", label="in proportion")
    times.set(xlabel="products", ylabel="p50 over HTTP, ms")
    times.legend()
    memory.loglog(sizes, [one.memory_mib for one in found], marker="o", color="tab:green")
    memory.set(xlabel="products", ylabel="resident memory, MiB")
    figure.savefig(path, dpi=110)


def _all(folder: Path, sizes: Sequence[int], status: Status) -> list[Grown]:
    status.update("Filling the first index …")
    made = kit(folder)
    data = folder / "grown"
    made.fill(data, 0, BASE, lambda: None)
    collection = declare(Settings(_env_file=None), made.real).physical_name
    wanted = queries(20, made.images)
    found = []
    for size in sorted(sizes):
        status.update(f"Growing to {size:,} products …")
        client = EmbeddedClient(data / "index")
        grow(client, collection, size)
        client.close()
        status.update(f"Searching {size:,} products …")
        found.append(measure(made, data, size, wanted))
        status.console.print(" · ".join(found[-1].row(found[0]).cells()), soft_wrap=True)
    shutil.rmtree(data)
    return found


def main() -> None:
    """Fill, measure, print and draw."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.growth", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as folder, console.status("Starting …") as status:
        found = _all(Path(folder), given.sizes, status)
    console.print(markdown([Section([one.row(found[0]) for one in found])], "p50 · p99 over HTTP."), soft_wrap=True)
    if given.plot:
        draw(found, given.plot)


if __name__ == "__main__":
    main()
