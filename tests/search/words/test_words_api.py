"""Words over HTTP: corrections, synonyms and completions, each within what the caller may see."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import pytest

from catalog.vectors import ARM_WEIGHTS
from deploy.settings import WordSettings
from search.access import Scope
from search.filters import AnyOf, Filter
from search.routes import scope_of
from tests.builders import deleted, product, upserted
from tests.search.shop import RED, culprits, data_url, ids, open_shop, problem
from tests.search.words.lexicon import wide

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi import FastAPI

    from tests.builders import JsonObject
    from tests.search.shop import Shop

ONLY_WORDS = {"arms": {"lexical": 1.0}, "cut_off": "off"}
GOODS = (
    product(id="a", title="White canvas sneakers", brand="Kestrel", category="Women > Shoes > Sneakers"),
    product(id="b", title="White linen shirt", brand="Alder", category="Men > Shirts", attributes={}),
    product(id="c", title="红色羊毛围巾", brand="李宁", category="Scarves", attributes={}),
    product(id="d", title="Phone case 128 GB edition", brand="Alder", category="Phones", attributes={}),
    product(id="j", title="Jug", brand="Kai-Ro Crème", category="Jugs > 玻璃水壶", attributes={}),
)


@contextmanager
def reopened(shop: Shop, *goods: JsonObject, **words: object) -> Iterator[Shop]:
    """Sell goods, then open the shop anew: its words are read when it opens, and asked for once to be sure."""
    shop.sell(*goods)
    settings = shop.settings.model_copy(update={"words": WordSettings.model_validate(words)})
    with open_shop(shop.index.engine, settings) as opened:
        suggested(opened, "")
        yield opened


@pytest.fixture
def stocked(shop: Shop) -> Iterator[Shop]:
    """Return a shop with a few goods whose words are known."""
    with reopened(shop, *GOODS) as opened:
        yield opened


def suggested(shop: Shop, text: str, **parameters: object) -> list[tuple[str, str, int]]:
    """Return the suggestions for a text."""
    answer = shop.http.get("/v1/suggest", params={"q": text, **{name: str(one) for name, one in parameters.items()}})
    assert answer.status_code == 200, answer.text
    return [(one["text"], one["kind"], one["count"]) for one in answer.json()["suggestions"]]


def test_a_slip_is_put_right_and_the_original_is_offered(stocked: Shop) -> None:
    """The answer says what was searched for and what was typed; with spelling off that is searched for."""
    put_right = stocked.search(text="Kestrel sneekers", **ONLY_WORDS)
    as_typed = stocked.search(text="sneekers", spelling="off", **ONLY_WORDS)

    assert put_right["corrected"] == {"text": "Kestrel sneakers", "original": "Kestrel sneekers"}
    assert ids(put_right) == ["a"]
    assert as_typed["corrected"] is None
    assert ids(as_typed) == []


def test_accents_tell_no_words_apart(stocked: Shop) -> None:
    """They are found without them, and nobody is told of a slip; full width is found too."""
    for text in ("creme", "Crème", "CRE\u0300ME", wide("creme")):
        found = stocked.search(text=text, **ONLY_WORDS)
        assert (ids(found), found["corrected"]) == (["j"], None), text


def test_a_character_that_sounds_alike_is_put_right(stocked: Shop) -> None:
    """In Chinese, where there is no letter to miss."""
    found = stocked.search(text="玻璃水胡", **ONLY_WORDS)

    assert found["corrected"] == {"text": "玻璃水壶", "original": "玻璃水胡"}
    assert ids(found) == ["j"]


def test_get_corrects_as_post_does(stocked: Shop) -> None:
    """`spelling` is a parameter there."""
    put_right = stocked.http.get("/v1/search", params={"q": "sneekers"}).json()
    as_typed = stocked.http.get("/v1/search", params={"q": "sneekers", "spelling": "off"}).json()

    assert put_right["corrected"] == {"text": "sneakers", "original": "sneekers"}
    assert as_typed["corrected"] is None


def test_all_text_terms_are_put_right_alike(stocked: Shop) -> None:
    """What the term is weighed with does not matter; the others stay as they are."""
    terms = [{"text": "shrit"}, {"text": "linen", "weight": 0.5}, {"text": "canvsa", "weight": -0.5}]

    found = stocked.search(terms=terms)

    assert found["corrected"] == {"text": "shirt, canvas", "original": "shrit, canvsa"}


def test_what_is_no_slip_is_left_alone(stocked: Shop) -> None:
    """A word of the catalogue, everyday words, codes, numbers and Chinese."""
    for text in ("white sneakers", "helicopter parts", "wh-1000xm4", "4006381333931", "红色围金", "snk", ""):
        assert stocked.search(text=text or None)["corrected"] is None, text


def lexical_weight(shop: Shop, text: str) -> float:
    """Return what the words count beside the text arm; the scores must be made of what is explained."""
    answer = shop.search(text=text, arms={"text": 1, "lexical": 1}, cut_off="off", explain=True)
    arms = [hit["explanation"]["arms"] for hit in answer["hits"]]
    for hit, parts in zip(answer["hits"], arms, strict=True):
        made = sum(one["normalised"] * one["weight"] for one in parts.values())
        assert hit["score"] == pytest.approx(made, abs=1e-5)
    return next(float(one["lexical"]["weight"]) for one in arms if "lexical" in one)


def test_of_a_text_with_words_that_no_product_has_the_words_say_less(stocked: Shop) -> None:
    """The explanation says so. Numbers and models that it lacks are no such words: no other arm knows them better."""
    shirt_of_two = lexical_weight(stocked, "linen shirt of helicopters")

    for text in ("linen shirt", "linen shirt xk-4000 42", "Phone case 256gb"):
        assert lexical_weight(stocked, text) == pytest.approx(1 / 2), text
    assert lexical_weight(stocked, "white helicopter") < shirt_of_two < 1 / 2


def test_the_first_answer_is_the_second(shop: Shop) -> None:
    """Of a small catalogue it waits until the words are read, whose own count depends on them."""
    shop.sell(*GOODS)

    with open_shop(shop.index.engine, shop.settings.model_copy(update={"words": WordSettings()})) as opened:
        first, second = (opened.search(text="lienn shirt of helicopters") for _ in range(2))

    assert first == second
    assert first["corrected"]


def weighed(shop: Shop, **request: object) -> float:
    """Return how much the text arm counts for each that the lexical one does."""
    arms = shop.search(text="white", explain=True, **request)["hits"][0]["explanation"]["arms"]
    return float(round(arms["text"]["weight"] / arms["lexical"]["weight"], 4))


def test_of_products_without_a_picture_the_text_arm_says_more(shop: Shop) -> None:
    """As much as the image arm would have said of them; weights that were sent stay as they are."""
    plain, doubled = ARM_WEIGHTS["text"], ARM_WEIGHTS["text"] + ARM_WEIGHTS["image"]
    pictured = [product(id=f"with-{number}", images=[data_url(RED)]) for number in range(len(GOODS))]

    with reopened(shop, *GOODS) as opened:
        assert weighed(opened) == doubled
        assert weighed(opened, arms={"text": 0.6, "image": 0.6, "lexical": 1}) == 0.6
    with reopened(shop, *pictured) as opened:
        assert weighed(opened) == pytest.approx((plain + doubled) / 2)
    shop.hear(
        *(deleted(one["id"], version=2) for one in GOODS),
        upserted(product(id="e", title="White", images=[data_url(RED)])),
    )
    with reopened(shop) as opened:
        assert weighed(opened) == plain


def test_a_cursor_outlives_what_the_catalogue_learns(shop: Shop) -> None:
    """A word that no product had and pictures that none had change what arms hear, not which query it was."""
    request = {"text": "linen shirt of helicopters", "sort": "price", "cut_off": "off", "limit": 2}
    with reopened(shop, *GOODS) as opened:
        cursor = opened.search(**request)["cursor"]

    with reopened(shop, product(id="h", title="Helicopters", price=99.0, images=[data_url(RED)])) as opened:
        assert opened.found(**request, cursor=cursor) == ["c", "d"]


def test_a_thing_that_the_catalogue_calls_otherwise_is_known(shop: Shop, tmp_path: Path) -> None:
    """One way to say it is enough, and a slip that was put right is no unknown word."""
    file = tmp_path / "synonyms.yaml"
    file.write_text("any:\n  - sneakers, plimsolls, daps\n", encoding="utf-8")

    with reopened(shop, *GOODS, synonyms=file) as opened:
        for text in ("white daps", "white snaekers"):
            assert lexical_weight(opened, text) == pytest.approx(1 / 2), text


def test_an_unknown_way_to_spell_is_refused(stocked: Shop) -> None:
    """The problem names the field."""
    assert culprits(stocked.refused(text="shirt", spelling="on")) == ["spelling"]


def test_measures_are_found_however_they_are_written(stocked: Shop) -> None:
    """With a blank, without one, and in another unit of the same kind."""
    for text in ("128gb", "128 GB", "0.128 TB"):
        assert stocked.found(text=text, **ONLY_WORDS) == ["d"], text
    assert stocked.found(text="256gb", **ONLY_WORDS) == []


def test_synonyms_find_what_is_called_otherwise(shop: Shop, tmp_path: Path) -> None:
    """Both ways in a group, one way after an arrow, and between Chinese and English."""
    file = tmp_path / "synonyms.yaml"
    file.write_text("any:\n  - sneakers, plimsolls\n  - blouse => shirt\n  - 李宁, Li-Ning\n", encoding="utf-8")

    with reopened(shop, *GOODS, synonyms=file) as opened:
        found = {text: opened.found(text=text, **ONLY_WORDS) for text in ("plimsolls", "blouse", "Li-Ning", "sneakers")}
        corrected = opened.search(text="plimsolls")["corrected"]

    assert found == {"plimsolls": ["a"], "blouse": ["b"], "Li-Ning": ["c"], "sneakers": ["a"]}
    assert corrected is None


def test_a_product_need_not_have_a_things_other_names_too(shop: Shop, tmp_path: Path) -> None:
    """The cut-off counts the words of one way to say it."""
    file = tmp_path / "synonyms.yaml"
    file.write_text("any:\n  - sneakers, plimsolls, kicks, daps, sandshoes\n", encoding="utf-8")

    with reopened(shop, *GOODS, synonyms=file) as opened:
        found = opened.found(text="canvas plimsolls", arms={"lexical": 1.0})

    assert found == ["a"]


def test_a_synonym_of_one_language_stays_out_of_another(shop: Shop, tmp_path: Path) -> None:
    """Where the request is narrowed to a language, the rules of others do not hold."""
    file = tmp_path / "synonyms.yaml"
    file.write_text("de:\n  - rot => red\n", encoding="utf-8")

    with reopened(shop, product(language="de"), product(id="en", language="en"), synonyms=file) as opened:
        german = opened.found(text="rot", filter={"language": "de"}, **ONLY_WORDS)
        english = opened.found(text="rot", filter={"language": ["en"]}, **ONLY_WORDS)

    assert german == ["sku-1"]
    assert english == []


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("kes", ("Kestrel", "brand", 1)),
        ("SNEA", ("Sneakers", "category", 1)),
        ("white li", ("White linen shirt", "title", 1)),
        ("linen whi", ("White linen shirt", "title", 1)),
        ("kesterl", ("Kestrel", "brand", 1)),
        ("snaek", ("Sneakers", "category", 1)),
        ("kairo", ("Kai-Ro Crème", "brand", 1)),
        ("creme", ("Kai-Ro Crème", "brand", 1)),
        ("红色围巾", ("红色羊毛围巾", "title", 1)),
        ("红色", ("红色羊毛围巾", "title", 1)),
        ("紅色", ("红色羊毛围巾", "title", 1)),
        ("围巾", ("红色羊毛围巾", "title", 1)),
        ("李", ("李宁", "brand", 1)),
        ("128 g", ("Phone case 128 GB edition", "title", 1)),
    ],
)
def test_suggestions_complete_what_is_typed(stocked: Shop, typed: str, expected: tuple[str, str, int]) -> None:
    """Beginnings of words in any order and case, with a slip, in Chinese in either script and from the middle."""
    assert suggested(stocked, typed)[0] == expected


def test_suggestions_say_how_many_products_there_are(stocked: Shop) -> None:
    """A brand of two products comes before its titles."""
    found = suggested(stocked, "al")

    assert found == [("Alder", "brand", 2)]


def test_suggestions_end_at_the_limit(stocked: Shop) -> None:
    """The best ones are given."""
    assert len(suggested(stocked, "s")) > 2
    assert len(suggested(stocked, "s", limit=2)) == 2


@pytest.mark.parametrize("text", ["", "   ", "…", "zzzz", "\u0000", "x" * 1_000])
def test_nothing_to_complete_is_no_error(stocked: Shop, text: str) -> None:
    """An answer without suggestions."""
    assert suggested(stocked, text) == []


@pytest.mark.parametrize(
    ("parameters", "culprit"),
    [({"q": "x" * 1_001}, "q"), ({"q": "x", "limit": "21"}, "limit"), ({"q": "x", "limit": "0"}, "limit"),
     ({"q": "x", "page": "2"}, "page")],
)  # fmt: skip
def test_a_suggestion_beyond_the_limits_is_refused(shop: Shop, parameters: dict[str, str], culprit: str) -> None:
    """The problem names the parameter."""
    assert culprits(problem(shop.http.get("/v1/suggest", params=parameters), 422)) == [culprit]


def test_a_tenant_learns_nothing_of_anothers_words(shop: Shop) -> None:
    """Neither by suggestions nor by corrections, while what is its own is there for both."""
    with reopened(shop, *GOODS) as opened:
        with_alder = Scope(Filter(must=(AnyOf("derived.visible", ("yes",)), AnyOf("product.brand", ("Alder",)))))
        app = cast("FastAPI", opened.http.app)
        app.dependency_overrides[scope_of] = lambda: with_alder

        assert suggested(opened, "kes") == suggested(opened, "sneak") == suggested(opened, "kesterl") == []
        assert suggested(opened, "al") == [("Alder", "brand", 2)]
        assert opened.search(text="sneekers")["corrected"] is None
        assert lexical_weight(opened, "linen shirt") == pytest.approx(1 / 2)
        assert lexical_weight(opened, "linen sneakers") < 1 / 2
        assert opened.search(text="lienn")["corrected"] == {"text": "linen", "original": "lienn"}


def test_the_page_says_what_was_corrected_and_links_to_what_was_typed(stocked: Shop) -> None:
    """Without any script; where nothing was corrected the line is hidden."""
    corrected = stocked.http.get("/", params={"q": "sneekers", "brand": "Kestrel"}).text
    as_typed = stocked.http.get("/", params={"q": "sneekers", "spelling": "off"}).text

    assert "Showing results for <b>sneakers</b>" in corrected
    assert 'href="/?q=sneekers&amp;spelling=off&amp;brand=Kestrel"' in corrected
    assert 'id="corrected" class="corrected" hidden' in as_typed
