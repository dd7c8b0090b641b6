"""The sample catalogue: models of every range in three to five colours each, the same products on every run."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from deploy.sample.article import Article
from deploy.sample.materials import MATERIALS
from deploy.sample.palette import COLOURS
from deploy.sample.ranges_clothes import CLOTHES_RANGES
from deploy.sample.ranges_goods import GOODS_RANGES
from deploy.sample.ranges_wear import WEAR_RANGES
from deploy.sample.titles import describe, entitle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.sample.ranges import Range

COLOURS_PER_MODEL: Final = (4, 5, 3, 4)
MODELS_PER_KIND: Final = 4
FIRST_DAY: Final = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
DAYS: Final = 150
ENDINGS: Final = (0.0, 0.9, 0.95, 0.99)
POPULAR: Final = frozenset({"dress", "t-shirt", "sneaker", "handbag", "shirt", "mug"})  # one model more of each


@dataclass(frozen=True, slots=True)
class Model:
    """One design of a range, before it is dyed; `number` counts all models from 0."""

    range: Range
    number: int
    seed: int
    pattern: str
    material: str
    brand: str
    gender: str
    language: str


@dataclass(frozen=True, slots=True)
class SampleProduct:
    """One product of the demo, and the `article` its picture shows; `price` in EUR."""

    id: str
    title: str
    description: str
    brand: str
    category: str
    price: float
    stock: int
    language: str
    group_id: str
    popularity: int
    created_at: str
    codes: tuple[str, ...]
    article: Article
    attributes: dict[str, str | int | list[str]] = field(default_factory=dict)

    @property
    def picture(self) -> str:
        """Where the picture lies below the images root."""
        return f"pictures/{self.id}.jpg"

    def as_product(self) -> dict[str, object]:
        """The product as an event carries it."""
        plain = ("id", "title", "description", "brand", "category", "price", "stock", "language", "group_id")
        return {name: getattr(self, name) for name in plain} | {
            "currency": "EUR",
            "popularity": self.popularity,
            "created_at": self.created_at,
            "updated_at": self.created_at,
            "codes": list(self.codes),
            "images": [self.picture],
            "attributes": self.attributes,
        }


def products() -> list[SampleProduct]:
    """The whole catalogue, about 600 products, ordered by id."""
    dyed = [(model, colour) for model in _models() for colour in _colours(model)]
    return [_product(model, colour, number) for number, (model, colour) in enumerate(dyed, start=1)]


def _models() -> Iterator[Model]:
    number = 0
    for line in CLOTHES_RANGES + WEAR_RANGES + GOODS_RANGES:
        for index in range(MODELS_PER_KIND + (line.kind in POPULAR)):
            genders = line.genders or ("",)
            yield Model(
                range=line,
                number=number,
                seed=100 + index,
                pattern=line.patterns[index % len(line.patterns)],
                material=line.materials[index % len(line.materials)],
                brand=line.brands[(number + index) % len(line.brands)],
                gender=genders[index % len(genders)],
                language="zh" if number % 3 == 2 else "en",  # noqa: PLR2004 - every third model
            )
            number += 1


def _colours(model: Model) -> list[str]:
    """Three to five colours, far apart on the palette, others for each model of a kind."""
    names = list(COLOURS)
    count = COLOURS_PER_MODEL[model.number % len(COLOURS_PER_MODEL)]
    return [names[(model.number * 5 + step * 3) % len(names)] for step in range(count)]


def _product(model: Model, colour: str, number: int) -> SampleProduct:
    line = model.range
    article = Article(line.kind, colour, model.pattern, model.seed)
    made_of = MATERIALS[model.material]
    noun = line.noun_of(article)
    stock = _draw(number, "stock")
    product = SampleProduct(
        id=f"demo-{number:04d}",
        title=entitle(article, noun, made_of.name, (model.brand, model.number, model.language)),
        description=describe(line.note, made_of.note, model.language),
        brand=model.brand,
        category=line.category.format(gender=model.gender.title()),
        price=_price(model, number),
        stock=0 if stock < 0.09 else round(stock * 80),  # noqa: PLR2004 - about one in eleven is sold out
        language=model.language,
        group_id=f"demo-model-{model.number + 1:03d}",
        popularity=round(1000 * _draw(number, "popularity") ** 4),
        created_at=_created(model, number),
        codes=(_sku(model, colour), gtin13(29_0000_000_000 + number * 7919)),
        article=article,
    )
    return replace(product, attributes=_attributes(model, article))


def _attributes(model: Model, article: Article) -> dict[str, str | int | list[str]]:
    """What facets and filters read; English values in both languages, so that one facet covers all products."""
    line = model.range
    attributes: dict[str, str | int | list[str]] = {
        "colour": article.colour,
        "pattern": article.pattern,
        "material": model.material,
        "season": line.seasons[model.number % len(line.seasons)],
        "weight_g": round(line.weight_grams * article.vary("weight", 0.8, 1.3)),
    }
    if model.gender:
        attributes["gender"] = model.gender
    if line.sizes:
        attributes["size"] = list(line.sizes)
    return attributes


def gtin13(twelve_digits: int) -> str:
    """A GTIN-13: twelve digits and their check digit. Numbers from 2 are for use within a shop, so none is taken."""
    digits = f"{twelve_digits:012d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def _sku(model: Model, colour: str) -> str:
    brand = "".join(letter for letter in model.brand if letter.isalpha())[:3].upper()
    return f"{brand}-{model.range.kind[:3].upper()}{model.number + 1:03d}-{colour.replace(' ', '')[:4].upper()}"


def _price(model: Model, number: int) -> float:
    """The model's price; one product in eight is a fifth cheaper."""
    low, high = model.range.price
    whole = int(low + (high - low) * _draw(model.number, "price"))
    price = whole + ENDINGS[model.number % len(ENDINGS)]
    return round(price * 0.8, 2) if number % 8 == 3 else round(price, 2)  # noqa: PLR2004 - any remainder would do


def _created(model: Model, number: int) -> str:
    when = FIRST_DAY + timedelta(days=int(_draw(model.number, "day") * DAYS), minutes=number)
    return when.isoformat().replace("+00:00", "Z")


def _draw(number: int, purpose: str) -> float:
    """A number in [0, 1) that is always the same for this number and purpose."""
    return int.from_bytes(blake2b(f"{purpose}/{number}".encode(), digest_size=4).digest()) / 2**32
