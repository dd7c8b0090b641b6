"""Changes to points: only what changed is encoded."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from catalog.points import Stored
from catalog.vectors import SparseVector
from encoders.fakes import ColourPictureEncoder, HashingTextEncoder
from tests.builders import SKU, JsonObject, bare, deleted, jpeg, patched, product, upserted
from tests.pipeline import Parts, change, new_encoding, statuses

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from encoders.interface import FloatArray, Picture

ALL = frozenset({"text", "image", "lexical"})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with three pictures and two files that are none."""
    for colour in ("red", "green", "blue"):
        (tmp_path / f"{colour}.jpg").write_bytes(jpeg(colour))
    (tmp_path / "text.jpg").write_bytes(b"no picture")
    (tmp_path / "torn.jpg").write_bytes(jpeg("red", size=(200, 200))[:300])
    return tmp_path


@pytest.fixture
def parts(root: Path) -> Iterator[Parts]:
    """Put an encoding together over the pictures below `root`."""
    with new_encoding(root) as together:
        yield together


def test_a_new_product_is_encoded_whole(parts: Parts) -> None:
    """It has a vector and a digest for each arm, and is not expected to be there."""
    write = parts.first(images=["red.jpg"])

    assert set(write.vectors) == set(write.product.derived.digests) == ALL
    assert (write.expected, write.kept, write.payload_only) == (None, frozenset(), False)
    assert statuses(write) == ["ok"]
    assert write.product.derived.indexed_at is not None


@pytest.mark.parametrize("changes", [{"price": 9.9}, {"stock": 0}, {"popularity": 5, "url": "https://a.test"}])
def test_a_price_event_encodes_nothing(parts: Parts, changes: JsonObject) -> None:
    """Price, stock and the like are payload only, and no picture is fetched for them."""
    write = parts.then(parts.first(images=["red.jpg"]), patched(version=2, **changes))

    assert (write.vectors, write.kept, write.payload_only) == ({}, ALL, True)
    assert (parts.text.encoded, parts.picture.encoded) == (0, 0)
    assert statuses(write) == ["ok"]


def test_the_same_product_again_encodes_nothing(parts: Parts) -> None:
    """A shop that sends everything every night costs no encoder anything."""
    write = parts.then(parts.first(images=["red.jpg"]), upserted(product(images=["red.jpg"]), version=2))

    assert (write.vectors, write.payload_only) == ({}, True)


def test_a_changed_title_encodes_text_and_words_only(parts: Parts) -> None:
    """The picture's vector stays as it is stored."""
    write = parts.then(parts.first(images=["red.jpg"]), patched(version=2, title="Green boot"))

    assert [set(write.vectors), set(write.kept)] == [{"text", "lexical"}, {"image"}]
    assert (parts.text.encoded, parts.picture.encoded) == (1, 0)


def test_changed_codes_are_words_only(parts: Parts) -> None:
    """The text encoder does not read article numbers."""
    write = parts.then(parts.first(), patched(version=2, codes=["A-1"]))

    assert [set(write.vectors), set(write.kept)] == [{"lexical"}, {"text"}]


def test_changed_images_encode_the_picture_only(parts: Parts) -> None:
    """The text was not touched."""
    write = parts.then(parts.first(images=["red.jpg"]), patched(version=2, images=["green.jpg"]))

    assert [set(write.vectors), set(write.kept)] == [{"image"}, {"text", "lexical"}]
    assert (parts.text.encoded, parts.picture.encoded) == (0, 1)


def test_a_tombstone_keeps_nothing(parts: Parts) -> None:
    """Who is gone has no vectors, no digests and no pictures."""
    write = parts.then(parts.first(images=["red.jpg"]), deleted(version=2))

    assert (write.vectors, write.kept, write.payload_only) == ({}, frozenset(), False)
    assert (write.product.derived.digests, write.product.derived.pictures) == ({}, ())


def test_a_product_that_comes_back_is_encoded_anew(parts: Parts) -> None:
    """Nothing was kept for it."""
    gone = parts.then(parts.first(images=["red.jpg"]), deleted(version=2))

    write = parts.then(gone, upserted(product(images=["red.jpg"]), version=3))

    assert set(write.vectors) == ALL


def test_a_waiting_patch_is_not_encoded(parts: Parts) -> None:
    """Who knows whether its product ever comes."""
    write = parts.encoding.points([change(Stored(SKU), patched(title="Boot", images=["red.jpg"]))])[0]

    assert (write.vectors, write.product.derived.digests) == ({}, {})
    assert parts.picture.encoded == 0


def test_a_title_of_signs_has_words_of_none(parts: Parts) -> None:
    """The lexical vector is there and empty; the text encoder makes of it what it can."""
    write = parts.first(title="!!!", brand=None, category=None, attributes=None)

    assert write.vectors["lexical"] == SparseVector()
    assert "text" in write.vectors


class TellingTextEncoder(HashingTextEncoder):
    """An encoder that tells when it is asked for the texts of a second group."""

    def __init__(self) -> None:
        super().__init__()
        self.second = threading.Event()

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Encode."""
        if self.encoded:
            self.second.set()
        return super().encode_documents(texts)


class WaitingPictureEncoder(ColourPictureEncoder):
    """An encoder that is done with its pictures only when the second texts are being encoded."""

    def __init__(self, texts: TellingTextEncoder) -> None:
        super().__init__()
        self._texts = texts

    def encode_pictures(self, pictures: Sequence[Picture]) -> FloatArray:
        """Encode."""
        assert self._texts.second.wait(10), "the texts of a group wait for the pictures of the one before"
        return super().encode_pictures(pictures)


def test_texts_are_encoded_beside_the_pictures_before_them(root: Path) -> None:
    """Of many new products: at the end of a pass no core waits for the next one."""
    text = TellingTextEncoder()
    new = [change(Stored(f"p{n}"), upserted(bare(f"p{n}", title=f"no. {n}", images=["red.jpg"]))) for n in range(100)]
    with new_encoding(root, text=text, picture=WaitingPictureEncoder(text)) as parts:
        writes = parts.encoding.points(new)

    assert [write.product.product_id for write in writes] == [one.before.product_id for one in new]
    assert all(set(write.vectors) == ALL for write in writes)
