"""The contract of encoders, kept by the fakes, by the shipped pair, and by any model that takes their places."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog.errors import InvalidPicture
from encoders.fakes import fake_encoders
from encoders.memo import MemoisedTextEncoder
from encoders.names import EncoderSettings
from encoders.registry import load_encoders, load_named
from tests.encoders.tiny_models import PAIRS, PICTURE_NETWORKS

if TYPE_CHECKING:
    from encoders.interface import (
        Description,
        Encoders,
        FloatArray,
        LexicalEncoder,
        Picture,
        PictureEncoder,
        TextEncoder,
    )

KINDS = ("fakes", "shipped", *PAIRS)
PICTURE_KINDS = (*KINDS, *PICTURE_NETWORKS)
LONG = "red leather shoe " * 5_900
TEXTS = (
    "red shoe", "", " ", "x", "红色的鞋子", "🔥👟", "a\u0000b", "\n\n", "'; DROP TABLE", LONG, "ﷺ" * 300,
    "e\u0301" * 50, "half \ud83d a pair", "\ud83d\udd25", "\udfff" * 30, "red shoe",
)  # fmt: skip


@dataclass
class Loaded:
    """The encoders of each kind, loaded by their first user and kept for the run."""

    folders: pytest.TempPathFactory
    encoders: dict[str, Encoders] = field(default_factory=dict)
    pictures: dict[str, PictureEncoder] = field(default_factory=dict)

    def get(self, kind: str) -> Encoders:
        """Return the encoders of a kind that reads text and pictures."""
        if kind not in self.encoders:
            self.encoders[kind] = self._load(kind)
        return self.encoders[kind]

    def picture(self, kind: str) -> PictureEncoder:
        """Return the encoder of pictures of a kind."""
        if kind in KINDS:
            return self.get(kind).picture
        if kind not in self.pictures:
            folder = PICTURE_NETWORKS[kind](self.folders.mktemp(kind))
            found = load_named(str(folder), device="cpu").picture
            assert found is not None
            self.pictures[kind] = found
        return self.pictures[kind]

    def _load(self, kind: str) -> Encoders:
        if kind == "fakes":
            return fake_encoders()
        if kind == "shipped":
            return load_encoders(EncoderSettings())
        folder = str(PAIRS[kind](self.folders.mktemp(kind)))
        return load_encoders(EncoderSettings(text=folder, image=folder))


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Keep what is loaded."""
    return Loaded(tmp_path_factory)


@pytest.fixture(params=KINDS)
def encoders(request: pytest.FixtureRequest, loaded: Loaded) -> Encoders:
    """Return each set of encoders in turn."""
    return loaded.get(request.param)


@pytest.fixture(params=["text", "text tower"])
def text(request: pytest.FixtureRequest, encoders: Encoders) -> TextEncoder:
    """Return each encoder of text in turn, those into the space of pictures too."""
    tower = encoders.picture.text_tower
    assert tower is not None
    return encoders.text if request.param == "text" else tower


@pytest.fixture(params=PICTURE_KINDS)
def picture(request: pytest.FixtureRequest, loaded: Loaded) -> PictureEncoder:
    """Return each encoder of pictures in turn, those that read nothing else too."""
    return loaded.picture(request.param)


@pytest.fixture
def lexical(encoders: Encoders) -> LexicalEncoder:
    """Return each encoder of words in turn."""
    return encoders.lexical


def assert_unit_vectors(vectors: FloatArray, count: int, size: int) -> None:
    """Assert what every encoder promises of its vectors."""
    assert vectors.dtype == np.float32
    assert vectors.shape == (count, size)
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)


def assert_whole(description: Description) -> None:
    """Assert what every description says."""
    assert description.name
    assert description.revision
    assert description.size > 0
    assert description.distance == "cosine"
    assert all(scale.deviation > 0 for scale in description.unrelated.values())


def a_picture(height: int, width: int, *, seed: int = 1) -> Picture:
    """Return noise of a size."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_texts_become_unit_vectors(text: TextEncoder) -> None:
    """Long, empty and strange ones too; texts beyond the model's length are cut."""
    assert_unit_vectors(text.encode_queries(TEXTS), len(TEXTS), text.description.size)
    assert_unit_vectors(text.encode_documents(TEXTS), len(TEXTS), text.description.size)


def test_no_texts_become_no_vectors(text: TextEncoder) -> None:
    """Of the right width."""
    assert text.encode_queries([]).shape == (0, text.description.size)
    assert text.encode_documents([]).shape == (0, text.description.size)
    assert text.encode_queries([]).dtype == np.float32


def test_a_texts_vector_depends_on_nothing_else(text: TextEncoder) -> None:
    """Neither on its neighbours in the batch nor on the order; equal texts get equal vectors."""
    texts = ["red shoe", "", "红色的鞋子", "a text of a few more words than the others have", "red shoe"]

    together = text.encode_documents(texts)

    alone = np.concatenate([text.encode_documents([one]) for one in texts])
    reverse = text.encode_documents(texts[::-1])[::-1]

    np.testing.assert_allclose(together, alone, atol=1e-3)
    np.testing.assert_allclose(together, reverse, atol=1e-3)
    np.testing.assert_allclose(together[0], together[-1], atol=1e-5)


def test_different_texts_differ(text: TextEncoder) -> None:
    """A constant would pass all of the above."""
    first, second = text.encode_queries(["red shoe", "blue hat"])

    assert float(first @ second) < 0.999


def test_pictures_become_unit_vectors(picture: PictureEncoder) -> None:
    """Of any size and shape, a single pixel and a line included."""
    pictures = [a_picture(*size) for size in [(1, 1), (1, 512), (512, 1), (3, 7), (224, 224), (512, 300)]]
    pictures += [np.zeros((20, 20, 3), dtype=np.uint8), np.full((20, 20, 3), 255, dtype=np.uint8)]

    assert_unit_vectors(picture.encode_pictures(pictures), len(pictures), picture.description.size)


def test_no_pictures_become_no_vectors(picture: PictureEncoder) -> None:
    """Of the right width."""
    assert picture.encode_pictures([]).shape == (0, picture.description.size)


def test_a_pictures_vector_depends_on_nothing_else(picture: PictureEncoder) -> None:
    """Neither on its neighbours nor on the order, and the picture is left as it was."""
    pictures = [a_picture(40 + number, 30, seed=number) for number in range(5)]
    pictures.append(np.full((20, 20, 3), (255, 0, 0), dtype=np.uint8))
    copies = [one.copy() for one in pictures]
    for one in pictures:
        one.flags.writeable = False

    together = picture.encode_pictures(pictures)

    alone = np.concatenate([picture.encode_pictures([one]) for one in pictures])
    np.testing.assert_allclose(together, alone, atol=1e-3)
    np.testing.assert_allclose(together, picture.encode_pictures(pictures[::-1])[::-1], atol=1e-3)
    assert float(together[0] @ together[-1]) < 0.9999
    for one, copy in zip(pictures, copies, strict=True):
        np.testing.assert_array_equal(one, copy)


@pytest.mark.parametrize(
    "broken",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3)),
        np.zeros((0, 4, 3), np.uint8),
    ],
    ids=["flat", "four channels", "floats", "empty"],
)
def test_a_broken_picture_is_named_by_its_place(picture: PictureEncoder, broken: Picture) -> None:
    """Its neighbours are encoded without it, as if it had not been there."""
    good = [a_picture(20, 30, seed=seed) for seed in range(3)]

    with pytest.raises(InvalidPicture, match=r"^pictures\[2\]: expected \(height, width, 3\) uint8 RGB"):
        picture.encode_pictures([*good[:2], broken, good[2]])

    assert_unit_vectors(picture.encode_pictures(good), 3, picture.description.size)


def test_words_and_pictures_share_a_space(encoders: Encoders) -> None:
    """The text tower's vectors can be compared with those of pictures."""
    tower = encoders.picture.text_tower

    assert tower is not None
    assert tower.description == encoders.picture.description


def test_a_description_says_what_the_collection_needs(encoders: Encoders) -> None:
    """Name, revision and size, the same each time: the collection's name is made of them."""
    assert encoders.specs == encoders.specs
    assert encoders.specs.fingerprint == encoders.specs.fingerprint
    assert hash(encoders.text.description) == hash(encoders.text.description)


def test_a_text_encoder_describes_itself_whole(text: TextEncoder) -> None:
    """Frozen, by cosine, of some size."""
    assert_whole(text.description)


def test_a_picture_encoder_describes_itself_whole(picture: PictureEncoder) -> None:
    """It says how large the network sees a picture, too."""
    assert_whole(picture.description)
    assert (picture.description.picture_side_px or 0) >= 1


def test_different_encoders_mean_different_collections(loaded: Loaded) -> None:
    """None of the sets may be taken for another."""
    assert len({loaded.get(kind).specs.fingerprint for kind in KINDS}) == len(KINDS)
    assert len({loaded.picture(kind).description.revision for kind in PICTURE_KINDS}) == len(PICTURE_KINDS)


@pytest.mark.parametrize("given", TEXTS, ids=repr)
def test_words_have_weights(lexical: LexicalEncoder, given: str) -> None:
    """Each word once, with a finite weight above zero; what has no words is empty."""
    for vector in (lexical.encode_document(given), lexical.encode_query(given)):
        assert len(vector.indices) == len(vector.values) == len(set(vector.indices))
        assert all(np.isfinite(value) and value > 0 for value in vector.values)
        assert bool(vector) == any(character.isalnum() for character in given)
    assert set(lexical.encode_query(given).indices) <= set(lexical.encode_document(given).indices)


def test_a_word_is_the_same_in_query_and_document(lexical: LexicalEncoder) -> None:
    """In any case, and one word of a Chinese title at a time."""
    assert set(lexical.encode_query("SHOE").indices) <= set(lexical.encode_document("A red shoe").indices)
    assert set(lexical.encode_query("鞋子").indices) & set(lexical.encode_document("红色的鞋子").indices)
    assert not set(lexical.encode_query("hat").indices) & set(lexical.encode_document("A red shoe").indices)


def test_a_memory_changes_no_vector(loaded: Loaded) -> None:
    """Remembered or not, in whatever mixture, and however small the memory is."""
    plain = loaded.get("fakes").text
    memory = MemoisedTextEncoder(plain, size=2)

    for texts in (["a", "b"], ["b", "c", "b"], ["a"], ["c", "a", "d", "b", "a"], []):
        np.testing.assert_array_equal(memory.encode_queries(texts), plain.encode_queries(texts))
    assert memory.description == plain.description
