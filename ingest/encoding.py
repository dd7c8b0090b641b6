"""Changes to points: which inputs of the encoders really changed, their vectors, and what became of the pictures.

A digest of every input is kept with the product; equal digest, no encoding. A price event encodes nothing.
"""

from __future__ import annotations

import hashlib
import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import zip_longest
from threading import Semaphore
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import structlog

from catalog.errors import InvalidInput, InvalidPicture, PictureUnavailable
from catalog.points import Derived, PictureStatus
from catalog.product import iso
from catalog.text import dense_text, lexical_text
from catalog.vectors import IMAGE, LEXICAL, TEXT
from encoders.pictures.decode import PictureLimits, decode
from ingest.store import PointWrite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

    from catalog.product import Json
    from catalog.vectors import SparseVector
    from encoders.interface import Encoders, FloatArray, Picture
    from encoders.pictures.fetch import PictureFetcher
    from ingest.merge import Change
    from ingest.metrics import IngestMetrics

_T = TypeVar("_T")
_FETCHING_THREADS: Final = 8
_PICTURES_AT_ONCE: Final = 128
_GROUPS_IN_MEMORY: Final = 2
"""Pictures encoded together, and how many such groups there are at once: of 512 × 512 pixels each, 200 MB."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A picture that was fetched and decoded, or not: `pixels` is None unless its status is ok."""

    status: PictureStatus
    pixels: Picture | None = None


@dataclass(slots=True)
class _Draft:
    """A point on its way: what its encoders must read, and what has been settled without them.

    `texts` are what the text encoders read, by vector, and `pixels` the pictures that could be read, by their place
    among the product's.
    """

    change: Change
    digests: dict[str, str]
    product: dict[str, Json]
    texts: dict[str, str]
    pictures: tuple[PictureStatus, ...]
    pixels: dict[int, Picture]
    vectors: dict[str, FloatArray | SparseVector]

    def changed(self, name: str) -> bool:
        """Whether a vector must be made anew."""
        return name in self.digests and self.digests[name] != self.change.before.derived.digests.get(name)

    def refuse(self, places: Sequence[int]) -> None:
        """Note of which pictures the encoder made nothing."""
        refused = PictureStatus("refused", error="the encoder makes no vector of this picture")
        self.pictures = tuple(refused if place in places else one for place, one in enumerate(self.pictures))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A product whose pictures are on their way."""

    draft: _Draft
    pictures: list[Future[_Seen]]


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
        self._decoding = Semaphore(max(1, (os.cpu_count() or 1) // 2))  # the encoders need the other cores meanwhile

    def close(self) -> None:
        """End the threads that fetch."""
        self._threads.shutdown(cancel_futures=True)

    def points(self, changes: Sequence[Change]) -> list[PointWrite]:
        """Return what to write for each change, with the vectors whose input changed."""
        drafts = [self._draft(change) for change in changes]
        groups = list(_in_groups(drafts))
        asked = deque(map(self._ask_pictures, groups[:_GROUPS_IN_MEMORY]))  # they come while the texts are encoded
        self._encode_texts([draft for draft in drafts if draft.changed(TEXT)])
        for group, later in zip_longest(groups, groups[_GROUPS_IN_MEMORY:], fillvalue=()):
            self._take_pictures(asked.popleft())
            self._encode_pictures([draft for draft in group if draft.changed(IMAGE)])
            asked.append(self._ask_pictures(later))
        for draft in drafts:
            if draft.changed(LEXICAL):
                draft.vectors[LEXICAL] = self._encoders.lexical.encode_document(draft.texts[LEXICAL])
        indexed_at = iso(self._now())
        writes = [_write(draft, indexed_at) for draft in drafts]
        self._metrics.encoded(writes)
        return writes

    def _draft(self, change: Change) -> _Draft:
        """Say what a product's vectors are made of; one that is not visible is made of nothing."""
        draft = _Draft(change, {}, {}, {}, (), {}, {})
        if change.state.visible:
            draft.product = change.state.product()
            draft.texts = {TEXT: dense_text(draft.product), LEXICAL: lexical_text(draft.product)}
            draft.digests = {name: _digest(text.encode()) for name, text in draft.texts.items() if text}
        return draft

    def _ask_pictures(self, drafts: Sequence[_Draft]) -> list[_Asked]:
        """Fetch the pictures of products that name others than before; the rest keep what they have."""
        asked = []
        for draft in drafts:
            before = draft.change.before
            references = draft.product.get("images", [])
            if before.state.visible and references == before.state.product().get("images", []):
                draft.pictures = before.derived.pictures
                draft.digests |= {name: held for name, held in before.derived.digests.items() if name == IMAGE}
            elif references:
                asked.append(_Asked(draft, [self._threads.submit(self._see, one) for one in references]))
        return asked

    def _take_pictures(self, asked: Sequence[_Asked]) -> None:
        """Wait for the pictures and give each product its own."""
        for each in asked:
            draft, found = each.draft, [coming.result() for coming in each.pictures]
            draft.pictures = tuple(one.status for one in found)
            draft.pixels = {place: one.pixels for place, one in enumerate(found) if one.pixels is not None}
            if draft.pixels:
                draft.digests[IMAGE] = _digest("".join(one.status.digest or "" for one in found).encode())
        self._metrics.pictures([status for each in asked for status in each.draft.pictures])

    def _see(self, reference: str) -> _Seen:
        try:
            data = self._fetcher.fetch(reference)
            with self._decoding:
                return _Seen(PictureStatus("ok", digest=_digest(data)), decode(data, self._limits))
        except InvalidPicture as error:
            return _Seen(PictureStatus("refused", error=str(error)))
        except PictureUnavailable as error:
            return _Seen(PictureStatus("failed", error=str(error)))

    def _encode_texts(self, drafts: Sequence[_Draft]) -> None:
        vectors = _each(self._encoders.text.encode_documents, [draft.texts[TEXT] for draft in drafts])
        for draft, vector in zip(drafts, vectors, strict=True):
            if vector is None:
                del draft.digests[TEXT]
            else:
                draft.vectors[TEXT] = vector

    def _encode_pictures(self, drafts: Sequence[_Draft]) -> None:
        """Give each product the mean of its pictures' vectors, at unit length again."""
        pixels = [picture for draft in drafts for picture in draft.pixels.values()]
        encoded = iter(_each(self._encoders.picture.encode_pictures, pixels))
        for draft in drafts:
            vectors = {place: next(encoded) for place in draft.pixels}
            draft.pixels = {}
            draft.refuse([place for place, vector in vectors.items() if vector is None])
            made = [vector for vector in vectors.values() if vector is not None]
            if made:
                mean = np.mean(made, axis=0)
                draft.vectors[IMAGE] = mean / max(float(np.linalg.norm(mean)), 1e-12)
            else:
                del draft.digests[IMAGE]


def _in_groups(drafts: Sequence[_Draft]) -> Iterator[list[_Draft]]:
    """Yield the drafts in order, as many at a time as `_PICTURES_AT_ONCE` allows."""
    group: list[_Draft] = []
    pictures = 0
    for draft in drafts:
        more = len(draft.product.get("images", []))
        if group and pictures + more > _PICTURES_AT_ONCE:
            yield group
            group, pictures = [], 0
        group.append(draft)
        pictures += more
    if group:
        yield group


def _each(encode: Callable[[Sequence[_T]], FloatArray], inputs: Sequence[_T]) -> list[FloatArray | None]:
    """Return a vector for each input, None for one of which the encoder makes nothing finite: it costs only itself."""
    if not inputs:
        return []
    try:
        return list(encode(inputs))
    except InvalidInput as error:
        if len(inputs) == 1:
            _log.warning("an input was left without a vector", error=str(error))
            return [None]
        half = len(inputs) // 2
        return _each(encode, inputs[:half]) + _each(encode, inputs[half:])


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
