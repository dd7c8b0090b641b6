"""Prices as a shop writes them, in English as the page is: what format.js writes with `Intl.NumberFormat`."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

_SYMBOLS: Final = {
    "AUD": "A$", "BRL": "R$", "CAD": "CA$", "CNY": "CN¥", "EUR": "€", "GBP": "£", "HKD": "HK$", "ILS": "₪",
    "INR": "₹", "JPY": "¥", "KRW": "₩", "MXN": "MX$", "NZD": "NZ$", "PHP": "₱", "TWD": "NT$", "USD": "$", "VND": "₫",
    "XAF": "FCFA", "XCD": "EC$", "XOF": "F\N{NARROW NO-BREAK SPACE}CFA", "XPF": "CFPF",
}  # fmt: skip
_DIGITS: Final = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip
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
        sign = _SYMBOLS.get(code, code)
        return f"{sign}{_NO_BREAK_SPACE if sign[-1].isalpha() else ''}{amount}"
    return f"{amount}{_NO_BREAK_SPACE}{currency}" if currency else amount


def _amount(price: float, digits: int) -> str:
    """Return the number, rounded as people do, unless it is so large that a context's 28 digits would not hold it."""
    number = Decimal(repr(price))
    if number.adjusted() < _SANE_DIGITS:
        number = number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{number:,.{digits}f}"
