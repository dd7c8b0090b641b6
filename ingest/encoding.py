"""Changes to points: which inputs of the encoders really changed, their vectors, and what became of the pictures.

A digest of every input is kept with the product; equal digest, no encoding. A price event encodes nothing.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.errors import InvalidPicture, PictureUnavailable
from catalog.points import Derived, PictureStatus
from catalog.product import iso
from catalog.text import dense_text, lexical_text
from catalog.vectors import IMAGE, LEXICAL, TEXT
from encoders.pictures.decode import PictureLimits, decode
from ingest.store import PointWrite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from catalog.product import Json
    from catalog.vectors import SparseVector
    from encoders.interface import Encoders, FloatArray, Picture
    from encoders.pictures.fetch import PictureFetcher
    from ingest.merge import Change
    from ingest.metrics import IngestMetrics

_FETCHING_THREADS: Final = 8
_NONE_ENCODED: Final[Mapping[str, FloatArray | SparseVector]] = {}


@dataclass(frozen=True, slots=True)
class _Seen:
    """A picture that was fetched and decoded, or not: `pixels` is None unless its status is ok."""

    status: PictureStatus
    pixels: Picture | None = None


@dataclass(slots=True)
class _Draft:
    """A point on its way: what its encoders must read, and what has been settled without them."""

    change: Change
    digests: dict[str, str]
    product: dict[str, Json]
    pictures: tuple[PictureStatus, ...]
    pixels: list[Picture]
    vectors: dict[str, FloatArray | SparseVector]

    def changed(self, name: str) -> bool:
        """Whether a vector must be made anew."""
        return name in self.digests and self.digests[name] != self.change.before.derived.digests.get(name)


class Encoding:
    """Makes the points of a batch: one pass over its texts, one over its pictures."""

    def __init__(
        self,
        encoders: Encoders,
        fetcher: PictureFetcher,
        metrics: IngestMetrics,
        *,
        limits: PictureLimits | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._encoders = encoders
        self._fetcher = fetcher
        self._metrics = metrics
        self._limits = limits or PictureLimits()
        self._now = now
        self._threads = ThreadPoolExecutor(_FETCHING_THREADS, thread_name_prefix="pictures")

    def close(self) -> None:
        """End the threads that fetch."""
        self._threads.shutdown(cancel_futures=True)

    def points(self, changes: Sequence[Change]) -> list[PointWrite]:
        """Return what to write for each change, with the vectors whose input changed."""
        drafts = [self._draft(change) for change in changes]
        self._see_pictures(drafts)
        self._encode_texts([draft for draft in drafts if draft.changed(TEXT)])
        self._encode_pictures([draft for draft in drafts if draft.changed(IMAGE)])
        for draft in drafts:
            if draft.changed(LEXICAL):
                text = lexical_text(draft.product)
                draft.vectors[LEXICAL] = self._encoders.lexical.encode_document(text)
        indexed_at = iso(self._now())
        writes = [_write(draft, indexed_at) for draft in drafts]
        self._metrics.encoded(writes)
        return writes

    def _draft(self, change: Change) -> _Draft:
        """Say what a product's vectors are made of; one that is not visible is made of nothing."""
        draft = _Draft(change, {}, {}, (), [], {})
        if change.state.visible:
            draft.product = change.state.product()
            for name, text in ((TEXT, dense_text(draft.product)), (LEXICAL, lexical_text(draft.product))):
                if text:
                    draft.digests[name] = _digest(text.encode())
        return draft

    def _see_pictures(self, drafts: Sequence[_Draft]) -> None:
        """Fetch the pictures of products that name others than before; the rest keep what they have."""
        wanted = []
        for draft in drafts:
            before = draft.change.before
            references = draft.product.get("images", [])
            if before.state.visible and references == before.state.product().get("images", []):
                draft.pictures = before.derived.pictures
                draft.digests |= {name: held for name, held in before.derived.digests.items() if name == IMAGE}
            elif references:
                wanted.append(draft)
        seen = iter(self._threads.map(self._see, [ref for draft in wanted for ref in draft.product["images"]]))
        for draft in wanted:
            found = [next(seen) for _ in draft.product["images"]]
            draft.pictures = tuple(one.status for one in found)
            draft.pixels = [one.pixels for one in found if one.pixels is not None]
            if draft.pixels:
                draft.digests[IMAGE] = _digest("".join(one.status.digest or "" for one in found).encode())
        self._metrics.pictures([status for draft in wanted for status in draft.pictures])

    def _see(self, reference: str) -> _Seen:
        try:
            data = self._fetcher.fetch(reference)
            return _Seen(PictureStatus("ok", digest=_digest(data)), decode(data, self._limits))
        except InvalidPicture as error:
            return _Seen(PictureStatus("refused", error=str(error)))
        except PictureUnavailable as error:
            return _Seen(PictureStatus("failed", error=str(error)))

    def _encode_texts(self, drafts: Sequence[_Draft]) -> None:
        if drafts:
            vectors = self._encoders.text.encode_documents([dense_text(draft.product) for draft in drafts])
            for draft, vector in zip(drafts, vectors, strict=True):
                draft.vectors[TEXT] = vector

    def _encode_pictures(self, drafts: Sequence[_Draft]) -> None:
        """Give each product the mean of its pictures' vectors, at unit length again."""
        if not drafts:
            return
        vectors = self._encoders.picture.encode_pictures([pixels for draft in drafts for pixels in draft.pixels])
        start = 0
        for draft in drafts:
            mean = vectors[start : start + len(draft.pixels)].mean(axis=0)
            start += len(draft.pixels)
            draft.vectors[IMAGE] = mean / max(float(np.linalg.norm(mean)), 1e-12)


def _write(draft: _Draft, indexed_at: str) -> PointWrite:
    before = draft.change.before
    derived = Derived(digests=draft.digests, pictures=draft.pictures, indexed_at=indexed_at)
    product = replace(before, state=draft.change.state, derived=derived, revision=None)
    return PointWrite(
        product=product,
        expected=before.revision,
        vectors=draft.vectors,
        kept=frozenset(name for name in draft.digests if not draft.changed(name)),
        payload_only=before.revision is not None and dict(before.derived.digests) == draft.digests,
    )


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
