"""Completions: all and only what holds the typed beginnings, the best first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.words.completions import Completions, Phrase
from tests.search.words.lexicon import GLOSSARY, of_products, wide

WORDS = ("red", "shoe", "shoes", "shirt", "reed", "鞋子", "红鞋", "nike", "a")


def titles(*texts: str) -> Completions:
    """Return the completions of titles, each of one product."""
    return Completions([Phrase(text, "title", 1) for text in texts], GLOSSARY)


def found(completions: Completions, typed: str, limit: int = 10) -> list[str]:
    """Return the texts that complete what is typed."""
    return [phrase.text for phrase in completions.find(typed, limit)]


def test_what_begins_with_it_comes_first() -> None:
    """Before what holds it further on, even where that is more frequent; then the frequent, brands before titles."""
    completions = Completions(
        [Phrase("Bag red", "title", 9), Phrase("Redwood", "title", 1), Phrase("Red hat", "title", 1, popularity=2.0),
         Phrase("Redford", "brand", 1), Phrase("Reds", "category", 5)]
    )  # fmt: skip

    assert found(completions, "red") == ["Reds", "Redford", "Red hat", "Redwood", "Bag red"]
    assert found(completions, "red", 2) == ["Reds", "Redford"]


def test_a_finished_word_is_that_word() -> None:
    """Where it is one; otherwise it is still a beginning."""
    completions = titles("Red shoe lace", "Red shoes", "Reed shirt")

    assert found(completions, "shoe re") == ["Red shoe lace"]
    assert found(completions, "sho re") == ["Red shoes", "Red shoe lace"]


def test_a_text_is_told_once() -> None:
    """A brand that is a title too is the more frequent of them."""
    completions = Completions([Phrase("Nike", "title", 1), Phrase("NIKE", "brand", 3)])

    assert [(one.text, one.kind) for one in completions.find("ni", 10)] == [("NIKE", "brand")]


@pytest.mark.parametrize("typed", ["nkie sh", "niek", "sheos nike", "nike shoees"])
def test_a_slip_is_forgiven(typed: str) -> None:
    """In the last word, which is not finished, and in those before it."""
    assert found(titles("Nike shoes", "Alder shirt"), typed) == ["Nike shoes"]


def test_nearer_words_hide_those_further_away() -> None:
    """And what is right hides all that is only near."""
    completions = titles("Sandals", "Sunglasses", "Sandwich")

    assert found(completions, "sandlas") == ["Sandals"]
    assert found(completions, "sand") == ["Sandals", "Sandwich"]


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("creme", "Crème brûlée bowl"),
        ("CRÈME BRULEE", "Crème brûlée bowl"),
        ("crème", "Crème brûlée bowl"),
        ("cafe\u0301", "Cafe table"),
        (wide("cafe"), "Cafe table"),
        ("levis", "Levi’s 501"),
        ("levi's", "Levi’s 501"),
        (wide("501"), "Levi’s 501"),
        ("tshirt", "Linen T-Shirt"),
        ("tshrit", "Linen T-Shirt"),
        ("t-sh", "Linen T-Shirt"),
        ("t shirt", "Linen T-Shirt"),
        ("bowls", "Crème brûlée bowl"),
        ("women's", "Coats for women"),
    ],
)
def test_a_word_is_found_however_it_is_written(typed: str, completed: str) -> None:
    """With accents or without, in full width, with apostrophe or hyphen or without, in plural."""
    texts = ("Crème brûlée bowl", "Cafe table", "Levi’s 501", "Linen T-Shirt", "Coats for women")

    assert found(titles(*texts), typed) == [completed]


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("白色半身裙", "白色波点羊毛半身裙"),
        ("白色的裙", "白色波点羊毛半身裙"),
        ("裙白", "白色波点羊毛半身裙"),
        ("点羊毛半身裙", "白色波点羊毛半身裙"),
        ("色波点羊毛半身裙", "白色波点羊毛半身裙"),
        ("吊带连衣群", "休闲吊带连衣裙 青色"),
        ("休闲吊戴", "休闲吊带连衣裙 青色"),
        ("青色连衣群", "休闲吊带连衣裙 青色"),
        ("休閒", "休闲吊带连衣裙 青色"),
    ],
)
def test_words_of_chinese_need_not_stand_together(typed: str, completed: str) -> None:
    """Nothing parts them; particles say nothing; a character that sounds like the right one is forgiven."""
    assert found(titles("白色波点羊毛半身裙", "休闲吊带连衣裙 青色"), typed) == [completed]


def test_what_stands_as_it_was_typed_hides_the_rest() -> None:
    """Words together hide words apart, and what is written so what only sounds so."""
    completions = titles("白色半身裙", "白色羊毛半身裙", "连衣裙", "连衣群")

    assert found(completions, "白色半身裙") == ["白色半身裙"]
    assert found(completions, "连衣群") == ["连衣群"]


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "…",
        "群",
        "衣群",
        "黑色半身裙",
        "连衣帽",
        "红裙",
        "hat",
        "bs",
        "xyz",
        "nik x",
        "1234",
        "snk",
        "的",
        "我",
        "了吗",
    ],
)
def test_nothing_completes_what_is_nowhere(typed: str) -> None:
    """Nor nothing at all."""
    assert found(titles("Nike shoes", "Phone 12", "白色半身裙", "连衣裙", "b"), typed) == []


def test_an_empty_catalogue_has_no_completions() -> None:
    """Before the first reading, too."""
    assert found(Completions(()), "shoe") == []


def test_phrases_are_titles_brands_and_parts_of_categories() -> None:
    """Each with how many products have it, however it is written."""
    completions = of_products(
        {"title": "Red hat", "brand": "Rede", "category": "Women > Redwear"},
        {"title": "RED HAT", "brand": "Rede", "category": "Men > Redwear > Redwear"},
        {"title": "R" * 300},
    ).completions

    assert [(one.text, one.kind, one.count) for one in completions.find("re", 10)] == [
        ("Redwear", "category", 2),
        ("Rede", "brand", 2),
        ("Red hat", "title", 2),
    ]
    assert found(completions, "rrrrr") == []


@given(
    st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join), max_size=12, unique=True),
    st.lists(st.sampled_from(("re", "red", "sh", "shoe", "s", "n", "鞋", "红鞋", "a")), min_size=1, max_size=3),
)
def test_all_and_only_what_holds_the_beginnings(texts: list[str], typed: list[str]) -> None:
    """As the plain definition has it, whatever the catalogue; slips come only where nothing is right."""
    completions = titles(*texts)
    ends = [False] * (len(typed) - 1) + [True]
    expected = {text for text in texts if all(holds(text, *one, texts) for one in zip(typed, ends, strict=True))}

    if expected:
        assert set(found(completions, " ".join(typed), 20)) == expected | {
            text for text in texts if text.startswith(" ".join(typed))
        }


def holds(text: str, part: str, last: bool, texts: list[str]) -> bool:  # noqa: FBT001 - a pair of the zip above
    """Say whether a text holds a typed part: as a word, where it is a finished one, or else as a beginning."""
    words = text.split()
    if not part.isascii():
        return any(part in word for word in words)
    if not last and any(part in other.split() for other in texts):
        return part in words
    return any(word.startswith(part) for word in words)
