"""Calibrating: what counts as unrelated, which products are drawn, and what their pairs score."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import pytest

from catalog.errors import CollectionMismatch
from deploy.processes.parts import open_async_engine
from encoders.fakes import ColourPictureEncoder, fake_encoders
from search.access import EVERYTHING
from search.encoding.levels import unrelated_pairs
from search.quality.calibrating import KINDS, draw, measure, queries_of, start_of
from search.retriever import Retriever
from tests.builders import deleted
from tests.search.shop import BLUE, GREEN, RED, data_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from catalog.calibration import Level
    from encoders.interface import Encoders
    from search.parts import Sampled
    from search.quality.calibrating import Measured
    from tests.builders import JsonObject
    from tests.search.shop import Shop

COUNT = 60
LEXICAL_QUERY = ("text", "lexical")
CATEGORIES = ("Shoes", "Hats", "Lamps")


class PicturesOnly(ColourPictureEncoder):
    """Reads no words."""

    @property
    def text_tower(self) -> None:  # type: ignore[override]
        """There is none."""


def goods(number: int) -> JsonObject:
    """Return a product of two words of its own and, in every third one, a word that others have."""
    shared = " canvas" if number % 3 == 0 else ""
    colour = (10 * number % 256, 5 * number % 256, 90)
    return {
        "id": f"sku-{number}",
        "title": f"word{number} thing{number}{shared}",
        "category": CATEGORIES[number % 2],
        "images": [data_url(colour)],
    }


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """Sell sixty products of two categories."""
    shop.sell(*map(goods, range(COUNT)))
    return shop


def retriever_of(shop: Shop, depth: int = COUNT) -> Retriever:
    """Return a retriever of the shop's collection, as deep as the sample."""
    return Retriever(open_async_engine(shop.settings, shop.index.engine), shop.index.collection, depth=depth)


async def drawn(shop: Shop, count: int = COUNT, seed: int = 0) -> list[Sampled]:
    """Return a sample of the shop."""
    retriever = retriever_of(shop)
    try:
        return await draw(retriever, count, seed)
    finally:
        await retriever.close()


async def measured(shop: Shop, encoders: Encoders | None = None) -> Measured:
    """Return what is measured of the shop's products."""
    retriever = retriever_of(shop)
    steps: list[tuple[int, int]] = []
    try:
        products = await draw(retriever, COUNT, 0)
        found = await measure(retriever, encoders or fake_encoders(), products, lambda *step: steps.append(step))
    finally:
        await retriever.close()
    assert steps == sorted(steps)
    return found


async def levels(shop: Shop, encoders: Encoders | None = None) -> dict[tuple[str, str], Level]:
    """Return what the shop's products score."""
    return {(level.query, level.arm): level for level in (await measured(shop, encoders)).levels}


def names(products: list[Sampled]) -> list[str]:
    """Return the ids of a sample."""
    return [one.product["id"] for one in products]


def test_what_shares_a_group_title_or_category_is_related() -> None:
    """The rest is unrelated; what is not known relates nothing."""
    products = [
        {"id": "a", "title": "Shoe", "category": "Shoes"},
        {"id": "b", "title": "Boot", "category": "Shoes"},
        {"id": "c", "title": "Hat", "group_id": "g"},
        {"id": "d", "title": "Cap", "group_id": "g"},
        {"id": "e", "title": "shoe"},
        *({"id": f"x{number}", "title": f"thing {number}"} for number in range(12)),
    ]

    found = unrelated_pairs(products)

    assert (found == found.T).all()
    related = {
        (products[one]["id"], products[other]["id"]) for one, other in np.argwhere(~found).tolist() if one < other
    }
    assert related == {("a", "b"), ("c", "d"), ("a", "e")}


def test_a_shop_of_one_category_has_unrelated_products_too() -> None:
    """Where the category tells nothing apart, groups and titles do."""
    products = [
        {"id": str(n), "title": f"dress {n}", "category": "Dresses", "group_id": str(n // 2)} for n in range(20)
    ]

    found = unrelated_pairs(products)

    assert found.sum() == 20 * 18


async def test_a_sample_is_random_and_repeatable(stocked: Shop) -> None:
    """A seed draws the same products again, another seed others, all distinct."""
    first, again, other = [names(await drawn(stocked, 25, seed)) for seed in (1, 1, 2)]

    assert first == again
    assert len(set(first)) == 25
    assert set(first) != set(other)


async def test_a_sample_goes_on_from_the_first_product(stocked: Shop) -> None:
    """Wherever it begins, asking for more than there are brings each visible product once; tombstones never."""
    stocked.hear(deleted("sku-7", version=9))
    retriever = retriever_of(stocked)

    for start in (start_of(3), "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"):
        found = names(await retriever.sample(start, 1_000, EVERYTHING))
        assert sorted(found) == sorted(f"sku-{number}" for number in range(COUNT) if number != 7)

    await retriever.close()


async def test_every_kind_of_query_gets_the_level_of_its_pairs(stocked: Shop) -> None:
    """Means and deviations are those of all pairs of different category, computed here from the stored vectors."""
    found = await levels(stocked)

    assert set(found) == set(KINDS)
    products = await drawn(stocked)
    vectors = {name: np.stack([one.vectors[name] for one in products]) for name in ("text", "image")}
    apart = np.array([[a.product["category"] != b.product["category"] for b in products] for a in products])
    asked = queries_of([one.product["title"] for one in products])
    titles = fake_encoders().text.encode_queries(list(asked.values()))
    expected = {
        ("product", "text"): vectors["text"] @ vectors["text"].T,
        ("picture", "image"): vectors["image"] @ vectors["image"].T,
        ("text", "text"): titles @ vectors["text"].T,
    }
    for kind, scores in expected.items():
        assert found[kind].mean == pytest.approx(scores[apart].mean(), abs=1e-4)
        assert found[kind].deviation == pytest.approx(scores[apart].std(), abs=1e-4)
        assert found[kind].pairs == apart.sum()


async def test_the_zero_of_words_is_no_shared_word(stocked: Shop) -> None:
    """The unit is a tenth of what a product scores by some words of its own title, whatever it shares with others."""
    level = (await levels(stocked))[LEXICAL_QUERY]

    asked = queries_of([str(one.product["title"]) for one in await drawn(stocked)])
    best = [
        stocked.search(text=text, arms={"lexical": 1.0}, limit=1, spelling="off")["hits"][0]["score"]
        for text in asked.values()
    ]
    assert level.mean == 0
    assert level.deviation == pytest.approx(
        np.mean(best) * fake_encoders().scale(*LEXICAL_QUERY).deviation / 10, rel=0.01
    )


async def test_an_arm_that_words_cannot_reach_is_left_out(stocked: Shop) -> None:
    """A picture encoder without a text tower has no level for words, and the rest is measured."""
    encoders = replace(fake_encoders(), picture=PicturesOnly())

    assert set(await levels(stocked, encoders)) == set(KINDS) - {("text", "image")}


async def test_pictures_are_told_by_the_words_of_titles(shop: Shop) -> None:
    """Those that the encoder knows from those of another colour, and it is seen how much is left to them."""
    more: Sequence[JsonObject] = (
        {"category": "Hats"},
        {"attributes": {"size": "large"}},
        {"attributes": {"mm": 9}},
        {},
    )
    colours = {"red": RED, "blue": BLUE, "green": GREEN}
    for number, (name, rgb) in enumerate(20 * [*colours.items()]):
        shown = {"id": f"sku-{number}", "title": f"{name} {name}", "images": [data_url(rgb)]}
        shop.sell({**shown, **more[number % 4]})

    found = (await measured(shop)).pictures

    assert found is not None
    assert found.told == 1.0
    assert found.alone == pytest.approx((0.5 + 0 + 1 + 1) / 4)
    assert (await measured(shop, replace(fake_encoders(), picture=PicturesOnly()))).pictures is None


async def test_pictures_of_other_products_are_told_by_chance(shop: Shop) -> None:
    """Each product has the photo of another colour as often as its own."""
    names, photos = ("red", "blue"), (RED, BLUE)
    for number in range(COUNT):
        photo = data_url(photos[number // 2 % 2])
        shop.sell({"id": f"sku-{number}", "title": f"{names[number % 2]} {number}", "images": [photo]})

    found = (await measured(shop)).pictures

    assert found is not None
    assert found.told == pytest.approx(0.5, abs=0.05)


async def test_products_without_a_title_or_picture_are_no_obstacle(shop: Shop) -> None:
    """Each level is measured on those that have what it takes."""
    shop.sell(*({**goods(n), "images": []} for n in range(30)))
    shop.sell(*({"id": uuid4().hex, "images": [data_url(RED)]} for _ in range(5)))

    found = await levels(shop)

    assert ("product", "text") in found
    assert ("text", "image") not in found
    assert (await measured(shop)).pictures is None


async def test_too_few_products_are_too_few(shop: Shop) -> None:
    """The command says how many there are and what to do."""
    shop.sell(goods(1))

    with pytest.raises(CollectionMismatch, match=r"holds 1 products.*load the catalogue"):
        await drawn(shop)
