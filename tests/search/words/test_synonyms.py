"""Synonyms: where they are put into a text, and the file they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import Misconfigured
from search.words.synonyms import MAX_ADDED, MAX_CHARS, Rule, Synonyms
from search.words.synonyms_file import read_synonyms
from tests.search.words.lexicon import GLOSSARY

if TYPE_CHECKING:
    from pathlib import Path

RULES = """\
# what shoppers say here
any:
  - sneakers, trainers, gym shoes
  - tablet => iPad, Galaxy Tab
  - 运动鞋, sneakers
  - 李宁、Li-Ning
de:
  - rot => red
  - turnschuh, sneakers
"""


def synonyms(tmp_path: Path, text: str = RULES) -> Synonyms:
    """Return the synonyms of a file."""
    return Synonyms(read_synonyms(written(tmp_path, text)), GLOSSARY.simplified)


def written(tmp_path: Path, text: str) -> Path:
    """Return a file of this text."""
    path = tmp_path / "synonyms.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("typed", "looked_for"),
    [
        ("red trainers for men", "red trainers sneakers gym shoes for men"),
        ("Gym  Shoes", "Gym  Shoes sneakers trainers"),
        ("gym-shoes", "gym-shoes sneakers trainers"),
        ("tablet", "tablet iPad Galaxy Tab"),
        ("ipad", "ipad"),
        ("红色运动鞋女", "红色运动鞋 sneakers 女"),
        ("紅色運動鞋", "紅色運動鞋 sneakers"),
        ("李宁跑步", "李宁 Li-Ning 跑步"),
        ("LI NING", "LI NING 李宁"),
        ("trainers sneakers", "trainers gym shoes sneakers 运动鞋 turnschuh"),
        ("trainersx sneakersy", "trainersx sneakersy"),
        ("", ""),
    ],
)
def test_other_names_are_put_behind_a_phrase(tmp_path: Path, typed: str, looked_for: str) -> None:
    """Whole words in any case and script; names that stand there already are not said again."""
    assert synonyms(tmp_path).put_into(typed).text == looked_for


def test_the_longest_phrase_counts() -> None:
    """A part of it says something else."""
    rules = Synonyms([Rule(("dress shirt",), ("formal shirt",)), Rule(("dress",), ("gown",))])

    assert rules.put_into("dress shirt").text == "dress shirt formal shirt"
    assert rules.put_into("dress for her").text == "dress gown for her"


def test_each_way_to_say_a_text_is_kept() -> None:
    """The typed one first; a word that has fewer names than another keeps its last one."""
    rules = Synonyms([Rule(("hat",), ("cap", "beanie")), Rule(("red",), ("crimson",))])

    assert rules.put_into("red hat").readings == ("red hat", "crimson cap", "crimson beanie")
    assert rules.put_into("red shoe hat").text == "red crimson shoe hat cap beanie"
    assert rules.put_into("shoe").readings == ()


def test_a_language_has_its_own_rules(tmp_path: Path) -> None:
    """They hold unless the request is narrowed to others."""
    rules = synonyms(tmp_path)

    assert (
        rules.put_into("rot").text
        == rules.put_into("rot", ["de-AT"]).text
        == rules.put_into("rot", ["en", "de"]).text
        == "rot red"
    )
    assert rules.put_into("rot", ["en"]).text == "rot"
    assert rules.put_into("tablet", ["en"]).text == "tablet iPad Galaxy Tab"


def test_names_are_added_within_bounds() -> None:
    """Of one phrase so many, and to a long text none."""
    many = Synonyms([Rule(("hat",), tuple(f"hat{number}" for number in range(30)))])

    assert len(many.put_into("hat").text.split()) == 1 + MAX_ADDED
    assert len(many.put_into("hat " * 250).text) <= MAX_CHARS
    assert many.put_into("hat " * 300).text == "hat " * 300


def test_words_of_the_file_are_no_slips(tmp_path: Path) -> None:
    """Those of names, too."""
    rules = synonyms(tmp_path)

    assert all(map(rules.has_word, ("trainers", "gym", "galaxy", "turnschuh")))
    assert not rules.has_word("hat")


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "any: []\n"])
def test_a_file_without_rules_changes_nothing(tmp_path: Path, text: str) -> None:
    """An empty one is a beginning."""
    assert synonyms(tmp_path, text).put_into("trainers").text == "trainers"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("- a, b\n", 1, "begin with `any:`"),
        ("trainers\n", 1, "begin with `any:`"),
        ("any:\n  a: b\n", 2, "a list of lines"),
        ("any: a, b\n", 1, "a list of lines"),
        ("english:\n  - aa, bb\n", 1, "'english' is no language"),
        ("any:\n  - aa, bb\nen-GB:\n  - c, d\n", 3, "'en-GB' is no language"),
        ("any:\n  - aa, bb\nany:\n  - cc, dd\n", 3, "`any:` is there twice"),
        ("any:\n  - aa, bb\n  - only\n", 3, "says one thing only"),
        ("any:\n  - a => b => c\n", 2, "more than one =>"),
        ("any:\n  - aa,, bb\n", 2, "'' is no word"),
        ("any:\n  - '=> bb'\n", 2, "'' is no word"),
        ("any:\n  - aa, '-'\n", 2, "is no word"),
        ("any:\n  - [aa, bb]\n", 2, "takes text"),
        ("any:\n  - aa: bb\n", 2, "takes text"),
        ("any:\n  - 表, watch\n", 2, "write the whole word"),
        (f"any:\n  - {'a' * 101}, b\n", 2, "longer than 100 characters"),
        (f"any:\n  - {', '.join(f'a{number}' for number in range(33))}\n", 2, "more than 32 phrases"),
        ("any:\n  - 'aa\n", 3, "not YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    """The setting, the file, the line, what is wrong and what it takes."""
    path = written(tmp_path, text)

    with pytest.raises(Misconfigured) as refused:
        read_synonyms(path)

    assert str(refused.value).startswith(f"VITRINE_WORDS__SYNONYMS: {path}")
    assert f"line {line}" in str(refused.value)
    assert says in str(refused.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """One that is not there, and one that is not UTF-8."""
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("any:\n  - café, coffee\n".encode("latin-1"))

    with pytest.raises(Misconfigured, match="cannot be read: No such file"):
        read_synonyms(tmp_path / "nowhere.yaml")
    with pytest.raises(Misconfigured, match="save it as UTF-8"):
        read_synonyms(latin)


@given(st.text(max_size=80))
def test_any_text_keeps_what_was_typed(text: str) -> None:
    """Names are added, nothing is taken away but blanks."""
    rules = Synonyms([Rule(("a", "b c"), ("a", "b c", "鞋子")), Rule(("鞋",), ("x",))], GLOSSARY.simplified)
    left = iter(rules.put_into(text).text.replace(" ", ""))

    assert all(letter in left for letter in text.replace(" ", ""))
