"""An index of any size by itself, for the benchmarks that are commands of their own."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy.sample.catalogue import products
from deploy.sample.write import write_pictures
from encoders.names import EncoderSettings
from encoders.registry import load_encoders
from tests.benchmarks.goods import goods, picture_of, upserts
from tests.benchmarks.served import demo
from tests.benchmarks.stocked import imitating, opened, real_vectors, tiny_pictures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from encoders.interface import Encoders
    from tests.benchmarks.served import Served

_REAL = 128
_FILL_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Kit:
    """What indexes are filled with: the real encoders, those that imitate them, drawings, and pixels in their place."""

    folder: Path
    images: Path
    tiny: Path
    real: Encoders
    cheap: Encoders

    def fill(self, data: Path, start: int, end: int, tick: Callable[[], None]) -> None:
        """Ingest the products from number `start` up to `end` into a data folder, a thousand at a time."""
        events = list(upserts(goods(end)[start:]))
        with opened(data, self.tiny, self.cheap) as shop:
            for at in range(0, len(events), _FILL_AT_ONCE):
                shop.ingest(events[at : at + _FILL_AT_ONCE])
                tick()

    @contextmanager
    def served(self, data: Path) -> Iterator[Served]:
        """Serve a data folder as `vitrine demo` in a process of its own, as it stands."""
        nothing = self.folder / "nothing.jsonl"
        nothing.touch()
        with demo(data, self.images, "--catalogue", str(nothing)) as served:
            yield served


def kit(folder: Path) -> Kit:
    """Draw the sample catalogue, load the encoders, and encode the first products in earnest."""
    images, tiny = folder / "images", folder / "tiny"
    write_pictures(images, lambda _done, _total: None)
    tiny_pictures(tiny, [picture_of(product) for product in products()])
    encoders, first = load_encoders(EncoderSettings()), goods(_REAL)
    with opened(folder / "real", images, encoders) as shop:
        shop.ingest(upserts(first))
        vectors = real_vectors(shop, [product.id for product in first])
    return Kit(folder, images, tiny, encoders, imitating(encoders, vectors))
