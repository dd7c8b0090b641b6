"""The states of one collection into another of other encoders: what the new collection has before it follows the log.

A page at a time, in the order of the points' ids. Each state is joined with what the new collection has, never written
over it, so a pass may be killed, done again, and run beside workers. Vectors of encoders that both collections share
are copied; the rest is encoded anew, pictures fetched again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from catalog.engine import outages_named
from catalog.points import decode
from catalog.state import join
from catalog.vectors import IMAGE, SparseVector
from ingest.merge import Change
from ingest.patience import Stopped, patiently
from ingest.pictures import OK

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from catalog.engine import Engine
    from catalog.migration import Filling
    from catalog.points import Derived, Stored
    from encoders.interface import FloatArray
    from ingest.encoding import Encoding
    from ingest.point_writes import PointWrite
    from ingest.store import Store

PAGE_PRODUCTS: Final = 128


@dataclass(frozen=True, slots=True)
class Origin:
    """The collection that is copied, and the vectors that need not be made anew, by name."""

    collection: str
    carried: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Copied:
    """A product as the old collection has it, with the vectors that are carried over."""

    product: Stored
    vectors: Mapping[str, FloatArray | SparseVector]


class Backfill:
    """Copies `origin` into the collection of `store`. An outage of the engine is waited out."""

    def __init__(
        self, engine: Engine, origin: Origin, store: Store, encoding: Encoding, stopping: threading.Event
    ) -> None:
        self._engine = engine
        self._origin = origin
        self._store = store
        self._encoding = encoding
        self._stopping = stopping

    def run(self, filling: Filling, keep: Callable[[Filling], None]) -> bool:
        """Go on from `filling` to the end; `keep` makes each step durable. False where it was told to stop before."""
        try:
            while not self._stopping.is_set():
                page, cursor = self._patiently(partial(self._page, filling.cursor))
                self._copy(page)
                filling = replace(filling, cursor=cursor, points=filling.points + len(page))
                self._patiently(partial(keep, filling))
                if cursor is None:
                    return True
        except Stopped:
            return False
        return False

    def _patiently(self, step: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the step returns
        return patiently(step, self._stopping)

    def _page(self, cursor: str | None) -> tuple[list[_Copied], str | None]:
        with outages_named():
            records, following = self._engine.scroll(
                collection_name=self._origin.collection,
                offset=cursor,
                limit=PAGE_PRODUCTS,
                with_payload=True,
                with_vectors=sorted(self._origin.carried),
            )
        page = [_Copied(decode(one.payload), _vectors(one.vector)) for one in records if one.payload]
        return page, None if following is None else str(following)

    def _copy(self, page: Sequence[_Copied]) -> None:
        """Write what the page adds; a product that somebody else wrote meanwhile is read and joined again."""
        pending = {one.product.product_id: one for one in page}
        while pending:
            held = self._patiently(partial(self._store.read, list(pending)))
            changes = [change for name, one in pending.items() if (change := self._change(one, held[name]))]
            writes = [self._with_carried(write, pending) for write in self._encoding.points(changes)]
            raced = self._patiently(partial(self._store.write, writes))
            pending = {name: pending[name] for name in raced}

    def _change(self, copied: _Copied, held: Stored) -> Change | None:
        """Return what is to be written of a product, None where the new collection has it all."""
        old = copied.product
        if held.revision is None:
            before = replace(old, derived=self._carried(old.derived, copied), revision=None)
            return Change(before, old.state, ask_pictures=IMAGE not in self._origin.carried)
        joined = join(held.state, old.state)
        again = _lacks_pictures(held.derived, old.derived)
        return Change(held, joined, ask_pictures=again) if again or joined is not held.state else None

    def _carried(self, derived: Derived, copied: _Copied) -> Derived:
        """Return what was made of a product as far as it holds in the new collection."""
        digests = {name: digest for name, digest in derived.digests.items() if name in copied.vectors}
        return replace(derived, digests=digests, pictures=derived.pictures if IMAGE in self._origin.carried else ())

    def _with_carried(self, write: PointWrite, pending: Mapping[str, _Copied]) -> PointWrite:
        """Give a product that is new here the vectors that its encoders need not make."""
        if write.expected is not None:
            return write
        old = pending[write.product.product_id].vectors
        return replace(write, vectors={**{name: old[name] for name in write.kept}, **write.vectors}, kept=frozenset())


def _lacks_pictures(held: Derived, old: Derived) -> bool:
    return any(one.status != OK for one in held.pictures) and any(one.status == OK for one in old.pictures)


def _vectors(given: Any) -> dict[str, FloatArray | SparseVector]:  # noqa: ANN401 - as the client declares it
    """Return stored vectors as encoders make them."""
    if not isinstance(given, dict):
        return {}
    return {
        name: np.array(one, dtype=np.float32)
        if isinstance(one, list)
        else SparseVector(tuple(one.indices), tuple(one.values))
        for name, one in given.items()
    }
