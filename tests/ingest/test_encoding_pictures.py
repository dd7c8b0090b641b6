"""Pictures on their way into points: their mean, and that one which fails costs nothing but itself."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from catalog.errors import InvalidInput
from catalog.points import Stored
from encoders.fakes import ColourPictureEncoder, HashingTextEncoder
from tests.broker import free_ports
from tests.builders import bare, jpeg, patched, upserted
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


def test_the_same_picture_elsewhere_is_not_encoded_again(parts: Parts, root: Path) -> None:
    """It is the content that counts, not the name."""
    (root / "moved.jpg").write_bytes((root / "red.jpg").read_bytes())

    write = parts.then(parts.first(images=["red.jpg"]), patched(version=2, images=["moved.jpg"]))

    assert (write.vectors, write.payload_only, parts.picture.encoded) == ({}, True, 0)


def test_each_picture_has_its_own_vector(parts: Parts) -> None:
    """In the product's order; an unreadable one is left out, and one that is there twice counts once."""
    red, green = (parts.first(images=[name]).vectors["image"] for name in ("red.jpg", "green.jpg"))

    both = parts.first(images=["red.jpg", "text.jpg", "green.jpg", "red.jpg"])

    assert statuses(both) == ["ok", "refused", "ok", "ok"]
    assert np.array_equal(np.asarray(both.vectors["image"]), np.concatenate([np.asarray(red), np.asarray(green)]))


def test_pictures_of_a_batch_do_not_mix(parts: Parts) -> None:
    """Each product gets its own, however many there are and whatever others lack."""
    names = ["red", "green", "blue"]
    lists = [[f"{name}.jpg" for name in names[: number % 4]] for number in range(75)]
    batch = [
        change(Stored(f"sku-{number}"), upserted(bare(f"sku-{number}", images=images)))
        for number, images in enumerate(lists)
    ]

    writes = parts.encoding.points(batch)

    expected = {len(images): parts.first(images=images).vectors.get("image") for images in lists[:4]}
    for write, images in zip(writes, lists, strict=True):
        assert ("image" in write.vectors) == bool(images)
        if images:
            assert np.array_equal(np.asarray(write.vectors["image"]), np.asarray(expected[len(images)]))


@pytest.mark.parametrize(
    ("reference", "status"),
    [
        ("nowhere.jpg", "failed"),
        ("http://127.0.0.1:{port}/a.jpg", "refused"),
        ("text.jpg", "refused"),
        ("torn.jpg", "refused"),
        ("../outside.jpg", "refused"),
        ("data:image/png;base64,AAAA", "refused"),
        ("data:nonsense", "refused"),
        ("http://", "refused"),
        ("http://a..b/c.jpg", "refused"),
        ("http://xn--/", "refused"),
        ("a\0b", "refused"),
        ("x" * 5_000, "refused"),
    ],
)
def test_a_picture_that_fails_leaves_the_product(parts: Parts, reference: str, status: str) -> None:
    """It is found by its text, and says what became of its picture."""
    write = parts.first(images=[reference.format(port=free_ports(1)[0])])

    assert set(write.vectors) == {"text", "lexical"}
    assert statuses(write) == [status]
    assert write.product.derived.pictures[0].error


def odd_exif() -> bytes:
    """Return a picture whose EXIF says that its width is text, which Pillow reads and cannot write again."""
    entries = struct.pack("<HHII", 0x0100, 2, 4, 0x00636261) + struct.pack("<HHII", 0x0112, 3, 1, 6)
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + entries + bytes(4)
    file = io.BytesIO()
    Image.new("RGB", (16, 16), "red").save(file, format="JPEG", exif=exif)
    return file.getvalue()


def test_a_picture_that_trips_the_library_costs_only_itself(parts: Parts, root: Path) -> None:
    """Damaged bytes make Pillow raise what it never announced; one of them must not stop the topic for ever."""
    (root / "odd.jpg").write_bytes(odd_exif())

    write = parts.first(images=["odd.jpg", "green.jpg"])

    assert statuses(write)[1] == "ok"
    assert set(write.vectors) == ALL


def test_pictures_that_come_back_are_not_lost_by_a_price(parts: Parts) -> None:
    """A failed picture stays failed, due again, while other events pass."""
    write = parts.then(parts.first(images=["nowhere.jpg"]), patched(version=2, price=1))

    assert statuses(write) == ["failed"]
    assert "image" not in write.kept


def test_a_product_without_pictures_any_more_loses_the_vector(parts: Parts) -> None:
    """Neither the vector nor its digest is kept."""
    write = parts.then(parts.first(images=["red.jpg"]), patched(version=2, images=None))

    assert (set(write.kept), write.payload_only) == ({"text", "lexical"}, False)
    assert set(write.product.derived.digests) == {"text", "lexical"}
    assert write.product.derived.pictures == ()


class PickyTexts(HashingTextEncoder):
    """A text encoder that makes nothing finite of the word `broken`."""

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Refuse the whole call, as `checked` does."""
        if any("broken" in text for text in texts):
            raise InvalidInput("the encoder made a vector that is not finite")
        return super().encode_documents(texts)


class PickyPictures(ColourPictureEncoder):
    """A picture encoder that makes nothing finite of green."""

    def encode_pictures(self, pictures: Sequence[Picture]) -> FloatArray:
        """Refuse the whole call, as `checked` does."""
        if any(picture[0, 0, 1] > 100 for picture in pictures):
            raise InvalidInput("the encoder made a vector that is not finite")
        return super().encode_pictures(pictures)


def test_an_encoder_that_fails_on_one_text_has_the_others(root: Path) -> None:
    """The product is found by its other vectors, and its neighbours by all of theirs."""
    titles = ["one", "two", "broken", "four", "five"]
    batch = [change(Stored(title), upserted(bare(title, title=title, images=["red.jpg"]))) for title in titles]

    with new_encoding(root, text=PickyTexts()) as parts:
        writes = parts.encoding.points(batch)

    assert [set(write.vectors) == ALL for write in writes] == [True, True, False, True, True]
    assert set(writes[2].vectors) == set(writes[2].product.derived.digests) == {"image", "lexical"}


def test_an_encoder_that_fails_on_one_picture_has_the_others(root: Path) -> None:
    """The picture is refused; a product with no other is found by its text."""
    lists = {"mixed": ["red.jpg", "green.jpg"], "none": ["green.jpg"], "fine": ["blue.jpg"]}
    batch = [change(Stored(name), upserted(bare(name, images=images))) for name, images in lists.items()]

    with new_encoding(root, picture=PickyPictures()) as parts:
        mixed, none, fine = parts.encoding.points(batch)

    assert [statuses(write) for write in (mixed, none, fine)] == [["ok", "refused"], ["refused"], ["ok"]]
    assert ["image" in write.vectors for write in (mixed, none, fine)] == [True, False, True]
    assert "image" not in none.product.derived.digests
    assert [one.error for one in none.product.derived.pictures] == ["the encoder makes no vector of this picture"]


def test_a_picture_that_the_encoder_refused_stays_refused(root: Path) -> None:
    """Asked for again beside one that is still away, or without it, it has no vector either, and is not called ok."""
    with new_encoding(root, picture=PickyPictures()) as parts:
        first = parts.first(images=["red.jpg", "green.jpg", "nowhere.jpg"])
        again = parts.then(first, patched(version=2, images=["red.jpg", "green.jpg"]))

    assert statuses(again) == ["ok", "refused"]
    assert "image" in again.kept
