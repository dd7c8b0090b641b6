"""Prices in words."""

from __future__ import annotations

import pytest

from search.page.money import price_text


@pytest.mark.parametrize(
    ("price", "currency", "text"),
    [
        (1234.5, "EUR", "€1,234.50"),
        (1234.5, "eur", "€1,234.50"),
        (19800.5, "JPY", "¥19,801"),
        (12.3456, "KWD", "KWD\xa012.346"),
        (1.005, None, "1.01"),
        (0.0, "CHF", "CHF\xa00.00"),
        (1.0, "euros", "1.00\xa0euros"),
        (None, "EUR", ""),
    ],
)
def test_prices_are_written_as_browsers_do(price: float | None, currency: str | None, text: str) -> None:
    """The texts were taken from `Intl.NumberFormat("en")`: a card does not change when JavaScript redraws it."""
    assert price_text(price, currency) == text
