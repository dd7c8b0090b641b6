"""Reading the catalogue's words: when they are read anew, of whom, and what becomes of an outage."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from qdrant_client.http.exceptions import ResponseHandlingException

from catalog.embedded import AsyncEmbeddedClient, EmbeddedClient
from deploy.processes.parts import open_async_engine
from encoders.fakes import fake_encoders
from encoders.glossary import load_glossary
from search.access import EVERYTHING, Scope
from search.encoding.nearness import Rarity
from search.filters import AnyOf, Filter
from search.retriever import Retriever
from search.words.reading import ReadingLimits, Vocabularies
from tests.builders import bare, deleted, patched, product, upserted
from tests.search.shop import RED, data_url

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from catalog.engine import AsyncEngine
    from search.words.vocabulary import Vocabulary
    from tests.search.shop import Shop

GLOSSARY = load_glossary()
AT_ONCE = ReadingLimits(refresh_seconds=0, rest=0)


@asynccontextmanager
async def reading(
    shop: Shop, limits: ReadingLimits = AT_ONCE, engine: AsyncEngine | None = None
) -> AsyncIterator[Vocabularies]:
    """Give the vocabularies of a shop."""
    used = engine or open_async_engine(shop.settings, shop.index.engine)
    vocabularies = Vocabularies(
        Retriever(used, shop.index.collection, depth=10), GLOSSARY, fake_encoders().lexical, limits
    )
    try:
        yield vocabularies
    finally:
        await vocabularies.close()
        await used.close()


async def settled(vocabularies: Vocabularies, scope: Scope = EVERYTHING) -> frozenset[str]:
    """Return the words of a scope once a reading that is due has been done."""
    vocabularies.begin(scope)
    for task in list(vocabularies._tasks):
        await task
    return vocabularies._kept[scope].vocabulary.known


async def known(vocabularies: Vocabularies) -> Vocabulary:
    """Return the words of the whole catalogue as they are known, without waiting for a reading."""
    return await vocabularies.of(EVERYTHING, within_seconds=0)


async def test_words_follow_the_catalogue(shop: Shop) -> None:
    """New ones come, those of a deleted product go, a changed title counts."""
    shop.sell(product(id="a", brand="Kestrel"), product(id="b", brand="Mallard"))
    async with reading(shop) as vocabularies:
        first = await settled(vocabularies)
        shop.hear(deleted("a", version=2), patched("b", version=2, title="Straw hat from Ibiza"))
        second = await settled(vocabularies)

    assert {"kestrel", "mallard", "canvas"} <= first
    assert {"mallard", "straw", "ibiza"} <= second
    assert not {"kestrel", "canvas"} & second


async def test_nothing_is_read_while_nothing_changes(shop: Shop) -> None:
    """A look at the newest time and the count is enough."""
    shop.sell(product())
    async with reading(shop) as vocabularies:
        await settled(vocabularies)
        before = await known(vocabularies)
        await settled(vocabularies)
        unchanged = (await known(vocabularies)) is before
        shop.hear(upserted(product(id="more"), version=1))
        await settled(vocabularies)

        assert unchanged
        assert (await known(vocabularies)) is not before


async def test_words_are_not_read_before_they_are_due(shop: Shop) -> None:
    """However often they are asked for."""
    shop.sell(product(brand="Kestrel"))
    async with reading(shop, ReadingLimits(refresh_seconds=3_600)) as vocabularies:
        await settled(vocabularies)
        shop.sell(product(id="b", brand="Mallard"))

        assert "mallard" not in await settled(vocabularies)


async def test_a_shop_of_several_pages_is_read_whole(shop: Shop) -> None:
    """Page after page."""
    names = [f"word{chr(97 + number // 26)}{chr(97 + number % 26)}" for number in range(150)]
    shop.sell(*(product(id=name, title=name) for name in names))
    async with reading(shop) as vocabularies:
        assert set(names) <= await settled(vocabularies)


async def test_each_scope_has_its_own_words(shop: Shop) -> None:
    """And only so many scopes are kept, those not asked for longest go."""
    shop.sell(product(id="a", brand="Kestrel"), product(id="b", brand="Mallard"))
    async with reading(shop, ReadingLimits(0, most_scopes=2, rest=0)) as vocabularies:
        mallard = await settled(vocabularies, brand("Mallard"))
        await settled(vocabularies, brand("Kestrel"))
        await settled(vocabularies)

        assert "mallard" in mallard
        assert "kestrel" not in mallard
        assert list(vocabularies._kept) == [brand("Kestrel"), EVERYTHING]


async def test_in_an_outage_the_old_words_stay(shop: Shop) -> None:
    """They are better than none; afterwards they are read again."""
    if not isinstance(shop.index.engine, EmbeddedClient):
        pytest.skip("a server cannot be taken away here")
    shop.sell(product(brand="Kestrel"))
    engine = _Away(shop.index.engine)
    async with reading(shop, engine=engine) as vocabularies:
        before = await settled(vocabularies)
        engine.away = True
        during = await settled(vocabularies)
        engine.away = False
        shop.sell(product(id="b", brand="Mallard"))
        after = await settled(vocabularies)

    assert "kestrel" in before == during
    assert "mallard" in after


async def test_where_no_words_are_wanted_nothing_is_read(shop: Shop) -> None:
    """Every word counts as known and every product as pictured, from the start to the end."""
    shop.sell(product(brand="Kestrel"))
    async with reading(shop, ReadingLimits(0, most_words=0, rest=0)) as vocabularies:
        assert not await settled(vocabularies)
        assert not (await known(vocabularies)).products
        assert (await known(vocabularies)).pictured == 1.0


async def test_where_words_are_too_many_the_rest_is_left(shop: Shop) -> None:
    """Memory is bounded, and the vocabulary says that it does not know all. Pictures are counted nevertheless."""
    shop.sell(product(images=[data_url(RED)]), product(id="b", title="Something else altogether"))
    async with reading(shop, ReadingLimits(0, most_words=3, rest=0)) as vocabularies:
        words = await settled(vocabularies)

        assert len(words) <= 3
        assert not (await known(vocabularies)).complete
        assert (await known(vocabularies)).rarity == Rarity()
        assert (await known(vocabularies)).pictured == 0.5


async def test_words_are_counted_as_the_lexical_arm_has_them(shop: Shop) -> None:
    """Without codes and numbers, of which every product may have its own. Who must know all waits for a reading."""
    shop.sell(bare("a", title="Red shoes 42", codes=["XK-1"]), bare("b", title="Red hats"))
    async with reading(shop) as vocabularies:
        words = [fake_encoders().lexical.encode_query(word).indices[0] for word in ("red", "shoe", "lamp", "xk")]
        before = (await known(vocabularies)).rarity
        counted = (await vocabularies.of(EVERYTHING, within_seconds=None)).rarity

    assert before == Rarity()
    assert (counted.products, [counted.having.get(word, 0) for word in words]) == (2, [2, 1, 0, 0])


def brand(name: str) -> Scope:
    """Return the scope of one brand's products."""
    return Scope(EVERYTHING.filter & Filter(must=(AnyOf("product.brand", (name,)),)))


class _Away(AsyncEmbeddedClient):
    """The embedded engine, as a server that may be away."""

    def __init__(self, client: EmbeddedClient) -> None:
        super().__init__(client)
        self.away = False

    async def scroll(self, *given: Any, **named: Any) -> Any:  # noqa: ANN401 - passed on as they are
        if self.away:
            raise ResponseHandlingException(ConnectionError("away"))
        return await super().scroll(*given, **named)
