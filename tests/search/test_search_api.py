"""What a search answers: the right products first, one candidate set behind every number, nothing hidden shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import bare, deleted, patched, product, upserted
from tests.search.shop import BLUE, EMBEDDED, ENGINE_KINDS, GREEN, RED, culprits, data_url, ids, problem

if TYPE_CHECKING:
    from tests.search.shop import Shop


@pytest.fixture
def wardrobe(shop: Shop) -> Shop:
    """Return a shop of three things in three colours, each with a picture."""
    shop.sell(
        bare("red-shoe", title="red shoe", images=[data_url(RED)]),
        bare("green-hat", title="green hat", images=[data_url(GREEN)]),
        bare("blue-scarf", title="blue scarf", images=[data_url(BLUE)]),
    )
    return shop


@pytest.mark.parametrize(
    ("text", "first"), [("red shoe", "red-shoe"), ("hat", "green-hat"), ("something blue", "blue-scarf")]
)
def test_text_finds_what_it_describes(wardrobe: Shop, text: str, first: str) -> None:
    """The product that shares its words or its colour with the text comes first."""
    assert wardrobe.found(text=text)[0] == first


def test_an_answer_has_every_part_that_it_promises(wardrobe: Shop) -> None:
    """Hits, total, facets, page and index are there, and the score is a number; nothing was corrected."""
    answer = wardrobe.search(text="red shoe")

    assert answer.keys() == {"hits", "total", "facets", "page", "cursor", "corrected", "index"}
    assert answer["facets"] == {}
    assert answer["cursor"] is answer["corrected"] is None
    assert answer["hits"][0]["product"] == {
        "id": "red-shoe", "title": "red shoe", "images": [data_url(RED)],
    }  # fmt: skip
    assert answer["hits"][0]["score"] > answer["hits"][-1]["score"] >= 0
    assert answer["total"] == {"value": 3, "exact": True, "products": 3}
    assert answer["page"] == {"number": 1, "size": 20, "pages": 1}
    assert answer["index"]["collection"] == wardrobe.index.collection
    assert answer["index"]["model"] == "fake-words+fake-colours"


def test_an_empty_request_browses_everything(wardrobe: Shop) -> None:
    """Without terms all products come, and none has a score."""
    answer = wardrobe.search()

    assert set(ids(answer)) == {"red-shoe", "green-hat", "blue-scarf"}
    assert all(hit["score"] is None for hit in answer["hits"])


def test_an_answer_says_where_its_time_went(wardrobe: Shop) -> None:
    """`Server-Timing` names the stages with their milliseconds, and how long all took: the rest was waiting."""
    timing = wardrobe.http.post("/v1/search", json={"text": "red"}).headers["server-timing"]

    stages = dict(part.split(";dur=") for part in timing.split(", "))
    assert list(stages) == ["encode", "retrieve", "rank", "total"]
    *parts, total = (float(milliseconds) for milliseconds in stages.values())
    assert all(part >= 0 for part in parts)
    assert total >= sum(parts)


@pytest.mark.parametrize(
    ("query", "request_body"),
    [
        ("q=red+shoe", {"text": "red shoe"}),
        ("", {}),
        ("q=", {}),
        ("q=%20&in_stock=true", {"filter": {"in_stock": True}}),
        ("q=&category=&brand=&brand=Alder&price_min=&in_stock=&spelling=&page=", {"filter": {"brand": ["Alder"]}}),
        ("q=shoe&brand=Alder&brand=Birch", {"text": "shoe", "filter": {"brand": ["Alder", "Birch"]}}),
        ("price_min=10&price_max=30", {"filter": {"price": {"gte": 10, "lte": 30}}}),
        ("category=women%3Eshoes&page=2", {"filter": {"category": ["women > shoes"]}, "page": 2}),
        ("category=Women%3EShoes&limit=1&page=2", {"filter": {"category": "Women > Shoes"}, "limit": 1, "page": 2}),
    ],
)  # fmt: skip
def test_get_answers_as_post_does(shop: Shop, query: str, request_body: dict[str, object]) -> None:
    """The query string is another way to write the simple requests."""
    shop.sell(*(product(id=f"sku-{n}", price=10.0 * n, brand=["Alder", "Birch", "Cedar"][n % 3]) for n in range(6)))

    got, posted = shop.http.get(f"/v1/search?{query}"), shop.http.post("/v1/search", json=request_body)

    assert got.status_code == posted.status_code == 200
    assert got.json() == posted.json()


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("price_max=1e300", "price_max"),
        ("price_min=-1e300&price_max=5", "price_min"),
        ("price_max=nan", "price_max"),
        ("price_min=cheap", "price_min"),
        ("category=%3E", "category"),
        (f"category={'%3E'.join('abcdefghi')}", "category"),
        (f"q={'a' * 1_001}", "q"),
        ("in_stock=perhaps", "in_stock"),
        ("spelling=bad", "spelling"),
        ("limit=101", "limit"),
        ("page=0", "page"),
        ("page=51", "page"),
        ("&".join(f"brand={n}" for n in range(65)), "brand"),
        ("colour=red", "colour"),
        ("colour=", "colour"),
    ],
)
def test_get_names_the_parameter_that_was_sent(shop: Shop, query: str, parameter: str) -> None:
    """Whoever wrote a query string knows no body, whose fields have other names."""
    refused = problem(shop.http.get(f"/v1/search?{query}"), 422)

    assert culprits(refused) == [parameter]
    assert parameter in refused["detail"]
    assert "filter." not in refused["detail"]


def test_fields_choose_what_of_a_product_comes(shop: Shop) -> None:
    """The id always comes, and of the rest only what was asked for and is there."""
    shop.sell(product())

    hits = shop.search(fields=["price", "attributes", "language"])["hits"]

    assert hits == [
        {
            "product": {"id": "sku-1", "price": 19.9, "attributes": {"colour": "red", "size": ["38", "39"]}},
            "score": None,
        }
    ]
    assert shop.search(fields=[])["hits"][0]["product"] == {"id": "sku-1"}


def test_the_fields_of_a_product_come_in_one_order(shop: Shop) -> None:
    """Browsed, found, asked for by name or by its id: what can be compared by eye is written alike."""
    shop.sell(product(currency="EUR", codes=["X-1"], popularity=1.0))
    declared = list(shop.http.get("/v1/products/sku-1").json()["product"])

    for request_body in ({}, {"text": "red"}, {"text": "red", "sort": "price"}, {"fields": declared[::-1]}):
        (hit,) = shop.search(**request_body)["hits"]
        assert list(hit["product"]) == declared


def test_an_arm_that_is_not_named_is_not_asked(shop: Shop) -> None:
    """`arms` replaces the default: lexical alone finds only what shares a word, in whatever colour."""
    shop.sell(bare("a", title="red shoe"), bare("b", title="dress", images=[data_url(RED)]))

    assert shop.found(text="red", arms={"lexical": 1.0}) == ["a"]
    assert shop.found(text="red", arms={"image": 1.0}) == ["b"]
    assert shop.found(text="red", arms={"text": 0.0, "lexical": 0.5}) == ["a"]


def test_weights_of_arms_decide_between_them(shop: Shop) -> None:
    """What one arm prefers comes first as that arm gets heavier."""
    shop.sell(bare("word", title="red", images=[data_url(BLUE)]), bare("colour", title="dress", images=[data_url(RED)]))

    assert shop.found(text="red", arms={"text": 10, "image": 1})[0] == "word"
    assert shop.found(text="red", arms={"text": 1, "image": 10})[0] == "colour"


def test_rrf_scores_by_rank(wardrobe: Shop) -> None:
    """The first of every arm gets the whole of 1 / 61, whatever the arms scored."""
    answer = wardrobe.search(text="red shoe", fusion="rrf")

    assert ids(answer)[0] == "red-shoe"
    assert answer["hits"][0]["score"] == pytest.approx(1 / 61, abs=1e-6)


def test_what_is_equal_comes_in_one_order(shop: Shop) -> None:
    """Products that no arm tells apart come in an order that neither insertion nor repetition changes."""
    twins = [bare(f"twin-{n}", title="same thing") for n in range(12)]
    shop.sell(*twins)
    first = shop.found(text="same thing")
    shop.index.clear()
    shop.sell(*reversed(twins))

    assert shop.found(text="same thing") == first
    assert shop.found(text="same thing", limit=5, page=2) == first[5:10]


def test_total_is_exact_until_an_arm_is_full(small_shop: Shop) -> None:
    """With a depth of ten, ten candidates may not be all there are; nine are."""
    small_shop.sell(*(bare(f"sku-{n}", title="red shoe") for n in range(9)))
    nine = small_shop.search(text="red shoe", arms={"text": 1})["total"]
    small_shop.sell(*(bare(f"more-{n}", title="red shoe") for n in range(9)))
    many = small_shop.search(text="red shoe", arms={"text": 1})["total"]

    assert nine == {"value": 9, "exact": True, "products": 9}
    assert many == {"value": 10, "exact": False, "products": 10}


def test_exact_speaks_for_every_count_of_an_answer(small_shop: Shop) -> None:
    """A selected facet counts what its own filter leaves out too: where that is cut, its counts are no totals."""
    small_shop.sell(*(bare(f"sku-{n}", title="red shoe", brand="A" if n < 4 else "B") for n in range(16)))
    asked: dict[str, Any] = {"text": "red shoe", "arms": {"text": 1}, "filter": {"brand": "A"}}

    alone, beside = small_shop.search(**asked), small_shop.search(**asked, facets=["brand"])

    assert alone["total"] == {"value": 4, "exact": True, "products": 4}
    assert beside["total"] == {"value": 4, "exact": False, "products": 4}
    counts = {one["value"]: one["count"] for one in beside["facets"]["brand"]["values"]}
    assert counts["B"] < small_shop.search(**asked | {"filter": {"brand": "B"}})["total"]["value"]


def test_a_score_does_not_depend_on_the_filter(shop: Shop) -> None:
    """The same product scores the same among few as among many."""
    shop.sell(*(bare(f"sku-{n}", title=f"red shoe {n}", brand="AB"[n % 2], images=[data_url(RED)]) for n in range(10)))

    def scores(**more: object) -> dict[str, float]:
        hits = shop.search(text="red shoe 4", fields=[], arms={"text": 1, "image": 1}, **more)["hits"]
        return {hit["product"]["id"]: hit["score"] for hit in hits}

    everything, filtered = scores(), scores(filter={"brand": "A"})
    assert filtered == pytest.approx({product_id: everything[product_id] for product_id in filtered}, abs=1e-5)
    assert len(filtered) == 5


def test_tombstones_and_waiting_patches_are_seen_nowhere(shop: Shop) -> None:
    """What is deleted, or was never upserted, is in no answer and no count, and cannot be liked."""
    shop.sell(bare("gone", title="red shoe", images=[data_url(RED)], popularity=9.0), bare("here", title="red shoe"))
    shop.hear(deleted("gone", version=2), patched("waiting", version=3, title="red shoe", price=1.0))

    assert shop.index.count() == 3
    for request in ({}, {"text": "red shoe"}, {"terms": [{"product": "here"}, {"text": "red"}]}):
        answer = shop.search(**request)
        assert set(ids(answer)) <= {"here"}
        assert answer["total"]["value"] <= 1
    assert shop.selected(id=["gone", "waiting", "here"]) == {"here"}
    assert shop.found(exclude={"id": "here"}) == []
    for hidden in ("gone", "waiting"):
        assert shop.product(hidden).status_code == 404
        assert shop.picture(hidden).status_code == 404
        assert "there is no product" in shop.refused(terms=[{"product": hidden}])["detail"]


def test_a_change_is_in_the_next_answer(shop: Shop) -> None:
    """A price event needs no second look."""
    shop.sell(bare(price=10.0))
    shop.hear(patched(version=2, price=5.5))

    assert shop.search(filter={"price": {"lt": 6}})["hits"][0]["product"]["price"] == 5.5


def test_the_watermark_is_the_time_of_the_newest_event(small_shop: Shop) -> None:
    """Whoever asks can see how fresh the answer is."""
    small_shop.hear(
        upserted(bare("a"), occurred_at="2026-05-01T10:00:03Z"), upserted(bare("b"), occurred_at="2026-05-01T10:00:01Z")
    )

    assert small_shop.search()["index"]["watermark"] == "2026-05-01T10:00:03Z"


def test_an_empty_shop_answers(small_shop: Shop) -> None:
    """Before the first event there is nothing to find, and nothing to stumble over."""
    for request in ({}, {"text": "red"}, {"filter": {"brand": "A"}}):
        answer = small_shop.search(**request)
        assert answer["hits"] == []
        assert answer["total"] == {"value": 0, "exact": True, "products": 0}
        assert answer["page"]["pages"] == 0
        assert answer["index"]["watermark"] is None


@pytest.mark.skipif(ENGINE_KINDS != (EMBEDDED,), reason="they do run on a server")
def test_these_tests_also_run_on_a_server() -> None:
    """Say once, rather than for every test, that there is no server to run them on."""
    pytest.skip("QDRANT_URL is not set: the tests of search ran on the embedded engine only")
