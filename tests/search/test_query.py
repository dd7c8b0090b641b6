"""Terms to vectors: what each arm is asked, and that only what terms are to each other counts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.calibration import Pictures
from catalog.errors import InvalidInput
from catalog.vectors import ARMS, SparseVector
from encoders.fakes import ColourPictureEncoder, HashingTextEncoder, fake_encoders
from encoders.interface import PICTURE_QUERY, TEXT_QUERY, Unrelated
from search.encoding.query import ArmQuery, QueryEncoder, heard
from search.schemas import ImageSource, SearchRequest, Term, default_arms
from tests.builders import jpeg
from tests.pipeline import new_encoding
from tests.search.shop import BLUE, RED, encoded, png

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from encoders.interface import Description, FloatArray, Picture

EVEN = dict.fromkeys(ARMS, 1.0)
PICTURE = Term(image=ImageSource(data=encoded(png(RED))))


class PicturesAlone(ColourPictureEncoder):
    """An encoder that reads pictures and no text."""

    @property
    def text_tower(self) -> None:  # type: ignore[override]
        """There is none."""
        return


class Onlooker(ColourPictureEncoder):
    """An encoder that reads pictures of 200 pixels a side, and notes which shapes it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[tuple[int, ...]] = []

    @property
    def description(self) -> Description:
        """Say how much it reads."""
        return replace(super().description, picture_side_px=200)

    def encode_pictures(self, pictures: Sequence[Picture]) -> FloatArray:
        """Note the shapes."""
        self.shapes += [picture.shape for picture in pictures]
        return super().encode_pictures(pictures)


@pytest.fixture(scope="module")
def encoder() -> Iterator[QueryEncoder]:
    """Return an encoder of queries over the fakes."""
    encoder = QueryEncoder(fake_encoders())
    yield encoder
    encoder.close()


def queries(
    encoder: QueryEncoder,
    *terms: Term,
    uploads: Sequence[bytes] = (),
    products: Mapping[str, Mapping[str, FloatArray]] | None = None,
    arms: Mapping[str, float] | None = None,
) -> dict[str, ArmQuery]:
    """Return what each arm is asked."""
    return asyncio.run(encoder.encode(terms, uploads, products or {}, arms or EVEN))


def dense(query: ArmQuery) -> FloatArray:
    """Return the vector of a dense arm."""
    assert isinstance(query.vector, np.ndarray)
    return query.vector


def words(query: ArmQuery) -> SparseVector:
    """Return the vector of the lexical arm."""
    assert isinstance(query.vector, SparseVector)
    return query.vector


def test_text_speaks_to_all_arms_and_a_picture_to_one(encoder: QueryEncoder) -> None:
    """Words reach pictures through the aligned space."""
    assert queries(encoder, Term(text="red shoe")).keys() == set(ARMS)
    assert queries(encoder, PICTURE).keys() == {"image"}
    assert queries(encoder, Term(text="red"), arms={"text": 0.0, "image": 2.0}).keys() == {"image"}


def test_a_picture_encoder_may_read_no_text() -> None:
    """Words then leave the image arm alone."""
    encoder = QueryEncoder(replace(fake_encoders(), picture=PicturesAlone()))
    try:
        assert queries(encoder, Term(text="red")).keys() == {"text", "lexical"}
        assert queries(encoder, Term(text="red"), PICTURE).keys() == set(ARMS)
        with pytest.raises(InvalidInput, match="no arm"):
            queries(encoder, Term(text="red"), arms={"image": 1.0})
    finally:
        encoder.close()


def test_a_picture_is_the_same_in_a_query_and_in_the_index(tmp_path: Path) -> None:
    """Decoded to what the encoder needs: of other pixels there would be another vector."""
    onlooker, photo = Onlooker(), jpeg("red", size=(1000, 750))
    (tmp_path / "photo.jpg").write_bytes(photo)

    with new_encoding(tmp_path, picture=onlooker) as parts:
        parts.first(images=["photo.jpg"])
    encoder = QueryEncoder(replace(fake_encoders(), picture=onlooker))
    try:
        queries(encoder, Term(image=ImageSource(data=encoded(photo))))
    finally:
        encoder.close()

    assert onlooker.shapes.count((375, 500, 3)) == 2


def test_a_product_speaks_with_each_vector_that_it_has(encoder: QueryEncoder) -> None:
    """And says nothing to an arm for which it has none."""
    vector = HashingTextEncoder().encode_documents(["red shoe"])[0]

    found = queries(encoder, Term(product="sku-1"), products={"sku-1": {"text": vector}})

    assert found.keys() == {"text"}
    np.testing.assert_allclose(dense(found["text"]), vector, atol=1e-6)


some_weights = st.lists(st.floats(-1000, 1000, allow_subnormal=False), min_size=1, max_size=6).filter(
    lambda weights: max(weights) > 1e-3
)


@settings(deadline=None)  # the machine may be busy
@given(weights=some_weights, factor=st.floats(1e-6, 1e6))
def test_scaling_all_weights_changes_nothing(encoder: QueryEncoder, weights: list[float], factor: float) -> None:
    """Neither a vector nor a scale."""
    terms = [Term.model_construct(text=f"word{n}", weight=weight) for n, weight in enumerate(weights)]
    scaled = [term.model_copy(update={"weight": term.weight * factor}) for term in terms]

    one, other = queries(encoder, *terms), queries(encoder, *scaled)

    np.testing.assert_allclose(dense(one["text"]), dense(other["text"]), atol=1e-5)
    assert words(one["lexical"]).indices == words(other["lexical"]).indices
    assert words(one["lexical"]).values == pytest.approx(words(other["lexical"]).values)
    assert one["text"].scale.mean == pytest.approx(other["text"].scale.mean)


@settings(deadline=None)
@given(weights=some_weights)
def test_every_dense_query_has_length_one(encoder: QueryEncoder, weights: list[float]) -> None:
    """Whatever it is mixed from: scores stay cosines."""
    terms = [Term(text=f"word{n}", weight=weight) for n, weight in enumerate(weights)]
    found = queries(encoder, *terms, PICTURE, arms={"text": 1, "image": 1})

    for query in found.values():
        assert dense(query).dtype == np.float32
        assert np.linalg.norm(dense(query)) == pytest.approx(1, abs=1e-5)


def test_a_light_term_fills_an_arm_of_its_own(encoder: QueryEncoder) -> None:
    """Beside a heavy picture, even the lightest word is all that the text arm has to go by."""
    light = queries(encoder, PICTURE, Term(text="shoe", weight=1e-300))

    np.testing.assert_allclose(dense(light["text"]), dense(queries(encoder, Term(text="shoe"))["text"]), atol=1e-6)


def test_the_scale_of_a_mixture_is_mixed_by_weight() -> None:
    """Pictures and words score strangers differently; between them lies the mixture."""
    scales = {(TEXT_QUERY, "image"): Unrelated(0.0, 0.1, 0.2), (PICTURE_QUERY, "image"): Unrelated(0.4, 0.2, 0.6)}
    encoder = QueryEncoder(replace(fake_encoders(), unrelated=scales))
    try:
        found = queries(encoder, Term(text="blue", weight=1), PICTURE.model_copy(update={"weight": 3.0}))
    finally:
        encoder.close()

    assert found["image"].scale.mean == pytest.approx(0.3)
    assert found["image"].scale.deviation == pytest.approx(0.175)
    assert found["image"].scale.threshold == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("terms", "shares"),
    [
        ([], (1, 1, 1)),
        ([Term(text="red")], (1, 1, 1)),
        ([Term(image=ImageSource(part=0))], (0, 1, 0)),
        ([Term(image=ImageSource(part=0)), Term(text="blue")], (1 / 2, 1, 1 / 2)),
        ([Term(product="a"), Term(text="blue", weight=0.5)], (1, 1, 1 / 3)),
        ([Term(product="a", weight=3), Term(text="red", weight=-1)], (1, 1, 0)),
        ([Term(text="red", weight=1e-300), Term(image=ImageSource(part=0), weight=3e-300)], (1 / 4, 1, 1 / 4)),
        ([Term(text="red"), Term(product="a", weight=0)], (1, 1, 1)),
        ([Term(text="red tee").knowing(0.25)], (1, 1, 1 / 4)),
        ([Term(text="red tee").knowing(0.25), Term(image=ImageSource(part=0))], (1 / 2, 1, 1 / 8)),
        ([Term(product="a"), Term(text="red tee", weight=-1).knowing(0.25)], (1, 1, 0)),
    ],
)
def test_an_arm_counts_for_as_much_as_it_hears(terms: list[Term], shares: tuple[float, ...]) -> None:
    """Of the weights of all terms, those that act in it; with equal shares the weights stay as they are."""
    weights = {"text": 0.6, "image": 0.5, "lexical": 2.0}

    found = heard(weights, terms)

    assert found == pytest.approx({arm: weights[arm] * share for arm, share in zip(ARMS, shares, strict=True)})


@pytest.mark.parametrize(
    ("request_body", "text"),
    [
        ({"text": "red"}, 0.6 + 0.6 * 3 / 4),
        ({"terms": [{"text": "red"}, {"text": "tee", "weight": -1}]}, 0.6 + 0.6 * 3 / 4),
        ({"text": "red", "arms": {"text": 0.6, "image": 0.6, "lexical": 1}}, 0.6),
        ({"terms": [{"image": {"part": 0}}], "text": "in red"}, 0.6),
        ({"terms": [{"product": "a"}]}, 0.6),
    ],
)
def test_words_alone_weigh_more_in_the_text_arm_the_fewer_pictures_there_are(
    request_body: dict[str, object], text: float
) -> None:
    """Beside a picture or a product they do not, for what it shows no text says; weights that are sent stay."""
    found = SearchRequest.model_validate(request_body).weights(default_arms(pictured=1 / 4))

    assert found == pytest.approx({"text": text, "image": 0.6, "lexical": 1.0})


@pytest.mark.parametrize(
    ("pictured", "pictures", "text", "image"),
    [
        (1, Pictures(told=0.95, alone=0), 0.6, 0.6),
        (1, Pictures(told=0.95, alone=0.5), 0.6, 0.9),
        (1, Pictures(told=0.95, alone=1), 0.6, 1.2),
        (1, Pictures(told=0.725, alone=1), 0.9, 0.6),
        (1, Pictures(told=0.52, alone=1), 1.2, 0),
        (1 / 4, Pictures(told=0.95, alone=0), 1.05, 0.15),
        (1 / 4, Pictures(told=0.95, alone=1), 1.05, 0.75),
        (0, Pictures(told=0.95, alone=0), 1.2, 0),
    ],
)
def test_the_image_arm_counts_for_what_pictures_tell(
    pictured: float, pictures: Pictures, text: float, image: float
) -> None:
    """Once more where products say nothing else, less where few have one, not at all where words tell none."""
    assert default_arms(pictured, pictures) == pytest.approx({"text": text, "image": image, "lexical": 1.0})


def test_words_of_two_texts_add_up(encoder: QueryEncoder) -> None:
    """A word that both have weighs for both."""
    found = words(queries(encoder, Term(text="red shoe"), Term(text="red", weight=0.5))["lexical"])

    assert sorted(found.values) == pytest.approx([1.0, 1.5])


def test_uploads_are_named_by_number(encoder: QueryEncoder) -> None:
    """The second file is number 1, and a crop applies to an upload too."""
    term = Term(image=ImageSource(part=1), crop=[0, 0, 1, 0.5])

    found = queries(encoder, term, uploads=[png(RED), png(BLUE)])

    blue = queries(encoder, Term(image=ImageSource(data=encoded(png(BLUE)))))
    np.testing.assert_allclose(dense(found["image"]), dense(blue["image"]), atol=1e-6)


def test_an_encoder_may_start_again(encoder: QueryEncoder) -> None:
    """Closing ends its thread; an app that starts anew gets another."""
    again = QueryEncoder(fake_encoders())
    before = queries(again, Term(text="red"))
    again.close()

    asyncio.run(again.warm_up())
    np.testing.assert_array_equal(dense(queries(again, Term(text="red"))["text"]), dense(before["text"]))
    again.close()


def test_an_arm_says_what_it_is_combined_of(encoder: QueryEncoder) -> None:
    """Each term by its number with its own unit vector, weights relative to the largest."""
    terms = [PICTURE, Term(text="red shoe", weight=2.0), Term(text="hat", weight=-1.0)]

    found = queries(encoder, *terms)

    assert [(part.term, part.weight, part.kind) for part in found["image"].parts] == [
        (0, 0.5, PICTURE_QUERY),
        (1, 1.0, TEXT_QUERY),
        (2, -0.5, TEXT_QUERY),
    ]
    alone = queries(encoder, Term(text="red shoe"))
    np.testing.assert_allclose(np.asarray(found["text"].parts[0].vector), dense(alone["text"]), atol=1e-6)
    assert words(found["lexical"]) == words(alone["lexical"])
