"""Titles and descriptions as a shop writes them, in English and in Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from deploy.sample.materials import Words
from deploy.sample.palette import COLOURS
from deploy.sample.patterns import PATTERNS

if TYPE_CHECKING:
    from deploy.sample.article import Article

STYLES: Final = (
    Words("Everyday", "日常"),
    Words("Classic", "经典"),
    Words("Weekend", "休闲"),
    Words("Modern", "简约"),
    Words("Vintage", "复古"),
)


def entitle(article: Article, noun: Words, material: Words, model: tuple[str, int, str]) -> str:
    """The title of one product; `model` is its brand, its number and its language ("en" or "zh")."""
    brand, number, language = model
    style = STYLES[number % len(STYLES)]
    write = _chinese if language == "zh" else _english
    return write(article, noun, material, (style, brand, number % 4))


def describe(goods: Words, material: Words, language: str) -> str:
    """Two sentences: what it is, and what it is made of."""
    if language == "zh":
        return goods.chinese + material.chinese
    return f"{goods.english} {material.english}"


def _english(article: Article, noun: Words, material: Words, about: tuple[Words, str, int]) -> str:
    style, brand, form = about
    colour = article.colour.title()
    pattern = PATTERNS[article.pattern]
    stuff = material.english.title()
    if form == 0:
        words = [colour, pattern.adjective, stuff, noun.english]
    elif form == 1:
        words = [brand, stuff, noun.english, "in", colour, pattern.phrase]
    else:
        words = [style.english, stuff, noun.english, "in", colour, pattern.phrase]
    return " ".join(word for word in words if word)


def _chinese(article: Article, noun: Words, material: Words, about: tuple[Words, str, int]) -> str:
    style, brand, form = about
    colour = COLOURS[article.colour].chinese
    pattern = "" if article.pattern == "plain" else PATTERNS[article.pattern].chinese
    if form == 0:
        return f"{colour}{pattern}{material.chinese}{noun.chinese}"
    if form == 1:
        return f"{brand} {colour}{pattern}{material.chinese}{noun.chinese}"
    return f"{style.chinese}{material.chinese}{noun.chinese} {colour}{pattern}"
