"""`POST /v1/explain` and `explain: true`: where a product is, why it is not there, and what each arm says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from search.ranking import NAMED
from tests.builders import bare, deleted, patched, upserted
from tests.search.shop import RED, culprits, data_url, encoded, open_shop, png, problem
from tests.search.stock import selective_encoders

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.builders import JsonObject
    from tests.search.shop import Shop

SHOES = [bare(f"shoe-{n}", title="red shoe", brand="Alder", group_id="shoes", price=float(n)) for n in range(4)]
HAT = bare("hat", title="wool hat", brand="Birch", price=5.0)


@pytest.fixture
def explained(shop: Shop) -> Iterator[Shop]:
    """Open a shop in which some things are far from others."""
    shop.sell(*SHOES, HAT)
    low = shop.settings.model_copy(update={"api": shop.settings.api.model_copy(update={"depth": 4})})
    with open_shop(shop.index.engine, low, selective_encoders()) as opened:
        yield opened


def explain(shop: Shop, product_id: str, **request: object) -> JsonObject:
    """Return what is said of a product."""
    answer = shop.http.post("/v1/explain", json={"request": request, "product": product_id})
    assert answer.status_code == 200, answer.text
    body: JsonObject = answer.json()
    assert body["reason"]
    return body


@pytest.mark.parametrize(
    ("product_id", "request_body", "verdict"),
    [
        ("nobody", {"text": "hat"}, "not_indexed"),
        ("hat", {"terms": [{"product": "hat"}]}, "itself"),
        ("hat", {"text": "wool hat"}, "shown"),
        ("hat", {"text": "red shoe"}, "below_cut_off"),
        ("hat", {"text": "hat", "filter": {"brand": ["Alder"]}}, "filtered_out"),
        ("hat", {"text": "hat", "exclude": {"price": {"lt": 6}}}, "filtered_out"),
        ("hat", {"text": "red shoe", "cut_off": "off", "arms": {"lexical": 1}}, "not_retrieved"),
        ("shoe-1", {"text": "red shoe", "group_by": "group_id", "sort": "price"}, "folded"),
        ("shoe-2", {"sort": "price", "limit_per": {"brand": 1}}, "limited"),
        ("shoe-1", {"sort": "price", "group_by": "group_id"}, "folded"),
        ("hat", {"sort": "-price", "group_by": "group_id"}, "shown"),
        ("shoe-0", {"sort": "price", "group_by": "group_id"}, "shown"),
        ("hat", {"sort": "price", "group_by": "group_id"}, "shown"),
        ("shoe-0", {"sort": "-price"}, "beyond_depth"),
        ("shoe-3", {"sort": "-price"}, "shown"),
    ],
)
def test_every_reason_has_its_verdict(
    explained: Shop, product_id: str, request_body: dict[str, object], verdict: str
) -> None:
    """The first thing that keeps a product out is what is said."""
    assert explain(explained, product_id, **request_body)["verdict"] == verdict


def test_a_product_that_is_there_is_told_its_place(explained: Shop) -> None:
    """The page is that of the limit asked for."""
    said = explain(explained, "shoe-1", sort="price", limit=1)

    assert (said["place"], said["page"]) == (2, 2)


def test_a_filter_is_named(explained: Shop) -> None:
    """Each condition that fails, and none that passes."""
    said = explain(
        explained, "hat", text="hat", filter={"brand": ["Alder"], "price": {"gte": 1}}, exclude={"id": ["hat"]}
    )

    assert said["failed"] == ["filter.brand", "exclude.id"]


def test_what_is_far_is_told_by_how_much(explained: Shop) -> None:
    """Its score, its rank and the threshold, by arm."""
    arm = explain(explained, "hat", text="red shoe")["arms"]["text"]

    assert arm["above_threshold"] == pytest.approx(arm["score"] - arm["threshold"], abs=1e-5)
    assert arm["above_threshold"] < 0
    assert not arm["near"]
    assert arm["rank"] == 5


def test_what_is_searched_with_has_no_rank(explained: Shop) -> None:
    """A rank beyond the best N is counted in the arm as it was asked: without the products that are terms."""
    terms = [{"product": "shoe-0"}, {"product": "shoe-1"}]
    explained.sell(*(bare(f"more-{n}", title="red shoe") for n in range(3)))

    assert explain(explained, "hat", terms=terms)["arms"]["text"]["rank"] == 6


def test_a_fold_names_the_variant_that_is_shown(explained: Shop) -> None:
    """The cheapest stands for its group."""
    said = explain(explained, "shoe-2", text="red shoe", group_by="group_id", sort="price")

    assert said["folded_into"]["group"] == "shoes"
    assert said["folded_into"]["shown"] in {"shoe-0", "shoe-1"}


def test_what_is_hidden_is_told_to_who_sees_everything(shop: Shop) -> None:
    """A tombstone and its time, and a patch that waits for its product."""
    shop.hear(upserted(bare("gone")), deleted("gone", version=2), patched("early", price=3))

    assert explain(shop, "gone", text="thing")["verdict"] == "deleted"
    assert explain(shop, "gone")["indexed"]["version"] == 2
    assert explain(shop, "early")["verdict"] == "waiting"


def test_a_patch_for_what_was_deleted_is_not_the_deletion(shop: Shop) -> None:
    """When it was deleted is said until a newer event came, whose time is another."""
    shop.hear(upserted(bare("gone")), deleted("gone", version=2) | {"occurred_at": "2026-05-01T10:00:00Z"})
    assert "by an event of 2026-05-01T10:00:00Z" in explain(shop, "gone")["reason"]

    shop.hear(patched("gone", version=3, price=3) | {"occurred_at": "2026-06-01T10:00:00Z"})
    said = explain(shop, "gone")
    assert said["verdict"] == "deleted"
    assert "2026-06-01" not in said["reason"]


def test_errors_name_the_field_of_the_inner_request(shop: Shop) -> None:
    """As it was written: within `request`."""
    for inner, culprit in (
        ({"filter": {"title": ["a"]}}, "request.filter.title"),
        ({"facets": ["title"]}, "request.facets.0"),
        ({"limit": 0}, "request.limit"),
        ({"terms": [{"text": "hat"}, {"image": {"part": 0}}]}, "request.terms.1.image.part"),
    ):
        answer = shop.http.post("/v1/explain", json={"request": inner, "product": "a"})
        assert culprits(problem(answer, 422)) == [culprit]
    assert problem(shop.http.post("/v1/explain", content=b""), 422)
    assert problem(shop.http.post("/v1/explain", content=b"["), 422)


def test_a_hit_says_which_arm_and_which_term_found_it(shop: Shop) -> None:
    """Scores, ranks, normalised parts and weights of the arms; what each term scores by itself; what lifted it."""
    shop.sell(bare("red", title="red shoe", images=[data_url(RED)]), bare("hat", title="wool hat"))
    terms = [{"text": "shoe"}, {"image": {"data": encoded(png(RED))}}]

    hit = shop.search(terms=terms, explain=True)["hits"][0]
    explanation = hit["explanation"]

    assert set(explanation["arms"]) == {"text", "image", "lexical"}
    assert all(arm["rank"] == 1 for arm in explanation["arms"].values())
    assert sum(arm["normalised"] * arm["weight"] for arm in explanation["arms"].values()) == pytest.approx(
        hit["score"], rel=1e-4
    )
    assert {(one["term"], one["arm"]) for one in explanation["terms"]} >= {(0, "text"), (1, "image")}
    assert explanation["arms"]["image"]["weight"] == pytest.approx(0.6 / (0.6 + (0.6 + 1) / 2), rel=1e-4), "hears both"
    assert explanation["boosts"] == {}
    assert shop.search(text="hat", explain=True, limit=1)["hits"][0]["explanation"]["boosts"] == {"named": NAMED}


def test_a_hit_says_which_words_matched(shop: Shop) -> None:
    """In the lexical arm too: what the terms score there by themselves adds up to what the arm does."""
    shop.sell(bare("a", title="red canvas shoe"), bare("b", title="red hat"), bare("c", title="wool hat"))
    terms = [{"text": "red"}, {"text": "hat", "weight": 0.5}, {"text": "!"}, {"text": "wool", "weight": -1}]

    hits = shop.search(terms=terms, arms={"lexical": 1}, cut_off="off", explain=True)["hits"]

    told = {hit["product"]["id"]: hit["explanation"] for hit in hits}
    assert {one: [share["term"] for share in told[one]["terms"]] for one in told} == {"a": [0], "b": [0, 1], "c": [1]}
    for one in told.values():
        score = sum(share["score"] * terms[share["term"]].get("weight", 1.0) for share in one["terms"])
        assert score == pytest.approx(one["arms"]["lexical"]["score"], rel=1e-4)


def test_browsing_has_nothing_to_explain(shop: Shop) -> None:
    """The form is the same."""
    shop.sell(bare("a"))

    assert shop.search(explain=True)["hits"][0]["explanation"] == {"arms": {}, "terms": [], "boosts": {}}
    assert "explanation" not in shop.search()["hits"][0]
