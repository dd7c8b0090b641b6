"""Numbers and measures as words: BM25's tokenizer drops bare numbers, and takes "128 GB" and "128gb" for two things.

In the text of the lexical arm each number becomes a word (`15` → `n15`), and a measure one word in the base unit of
its kind (`5 cm`, `0.05m`, `5厘米` → `50mm`). Queries and documents go the same way; no other text is touched.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

ALGORITHM: Final = 1
"""Raised whenever this file gives another word for the same text: it is part of the collection's identity."""

_BASES: Final = {
    "mm": {"mm": "1", "cm": "10", "m": "1000", "毫米": "1", "厘米": "10", "公分": "10", "米": "1000"},
    "mm ": {'"': "25.4", "″": "25.4", "inch": "25.4", "inches": "25.4", "英寸": "25.4", "寸": "25.4",
            "ft": "304.8", "feet": "304.8"},
    "g": {"mg": "0.001", "g": "1", "gr": "1", "gram": "1", "grams": "1", "kg": "1000", "kilo": "1000", "克": "1",
          "千克": "1000", "公斤": "1000", "斤": "500"},
    "g ": {"oz": "28.3495", "lb": "453.592", "lbs": "453.592"},
    "ml": {"ml": "1", "cl": "10", "dl": "100", "l": "1000", "litre": "1000", "litres": "1000", "liter": "1000",
           "liters": "1000", "毫升": "1", "升": "1000"},
    "gb": {"mb": "0.001", "gb": "1", "tb": "1000"},
    "w": {"w": "1", "watt": "1", "watts": "1", "kw": "1000", "瓦": "1"},
    "v": {"v": "1", "volt": "1", "volts": "1", "伏": "1"},
    "mah": {"mah": "1", "ah": "1000", "毫安": "1"},
    "hz": {"hz": "1", "khz": "1000", "mhz": "1000000", "ghz": "1000000000"},
    "mp": {"mp": "1", "megapixel": "1", "megapixels": "1"},
}  # fmt: skip
"""Base unit → unit → how many of the base it is. A blank behind the base: another system, so wholes are near enough."""

_UNITS: Final = {
    unit: (base.strip(), Decimal(factor), base.endswith(" "))
    for base, units in _BASES.items()
    for unit, factor in units.items()
}
_NUMBER: Final = r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,4}(?:\.[0-9]{1,6})?|[0-9]{1,18}(?:[.,][0-9]{1,6})?)"
_NUMBERS: Final = re.compile(_NUMBER)
_QUANTITY: Final = re.compile(
    rf"(?<![A-Za-z0-9_])(?<![0-9][.,])({_NUMBER}(?:\s?[x×*]\s?{_NUMBER}){{0,3}})"
    rf"(?:[\s-]?({'|'.join(sorted(map(re.escape, _UNITS), key=len, reverse=True))})(?![A-Za-z]))?"
    r"(?![A-Za-z0-9_])(?![.,][0-9])",
    re.IGNORECASE,
)
_FULL_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


def indexed(text: str) -> str:
    """Return a text as documents hold it: a measure is there as one word, and its number as another."""
    return _QUANTITY.sub(_indexed, _half_width(text))


def asked(text: str) -> str:
    """Return a text as queries ask for it: of a measure one word only, so that 128 GB does not find 128 cm."""
    return _QUANTITY.sub(_asked, _half_width(text))


def numbers_of_measures(text: str) -> str:
    """Return the bare numbers of a text's measures as words, empty where it has none."""
    found = (match for match in _QUANTITY.finditer(_half_width(text)) if match[2])
    return " ".join(word for match in found for word in _numbers(match))


def _indexed(match: re.Match[str]) -> str:
    return " ".join(["", *_numbers(match), *_measures(match), ""])


def _asked(match: re.Match[str]) -> str:
    return " ".join(["", *(_measures(match) or _numbers(match)), ""])


def _numbers(match: re.Match[str]) -> list[str]:
    return ["n" + _plain(number).replace(".", "p") for number in _NUMBERS.findall(match[1])]


def _measures(match: re.Match[str]) -> list[str]:
    if not match[2]:
        return []
    base, factor, whole = _UNITS[match[2].casefold()]
    amounts = [Decimal(_plain(number)) * factor for number in _NUMBERS.findall(match[1])]
    return [_amount(amount.to_integral_value() if whole else amount) + base for amount in amounts]


def _plain(number: str) -> str:
    """Return a number as Python writes it: a comma before three digits parts thousands, another one is a point."""
    wholes, *rest = number.split(",")
    if not rest:
        return number
    return number.replace(",", "") if all(len(part.split(".")[0]) == 3 for part in rest) else f"{wholes}.{rest[0]}"  # noqa: PLR2004 - thousands


def _amount(amount: Decimal) -> str:
    """Return an amount as letters and digits that the tokenizer keeps together."""
    text = f"{amount:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace(".", "p")


def _half_width(text: str) -> str:
    return text if text.isascii() else text.translate(_FULL_WIDTH)
