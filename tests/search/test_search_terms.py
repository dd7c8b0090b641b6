"""What one can search with: pictures, products, words, and weighted mixtures of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import bare, jpeg
from tests.search.shop import BLUE, GREEN, RED, culprits, data_url, encoded, halves, ids, png, problem

if TYPE_CHECKING:
    from tests.search.shop import Shop

YELLOW = (240, 210, 50)


@pytest.fixture
def wardrobe(shop: Shop) -> Shop:
    """Return a shop of shoes and hats in red and blue, and one thing that has no picture."""
    shop.sell(
        bare("red-shoe", title="trainer", images=[data_url(RED)]),
        bare("blue-shoe", title="trainer", images=[data_url(BLUE)]),
        bare("red-hat", title="beanie", images=[data_url(RED)]),
        bare("blue-hat", title="beanie", images=[data_url(BLUE)]),
        bare("plain", title="voucher"),
    )
    return shop


def posted(shop: Shop, request: object | None, *pictures: bytes) -> dict[str, Any]:
    """Return the answer to a form."""
    fields = [] if request is None else [("request", (None, json.dumps(request).encode()))]
    files = [("image", (f"{number}.png", picture)) for number, picture in enumerate(pictures)]
    answer = shop.http.post("/v1/search", files=[*fields, *files])
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.parametrize("data", [encoded(png(RED)), data_url(RED), encoded(jpeg(RED, size=(40, 30)))])
def test_a_picture_finds_what_looks_like_it(wardrobe: Shop, data: str) -> None:
    """A picture comes as base64, or as the data: URL that browsers make of it."""
    answer = wardrobe.search(terms=[{"image": {"data": data}}])

    assert set(ids(answer)[:2]) == {"red-shoe", "red-hat"}
    assert "plain" not in ids(answer)


def test_an_uploaded_picture_needs_no_request(wardrobe: Shop) -> None:
    """A form with nothing but a picture is a search for it."""
    assert set(ids(posted(wardrobe, None, png(BLUE)))[:2]) == {"blue-shoe", "blue-hat"}


def test_a_form_may_hold_a_request_and_no_picture(wardrobe: Shop) -> None:
    """The part `request` is what the body would be, as a field or as a file."""
    assert ids(posted(wardrobe, {"filter": {"id": "plain"}})) == ["plain"]
    file = ("request", ("request.json", json.dumps({"filter": {"id": "plain"}}), "application/json"))
    assert ids(wardrobe.http.post("/v1/search", files=[file]).json()) == ["plain"]


def test_uploaded_pictures_are_terms_with_weights(wardrobe: Shop) -> None:
    """A term names a file by its number; a file that no term names is a term of weight 1."""
    disliked = {"terms": [{"image": {"part": 1}, "weight": -1.0}], "filter": {"id": ["red-hat", "blue-hat"]}}

    assert ids(posted(wardrobe, disliked, png(BLUE), png(RED)))[0] == "blue-hat"
    assert ids(posted(wardrobe, {"terms": [{"image": {"part": 0}}]}, png(RED)))[0].startswith("red")


def test_a_large_request_fits_into_a_form(wardrobe: Shop) -> None:
    """A picture as base64 in the part `request` may be as large as in a body of its own."""
    noisy = png(RED) + bytes(2**20)  # what follows the end of a PNG is not read

    assert ids(posted(wardrobe, {"terms": [{"image": {"data": encoded(noisy)}}]}))[0].startswith("red")


def test_a_crop_is_what_is_looked_for(wardrobe: Shop) -> None:
    """Of a picture with two colours the crop takes one."""
    both: dict[str, object] = {"image": {"data": encoded(halves(RED, BLUE))}}

    assert wardrobe.found(terms=[both | {"crop": [0, 0, 0.5, 1]}])[0].startswith("red")
    assert wardrobe.found(terms=[both | {"crop": [0.5, 0, 1, 1]}])[0].startswith("blue")
    assert wardrobe.search(terms=[both | {"crop": [0.9999, 0.9999, 1, 1]}])["hits"]


def test_a_product_finds_its_like_and_not_itself(wardrobe: Shop) -> None:
    """By its text and its picture alike; itself is left out, from the total too."""
    answer = wardrobe.search(terms=[{"product": "red-shoe"}])

    assert "red-shoe" not in ids(answer)
    assert set(ids(answer)[:2]) == {"blue-shoe", "red-hat"}
    assert answer["total"]["value"] == 4


def test_a_product_without_picture_finds_by_its_text(wardrobe: Shop) -> None:
    """Whatever vectors it has speak; asked of another arm only, it has nothing to say."""
    wardrobe.sell(bare("more", title="voucher card"))

    assert wardrobe.found(terms=[{"product": "plain"}])[0] == "more"
    assert culprits(wardrobe.refused(terms=[{"product": "plain"}], arms={"image": 1})) == ["arms"]


def test_words_and_picture_mix(wardrobe: Shop) -> None:
    """A picture of one thing and a word of another end between the two."""
    picture = {"image": {"data": encoded(png(BLUE))}}

    assert wardrobe.found(text="beanie", terms=[picture])[0] == "blue-hat"
    assert wardrobe.found(terms=[{"text": "trainer"}, picture])[0] == "blue-shoe"
    assert wardrobe.found(text="beanie", terms=[{"product": "red-shoe"}])[0] == "red-hat"


def test_the_heavier_term_wins(wardrobe: Shop) -> None:
    """Of two colours the one of greater weight comes first."""
    red, blue = ({"image": {"data": encoded(png(colour))}} for colour in (RED, BLUE))

    assert wardrobe.found(terms=[red | {"weight": 3}, blue])[0].startswith("red")
    assert wardrobe.found(terms=[red, blue | {"weight": 3}])[0].startswith("blue")


def test_a_negative_term_pushes_away(wardrobe: Shop) -> None:
    """What is disliked comes last, and is still there: removal is `exclude`."""
    liked = wardrobe.found(terms=[{"text": "trainer"}, {"image": {"data": encoded(png(RED))}, "weight": -0.9}])

    assert liked[0] == "blue-shoe"
    assert set(liked) >= {"red-shoe", "red-hat"}
    assert wardrobe.found(text="trainer", terms=[{"product": "red-hat", "weight": -0.5}])[0] == "blue-shoe"


def test_negative_words_are_no_words_to_look_for(wardrobe: Shop) -> None:
    """In the lexical arm a disliked word does not bring what has it."""
    found = wardrobe.found(terms=[{"text": "trainer"}, {"text": "voucher", "weight": -1}], arms={"lexical": 1})

    assert set(found) == {"red-shoe", "blue-shoe"}


@pytest.mark.parametrize("scale", [1e-300, 1e-7, 0.1, 1000])
def test_only_what_weights_are_to_each_other_counts(wardrobe: Shop, scale: float) -> None:
    """Multiplying all weights by the same number changes no score."""

    def scores(factor: float) -> dict[str, float]:
        terms = [{"text": "red trainer", "weight": factor}, {"product": "blue-hat", "weight": factor * 0.5}]
        return {hit["product"]["id"]: hit["score"] for hit in wardrobe.search(terms=terms)["hits"]}

    assert scores(scale) == pytest.approx(scores(1), abs=1e-4)


def test_a_term_of_weight_zero_says_nothing(wardrobe: Shop) -> None:
    """It neither finds nor cancels."""
    alone = wardrobe.search(terms=[{"product": "red-shoe"}], arms={"text": 1, "image": 1})
    with_nothing = wardrobe.search(
        terms=[{"product": "red-shoe"}, {"text": "beanie", "weight": 0}], arms={"text": 1, "image": 1}
    )

    assert with_nothing["hits"] == alone["hits"]


def test_sixteen_terms_are_taken(wardrobe: Shop) -> None:
    """The limit itself is fine, pictures included."""
    picture = {"image": {"data": encoded(png(GREEN))}, "weight": 0.1}

    assert wardrobe.found(terms=[{"text": "voucher"}, *[picture] * 15])


def test_an_error_names_the_term_as_it_was_sent(wardrobe: Shop) -> None:
    """`text` beside the terms does not move their numbers."""
    for wrong, culprit in (({"product": "nobody"}, "terms.1.product"), ({"image": {"data": "!"}}, "terms.1.image")):
        terms = [{"text": "fine"}, wrong]
        assert culprits(wardrobe.refused(terms=terms)) == [culprit]
        assert culprits(wardrobe.refused(terms=terms, text="red")) == [culprit]


@pytest.mark.parametrize(
    ("request_body", "culprit"),
    [
        ({"terms": [{"text": "red", "weight": -1}]}, "terms"),
        ({"terms": [{"text": "red", "weight": 0}]}, "terms"),
        ({"terms": [{"text": "red"}, {"text": "red", "weight": -1}]}, "terms"),
        ({"text": "red", "arms": {"text": 0}}, "arms"),
        ({"text": "red", "arms": {}}, "arms"),
        ({"text": "!!! ???", "arms": {"lexical": 1}}, "arms"),
        ({"terms": [{"image": {"data": ""}}], "arms": {"text": 1}}, "terms.0.image"),
        ({"terms": [{"image": {"part": 0}}]}, "terms.0.image.part"),
    ],
)
def test_terms_that_say_nothing_are_refused(wardrobe: Shop, request_body: dict[str, Any], culprit: str) -> None:
    """There must be something to look for, and an arm that can read it."""
    assert culprits(wardrobe.refused(**request_body)) == [culprit]


def test_a_form_of_other_parts_is_refused(wardrobe: Shop) -> None:
    """A misspelt part would otherwise be a search for everything."""
    for files, culprit in (
        ([("picture", ("a.png", png(RED)))], "picture"),
        ([("image", (None, "no file"))], "image"),
        ([("image", ("a.png", png(RED)))] * 17, "terms"),
        ([("request", (None, "{}"))] * 2, "request"),
    ):
        answer = problem(wardrobe.http.post("/v1/search", files=files), 422)
        assert culprits(answer) == [culprit]


def test_too_many_parts_are_refused(wardrobe: Shop) -> None:
    """Before they are read."""
    answer = wardrobe.http.post("/v1/search", files=[("image", ("a.png", b"x"))] * 21)

    assert "Too many files" in problem(answer, 400)["detail"]
