"""How words are compared: the accents that do not tell words apart are those of the lexical arm."""

from __future__ import annotations

import unicodedata

import pytest

from encoders.sparse import Bm25Encoder
from search.words.writing import folded, lowered, without_digits
from tests.search.words.lexicon import GLOSSARY, wide

LETTERS = [*range(0x00C0, 0x0530), *range(0x1E00, 0x2000)]
AROUND = {"GREEK": ("καλ", "ος"), "CYRILLIC": ("кан", "ат"), "LATIN": ("can", "at")}


@pytest.mark.parametrize(
    ("written", "looked_up"),
    [
        ("Crème Brûlée", "creme brulee"),
        ("cafe\u0301", "cafe"),
        ("cœur, Ægir", "coeur, aegir"),
        (wide("NIKE 128GB"), "nike 128gb"),
        ("連衣裙", "连衣裙"),
        ("Αθήνα", "αθηνα"),
        ("майка фён", "майка фён"),
        ("smør łódź", "smør łodz"),
        ("がギ 한국", "がギ 한국"),
    ],
)
def test_words_are_looked_up_in_one_form(written: str, looked_up: str) -> None:
    """In half width, small letters, simplified characters, without accents where these tell nothing apart."""
    assert folded(written, GLOSSARY.simplified) == looked_up


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("case for iphone15", "case for  "),
        ("红色iphone15手机壳", "红色 手机壳"),
        ("a-1b, 40cm×60cm red.", "    red."),
        ("٣ red", "  red"),
        ("red", "red"),
        ("", ""),
    ],
)
def test_whatever_has_a_digit_in_it_is_left_out(text: str, left: str) -> None:
    """Up to a blank or Chinese."""
    assert without_digits(text) == left


def test_accents_tell_words_apart_where_they_do_in_the_lexical_arm() -> None:
    """Letter by letter: what is known without them is found without them, and what is not found is put right."""
    lexical = Bm25Encoder()
    words = [before + chr(code) + after for code in LETTERS if chr(code).isalpha() for before, after in _around(code)]
    accented = [(low, _bare(low)) for low in (lowered(word, {}) for word in words) if low != _bare(low)]

    for low, bare in accented:
        alike = lexical.encode_query(low).indices == lexical.encode_query(bare).indices
        assert (folded(low, {}) == folded(bare, {})) == alike, low
    assert len(accented) > 700


def _around(code: int) -> list[tuple[str, str]]:
    """Return letters of a letter's own script, between which it stands in a word."""
    name = unicodedata.name(chr(code), "")
    return [letters for script, letters in AROUND.items() if name.startswith(script)]


def _bare(word: str) -> str:
    letters = unicodedata.normalize("NFD", word)
    return unicodedata.normalize("NFC", "".join(letter for letter in letters if not unicodedata.combining(letter)))
