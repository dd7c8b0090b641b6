"""Where near begins, as far as it lies in the query: in how rare its words are, or in a picture that shows nothing."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog.vectors import SparseVector
from deploy.processes.parts import search_core
from encoders.fakes import fake_encoders
from encoders.interface import NOTHING, PICTURE_QUERY, Unrelated
from search.access import EVERYTHING
from search.encoding.elsewhere import PHRASES, pictures_of_nothing
from search.encoding.nearness import USUAL_RARITY, Rarity, picture_scale
from search.schemas import SearchRequest
from tests.builders import bare
from tests.search.shop import RED, data_url

if TYPE_CHECKING:
    from tests.search.shop import Shop

SCALE = Unrelated(0.3, 0.1, 0.5)
RARE, COMMON, UNHEARD = 1, 2, 3
COUNTED = Rarity(1_000, {RARE: 10, COMMON: 400})


def words(*numbers: int) -> SparseVector:
    """Return a query of these words."""
    return SparseVector(numbers, (1.0,) * len(numbers))


def test_a_word_counts_as_much_as_it_is_rare() -> None:
    """As in the engine's BM25; one that no drawn product has counts most. Before anybody counted, all count alike."""
    assert COUNTED.of(COMMON) == pytest.approx(math.log(1 + 600.5 / 400.5))
    assert COUNTED.of(COMMON) < COUNTED.of(RARE) < COUNTED.of(UNHEARD)
    assert Rarity().of(RARE) == Rarity().of(COMMON) == USUAL_RARITY


def test_a_product_has_enough_words_from_half_of_their_weight_on() -> None:
    """The rare word of a common and a rare one is enough, the common one is not; of a single word there is no half."""
    assert COUNTED.of(COMMON) < COUNTED.threshold(words(RARE, COMMON)) < COUNTED.of(RARE)
    assert COUNTED.of(RARE) < COUNTED.threshold(words(RARE, UNHEARD))
    assert COUNTED.threshold(words(COMMON)) == COUNTED.threshold(words()) == 0.0


def test_what_is_known_of_a_query_is_counted_by_how_rare_it_is() -> None:
    """Of words that no product has the others tell less than half; where none is known, or none counted, it is all."""
    common, unheard = COUNTED.of(COMMON), COUNTED.of(UNHEARD)

    assert COUNTED.known(words(RARE, COMMON)) == 1.0
    assert COUNTED.known(words(COMMON, UNHEARD)) == pytest.approx(common / (common + unheard))
    assert COUNTED.known(words(COMMON, UNHEARD)) < COUNTED.known(words(RARE, UNHEARD)) < 1 / 2
    assert COUNTED.known(SparseVector((COMMON, UNHEARD), (1.0, 0.25))) == pytest.approx(common / (common + unheard / 4))
    assert COUNTED.known(words(UNHEARD)) == COUNTED.known(words()) == Rarity().known(words(RARE, UNHEARD)) == 1.0


def test_a_picture_of_nothing_finds_only_what_is_nearer_to_it_than_nothing() -> None:
    """Up to the limit a picture counts as one that shows something, and its threshold stays."""
    nothing = np.array([[1.0, 0.0], [0.8, 0.6]], dtype=np.float32)

    plain = picture_scale(SCALE, np.array([0.98, 0.199], dtype=np.float32), nothing, 0.9)
    other = picture_scale(SCALE, np.array([0.0, 1.0], dtype=np.float32), nothing, 0.9)

    assert plain == replace(SCALE, threshold=plain.threshold)
    assert plain.threshold == pytest.approx(0.98)
    assert other == SCALE


def test_pictures_of_nothing_are_pictures_and_always_the_same() -> None:
    """They differ from each other, and another call draws them again."""
    first, again = pictures_of_nothing(), pictures_of_nothing()

    assert all((one == other).all() for one, other in zip(first, again, strict=True))
    assert {(picture.shape, str(picture.dtype)) for picture in first} == {((96, 96, 3), "uint8")}
    assert len({picture.tobytes() for picture in first}) == len(first)
    assert len(set(PHRASES)) == len(PHRASES)


async def test_search_measures_a_picture_against_nothing_only_once_that_is_calibrated(shop: Shop) -> None:
    """A plain colour is a good query until the catalogue's own pictures say how far they are from one."""
    shop.sell(bare("red", title="red thing", images=[data_url(RED)]))
    request = SearchRequest.model_validate({"terms": [{"image": {"data": data_url(RED)}}]})
    core = search_core(shop.settings, shop.index.engine, fake_encoders())
    try:
        before = (await core.service.ask_arms(request, EVERYTHING))["image"].scale
        core.encoder.calibrate({(PICTURE_QUERY, "image"): SCALE, (NOTHING, "image"): Unrelated(0.1, 0.05)})
        after = (await core.service.ask_arms(request, EVERYTHING))["image"].scale
    finally:
        core.encoder.close()
        await core.service.close()

    assert before == fake_encoders().scale(PICTURE_QUERY, "image")
    assert after.threshold > 0.9  # as near as the plain red among the pictures of nothing


async def test_the_threshold_of_words_does_not_hang_on_the_filter(shop: Shop) -> None:
    """It is the query's: the same with a filter, and a product below it is left out with or without."""
    shop.sell(bare("a", title="red canvas shoe", brand="A"), bare("b", title="red lamp", brand="B"))
    core = search_core(shop.settings, shop.index.engine, fake_encoders())
    try:
        found = [
            (await core.service.ask_arms(SearchRequest(text="helicopter parts", filter=wanted), EVERYTHING))["lexical"]
            for wanted in ({}, {"brand": "B"})
        ]
    finally:
        core.encoder.close()
        await core.service.close()

    assert found[0].scale == found[1].scale
    assert found[0].scale.threshold == pytest.approx(USUAL_RARITY)
