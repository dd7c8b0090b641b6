"""Fixtures of the search tests: one shop for the whole run, emptied for each test, on every engine there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.search.shop import ENGINE_KINDS, Shop, open_kind, open_shop, shop_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.engine import Engine
    from deploy.settings import QdrantSettings


@pytest.fixture(scope="session", params=ENGINE_KINDS)
def open_engine(request: pytest.FixtureRequest) -> Iterator[tuple[Engine, QdrantSettings]]:
    """Open each engine in turn."""
    with open_kind(request.param) as opened:
        yield opened


@pytest.fixture(scope="session")
def lasting_shop(open_engine: tuple[Engine, QdrantSettings]) -> Iterator[Shop]:
    """Open the one shop of the run: a collection costs more than a test."""
    engine, qdrant = open_engine
    with open_shop(engine, shop_settings(qdrant)) as shop:
        yield shop


@pytest.fixture
def shop(lasting_shop: Shop) -> Shop:
    """Return the shop without products."""
    lasting_shop.index.clear()
    return lasting_shop


@pytest.fixture
def small_shop(lasting_shop: Shop) -> Iterator[Shop]:
    """Return the same shop, empty too, behind an API of low limits."""
    lasting_shop.index.clear()
    settings = lasting_shop.settings
    low = settings.api.model_copy(update={"depth": 10, "max_body_bytes": 20_000, "max_concurrent": 1})
    with open_shop(lasting_shop.index.engine, settings.model_copy(update={"api": low})) as small:
        yield small
