"""Chinese through a word list: how texts are cut and put into English, and what encoders make of it."""

# ruff: noqa: RUF001 - full-width letters are what is tested
from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog.errors import Misconfigured
from encoders.fakes import HashingTextEncoder
from encoders.glossary import Glossary, in_english, is_understood, load_glossary, translations
from encoders.sparse import Bm25Encoder
from encoders.translating import OWN_CHARACTERS_WEIGHT, TranslatingLexicalEncoder, TranslatingTextEncoder

if TYPE_CHECKING:
    from pathlib import Path

    from catalog.vectors import SparseVector

OURS = load_glossary()
LIST = Glossary({"红色": "red", "鞋": "shoes", "连衣裙": "dress", "的": ""}, {ord("紅"): "红"})


def score(query: SparseVector, document: SparseVector) -> float:
    """Return how well a query fits a document, rarity left aside."""
    held = dict(zip(document.indices, document.values, strict=True))
    pairs = zip(query.indices, query.values, strict=True)
    return sum(weight * held.get(index, 0.0) for index, weight in pairs)


@pytest.mark.parametrize(
    "text",
    [
        "red dress",
        "",
        "  Two\tspaces ",
        "Crème brûlée – 2½ cm",
        "e\u0301",
        "ﬁne 40×50",
        "赤".encode("gbk").decode("latin-1"),
    ],
)
def test_a_text_without_chinese_stays_as_it_is(text: str) -> None:
    """Not a byte changes: what an English shop has indexed stays what it was."""
    found = in_english(text, OURS)

    assert found is text


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("红色连衣裙", "red dress"),
        ("黑色真皮手提包", "black leather handbag"),
        ("Nike 红色 跑鞋 42码", "Nike red running shoes 42 size"),
        ("ＮＩＫＥ　红色T恤，４２", "NIKE red t-shirt ,42"),
        ("黑色長袖襯衫", "black long-sleeved shirt"),
        ("紅色圍巾", "red scarf"),
        ("v领t恤", "v-neck t-shirt"),
        ("一条红裤子", "red trousers"),
        ("夏の连衣裙", "summer の dress"),
        ("鲜牛奶 250ml", "milk 250ml"),
        ("五常大米 5kg", "rice 5kg"),
        ("海尔电冰箱", "refrigerator"),
        ("家用電飯鍋 4L", "home rice cooker 4L"),
        ("小米手机", "Xiaomi phone"),
    ],
)
def test_chinese_words_become_english_ones(chinese: str, english: str) -> None:
    """Words in either script, numbers and Latin words come in the order in which they stand."""
    assert in_english(chinese, OURS) == english


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("红色上衣服装", "red top clothes"),  # not 上衣服 …, where 上 would be left over
        ("中长款大衣", "mid-length coat"),
        ("小白鞋带", "sneakers with"),  # a limit: three words would mean small white shoelaces
        ("羊毛衫", "sweater"),
        ("长袖衬衫裙", "long-sleeved shirt dress"),
    ],
)
def test_where_words_overlap_fewer_words_and_a_long_last_one_win(chinese: str, english: str) -> None:
    """The best division of the whole text counts, not the first word that fits."""
    assert in_english(chinese, OURS) == english


def test_words_that_nobody_listed_are_left_out() -> None:
    """An encoder of English would see an unknown token, which is worse than nothing."""
    assert in_english("蛤蟆红色连衣裙", OURS) == "red dress"


@pytest.mark.parametrize("text", ["蛤蟆", "想要的", "，"])
def test_a_text_of_which_nothing_would_be_left_stays(text: str) -> None:
    """Something must be encoded."""
    assert in_english(text, OURS) == text


def test_a_listed_word_does_not_begin_inside_a_latin_one() -> None:
    """T恤 is a word, the end of a brand's name is none."""
    assert in_english("ABT恤 红色", OURS) == "ABT red"


def test_a_word_is_not_said_twice_in_a_row() -> None:
    """Two Chinese words often share an English one; a Latin word between them starts anew."""
    assert in_english("日常百搭的包", OURS) == "everyday bag"
    assert in_english("红色 A 红色", OURS) == "red A red"


def test_translations_are_the_english_alone() -> None:
    """What a document gains beside its own words."""
    assert translations("Nike 红色的鞋", LIST) == ["red", "shoes"]
    assert translations("Nike red", LIST) == []


def test_a_long_text_takes_no_longer_than_it_must() -> None:
    """The work grows with the text: 20,000 characters are cut, none is lost."""
    assert in_english("红色鞋" * 6_667, LIST).split() == ["red", "shoes"] * 6_667


def test_our_list_is_written_in_simplified_characters() -> None:
    """A word with a traditional character would never be found: texts are simplified before."""
    assert not [word for word in OURS.english if OURS.folded(word) != word]


def test_every_simplified_character_of_the_list_has_its_traditional_one() -> None:
    """Characters of GB 2312 that Big5 lacks are written otherwise in Taiwan and Hong Kong."""
    same_in_both = set("炻腈")
    reached = set(OURS.simplified.values()) | same_in_both

    missing = {c for word in OURS.english for c in word if _has(c, "gb2312") and not _has(c, "big5")} - reached

    assert missing == set()


def _has(character: str, codec: str) -> bool:
    try:
        character.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


def test_a_text_encoder_reads_chinese_as_english() -> None:
    """Queries and documents have the vectors of their English words."""
    inner = HashingTextEncoder()
    encoder = TranslatingTextEncoder(inner, LIST)

    assert np.array_equal(encoder.encode_queries(["红色连衣裙", "red"]), inner.encode_queries(["red dress", "red"]))
    assert np.array_equal(encoder.encode_documents(["紅色鞋"]), inner.encode_documents(["red shoes"]))
    assert encoder.encode_queries([]).shape == (0, inner.description.size)


@pytest.mark.parametrize(
    ("query", "understood"),
    [
        ("李宁鞋", True),
        ("红色李宁", True),
        ("红烧肉做法", False),
        ("鞋盖子", False),
        ("red 盖子", False),
        ("red", True),
    ],
)
def test_a_query_of_which_hardly_a_word_is_listed_is_not_taken_for_that_word(
    query: str,
    understood: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """What it is about stands last; a brand before it may be unknown. Documents are read as ever."""
    assert is_understood(query, LIST) == understood
    inner = HashingTextEncoder()
    encoder = TranslatingTextEncoder(inner, LIST)
    read = in_english(query, LIST) if understood else query
    assert np.array_equal(encoder.encode_queries([query]), inner.encode_queries([read]))
    assert np.array_equal(encoder.encode_documents([query]), inner.encode_documents([in_english(query, LIST)]))


def test_the_description_says_that_it_reads_chinese() -> None:
    """Everything else is the encoder's own."""
    inner = HashingTextEncoder()
    encoder = TranslatingTextEncoder(inner, LIST)

    assert encoder.description.languages == ("en", "zh")
    assert encoder.description.size == inner.description.size
    assert encoder.description.name == inner.description.name


def test_another_list_is_another_revision() -> None:
    """Stored vectors depend on the list, so a collection of another one does not fit."""
    inner = HashingTextEncoder()
    other = Glossary({**LIST.english, "鞋": "boots"}, LIST.simplified)

    revisions = [TranslatingTextEncoder(inner, one).description.revision for one in (LIST, other, LIST)]

    assert revisions[0] == revisions[2]
    assert len({*revisions, inner.description.revision}) == 3


def test_words_find_documents_in_the_other_language() -> None:
    """A Chinese query finds an English title by its words, and the other way round."""
    encoder = TranslatingLexicalEncoder(Bm25Encoder(), LIST)
    chinese, english = encoder.encode_document("紅色连衣裙"), encoder.encode_document("Red dress")

    assert score(encoder.encode_query("红色连衣裙"), english) > 0
    assert score(encoder.encode_query("red dress"), chinese) > 0


def test_a_query_finds_words_that_the_list_does_not_know() -> None:
    """A brand in Chinese characters is found by them, though they weigh less than words in both languages."""
    encoder = TranslatingLexicalEncoder(Bm25Encoder(), LIST)
    brand, other = encoder.encode_document("李宁 红色 鞋"), encoder.encode_document("回力 红色 鞋")
    query = encoder.encode_query("李宁 鞋")

    assert score(query, brand) > score(query, other) > 0
    assert set(query.values) == {OWN_CHARACTERS_WEIGHT, 1.0}


def test_english_words_weigh_what_they_weighed() -> None:
    """Without Chinese, queries and documents are those of BM25 alone."""
    inner = Bm25Encoder()
    encoder = TranslatingLexicalEncoder(inner, LIST)

    assert encoder.encode_query("red dress 42") == inner.encode_query("red dress 42")
    assert encoder.encode_document("red dress 42") == inner.encode_document("red dress 42")


def test_the_lexical_spec_names_the_list() -> None:
    """Stored weights depend on it, so a collection of another list has another fingerprint."""
    inner = Bm25Encoder()
    other = Glossary({"鞋": "boots"}, {})

    specs = {TranslatingLexicalEncoder(inner, one).spec for one in (LIST, other)} | {inner.spec}

    assert len(specs) == 3


def test_a_shop_adds_its_own_words(tmp_path: Path) -> None:
    """Its file goes over ours, in either script; a byte order mark and Windows line ends do no harm."""
    own = tmp_path / "own.tsv"
    own.write_bytes("\ufeff# ours\r\nLi-Ning\t李寧\r\nball gown\t连衣裙\r\n-\t红色\r\n".encode())

    glossary = load_glossary(own)

    assert in_english("李宁红色连衣裙 鞋", glossary) == "Li-Ning ball gown shoes"
    assert glossary.revision != OURS.revision


def test_remarks_and_order_do_not_count(tmp_path: Path) -> None:
    """Only what a word becomes makes another revision, so a tidied file needs no new collection."""
    first, second = tmp_path / "first.tsv", tmp_path / "second.tsv"
    first.write_text("a\t甲\nb\t乙\n", encoding="utf-8")
    second.write_text("# tidied\n\nb\t乙\na\t甲\n", encoding="utf-8")

    assert load_glossary(first).revision == load_glossary(second).revision


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("dress 连衣裙", "there is no tab"),
        ("\t连衣裙", "there is no English; write '-'"),
        ("dress\t", "there is no Chinese word after the tab"),
        ("连衣裙\tdress", "'连衣裙' stands where the English belongs"),
        ("dress\tgown", "'gown' has no Chinese character"),
        ("dress\t" + "裙" * 25, "has 25 characters; a word has 24 at most"),
        ("gown\t鞋", "'鞋' is 'shoes' in line 1 already"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: str, complaint: str, tmp_path: Path) -> None:
    """The setting, the file, the line and what is wrong with it."""
    own = tmp_path / "own.tsv"
    own.write_text(f"shoes\t鞋\n{line}\n", encoding="utf-8")

    with pytest.raises(Misconfigured, match=re.escape(f"VITRINE_ENCODERS__GLOSSARY: {own}, line 2: ")) as raised:
        load_glossary(own)

    assert complaint in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """So is one that is no text."""
    missing, binary = tmp_path / "missing.tsv", tmp_path / "binary.tsv"
    binary.write_bytes("dress\t连衣裙\n".encode("gb2312"))

    with pytest.raises(Misconfigured, match=re.escape(f"{missing} cannot be read: No such file")):
        load_glossary(missing)
    with pytest.raises(Misconfigured, match=re.escape(f"{binary} is not UTF-8")):
        load_glossary(binary)
