"""Changes to points: which inputs of the encoders really changed, their vectors, and what became of the pictures.

A digest of every input is kept with the product; equal digest, no encoding. A price event encodes nothing. What
another product, or the same one long ago, was made of is found by its digest in the encoding cache.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

import structlog

from catalog.errors import InvalidInput
from catalog.product import iso
from catalog.vectors import IMAGE, LEXICAL, TEXT
from ingest.ahead import OneAhead
from ingest.drafts import Draft, draft_of, in_groups, payload_write, reads_the_same
from ingest.encoding_cache import NoEncodingCache
from ingest.pictures import OK, PictureReader, Seen
from ingest.tracing import step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from encoders.interface import Description, Encoders, FloatArray
    from encoders.pictures.decode import PictureLimits
    from encoders.pictures.fetch import PictureFetcher
    from ingest.encoding_cache import EncodingCache
    from ingest.merge import Change
    from ingest.metrics import IngestMetrics
    from ingest.point_writes import PointWrite

_T = TypeVar("_T")
_INPUTS_AT_ONCE: Final = 64
_GROUPS_IN_MEMORY: Final = 4
"""Pictures encoded together, and how many such groups there are at once: of 512 × 512 pixels each, 200 MB.

Smaller groups are written sooner and beside more encoding; of still smaller ones the cores get unequal parts.
"""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A product whose pictures are on their way."""

    draft: Draft
    pictures: list[Future[Seen]]


@dataclass(frozen=True, slots=True)
class _Group:
    """Products whose inputs are encoded together."""

    drafts: list[Draft]
    asked: list[_Asked]


class Encoding:
    """Makes the points of a batch: in groups, of each one pass over its texts and one over its pictures.

    The texts of a group are encoded beside the pictures of the one before: no core waits for the end of a pass.
    """

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
        self._texts_ahead, self._ahead = OneAhead("encoding-texts"), OneAhead("encoding")
        self._text_maker = _maker(TEXT, encoders.text.description)
        self._picture_maker = _maker(IMAGE, encoders.picture.description)
        side = encoders.picture.description.needed_side_px
        self._reader = PictureReader(fetcher, self._known_picture, needed_side_px=side, limits=limits, now=now)

    def close(self) -> None:
        """End the threads, each before those that it may wait for."""
        self._ahead.close()
        self._texts_ahead.close()
        self._reader.close()

    def points(self, changes: Sequence[Change]) -> list[PointWrite]:
        """Return what to write for each change, with the vectors whose input changed."""
        writes = {write.product.product_id: write for part in self._in_parts(changes) for write in part}
        return [writes[one.before.product_id] for one in changes]

    def parts(self, changes: Sequence[Change]) -> Iterator[list[PointWrite]]:
        """Yield the same in parts, in any order; while the caller deals with one, the next is made on a thread."""
        return self._ahead.of(self._in_parts(changes))

    def _in_parts(self, changes: Sequence[Change]) -> Iterator[list[PointWrite]]:
        """Yield first what no encoder need read, then the rest in groups; pictures of the next ones come meanwhile."""
        same: list[Change] = []
        others: list[Change] = []
        for one in changes:
            (same if reads_the_same(one) else others).append(one)
        if same:
            indexed_at = iso(self._now())
            yield self._counted([payload_write(one, indexed_at) for one in same])
        made: dict[str, FloatArray | None] = {}
        for group in self._texts_ahead.of(self._with_texts(others)):
            self._finish(group, made)
            yield self._counted([draft.written(iso(self._now())) for draft in group.drafts])

    def _with_texts(self, changes: Sequence[Change]) -> Iterator[_Group]:
        """Yield the products in groups, their texts encoded; pictures of the next groups come meanwhile."""
        made: dict[str, FloatArray | None] = {}
        groups = in_groups(map(draft_of, changes), _INPUTS_AT_ONCE)
        asked = (_Group(drafts, self._ask_pictures(drafts)) for drafts in groups)
        coming = deque(islice(asked, _GROUPS_IN_MEMORY - 1))  # one more is having its pictures encoded
        while coming:
            group = coming.popleft()
            self._encode_texts([draft for draft in group.drafts if draft.changed(TEXT)], made)
            yield group
            coming.extend(islice(asked, 1))

    @step("encode pictures")
    def _finish(self, group: _Group, made: dict[str, FloatArray | None]) -> None:
        """Give the drafts of a group the vectors of their pictures and words."""
        self._take_pictures(group.asked)
        self._encode_pictures([draft for draft in group.drafts if draft.changed(IMAGE)], made)
        self._encode_words([draft for draft in group.drafts if draft.changed(LEXICAL)])

    def _counted(self, writes: list[PointWrite]) -> list[PointWrite]:
        kept: dict[str, int] = defaultdict(int)
        for write in writes:
            for name in write.kept:
                kept[name] += _inputs(write, name)
        for name, inputs in kept.items():
            self._metrics.unchanged(name, inputs)
        return writes

    def _ask_pictures(self, drafts: Sequence[Draft]) -> list[_Asked]:
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
                each.draft.keep_vectors()

    def _ask_unread(self, draft: Draft) -> dict[int, Future[Seen]]:
        references = draft.product["images"]
        return {place: self._reader.ask(references[place], None) for place, one in enumerate(draft.seen) if one.unread}

    def _results(self, coming: Iterable[Future[Seen]]) -> list[Seen]:
        seen = [each.result() for each in coming]
        self._metrics.pictures(one.outcome for one in seen)
        return seen

    def _known_picture(self, digest: str) -> FloatArray | None:
        return self._cache.find(self._picture_maker, [digest]).get(digest)

    @step("encode texts")
    def _encode_texts(self, drafts: Sequence[Draft], made: dict[str, FloatArray | None]) -> None:
        """Give each product the vector of its text; `made` are the batch's so far."""
        texts = {draft.digests[TEXT]: draft.texts[TEXT] for draft in drafts}
        known = self._cache.find(self._text_maker, texts)
        new = {digest: text for digest, text in texts.items() if digest not in known | made}
        made |= self._made(self._text_maker, self._encoders.text.encode_documents, new)
        cached = sum(draft.digests[TEXT] in known for draft in drafts)
        reasons = {draft.digests[TEXT]: draft.why(TEXT) for draft in drafts}
        counts = Counter(reasons[digest] for digest in new)
        self._metrics.encoded(TEXT, made=counts, cached=cached, same_batch=len(drafts) - cached - len(new))
        for draft in drafts:
            vector = (known | made)[draft.digests[TEXT]]
            if vector is None:
                del draft.digests[TEXT]
            else:
                draft.vectors[TEXT] = vector

    def _encode_words(self, drafts: Sequence[Draft]) -> None:
        for draft in drafts:
            draft.vectors[LEXICAL] = self._encoders.lexical.encode_document(draft.texts[LEXICAL])
        self._metrics.encoded(LEXICAL, made=Counter(draft.why(LEXICAL) for draft in drafts))

    def _encode_pictures(self, drafts: Sequence[Draft], made: dict[str, FloatArray | None]) -> None:
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
            draft.take_vectors(known | made)

    def _made(
        self, maker: str, encode: Callable[[Sequence[_T]], FloatArray], inputs: Mapping[str, _T]
    ) -> dict[str, FloatArray | None]:
        """Encode inputs by their digests, and keep what was made; None for one of which the encoder makes nothing."""
        made = dict(zip(inputs, _each(encode, list(inputs.values())), strict=True))
        self._cache.keep(maker, {digest: vector for digest, vector in made.items() if vector is not None})
        return made


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


def _inputs(write: PointWrite, vector: str) -> int:
    """Return how many inputs a vector is made of."""
    return sum(one.status == OK for one in write.product.derived.pictures) if vector == IMAGE else 1


def _maker(arm: str, description: Description) -> str:
    """Return what vectors are cached under: whatever else made them could have made others."""
    return f"{arm}/{description.name}/{description.revision}"
