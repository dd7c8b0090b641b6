"""Prices as a shop writes them, in English, as the page's language is: what `Intl.NumberFormat("en")` would write."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

_SYMBOLS: Final = {
    "AUD": "A$", "BRL": "R$", "CAD": "CA$", "CNY": "CN¥", "EUR": "€", "GBP": "£", "HKD": "HK$", "ILS": "₪",
    "INR": "₹", "JPY": "¥", "KRW": "₩", "MXN": "MX$", "NZD": "NZ$", "PHP": "₱", "TWD": "NT$", "USD": "$", "VND": "₫",
}  # fmt: skip
_DIGITS: Final = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "XAF": 0, "XOF": 0, "BHD": 3, "KWD": 3, "TND": 3}
_NO_BREAK_SPACE: Final = "\N{NO-BREAK SPACE}"
_CODE_CHARS: Final = 3
_PLAIN_DIGITS: Final = 2
_SANE_DIGITS: Final = 20


def price_text(price: float | None, currency: str | None) -> str:
    """Return a price with its currency, empty where there is none; an unknown currency stands as it was given."""
    if price is None:
        return ""
    code = (currency or "").upper()
    is_code = len(code) == _CODE_CHARS and code.isascii() and code.isalpha()
    amount = _amount(price, _DIGITS.get(code, _PLAIN_DIGITS))
    if is_code:
        return f"{_SYMBOLS[code]}{amount}" if code in _SYMBOLS else f"{code}{_NO_BREAK_SPACE}{amount}"
    return f"{amount}{_NO_BREAK_SPACE}{currency}" if currency else amount


def _amount(price: float, digits: int) -> str:
    """Return the number, rounded as people do, unless it is so large that a context's 28 digits would not hold it."""
    number = Decimal(repr(price))
    if number.adjusted() < _SANE_DIGITS:
        number = number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{number:,.{digits}f}"
