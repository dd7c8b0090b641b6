"""One product, and its pictures, by id."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from tests.builders import NOW, bare, patched, product, upserted
from tests.search.shop import RED, culprits, data_url, png, problem

if TYPE_CHECKING:
    from tests.search.shop import Shop

ODD_IDS = (
    "a/b", "a//b", "/", "a b", " ", "sku 1?colour=red#top", "100%", "+", "红鞋-1", "é", "e\u0301", "🔥" * 128,
    "a\\b", "'\"<script>", "x" * 128, "a&b=c;d", "\t", "similar", "a/similar", "\u202e", "a\u0000b",
)  # fmt: skip


def gif() -> bytes:
    """Return the smallest picture there is."""
    return base64.b64decode("R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=")


def test_a_product_comes_with_its_versions_and_times(shop: Shop) -> None:
    """As the index has it, newest change included."""
    shop.hear(
        upserted(product(images=[data_url(RED), "data:,"]), version=7, occurred_at="2026-05-01T10:00:00Z"),
        patched(version=9, price=5),
    )

    body = shop.product("sku-1").json()

    indexed_at = body.pop("indexed_at")
    assert body == {
        "product": product(images=[data_url(RED), "data:,"], price=5),
        "version": 9,
        "occurred_at": NOW.isoformat().replace("+00:00", "Z"),
        "pictures": [{"status": "ok", "error": None, "due_at": None}, body["pictures"][1]],
    }
    assert body["pictures"][1]["status"] == "refused"
    assert body["pictures"][1]["error"]
    assert indexed_at.endswith("Z")


@pytest.mark.parametrize("product_id", ODD_IDS)
def test_any_id_can_be_asked_for(shop: Shop, product_id: str) -> None:
    """Slashes, blanks, other scripts and whatever means something in a URL; and its picture too."""
    shop.sell(bare(product_id, images=[data_url(RED)]), bare("another"))

    assert shop.product(product_id).json()["product"]["id"] == product_id
    assert shop.picture(product_id).content == png(RED)
    assert shop.selected(id=product_id) == {product_id}
    assert shop.found(terms=[{"product": product_id}]) == ["another"]


def test_ids_are_compared_as_they_are(shop: Shop) -> None:
    """Neither case nor blanks nor composed letters are made equal."""
    shop.sell(bare("Sku"), bare("é"))

    for other in ("sku", "SKU", "Sku ", " Sku", "e\u0301"):
        problem(shop.product(other), 404)


@pytest.mark.parametrize("product_id", ["nobody", "x" * 5000, "a\nb", "", "\ufffd"])
def test_an_unknown_product_is_a_problem(shop: Shop, product_id: str) -> None:
    """Also one that could not exist."""
    problem(shop.product(product_id), 404)
    problem(shop.picture(product_id), 404)


@pytest.mark.parametrize(("data", "media_type"), [(png(RED), "image/png"), (gif(), "image/gif")], ids=["png", "gif"])
def test_a_picture_is_handed_out_as_what_it_is(shop: Shop, data: bytes, media_type: str) -> None:
    """By its content, whatever the shop said it was; no browser is left to guess."""
    shop.sell(bare(images=[f"data:text/html;base64,{base64.b64encode(data).decode()}"]))

    answer = shop.picture("sku-1")

    assert answer.status_code == 200
    assert answer.content == data
    assert answer.headers["content-type"] == media_type
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "reference",
    ["data:text/html;base64,PHNjcmlwdD4=", "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>", "data:,",
     "data:image/png;base64,!!", "a.jpg", "../../etc/passwd", "/etc/passwd", "a\u0000b.png"],
)  # fmt: skip
def test_what_is_no_picture_is_not_handed_out(shop: Shop, reference: str) -> None:
    """Neither scripts nor files of this machine, whatever an event names as a picture."""
    shop.sell(bare(images=[reference]))

    problem(shop.picture("sku-1"), 404)


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://127.0.0.1:9/a.jpg?w=1&h=2", "https://127.0.0.1:9/a.jpg?w=1&h=2"),
        ("HTTP://127.0.0.1:9/a%20b.jpg", "HTTP://127.0.0.1:9/a%20b.jpg"),
        ("https://127.0.0.1:9/红.jpg", "https://127.0.0.1:9/%E7%BA%A2.jpg"),
        ("https://127.0.0.1:9/\r\nSet-Cookie: a=b", "https://127.0.0.1:9/%0D%0ASet-Cookie:%20a=b"),
    ],
)
def test_a_picture_elsewhere_is_pointed_to(shop: Shop, url: str, location: str) -> None:
    """The URL is one line of ASCII, whatever the shop wrote."""
    shop.sell(bare(images=[data_url(RED), url]))

    answer = shop.picture("sku-1", 1)

    assert answer.status_code == 307
    assert answer.headers["location"] == location


@pytest.mark.parametrize("number", [1, -1, 8, 10**30])
def test_a_picture_that_there_is_not_is_a_problem(shop: Shop, number: int) -> None:
    """A product has as many pictures as it has."""
    shop.sell(bare(images=[data_url(RED)]))

    problem(shop.picture("sku-1", number), 404)


@pytest.mark.parametrize("number", ["x", "0.5", "9" * 5000, "%00"])
def test_a_number_that_is_none_is_refused(shop: Shop, number: str) -> None:
    """It names the part of the path."""
    assert culprits(problem(shop.picture("sku-1", number), 422)) == ["number"]
