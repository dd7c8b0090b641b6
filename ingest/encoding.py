"""Changes to points: which inputs of the encoders really changed, their vectors, and what became of the pictures.

A digest of every input is kept with the product; equal digest, no encoding. A price event encodes nothing. What
another product, or the same one long ago, was made of is found by its digest in the encoding cache.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import structlog

from catalog.errors import InvalidInput
from catalog.points import Derived, PictureStatus
from catalog.product import iso
from catalog.text import dense_text, lexical_text
from catalog.vectors import IMAGE, LEXICAL, TEXT
from ingest.encoding_cache import NoEncodingCache
from ingest.pictures import OK, PictureReader, Seen, digest_of
from ingest.store import PointWrite
from ingest.tracing import step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from catalog.product import Json
    from catalog.vectors import SparseVector
    from encoders.interface import Description, Encoders, FloatArray
    from encoders.pictures.decode import PictureLimits
    from encoders.pictures.fetch import PictureFetcher
    from ingest.encoding_cache import EncodingCache
    from ingest.merge import Change
    from ingest.metrics import IngestMetrics

_T = TypeVar("_T")
_PICTURES_AT_ONCE: Final = 128
_GROUPS_IN_MEMORY: Final = 2
"""Pictures encoded together, and how many such groups there are at once: of 512 × 512 pixels each, 200 MB."""
_NEW, _CHANGED = "new", "changed"

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Draft:
    """A point on its way: what its encoders must read, and what has been settled without them.

    `texts` are what the text encoders read, by vector, and `seen` what came of asking for its pictures, in their order;
    it is empty where they were not asked for or are what they were.
    """

    change: Change
    digests: dict[str, str]
    product: dict[str, Json]
    texts: dict[str, str]
    pictures: tuple[PictureStatus, ...]
    seen: list[Seen]
    vectors: dict[str, FloatArray | SparseVector]

    def changed(self, name: str) -> bool:
        """Whether a vector must be made anew."""
        return name in self.digests and self.digests[name] != self.change.before.derived.digests.get(name)

    def why(self, name: str) -> str:
        """Return why a vector is made anew, for counting."""
        return _CHANGED if name in self.change.before.derived.digests else _NEW

    def see(self, seen: list[Seen]) -> None:
        """Take what came of asking for the pictures."""
        self.seen = seen
        self.pictures = tuple(one.status for one in seen)
        if any(status.status == OK for status in self.pictures):
            self.digests[IMAGE] = digest_of("".join(status.digest or "" for status in self.pictures).encode())
        else:
            self.digests.pop(IMAGE, None)

    def refuse(self, digests: set[str]) -> None:
        """Note of which pictures the encoder made nothing."""
        refused = PictureStatus("refused", error="the encoder makes no vector of this picture")
        self.pictures = tuple(refused if one.digest in digests else one for one in self.pictures)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A product whose pictures are on their way."""

    draft: _Draft
    pictures: list[Future[Seen]]


class Encoding:
    """Makes the points of a batch: one pass over its texts, one over its pictures."""

    def __init__(  # noqa: PLR0913 - the parts of one stage, wired once
        self,
        encoders: Encoders,
        fetcher: PictureFetcher,
        metrics: IngestMetrics,
        *,
        limits: PictureLimits | None = None,
        cache: EncodingCache | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._encoders = encoders
        self._metrics = metrics
        self._cache = cache or NoEncodingCache()
        self._now = now
        self._text_maker = _maker(TEXT, encoders.text.description)
        self._picture_maker = _maker(IMAGE, encoders.picture.description)
        self._reader = PictureReader(fetcher, self._known_picture, limits=limits, now=now)

    def close(self) -> None:
        """End the threads that fetch."""
        self._reader.close()

    @step("encode")
    def points(self, changes: Sequence[Change]) -> list[PointWrite]:
        """Return what to write for each change, with the vectors whose input changed."""
        drafts = [self._draft(change) for change in changes]
        groups = list(_in_groups(drafts))
        asked = deque(map(self._ask_pictures, groups[:_GROUPS_IN_MEMORY]))  # they come while the texts are encoded
        self._encode_texts([draft for draft in drafts if draft.changed(TEXT)])
        made: dict[str, FloatArray | None] = {}
        for group, later in zip_longest(groups, groups[_GROUPS_IN_MEMORY:], fillvalue=()):
            self._take_pictures(asked.popleft())
            self._encode_pictures([draft for draft in group if draft.changed(IMAGE)], made)
            asked.append(self._ask_pictures(later))
        self._encode_words([draft for draft in drafts if draft.changed(LEXICAL)])
        indexed_at = iso(self._now())
        writes = [_write(draft, indexed_at) for draft in drafts]
        for write in writes:
            for name in write.kept:
                self._metrics.unchanged(name, _inputs(write, name))
        return writes

    def _draft(self, change: Change) -> _Draft:
        """Say what a product's vectors are made of; one that is not visible is made of nothing."""
        draft = _Draft(change, {}, {}, {}, (), [], {})
        if change.state.visible:
            draft.product = change.state.product()
            draft.texts = {TEXT: dense_text(draft.product), LEXICAL: lexical_text(draft.product)}
            draft.digests = {name: digest_of(text.encode()) for name, text in draft.texts.items() if text}
        return draft

    def _ask_pictures(self, drafts: Sequence[_Draft]) -> list[_Asked]:
        """Ask for the pictures of products that name others than before, or are due; the rest keep what they have."""
        asked = []
        for draft in drafts:
            before, references = draft.change.before, draft.product.get("images", [])
            had = before.state.product().get("images", []) if before.state.visible else []
            if references == had and before.state.visible and not draft.change.ask_pictures:
                draft.pictures = before.derived.pictures
                draft.digests |= {name: held for name, held in before.derived.digests.items() if name == IMAGE}
            elif references:
                held = dict(zip(had, before.derived.pictures, strict=False))
                asked.append(_Asked(draft, [self._reader.ask(one, held.get(one)) for one in references]))
        return asked

    def _take_pictures(self, asked: Sequence[_Asked]) -> None:
        """Wait for the pictures and give each product its own; fetch once more what is needed and was not sent."""
        for each in asked:
            each.draft.see(self._results(each.pictures))
        again = [(each.draft, self._ask_unread(each.draft)) for each in asked if each.draft.changed(IMAGE)]
        for draft, coming in again:
            if coming:
                found = dict(zip(coming, self._results(coming.values()), strict=True))
                draft.see([found.get(place, one) for place, one in enumerate(draft.seen)])
        for each in asked:
            if not each.draft.changed(IMAGE):
                each.draft.seen = []

    def _ask_unread(self, draft: _Draft) -> dict[int, Future[Seen]]:
        references = draft.product["images"]
        return {place: self._reader.ask(references[place], None) for place, one in enumerate(draft.seen) if one.unread}

    def _results(self, coming: Iterable[Future[Seen]]) -> list[Seen]:
        seen = [each.result() for each in coming]
        self._metrics.pictures(one.outcome for one in seen)
        return seen

    def _known_picture(self, digest: str) -> FloatArray | None:
        return self._cache.find(self._picture_maker, [digest]).get(digest)

    def _encode_texts(self, drafts: Sequence[_Draft]) -> None:
        texts = {draft.digests[TEXT]: draft.texts[TEXT] for draft in drafts}
        known = self._cache.find(self._text_maker, texts)
        new = {digest: text for digest, text in texts.items() if digest not in known}
        vectors = known | self._made(self._text_maker, self._encoders.text.encode_documents, new)
        cached = sum(draft.digests[TEXT] in known for draft in drafts)
        reasons = {draft.digests[TEXT]: draft.why(TEXT) for draft in drafts}
        made = Counter(reasons[digest] for digest in new)
        self._metrics.encoded(TEXT, made=made, cached=cached, same_batch=len(drafts) - cached - len(new))
        for draft in drafts:
            vector = vectors[draft.digests[TEXT]]
            if vector is None:
                del draft.digests[TEXT]
            else:
                draft.vectors[TEXT] = vector

    def _encode_words(self, drafts: Sequence[_Draft]) -> None:
        for draft in drafts:
            draft.vectors[LEXICAL] = self._encoders.lexical.encode_document(draft.texts[LEXICAL])
        self._metrics.encoded(LEXICAL, made=Counter(draft.why(LEXICAL) for draft in drafts))

    def _encode_pictures(self, drafts: Sequence[_Draft], made: dict[str, FloatArray | None]) -> None:
        """Give each product a vector for each of its pictures; `made` are the batch's so far."""
        seen = [one for draft in drafts for one in draft.seen if one.status.status == OK]
        known = {one.digest: one.vector for one in seen if one.vector is not None}
        found = made | known
        new = {one.digest: one.pixels for one in seen if one.pixels is not None and one.digest not in found}
        made |= self._made(self._picture_maker, self._encoders.picture.encode_pictures, new)
        cached = sum(one.digest in known for one in seen)
        reasons = {one.digest: draft.why(IMAGE) for draft in drafts for one in draft.seen}
        counts = Counter(reasons[digest] for digest in new)
        self._metrics.encoded(IMAGE, made=counts, cached=cached, same_batch=len(seen) - cached - len(new))
        for draft in drafts:
            _take_each(draft, known | made)

    def _made(
        self, maker: str, encode: Callable[[Sequence[_T]], FloatArray], inputs: Mapping[str, _T]
    ) -> dict[str, FloatArray | None]:
        """Encode inputs by their digests, and keep what was made; None for one of which the encoder makes nothing."""
        made = dict(zip(inputs, _each(encode, list(inputs.values())), strict=True))
        self._cache.keep(maker, {digest: vector for digest, vector in made.items() if vector is not None})
        return made


def _take_each(draft: _Draft, vectors: Mapping[str, FloatArray | None]) -> None:
    """Give a product its pictures' vectors, (n, size), in their order; the same picture twice is one."""
    digests = list(dict.fromkeys(one.digest for one in draft.seen if one.status.status == OK))
    made = [vector for digest in digests if (vector := vectors[digest]) is not None]
    draft.seen = []
    draft.refuse({digest for digest in digests if vectors[digest] is None})
    if made:
        draft.vectors[IMAGE] = np.stack(made)
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


def _inputs(write: PointWrite, vector: str) -> int:
    """Return how many inputs a vector is made of."""
    return sum(one.status == OK for one in write.product.derived.pictures) if vector == IMAGE else 1


def _maker(arm: str, description: Description) -> str:
    """Return what vectors are cached under: whatever else made them could have made others."""
    return f"{arm}/{description.name}/{description.revision}"
