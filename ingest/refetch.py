"""Pictures that failed and are due again: asked for once more, and written as the loop writes, guarded like any batch.

What is due is asked of the engine, so that the worker needs no timer and no list; run it from time to time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from encoders.pictures.answers import Failure, NotFetched
from ingest.isolation import apply_isolated, sound_change
from ingest.merge import Change
from ingest.patience import Stopped, patiently
from ingest.pictures import FAILED, missed
from ingest.point_writes import PointWrite
from ingest.source import failure_text
from ingest.store import is_due

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from catalog.points import Stored
    from ingest.encoding import Encoding
    from ingest.isolation import Refused
    from ingest.store import Store

BATCH_PRODUCTS: Final = 64


@dataclass(slots=True)
class Refetched:
    """What came of it: products done of those that were due, and what became of the pictures that had failed.

    `pictures` counts them by their status now: ok, failed (again), refused, gone.
    """

    due: int = 0
    products: int = 0
    pictures: Counter[str] = field(default_factory=Counter)
    finished: bool = False


class Refetch:
    """One pass over what is due at `moment`. Safe to kill, and to run beside workers and another pass."""

    def __init__(self, store: Store, encoding: Encoding, *, moment: datetime, stopping: threading.Event) -> None:
        self._store = store
        self._encoding = encoding
        self._moment = moment
        self._stopping = stopping

    def run(self, *, limit: int | None, progress: Callable[[Refetched], None]) -> Refetched:
        """Ask for everything that is due, or for `limit` products, those due for longest first.

        An outage of the engine is waited out. `finished` is False where it was told to stop before the end.
        """
        outcome = Refetched()
        try:
            outcome.due = patiently(partial(self._store.count_due, self._moment), self._stopping)
            wanted = outcome.due if limit is None else min(limit, outcome.due)
            progress(outcome)
            while outcome.products < wanted and not self._stopping.is_set():
                count = min(BATCH_PRODUCTS, wanted - outcome.products)
                products = patiently(partial(self._store.read_due, self._moment, limit=count), self._stopping)
                if not products:  # others were faster
                    break
                for refused in apply_isolated(partial(self._ask_again, outcome), self._probe, products):
                    self._put_off(refused)
                outcome.products += len(products)
                progress(outcome)
            outcome.finished = not self._stopping.is_set()
        except Stopped:
            outcome.finished = False
        return outcome

    def _ask_again(self, outcome: Refetched, products: Sequence[Stored]) -> None:
        """Write the products with what their pictures are now; one that somebody else wrote is read and done again."""
        pending = list(products)
        while pending:
            writes = self._encoding.points([Change(one, one.state, ask_pictures=True) for one in pending])
            raced = patiently(partial(self._store.write, writes), self._stopping)
            for before, write in zip(pending, writes, strict=True):
                if write.product.product_id not in raced:
                    outcome.pictures.update(_became(before, write))
            read = patiently(partial(self._store.read, sorted(raced)), self._stopping) if raced else {}
            pending = [one for one in read.values() if self._is_due(one)]

    def _probe(self) -> None:
        self._encoding.points([sound_change()])
        self._store.probe()

    def _put_off(self, refused: Refused[Stored]) -> None:
        """Let a product on which the pipeline itself fails wait as if its pictures had failed again."""
        product = refused.one
        failure = NotFetched(Failure.FOR_NOW, failure_text(refused.error))
        pictures = tuple(
            one if one.due_at is None else missed(failure, one, self._moment) for one in product.derived.pictures
        )
        later = replace(product, derived=replace(product.derived, pictures=pictures))
        write = PointWrite(later, product.revision, {}, kept=frozenset(product.derived.digests), before=product)
        patiently(partial(self._store.write, [write]), self._stopping)  # who wrote it meanwhile has tried it anew

    def _is_due(self, product: Stored) -> bool:
        times = [one.due_at for one in product.derived.pictures if one.due_at is not None]
        return product.state.visible and any(is_due(datetime.fromisoformat(time), self._moment) for time in times)


def _became(before: Stored, write: PointWrite) -> list[str]:
    pairs = zip(before.derived.pictures, write.product.derived.pictures, strict=True)
    return [now.status for then, now in pairs if then.status == FAILED]
