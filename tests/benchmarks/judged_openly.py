"""Judged queries whose words the catalogue does not all have: as people talk, with slips, in Chinese.

Made as those of `tests.benchmarks.judged`, with the same gains.
"""

from __future__ import annotations

import random
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from search.quality.judgments import Judgment
from search.schemas import SearchRequest
from tests.benchmarks.judged import SAME_KIND, SYNONYMS, WANTED, Brands, shop_queries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.benchmarks.judged import Row, Shop

MOST: Final = 150
FEWEST_PRODUCTS: Final = 4
LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
SENTENCES: Final = (
    "i am looking for {} that my {} can wear",
    "do you have {} for my {}",
    "can you recommend {} as a birthday gift for my {}",
    "need {} for my {} please",
    "what {} would suit my {}",
)
PEOPLE: Final = {
    "Men": ("husband", "dad", "brother", "boyfriend"),
    "Women": ("wife", "mother", "girlfriend", "sister"),
    "Boys": ("son",),
    "Girls": ("daughter",),
}
CHINESE_TYPES: Final = {
    "Tshirts": "T恤",
    "Shirts": "衬衫",
    "Casual Shoes": "休闲鞋",
    "Watches": "手表",
    "Sports Shoes": "运动鞋",
    "Handbags": "手提包",
    "Tops": "上衣",
    "Heels": "高跟鞋",
    "Sunglasses": "太阳镜",
    "Sandals": "凉鞋",
    "Wallets": "钱包",
    "Flip Flops": "人字拖",
    "Belts": "皮带",
    "Backpacks": "双肩包",
    "Socks": "袜子",
    "Formal Shoes": "正装皮鞋",
    "Perfume and Body Mist": "香水",
    "Jeans": "牛仔裤",
    "Shorts": "短裤",
    "Trousers": "长裤",
    "Dresses": "连衣裙",
    "Earrings": "耳环",
    "Caps": "帽子",
    "Sweaters": "毛衣",
    "Sweatshirts": "卫衣",
    "Nail Polish": "指甲油",
    "Lipstick": "口红",
    "Jackets": "夹克",
    "Ties": "领带",
    "Skirts": "半身裙",
    "Track Pants": "运动裤",
    "Ring": "戒指",
    "Necklace and Chains": "项链",
}
CHINESE_COLOURS: Final = {
    "Black": "黑色",
    "White": "白色",
    "Blue": "蓝色",
    "Brown": "棕色",
    "Grey": "灰色",
    "Red": "红色",
    "Green": "绿色",
    "Pink": "粉色",
    "Purple": "紫色",
    "Silver": "银色",
    "Yellow": "黄色",
}
CHINESE_PEOPLE: Final = {"Men": "男士", "Women": "女士"}


def open_queries(shop: Shop) -> dict[str, list[Judgment]]:
    """Return queries about the sold rows, by kind."""
    maker = _Maker(shop.sold)
    return {
        "sentence": [*maker.sentences()],
        "gender + another word": [*maker.genders()],
        "brand + another word": [*maker.brands()],
        "all attributes": [*maker.everything()],
        "a slip, not put right": [*_with_a_slip(shop)],
        "Chinese: type": [*maker.chinese_types()],
        "Chinese: colour + type": [*maker.chinese("baseColour", CHINESE_COLOURS, 3)],
        "Chinese: gender + type": [*maker.chinese("gender", CHINESE_PEOPLE, 2)],
    }


class _Maker:
    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._chance = random.Random(1)
        self._of_kind: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            self._of_kind[row["articleType"]].append(row)

    def sentences(self) -> Iterator[Judgment]:
        """Yield what somebody says to an assistant in a shop: a colour, a kind of goods, who is to wear it."""
        for row in self._chance.sample(self._rows, MOST):
            kind, colour, gender = row["articleType"], row["baseColour"], row["gender"]
            if gender in PEOPLE:
                name = self._chance.choice((*SYNONYMS.get(kind, ()), kind.lower()))
                sentence = self._chance.choice(SENTENCES)
                text = sentence.format(f"{colour.lower()} {name}", self._chance.choice(PEOPLE[gender]))
                yield self._judged(text, kind, {"baseColour": colour, "gender": gender})

    def genders(self) -> Iterator[Judgment]:
        """Yield what else people call a type, and for whom."""
        for kind, words in SYNONYMS.items():
            genders = sorted({row["gender"] for row in self._of_kind[kind]})
            for word in words if genders else ():
                gender = self._chance.choice(genders)
                yield self._judged(f"{word} for {gender.lower()}", kind, {"gender": gender})

    def brands(self) -> Iterator[Judgment]:
        """Yield a brand and what else people call a type."""
        brand = Brands(self._rows).of
        for kind, words in SYNONYMS.items():
            brands = sorted({name for row in self._of_kind[kind] if (name := brand(row))})
            for word in words:
                for name in self._chance.sample(brands, min(2, len(brands))):
                    gains = {row["id"]: WANTED if brand(row) == name else SAME_KIND for row in self._of_kind[kind]}
                    yield _asked(f"{name.lower()} {word}", gains)

    def everything(self) -> Iterator[Judgment]:
        """Yield all that is known of a product but its brand."""
        for row in self._chance.sample(self._rows, MOST):
            traits = {name: row[name] for name in ("gender", "baseColour", "season", "usage")}
            gender, colour, season, usage = (value.lower() for value in traits.values())
            kind = row["articleType"]
            yield self._judged(f"{gender}'s {colour} {kind.lower()} for {season} {usage} wear", kind, traits)

    def chinese_types(self) -> Iterator[Judgment]:
        """Yield types in Chinese."""
        for kind, name in self._chinese_kinds():
            yield self._judged(name, kind, {})

    def chinese(self, trait: str, names: Mapping[str, str], most: int) -> Iterator[Judgment]:
        """Yield a trait and a type in Chinese, of each type so many."""
        for kind, name in self._chinese_kinds():
            there = sorted({row[trait] for row in self._of_kind[kind]} & names.keys())
            for value in self._chance.sample(there, min(most, len(there))):
                yield self._judged(names[value] + name, kind, {trait: value})

    def _chinese_kinds(self) -> Iterator[tuple[str, str]]:
        return (one for one in CHINESE_TYPES.items() if len(self._of_kind[one[0]]) >= FEWEST_PRODUCTS)

    def _judged(self, text: str, kind: str, traits: Mapping[str, str]) -> Judgment:
        fits = {row["id"]: all(row[name] == value for name, value in traits.items()) for row in self._of_kind[kind]}
        return _asked(text, {name: WANTED if one else SAME_KIND for name, one in fits.items()})


def _with_a_slip(shop: Shop) -> Iterator[Judgment]:
    """Yield queries with a letter left out, put in, changed or swapped with its neighbour."""
    chance, queries = random.Random(1), shop_queries(shop)
    pool = [one for kind in ("colour + type", "brand + type", "title, 2 to 4 words") for one in queries[kind]]
    for judged in chance.sample(pool, MOST):
        words = judged.where.split()
        long = [place for place, word in enumerate(words) if len(word) > 3 and word.isalpha()]
        if long:
            place = chance.choice(long)
            words[place] = _slipped(words[place].lower(), chance)
            yield _asked(" ".join(words), judged.gains)


def _slipped(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word) - 1)
    before, letter, after = word[:at], word[at], word[at + 1 :]
    other = chance.choice(LETTERS)
    return chance.choice(
        (
            before + after,
            before + other + letter + after,
            before + other + after,
            before + after[0] + letter + after[1:],
        )
    )


def _asked(text: str, gains: Mapping[str, int]) -> Judgment:
    return Judgment(text, SearchRequest(text=text), gains)
