"""How a shop plans its goods: for each kind the category, the price span, materials, patterns and names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.sample.article import Article
    from deploy.sample.materials import Words

PRINTS = ("plain", "floral", "stripes", "dots", "checks")
FUN = ("plain", "stars", "stripes", "dots", "chevron")
SOBER = ("plain", "plain", "chevron", "plain", "stripes")
CLOTHES = ("XS", "S", "M", "L", "XL")
SUMMER = ("summer", "spring")
WINTER = ("winter", "autumn")
WARM = ("Norrvik", "Fjordlight", "Oak & Loom", "Kestrel Row")
SHOES = ("36", "37", "38", "39", "40", "41", "42", "43")


@dataclass(frozen=True, slots=True)
class Feature:
    """A trait that shows in the picture (`Article.has`), and what such goods are called."""

    trait: str
    noun: Words


@dataclass(frozen=True, slots=True)
class Range:
    """One kind in the shop; prices in EUR, the weight in grams."""

    kind: str
    noun: Words
    category: str  # "{gender}" stands for Women or Men
    price: tuple[float, float]
    materials: tuple[str, ...]
    note: Words
    genders: tuple[str, ...] = ("women", "men")
    patterns: tuple[str, ...] = PRINTS
    features: tuple[Feature, ...] = ()
    seasons: tuple[str, ...] = ("all year",)
    sizes: tuple[str, ...] = ()
    weight_grams: int = 300
    brands: tuple[str, ...] = ()

    def noun_of(self, article: Article) -> Words:
        """What the shop calls this very cut: the first feature it has, else the plain noun."""
        return next((feature.noun for feature in self.features if article.has(feature.trait)), self.noun)
