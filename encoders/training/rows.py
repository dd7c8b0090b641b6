"""Reads the product tables that the training uses and decides which rows are held out."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from catalog.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

HELD_OUT_SHARE: Final = 10  # one part in ten
FOLDER_COLUMNS: Final = ("id", "image", "title", "category", "colour", "group")

# Other names for the article types of fashion.csv: the labels of the clothing photos and the kinds of our drawings.
KIND_ALIASES: Final = {
    "t-shirt": "tshirts", "pants": "trousers", "longsleeve": "long sleeve tops", "shirt": "shirts", "dress": "dresses",
    "outwear": "jackets", "skirt": "skirts", "hat": "hats", "polo": "polo shirts", "undershirt": "undershirts",
    "blazer": "blazers", "hoodie": "sweatshirts", "body": "rompers", "top": "tops", "blouse": "tops",
    "sweater": "sweaters", "jacket": "jackets", "sandal": "sandals", "high heel": "heels", "ballet flat": "flats",
    "handbag": "handbags", "backpack": "backpacks", "wallet": "wallets", "belt": "belts", "watch": "watches",
    "tie": "ties", "scarf": "scarves", "cap": "caps", "umbrella": "umbrellas",
    "t-shirts": "tshirts", "hoodies": "sweatshirts", "high heels": "heels", "sneakers": "sneaker", "boots": "boot",
    "beanies": "beanie", "sun hats": "sun hat", "tote bags": "tote bag", "suitcases": "suitcase", "coats": "coat",
    "mugs": "mug", "table lamps": "lamp", "chairs": "chair", "cushions": "cushion", "vases": "vase",
}  # fmt: skip
COLOUR_ALIASES: Final = {"navy": "navy blue", "gray": "grey"}
GENDERS: Final = frozenset({"men", "women", "boys", "girls", "unisex"})
FAMILY_ALIASES: Final = {"sandal": "sandals", "hats": "headwear", "dress": "dresses"}


@dataclass(frozen=True, slots=True)
class Row:
    """One picture and what is known of it; "" is unknown. `binding` holds what ties it to other rows of a split."""

    source: str
    key: str
    title: str
    kind: str
    family: str = ""
    colour: str = ""
    gender: str = ""
    usage: str = ""
    binding: tuple[str, ...] = ()
    held_out: bool = False

    @property
    def name(self) -> str:
        """What tells this picture from every other one, across sources."""
        return f"{self.source}/{self.key}"


def read_fashion(path: Path) -> list[Row]:
    """The rows of fashion.csv, still unsplit. Raises Misconfigured where a column is missing."""
    return [
        Row(
            source="fashion",
            key=f"{line['id']}.jpg",
            title=line["productDisplayName"].strip(),
            kind=line["articleType"].lower(),
            family=FAMILY_ALIASES.get(line["subCategory"].lower(), line["subCategory"].lower()),
            colour=line["baseColour"].lower(),
            gender=line["gender"].lower(),
            usage=line["usage"].lower(),
            binding=(f"title:{line['productDisplayName'].strip().lower()}",),
        )
        for line in _lines(
            path, ("id", "productDisplayName", "articleType", "subCategory", "baseColour", "gender", "usage")
        )
    ]


def read_clothing(path: Path) -> list[Row]:
    """The rows of clothing.csv (photos that people took), tied together by sender."""
    rows = []
    for line in _lines(path, ("image", "sender_id", "label", "kids")):
        label = line["label"].lower()
        rows.append(
            Row(
                source="clothing",
                key=f"{line['image']}.jpg",
                title=f"kids {label}" if line["kids"] == "True" else label,
                kind=KIND_ALIASES.get(label, label),
                binding=(f"sender:{line['sender_id']}",),
            )
        )
    return rows


def read_folder(path: Path) -> list[Row]:
    """The rows of a dataset folder's products.csv; `category` is a path ("Shoes > sneaker"), `group` ties variants."""
    rows = []
    for line in _lines(path, FOLDER_COLUMNS):
        parts = [part.strip().lower() for part in line["category"].replace("/", ">").split(">")]
        gender = parts.pop(0) if len(parts) > 1 and parts[0] in GENDERS else ""
        colour = line["colour"].lower()
        rows.append(
            Row(
                source="folder",
                key=line["image"],
                title=line["title"].strip(),
                kind=KIND_ALIASES.get(parts[-1], parts[-1]),
                family=FAMILY_ALIASES.get(parts[0], parts[0]),
                colour=COLOUR_ALIASES.get(colour, colour),
                gender=gender,
                binding=(f"group:{line['group'] or line['id']}", f"title:{line['title'].strip().lower()}"),
            )
        )
    return rows


def _lines(path: Path, columns: Iterable[str]) -> list[dict[str, str]]:
    if not path.is_file():
        raise Misconfigured(f"{path} does not exist: name the folder that holds {path.name}")
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    missing = [column for column in columns if lines and column not in lines[0]]
    if missing:
        raise Misconfigured(f"{path} lacks the columns {', '.join(missing)}: add them")
    return lines


def with_families(rows: Sequence[Row]) -> list[Row]:
    """Gives each kind of goods the one family in which fashion.csv mostly has it, so that "shoes" means one thing."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        if row.source == "fashion":
            counts.setdefault(row.kind, Counter())[row.family] += 1
    known = {kind: families.most_common(1)[0][0] for kind, families in counts.items()}
    return [replace(row, family=known.get(row.kind, row.family)) for row in rows]


def split(rows: Sequence[Row], digests: Mapping[str, str]) -> list[Row]:
    """Marks about a tenth of the rows as held out; `digests` maps a row's name to the digest of its picture.

    Rows that share a title, a picture, a sender or a group always fall on the same side.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    names = [[*row.binding, f"picture:{digests[row.name]}"] for row in rows]
    for ties in names:
        for tie in ties[1:]:
            first, second = sorted((root(ties[0]), root(tie)))
            parent[second] = first  # the smallest name leads, whatever the order of the rows
    return [replace(row, held_out=_is_held_out(root(ties[0]))) for row, ties in zip(rows, names, strict=True)]


def _is_held_out(name: str) -> bool:
    return int.from_bytes(blake2b(name.encode(), digest_size=4).digest()) % HELD_OUT_SHARE == 0
