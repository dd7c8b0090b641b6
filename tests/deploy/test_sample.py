from __future__ import annotations

import csv
import re
from collections import defaultdict
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest

from deploy.sample import COLOURS, KINDS, PATTERNS, Article, draw, write
from deploy.sample.catalogue import gtin13, products
from deploy.sample.patterns import _layers

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from deploy.sample.catalogue import SampleProduct

CHINESE = re.compile(r"[\u4e00-\u9fff]")


def article(kind: str = "dress", colour: str = "red", pattern: str = "plain", seed: int = 0) -> Article:
    return Article(kind, colour, pattern, seed)


def pixels(shown: Article, side_px: int = 112) -> npt.NDArray[np.float64]:
    return np.asarray(draw(shown, side_px), dtype=np.float64)


def test_there_are_enough_kinds_colours_and_patterns() -> None:
    """At least 24 kinds come in at least 12 colours, plain and patterned."""
    assert len(KINDS) >= 24
    assert len(COLOURS) >= 12
    assert len(PATTERNS) >= 6


def test_a_picture_is_the_same_bytes_every_time() -> None:
    """Drawing twice, the second time with cold caches, gives the same JPEG."""
    shown = article("shirt", "teal", "floral", 7)
    files = []
    for _ in range(2):
        _layers.cache_clear()
        file = BytesIO()
        draw(shown, 224).save(file, format="JPEG", quality=88)
        files.append(file.getvalue())

    assert files[0] == files[1]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_stands_on_white(kind: str) -> None:
    """Plain or not, nearly all of the picture's border is white, and a fair part of its middle is not."""
    for seed, pattern in enumerate(("plain", "stripes", "plaid", "floral")):
        picture = pixels(article(kind, "navy", pattern, seed), 96)
        border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])

        assert (border > 245).all(axis=1).mean() > 0.95
        assert (picture[20:76, 20:76] < 235).any(axis=2).mean() > 0.15


@pytest.mark.parametrize("side_px", [64, 101, 333])
def test_any_size_can_be_drawn(side_px: int) -> None:
    """A picture is as large as asked, in RGB."""
    picture = draw(article("boot", "green", "plaid"), side_px)

    assert (picture.size, picture.mode) == ((side_px, side_px), "RGB")


@pytest.mark.parametrize("kind", ["t-shirt", "mug", "sneaker"])
def test_colours_differ_in_the_mean(kind: str) -> None:
    """No two colours of one model have the same mean colour."""
    means = np.array([pixels(article(kind, colour)).mean(axis=(0, 1)) for colour in COLOURS])
    apart = np.abs(means[:, None] - means[None]).max(axis=2) + np.eye(len(means)) * 255

    assert apart.min() > 2


def test_the_pattern_shows_and_the_seed_varies() -> None:
    """Another pattern or another seed is another picture; another colour keeps the cut."""
    plain, dotted, other = (pixels(shown) for shown in (article(), article(pattern="dots"), article(seed=1)))
    blue = pixels(article(colour="sky blue"))

    assert np.abs(plain - dotted).mean() > 2
    assert np.abs(plain - other).mean() > 2
    assert ((plain.min(axis=2) < 250) == (blue.min(axis=2) < 250)).mean() > 0.97


def test_an_unknown_kind_is_refused() -> None:
    """A name that is no kind raises KeyError."""
    with pytest.raises(KeyError):
        draw(article("spaceship"))


def test_the_catalogue_is_the_same_every_time() -> None:
    """About 600 products with unique ids, titles and codes, equal on every call."""
    catalogue = products()

    assert catalogue == products()
    assert 580 <= len(catalogue) <= 620
    for unique in ("id", "title", "codes"):
        assert len({getattr(product, unique) for product in catalogue}) == len(catalogue)


def test_every_part_of_the_palette_is_on_sale() -> None:
    """All kinds, colours and patterns occur, and about 14 brands."""
    articles = [product.article for product in products()]

    assert {shown.kind for shown in articles} == set(KINDS)
    assert {shown.colour for shown in articles} == set(COLOURS)
    assert {shown.pattern for shown in articles} == set(PATTERNS)
    assert 12 <= len({product.brand for product in products()}) <= 16


def test_about_a_third_is_chinese() -> None:
    """The language says which script the title and the description are in."""
    catalogue = products()
    for product in catalogue:
        assert bool(CHINESE.search(product.title)) == (product.language == "zh")
        assert bool(CHINESE.search(product.description)) == (product.language == "zh")
    share = sum(product.language == "zh" for product in catalogue) / len(catalogue)

    assert 0.28 < share < 0.38


def test_titles_name_the_colour_shown() -> None:
    """The colour in the title, in either language, is the colour of the picture and of the attribute."""
    for product in products():
        colour = COLOURS[product.article.colour]
        name = colour.chinese if product.language == "zh" else colour.name.title()

        assert name in product.title
        assert product.attributes["colour"] == colour.name


def test_a_group_is_one_model_in_several_colours() -> None:
    """Three to five products share kind, cut, pattern and brand, and differ in colour."""
    groups: dict[str, list[SampleProduct]] = defaultdict(list)
    for product in products():
        groups[product.group_id].append(product)

    for members in groups.values():
        same = {(one.article.kind, one.article.seed, one.article.pattern, one.brand, one.language) for one in members}
        assert len(same) == 1
        assert 3 <= len({one.article.colour for one in members}) == len(members) <= 5


def test_codes_carry_a_right_check_digit() -> None:
    """The weighted digits of each GTIN-13 add up to a multiple of ten, as in the textbook example."""
    for product in products():
        digits = [int(digit) for digit in product.codes[1]]
        assert len(digits) == 13
        assert (sum(digits[::2]) + 3 * sum(digits[1::2])) % 10 == 0
    assert gtin13(400638133393) == "4006381333931"


def test_events_carry_whole_products() -> None:
    """Each event is an upsert whose product has what a shop sends: path, price, stock, picture, dates."""
    sent = list(write.events())
    goods = [event["product"] for event in sent]

    assert {(event["type"], event["version"]) for event in sent} == {("product.upserted", 1)}
    for product in goods:
        assert isinstance(product, dict)
        assert product["images"] == [f"pictures/{product['id']}.jpg"]
        assert all(part.strip() for part in product["category"].split(">"))
        assert product["price"] > 0
        assert product["stock"] >= 0
        assert product["popularity"] >= 0
        assert product["created_at"].startswith("2026-")
    assert any(product["stock"] == 0 for product in goods if isinstance(product, dict))


def test_pictures_are_written_once(tmp_path: Path) -> None:
    """A picture that is there stays as it is, the others are drawn, and nothing half-written is left."""
    few = products()[:3]
    (tmp_path / "pictures").mkdir()
    (tmp_path / few[0].picture).write_bytes(b"mine")
    heard: list[tuple[int, int]] = []

    write.write_pictures(tmp_path, lambda done, total: heard.append((done, total)), few)

    assert (tmp_path / few[0].picture).read_bytes() == b"mine"
    assert heard == [(1, 3), (2, 3), (3, 3)]
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == [f"{one.id}.jpg" for one in few]
    assert (tmp_path / few[1].picture).read_bytes()[:2] == b"\xff\xd8"


def test_the_data_set_lists_its_pictures(tmp_path: Path) -> None:
    """`products.csv` has one row for each product, and every image named in it exists."""
    few = products()[:2]

    write.export_dataset(tmp_path, few)

    with (tmp_path / "products.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == [product.id for product in few]
    assert list(rows[0]) == ["id", "image", "title", "category", "colour", "group"]
    assert all((tmp_path / row["image"]).is_file() for row in rows)
