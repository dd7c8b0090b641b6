"""The order of a run: draw, ingest, start, then for each size fill an index, search it, change its prices."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from catalog.embedded import EmbeddedClient
from deploy.processes.parts import declare
from deploy.sample.catalogue import products
from deploy.sample.write import write_pictures
from deploy.settings import ApiSettings, Settings
from tests.benchmarks import beside, brokered, crowd, encoding, faceting, ingesting, querying, suggesting
from tests.benchmarks.goods import goods, picture_of, queries, upserts
from tests.benchmarks.served import Api, Served, demo
from tests.benchmarks.stocked import forget_commit, imitating, opened, real_vectors, tiny_pictures
from tests.benchmarks.table import Row, Section
from tests.benchmarks.timing import Samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from rich.progress import Progress

    from encoders.interface import Encoders, FloatArray
    from tests.benchmarks.querying import Kind, Times

DEPTH = ApiSettings().depth
DISTINCT_QUERIES = 40
SEARCHES_A_TURN = 10
FILL_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured; `searches` are of each kind."""

    sizes: tuple[int, ...]
    searches: int
    new_products: int
    batch: int
    price_rounds: int
    starts: int


@dataclass(frozen=True, slots=True)
class Campaign:
    """One run: real encoders, a folder for its indexes, a folder of drawings that outlives it, a progress bar."""

    plan: Plan
    encoders: Encoders
    folder: Path
    images: Path
    progress: Progress

    def sections(self) -> list[Section]:
        """Measure everything and return the lines of the table."""
        self._draw()
        alone = self._encoders_alone()
        new, vectors = self._new_products()
        cheap = imitating(self.encoders, vectors)
        tiny = self.folder / "tiny"
        tiny_pictures(tiny, [picture_of(product) for product in products()])
        ready = Samples()
        self._start(ready)
        searches, rest, prices = [], [], {}
        wanted = goods(self.plan.new_products)
        brokers = brokered.new_products_row(self.folder / "brokered", self.images, self.encoders, wanted)
        feed = [brokers, ingesting.folding_row(wanted)]
        for size in self.plan.sizes:
            data = self.folder / f"{size}"
            self._fill(data, tiny, cheap, size)
            found, used = self._search(data, size, ready)
            searches.append(querying.section(size, found))
            rest += used
            prices[size], rows = self._change_prices(data, tiny, size)
            feed += rows
        return [alone, *searches, ingesting.section(new, prices, feed), Section([*rest, _ready(ready)])]

    def _draw(self) -> None:
        tick = self._step("Drawing pictures", len(products()))
        write_pictures(self.images, lambda _done, _total: tick())

    def _encoders_alone(self) -> Section:
        wanted = goods(max(encoding.BATCHES))
        tick = self._step("Encoding", 1)
        found = encoding.encoding(
            self.encoders,
            [product.as_product() for product in wanted],
            [(self.images / picture_of(one)).read_bytes() for one in wanted],
        )
        tick()
        return found

    def _new_products(self) -> tuple[ingesting.NewProducts, dict[str, FloatArray]]:
        wanted = goods(self.plan.new_products)
        tick = self._step("Ingesting new products", len(wanted) // self.plan.batch)
        with opened(self.folder / "sample", self.images, self.encoders) as shop:
            found = ingesting.measure_new(shop, self.encoders, self.images, wanted, self.plan.batch, tick)
            return found, real_vectors(shop, [product.id for product in wanted])

    def _start(self, ready: Samples) -> None:
        """Start the demo a few times more than the searches need."""
        tick = self._step("Starting the demo", self.plan.starts)
        for _ in range(self.plan.starts):
            with self._demo(self.folder / "sample") as served:
                ready.seconds.append(served.ready_seconds)
            tick()

    def _fill(self, data: Path, tiny: Path, cheap: Encoders, size: int) -> None:
        events = list(upserts(goods(size)))
        starts = range(0, size, FILL_AT_ONCE)
        tick = self._step(f"Filling an index of {size:,}", len(starts))
        with opened(data, tiny, cheap) as shop:
            for start in starts:
                shop.ingest(events[start : start + FILL_AT_ONCE])
                tick()

    def _search(self, data: Path, size: int, ready: Samples) -> tuple[dict[Kind, Times], list[Row]]:
        copy = data.with_name(f"{size}-served")
        shutil.copytree(data, copy)
        asked = queries(DISTINCT_QUERIES, self.images)
        turns = range(0, self.plan.searches, SEARCHES_A_TURN)
        tick = self._step(f"Searching {size:,} products", len(turns) * len(querying.KINDS))
        client = EmbeddedClient(data / "index")
        collection = declare(Settings(_env_file=None), self.encoders).physical_name
        found = {kind: querying.Times() for kind in querying.KINDS}
        with self._demo(copy) as served:
            ready.seconds.append(served.ready_seconds)
            api = Api(served.port)
            bench = querying.Bench(self.encoders, client, collection, DEPTH, api)
            bench.warm_up(asked)
            for turn in turns:
                part = [asked[(turn + number) % len(asked)] for number in range(SEARCHES_A_TURN)]
                for kind, times in found.items():
                    bench.measure(kind, part, times)
                    tick()
            bench.close()
            http = Samples()
            for _ in range(self.plan.searches):
                with http.timed():
                    api.get("/livez")
            suggestions = suggesting.measure(api, goods(size))
            counted = faceting.rows(size, faceting.measure(api, asked, self.plan.searches))
            crowded = crowd.over_http(served.port, crowd.new_texts(asked), size)
            disturbed = beside.row(api, copy / "log", asked, goods(size))
            api.close()
            client.close()
            alone = Row(f"HTTP alone (/livez) beside {size:,} products", str(http))
            return found, [*counted, *crowded, *suggestions, disturbed, _memory(served, size), alone]

    def _change_prices(self, data: Path, tiny: Path, size: int) -> tuple[Samples, list[Row]]:
        rounds = self.plan.price_rounds
        tick = self._step(f"Changing {size:,} prices", rounds + 3)
        with opened(data, tiny, self.encoders) as shop:
            prices = ingesting.measure_prices(shop, goods(size), rounds, tick)
            fresh = ingesting.freshness_row(shop, goods(size), rounds + 2)
            tick()
        forget_commit(data)
        with opened(data, tiny, self.encoders) as shop:
            replayed = ingesting.replay_row(shop, size)
            tick()
        brokers = brokered.prices_row(data, tiny, self.encoders, goods(size), rounds + 3)
        tick()
        return prices, [brokers, replayed, fresh]

    def _demo(self, data: Path) -> AbstractContextManager[Served]:
        nothing = self.folder / "nothing.jsonl"
        nothing.touch()
        return demo(data, self.images, "--catalogue", str(nothing))

    def _step(self, description: str, total: int) -> Callable[[], None]:
        return partial(self.progress.advance, self.progress.add_task(description, total=total))


def _ready(found: Samples) -> Row:
    return Row(
        "start of `vitrine demo` on a folder it has filled before, until /readyz",
        f"{found.p50_ms / 1000:.1f} s",
        f"{min(found.seconds):.1f} to {max(found.seconds):.1f} s in {len(found.seconds)} starts",
    )


def _memory(served: Served, size: int) -> Row:
    now, most = served.memory_mib(), served.memory_mib("VmHWM")
    if now is None or most is None:
        return Row(f"memory of `vitrine demo`, {size:,} products", "unknown here (no /proc)")
    return Row(f"memory of `vitrine demo`, {size:,} products", f"{now:,.0f} MiB", f"at most {most:,.0f} MiB")
