"""Pictures that stand in their own reference."""

from __future__ import annotations

import base64
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import InvalidPicture
from encoders.pictures.data_urls import data_of

LIMIT = 1000


@pytest.mark.parametrize(
    ("url", "data"),
    [
        ("data:image/png;base64,QUJD", b"ABC"),
        ("DATA:;BASE64,QUJD", b"ABC"),
        ("data:image/png; base64 ,QUJD", b"ABC"),
        ("data:image/png;base64,QUI%3D", b"AB"),
        ("data:text/plain;charset=utf-8;base64,QUJD", b"ABC"),
        ("data:,a%20b%FF", b"a b\xff"),
        ("data:,", b""),
    ],
)
def test_a_data_url_has_its_picture_in_it(url: str, data: bytes) -> None:
    """As base64 or with escapes."""
    assert data_of(url, max_bytes=LIMIT) == data


@pytest.mark.parametrize("url", ["data:", "data:image/png;base64", "data:;base64,!", "data:;base64,QQ"])
def test_a_broken_data_url_is_invalid(url: str) -> None:
    """No comma, no base64, no end."""
    with pytest.raises(InvalidPicture):
        data_of(url, max_bytes=LIMIT)


@settings(deadline=None)
@given(st.binary(max_size=LIMIT))
def test_what_fits_comes_back(data: bytes) -> None:
    """Byte for byte, in every form."""
    in_base64 = base64.b64encode(data).decode()

    for body in (f";base64,{in_base64}", f";base64,{urllib.parse.quote(in_base64)}", f",{urllib.parse.quote(data)}"):
        assert data_of(f"data:image/png{body}", max_bytes=LIMIT) == data


@pytest.mark.parametrize("length", [LIMIT + 1, LIMIT + 3, 10 * LIMIT])
@pytest.mark.parametrize("header", ["data:,", "data:;base64,"])
def test_what_does_not_fit_is_refused(header: str, length: int) -> None:
    """By its length, before much is made of it."""
    data = bytes(length)
    body = base64.b64encode(data).decode() if "base64" in header else urllib.parse.quote(data)

    with pytest.raises(InvalidPicture, match="1,000 bytes"):
        data_of(header + body, max_bytes=LIMIT)
