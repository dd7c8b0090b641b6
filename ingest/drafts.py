"""Points on their way: what a changed product's encoders must read, and what has been settled without them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.points import Derived, PictureStatus, Stored
from catalog.state import moved
from catalog.text import dense_text, has_words, lexical_text
from catalog.vectors import IMAGE, LEXICAL, TEXT
from encoders.pictures.answers import Failure
from ingest.pictures import OK, digest_of
from ingest.point_writes import PointWrite

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from catalog.product import Json
    from catalog.vectors import SparseVector
    from encoders.interface import FloatArray
    from ingest.merge import Change
    from ingest.pictures import Seen

_IMAGES: Final = "images"
_REFUSED: Final = Failure.REFUSED.value
_NEW, _CHANGED = "new", "changed"


@dataclass(slots=True)
class Draft:
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

    def refuse(self, digests: set[str | None]) -> None:
        """Note of which pictures the encoder made nothing."""
        self.pictures = tuple(_refused(one) if one.digest in digests else one for one in self.pictures)

    def keep_vectors(self) -> None:
        """Leave the pictures' vectors as they are: of what the encoder made nothing then, there is none now."""
        self.seen = []
        before = self.change.before.derived.pictures
        self.refuse({one.digest for one in before if one.status == _REFUSED and one.digest is not None})

    def take_vectors(self, vectors: Mapping[str, FloatArray | None]) -> None:
        """Take the pictures' vectors by digest, (n, size) in their order; the same picture twice is one."""
        digests = list(dict.fromkeys(one.digest for one in self.seen if one.status.status == OK))
        made = [vector for digest in digests if (vector := vectors[digest]) is not None]
        self.seen = []
        self.refuse({digest for digest in digests if vectors[digest] is None})
        if made:
            self.vectors[IMAGE] = np.stack(made)
        else:
            del self.digests[IMAGE]

    def written(self, indexed_at: str) -> PointWrite:
        """Return what is to be written."""
        before = self.change.before
        derived = Derived(digests=self.digests, pictures=self.pictures, indexed_at=indexed_at)
        product = replace(before, state=self.change.state, derived=derived, revision=None)
        return PointWrite(
            product=product,
            expected=before.revision,
            vectors=self.vectors,
            kept=frozenset(name for name in self.digests if not self.changed(name)),
            before=before if before.revision is not None and before.derived.digests == self.digests else None,
        )


def _refused(picture: PictureStatus) -> PictureStatus:
    return PictureStatus(_REFUSED, picture.digest, "the encoder makes no vector of this picture")


def draft_of(change: Change) -> Draft:
    """Say what a product's vectors are made of; one that is not visible is made of nothing."""
    draft = Draft(change, {}, {}, {}, (), [], {})
    if change.state.visible:
        draft.product = change.state.product()
        draft.texts = {TEXT: dense_text(draft.product), LEXICAL: lexical_text(draft.product)}
        draft.digests = {name: digest_of(text.encode()) for name, text in draft.texts.items() if text}
    return draft


def reads_the_same(change: Change) -> bool:
    """Whether no encoder has anything new to read: what shows, shows, with the same texts and the same pictures."""
    before, after = change.before, change.state
    if before.revision is None or change.ask_pictures or not (before.state.visible and after.visible):
        return False
    return not any(name == _IMAGES or has_words(name) for name in moved(before.state, after))


def payload_write(change: Change, indexed_at: str) -> PointWrite:
    """Return the write of a product whose vectors all stay, and with them whatever was made of it."""
    before = change.before
    derived = Derived(before.derived.digests, before.derived.pictures, indexed_at)
    product = Stored(before.product_id, change.state, derived)
    return PointWrite(product, before.revision, {}, kept=frozenset(derived.digests), before=before)


def in_groups(drafts: Iterable[Draft], most_inputs: int) -> Iterator[list[Draft]]:
    """Yield the drafts in order, with no more texts or pictures at a time, or with those of one product."""
    group: list[Draft] = []
    inputs = 0
    for draft in drafts:
        more = max(len(draft.product.get(_IMAGES, [])), bool(draft.texts))
        if group and inputs + more > most_inputs:
            yield group
            group, inputs = [], 0
        group.append(draft)
        inputs += more
    if group:
        yield group
