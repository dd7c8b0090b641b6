"""Judged queries of several kinds, made from what products say of themselves: of a real shop's rows and of the demo's.

`python -m tests.benchmarks.judged --data ../shared/data --out DIR` writes a file for each kind, for
`vitrine search evaluate`. A gain is 3 for what has all that was asked for, 1 for the same kind of goods.
"""

from __future__ import annotations

import argparse
import base64
import csv
import json
import random
import re
import tarfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from deploy.sample.catalogue import products
from deploy.sample.judgments import judgments
from encoders.training.experiments.chinese_bench import load_pairs
from search.quality.judgments import Judgment
from search.schemas import SearchRequest, Term
from tests.benchmarks.fashion import event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from deploy.sample.catalogue import SampleProduct

    Row = dict[str, str]
    Json = dict[str, Any]

SHOP_ROWS: Final = 5_000
PICTURES_ASKED: Final = 300
WANTED, SAME_KIND = 3, 1
COLOURS: Final = ("Black", "Blue", "Red", "White", "Brown", "Green", "Pink", "Grey")
SYNONYMS: Final = {
    "Tshirts": ("tee", "cotton tee for summer"),
    "Casual Shoes": ("sneakers", "everyday trainers"),
    "Sports Shoes": ("running trainers", "gym footwear"),
    "Handbags": ("purse", "ladies bag"),
    "Watches": ("wristwatch", "timepiece"),
    "Sunglasses": ("shades", "eyewear"),
    "Trousers": ("pants", "slacks for the office"),
    "Flip Flops": ("beach slippers", "thong sandals"),
    "Perfume and Body Mist": ("fragrance", "scent"),
    "Sweaters": ("pullover", "warm jumper"),
    "Caps": ("hat", "baseball hat"),
    "Heels": ("pumps", "stilettos"),
    "Backpacks": ("rucksack", "school bag"),
    "Wallets": ("billfold", "money holder"),
    "Jackets": ("windcheater", "warm outerwear"),
    "Ties": ("necktie",),
    "Socks": ("hosiery",),
    "Dresses": ("gown", "frock"),
    "Jeans": ("denim pants",),
    "Track Pants": ("joggers",),
    "Sweatshirts": ("hoodie",),
    "Earrings": ("ear studs", "jewellery for ears"),
    "Necklace and Chains": ("jewellery for the neck",),
    "Deodorant": ("body spray",),
    "Formal Shoes": ("oxfords for business", "leather dress shoes"),
    "Sandals": ("open summer shoes",),
    "Nail Polish": ("nail varnish",),
    "Night suits": ("pajamas", "sleepwear"),
    "Scarves": ("shawl",),
    "Bra": ("brassiere",),
}
"""Article types of the shop, and what else people call them."""

SHOWN: Final = {
    "T-Shirt": ("Tshirts",),
    "Pants": ("Trousers", "Jeans", "Track Pants"),
    "Longsleeve": ("Tshirts", "Sweatshirts", "Sweaters", "Tops"),
    "Shirt": ("Shirts",),
    "Dress": ("Dresses",),
    "Outwear": ("Jackets", "Rain Jacket", "Blazers"),
    "Shorts": ("Shorts",),
    "Shoes": ("Casual Shoes", "Sports Shoes", "Formal Shoes", "Flats", "Heels", "Sandals"),
    "Skirt": ("Skirts",),
    "Hat": ("Caps", "Hat"),
    "Polo": ("Tshirts",),
    "Hoodie": ("Sweatshirts",),
}
"""What people's photos of their clothes show, and which article types of the shop are that."""


@dataclass(frozen=True, slots=True)
class Shop:
    """Rows that are sold, and rows of the same data that are not: their photos are asked with."""

    sold: Sequence[Row]
    others: Sequence[Row]


def read_shop(data: Path, count: int = SHOP_ROWS) -> Shop:
    """Return `count` rows of fashion.csv at random, and the rest; always the same."""
    with (data / "fashion.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    order = np.random.default_rng(0).permutation(len(rows)).tolist()
    return Shop([rows[place] for place in sorted(order[:count])], [rows[place] for place in order[count:]])


def upserts(shop: Shop) -> Iterator[Json]:
    """Yield the sold rows as events."""
    return map(event, shop.sold)


def titles_alone(shop: Shop) -> Iterator[Json]:
    """Yield the same with nothing to read but their titles: what they are is seen, or meant by other words."""
    for one in upserts(shop):
        bare = {name: value for name, value in one["product"].items() if name not in {"category", "attributes"}}
        yield one | {"product": bare}


def shop_queries(shop: Shop) -> dict[str, list[Judgment]]:
    """Return queries in words about the sold rows, by kind."""
    maker = _Maker(shop.sold)
    return {
        "type": [*maker.asked("{1}", lambda row: row["articleType"], 80)],
        "colour + type": [*maker.asked("{0} {1}", lambda row: row["baseColour"], 150)],
        "brand + type": [*maker.asked("{0} {1}", Brands(shop.sold).of, 150)],
        "gender + type": [*maker.asked("{0} {1}", lambda row: row["gender"], 80)],
        "usage + type": [*maker.asked("{0} {1}", lambda row: row["usage"], 80)],
        "season + type": [*maker.asked("{0} {1}", lambda row: row["season"], 80)],
        "title, 2 to 4 words": [*maker.cut(200)],
        "another word": [*maker.synonyms()],
    }


class Brands:
    """The brands of rows, which only their titles tell."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._first = Counter(_title(row).split()[0] for row in rows)
        self._pairs = Counter(" ".join(_title(row).split()[:2]) for row in rows)

    def of(self, row: Row) -> str:
        """Return what a title begins with, where ten others do: one word, or two that go together."""
        words = _title(row).split()
        pair = " ".join(words[:2])
        if self._first[words[0]] < 10:
            return ""
        return pair if self._pairs[pair] > 0.8 * self._first[words[0]] else words[0]


class _Maker:
    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._chance = random.Random(0)

    def asked(self, form: str, trait: Callable[[Row], str], most: int) -> Iterator[Judgment]:
        """Yield queries for a trait and a type that two rows at least have."""
        found = Counter((trait(row), row["articleType"]) for row in self._rows if trait(row))
        pairs = sorted(pair for pair, count in found.items() if count > 1)
        self._chance.shuffle(pairs)
        for value, kind in pairs[:most]:
            yield self._judged(form.format(value, kind).lower(), kind, trait, value)

    def cut(self, count: int) -> Iterator[Judgment]:
        """Yield a few words from the beginning or the end of titles; what has them, in this order, is wanted."""
        for row in self._chance.sample(list(self._rows), count):
            words, many = _title(row).split(), self._chance.choice((2, 3, 4))
            text = " ".join(words[-many:] if self._chance.random() < 0.5 else words[:many])
            yield Judgment(
                text, SearchRequest(text=text), {one["id"]: WANTED for one in self._rows if text in _title(one)}
            )

    def synonyms(self) -> Iterator[Judgment]:
        """Yield what else people call a type, alone and with a colour."""
        for kind, words in SYNONYMS.items():
            colours = sorted({row["baseColour"] for row in self._rows if row["articleType"] == kind})
            for word in words if colours else ():
                yield self._judged(word, kind, lambda row: row["articleType"], kind)
                colour = self._chance.choice(colours)
                yield self._judged(f"{word} in {colour.lower()}", kind, lambda row: row["baseColour"], colour)

    def _judged(self, text: str, kind: str, trait: Callable[[Row], str], value: str) -> Judgment:
        of_kind = [row for row in self._rows if row["articleType"] == kind]
        gains = {row["id"]: WANTED if trait(row) == value else SAME_KIND for row in of_kind}
        return Judgment(text, SearchRequest(text=text), gains)


def shop_pictures(shop: Shop, data: Path) -> dict[str, list[Judgment]]:
    """Return photos as queries: of other products of the shop, and of clothes that people took."""
    with (data / "clothing.csv").open(encoding="utf-8", newline="") as file:
        taken = [row for row in csv.DictReader(file) if row["label"] in SHOWN]
    taken = random.Random(0).sample(taken, PICTURES_ASKED)
    others = shop.others[:PICTURES_ASKED]
    photos = _members(data / "fashion-60x80.tar", {f"{row['id']}.jpg" for row in others})
    clothes = _members(data / "clothing-photos.tar", {f"{row['image']}.jpg" for row in taken})
    return {
        "photo, shop": [
            _shown(shop, photos[f"{row['id']}.jpg"], (row["articleType"],), row["baseColour"]) for row in others
        ],
        "photo, people": [
            _shown(shop, clothes[f"{row['image']}.jpg"], SHOWN[row["label"]], None)
            for row in taken
            if f"{row['image']}.jpg" in clothes
        ],
        "photo, but in": [*_recoloured(shop, photos, others)],
    }


def _shown(shop: Shop, photo: bytes, kinds: Sequence[str], colour: str | None) -> Judgment:
    of_kind = [row for row in shop.sold if row["articleType"] in kinds]
    gains = {row["id"]: WANTED if colour in (None, row["baseColour"]) else SAME_KIND for row in of_kind}
    return Judgment(" or ".join(kinds), picture_request(photo), gains)


def _recoloured(shop: Shop, photos: Mapping[str, bytes], others: Sequence[Row]) -> Iterator[Judgment]:
    """Yield a photo and another colour as two terms of one query: "this, but in blue"."""
    chance = random.Random(0)
    for row in others:
        kind = row["articleType"]
        counts = Counter(one["baseColour"] for one in shop.sold if one["articleType"] == kind)
        colours = [name for name in COLOURS if counts[name] > 1 and name != row["baseColour"]]
        if colours:
            colour = chance.choice(colours)
            judged = _shown(shop, photos[f"{row['id']}.jpg"], (kind,), colour)
            terms = [*judged.request.terms, Term(text=f"in {colour.lower()}")]
            yield replace(judged, request=SearchRequest(terms=terms))


def picture_request(photo: bytes) -> SearchRequest:
    """Return a search with one picture."""
    return SearchRequest.model_validate({"terms": [{"image": {"data": base64.b64encode(photo).decode()}}]})


def _members(path: Path, names: set[str]) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        wanted = ((Path(one.name).name, one) for one in archive if one.isfile())
        return {name: archive.extractfile(one).read() for name, one in wanted if name in names}  # type: ignore[union-attr]


def _title(row: Row) -> str:
    return row["productDisplayName"]


def demo_queries() -> dict[str, list[Judgment]]:
    """Return queries about the sample catalogue, by kind; the Chinese ones with their English twins."""
    goods = products()
    brands = sorted({(one.brand, one.article.kind) for one in goods})
    pairs = [pair for pair in load_pairs() if any(pair.is_answered_by(one) for one in goods)]
    kinds = sorted({one.article.kind for one in goods})
    return {
        "colour or material + kind": [_from_sample(one) for one in judgments()],
        "kind": [_of_goods(kind, [one for one in goods if one.article.kind == kind]) for kind in kinds],
        "brand + kind": [
            _of_goods(f"{brand} {kind}", [one for one in goods if (one.brand, one.article.kind) == (brand, kind)])
            for brand, kind in brands
        ],
        "free, Chinese": [_of_goods(pair.chinese, filter(pair.is_answered_by, goods)) for pair in pairs],
        "free, English": [_of_goods(pair.english, filter(pair.is_answered_by, goods)) for pair in pairs],
    }


def _from_sample(line: Mapping[str, Any]) -> Judgment:
    return Judgment(line["query"], SearchRequest(text=line["query"]), line["relevant"])


def _of_goods(text: str, wanted: Iterable[SampleProduct]) -> Judgment:
    return Judgment(text, SearchRequest(text=text), {one.id: WANTED for one in wanted})


def write(kinds: Mapping[str, Sequence[Judgment]], folder: Path, prefix: str) -> None:
    """Write a file for each kind, as `vitrine search evaluate` reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, judged in kinds.items():
        name = re.sub(r"\W+", "-", f"{prefix} {kind}").strip("-")
        lines = (
            json.dumps({"query": one.request.model_dump(exclude_unset=True), "relevant": one.gains}, ensure_ascii=False)
            for one in judged
        )
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Write them all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with fashion.csv and the photos")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    shop = read_shop(arguments.data)
    write(shop_queries(shop) | shop_pictures(shop, arguments.data), arguments.out, "fashion")
    write(demo_queries(), arguments.out, "demo")


if __name__ == "__main__":
    main()
