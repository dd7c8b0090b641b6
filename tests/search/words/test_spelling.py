"""Spelling: what is put right, into what, and what is left alone."""

from __future__ import annotations

from itertools import islice, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.words.sounds import alike, sound
from search.words.spelling import MAX_UNKNOWN, Correction, correct
from search.words.vocabulary import Vocabulary
from tests.search.words.lexicon import GLOSSARY, of_products, vocabulary, wide

EVERYDAY = {"wedding", "helicopter", "press"}
SHOP = vocabulary(
    "White sneakers", "Black sneakers", "Black leather jacket", "Linen dress", "Bedding set", "Women's running shoes",
    "Nike trainers", "Crème brûlée bowl", "针织帽",
)  # fmt: skip

CHINESE = of_products(
    {"title": "红色修身连衣裙", "brand": "鸿星尔克", "category": "女装 > 牛仔裤"},
    {"title": "黑色高跟鞋", "attributes": {"材质": "羊羔绒布"}, "description": "送高根鞋鞋盒"},
)


def put_right(text: str, words: Vocabulary = SHOP) -> str:
    """Return a text as it is searched for."""
    found = correct(text, words, GLOSSARY, EVERYDAY.__contains__)
    return text if found is None else found.text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("sneekers", "sneakers"),
        ("sneakrs", "sneakers"),
        ("snekaers", "sneakers"),
        ("blakc jaket", "black jacket"),
        ("nkie", "nike"),
        ("inke", "nike"),
        ("runnning shose", "running shoes"),
        ("Sneekers", "Sneakers"),
        ("SNEEKERS", "SNEAKERS"),
        ("(sneekers, dres!)", "(sneakers, dress!)"),
        ("white  sneekers ", "white  sneakers "),
        ("leathr sneekers 42", "leather sneakers 42"),
        ("brulle", "brûlée"),  # with its accents, which the one that was typed need not have
        ("brùlle", "brûlée"),
        (wide("sneekers"), "sneakers"),
        ("sneekers\uff0cdres\uff01", "sneakers\uff0cdress\uff01"),
        ("beanei", "beanie"),  # of a title in Chinese, whose English the lexical arm holds
    ],
)
def test_a_slip_is_put_right(typed: str, meant: str) -> None:
    """Letters left out, put in, changed, swapped; case, blanks and punctuation stay as they were typed."""
    assert put_right(typed) == meant


@pytest.mark.parametrize(
    "text",
    [
        "sneakers", "sneaker", "shoe", "women", "bowls",  # known, or known in the other number
        "creme", "crème", "CREME", "brulee", wide("nike"), "\uff2eike",  # known without accents, and in full width
        "wedding dress", "helicopter", "press",  # everyday words, however near to one of the catalogue
        "snk", "nik", "dres5",  # too short, not letters alone
        "wh-1000xm4", "sneek-ers", "sneekers.com", "a@sneekers", "sku_sneekers", "4006381333931", "128gb",
        "针只帽", "スニーカー", "운동화", "sneekers鞋",
        "xylophone", "zzzzzzzz", "", " ", "…",
    ],
)  # fmt: skip
def test_what_may_be_right_is_left_alone(text: str) -> None:
    """Whatever is known, short, no plain word, or near to nothing."""
    assert put_right(text) == text


def test_the_first_letter_is_taken_to_be_right() -> None:
    """People rarely miss it, and far too much is near without it."""
    assert put_right("wedding") == "wedding"
    assert put_right("zneakers") == "zneakers"


def test_the_more_frequent_word_is_meant() -> None:
    """Of two that are as near; a nearer one must be outweighed a hundred times."""
    words = vocabulary("shirt", "shirt", "shift")
    many = vocabulary("sneekers", *["sneakers"] * 200)

    assert put_right("shiit", words) == "shirt"
    assert put_right("sneeker", vocabulary("sneekers", "sneakers", "sneakers")) == "sneeker"  # one of theirs, in plural
    assert put_right("sneekrs", many) == "sneakers"


def test_words_of_few_products_are_meant_in_small_shops_only() -> None:
    """In a large one they may themselves be slips."""
    assert put_right("kestral", vocabulary("Kestrel boots")) == "kestrel"
    assert put_right("kestral", vocabulary("Kestrel boots", *["Red shoe"] * 20_000)) == "kestral"


def test_words_of_descriptions_and_codes_are_known_but_not_meant() -> None:
    """They may be searched for, and are full of rare words and slips."""
    words = of_products({"title": "Shirt", "description": "breathable mesh", "codes": ["ABCDEF"]})

    assert put_right("mesh abcdef breathable", words) == "mesh abcdef breathable"
    assert put_right("breathible", words) == "breathible"


def test_attributes_brands_and_categories_are_meant_too() -> None:
    """Not only titles."""
    words = of_products(
        {
            "brand": "Kestrel",
            "category": "Garden > Hammocks",
            "attributes": {"colour": "turquoise", "for": ["terraces"]},
        }
    )

    assert put_right("kestral hamocks turqoise terases", words) == "kestrel hammocks turquoise terraces"


def test_a_text_of_many_unknown_words_stays() -> None:
    """It is in another language; and nobody can make a search cost as many look-ups as it has words."""
    assert put_right(" ".join(["sneekers"] * 50)) == " ".join(["sneakers"] * 50)
    text = " ".join(f"sneek{chr(97 + number)}rs" for number in range(MAX_UNKNOWN + 1))
    assert put_right(text) == text


def test_nothing_is_put_right_where_not_all_words_are_at_hand() -> None:
    """What looks unknown may be one of those that did not fit."""
    small = vocabulary("sneakers", "linen dress", most=1)

    assert not small.complete
    assert put_right("sneekers", small) == "sneekers"


@given(st.text("连衣群裙红色牛仔库裤高跟根鞋协", max_size=14))
def test_a_corrected_chinese_text_is_right(text: str) -> None:
    """No character more or less, and nothing to do the second time."""
    once = put_right(text, CHINESE)

    assert len(once) == len(text)
    assert put_right(once, CHINESE) == once


def test_an_empty_catalogue_puts_nothing_right() -> None:
    """Before the first reading, too."""
    assert put_right("sneekers", Vocabulary()) == "sneekers"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("连衣群", "连衣裙"),
        ("红色连衣群", "红色连衣裙"),
        ("連衣群", "連衣裙"),
        ("连衣群\uff0c黑色 牛仔库", "连衣裙\uff0c黑色 牛仔裤"),
        ("鸿兴尔克", "鸿星尔克"),
        ("羊糕绒布", "羊羔绒布"),
        ("Nike连衣群", "Nike连衣裙"),
    ],
)
def test_a_character_that_sounds_alike_is_put_right(typed: str, meant: str) -> None:
    """Within a word of three or more, of the word list or whole in a brand, a category or an attribute."""
    assert put_right(typed, CHINESE) == meant


@pytest.mark.parametrize(
    "text",
    [
        "连衣裙", "高跟鞋", "鸿星尔克",  # known
        "高根鞋",  # as some product's description has it
        "运动鞋", "超短裙", "牛仔裙",  # words that the catalogue lacks
        "连衣帽", "连衣", "衣群", "群",  # sounds otherwise, or too short to tell
        "连一群",  # two characters
        "连衣群" * 14, "连衣群 " * 14, "连衣群" * 5,  # prose, and too many slips
    ],
)  # fmt: skip
def test_what_may_be_right_in_chinese_is_left_alone(text: str) -> None:
    """A word that has one character with another sound is another word."""
    assert put_right(text, CHINESE) == text


def test_synonyms_are_right_in_chinese_too() -> None:
    """Whoever wrote a character into a rule meant it."""
    assert correct("连衣群", CHINESE, GLOSSARY, {"群"}.__contains__) is None


@pytest.mark.parametrize(("title", "near"), [("SİYAH ELBİSE", "Sipah oil"), ("ταΐστρα σκύλου", "ταίστρε")])
def test_a_word_of_a_title_is_right_whatever_its_marks(title: str, near: str) -> None:
    """Some letters have marks of their own in small letters: the word does not end there."""
    shop = vocabulary(title, near)

    assert correct(title, shop, GLOSSARY, EVERYDAY.__contains__) is None
    assert correct(title.lower(), shop, GLOSSARY, EVERYDAY.__contains__) is None


def test_accents_are_put_as_most_products_have_them() -> None:
    """One that has them does not speak for the others."""
    plain, accented = vocabulary("creme cake", "creme pie", "Crème cake"), vocabulary("creme cake", *["Crème pie"] * 2)

    assert correct("cremme", plain, GLOSSARY, EVERYDAY.__contains__) == Correction("creme", "cremme")
    assert correct("cremme", accented, GLOSSARY, EVERYDAY.__contains__) == Correction("crème", "cremme")


def test_of_words_that_sound_alike_the_most_frequent_count() -> None:
    """However many a supplier has made up."""
    made_up = ["".join(letters) for letters in islice(product("一衣医依伊揖壹铱", repeat=4), 100)]
    shop = vocabulary(*made_up, *["衣医一依"] * 3)

    assert [len(words) for words in shop.chinese.words.values()] == [16]
    assert "衣医一依" in next(iter(shop.chinese.words.values()))


def test_with_too_many_characters_nothing_is_put_right() -> None:
    """Memory is bounded: of the pairs of characters as of words."""
    titles = [f"连衣裙{chr(0x4E00 + number)}" for number in range(40)]

    assert put_right("连衣群", vocabulary(*titles)) == "连衣裙"
    assert put_right("连衣群", vocabulary(*titles, most=30)) == "连衣群"


def test_characters_sound_alike_whatever_their_tone() -> None:
    """The common ones, in one reading each."""
    assert alike("群") == "裙"
    assert "苞" in alike("包")
    assert alike("A") == alike("龘") == ""
    assert sound("连衣群") == sound("连衣裙") != sound("连衣帽")
    assert sound("女绿") not in {sound("奴路"), sound("奴绿"), sound("女路")}


def test_a_correction_says_what_was_typed() -> None:
    """To be offered again."""
    found = correct("white sneekers", SHOP, GLOSSARY, EVERYDAY.__contains__)

    assert found == Correction(text="white sneakers", original="white sneekers")


@given(
    st.text(max_size=60) | st.lists(st.sampled_from(["sneekers", "dres", "nkie", "red", "不", "brulle"])).map(" ".join)
)
def test_a_corrected_text_is_right(text: str) -> None:
    """Correcting changes no number of words, and finds nothing to do the second time."""
    once = put_right(text)

    assert len(once.split()) == len(text.split())
    assert put_right(once) == once
