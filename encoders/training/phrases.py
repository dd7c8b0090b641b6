"""The short phrases that a shopper would type for a picture, each with the attributes that it claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from encoders.training.rows import Row

ATTRIBUTES: Final = ("family", "kind", "colour", "tone", "gender", "usage")
UNSAID: Final = -1  # a phrase does not claim this attribute; a picture's is not known

# A coarser colour for each fine one: what "blue shoes" means to somebody who has not seen the catalogue.
TONES: Final = {
    "navy blue": "blue", "turquoise blue": "blue", "sky blue": "blue", "sea green": "green", "lime green": "green",
    "fluorescent green": "green", "olive": "green", "off white": "white", "charcoal": "grey", "grey melange": "grey",
    "coffee brown": "brown", "mushroom brown": "brown", "tan": "brown", "taupe": "brown", "burgundy": "maroon",
    "magenta": "pink", "rose": "pink", "lavender": "purple", "mauve": "purple", "mustard": "yellow", "rust": "orange",
    "steel": "silver", "metallic": "silver", "copper": "bronze", "nude": "beige", "skin": "beige",
}  # fmt: skip
FAMILY_WORDS: Final = {
    "shoes": "shoes", "bags": "bag", "headwear": "hat", "jewellery": "jewellery", "eyewear": "glasses",
    "fragrance": "perfume", "lips": "lip make-up", "home": "home decoration",
}  # fmt: skip
KIND_WORDS: Final = {
    "tshirts": "t-shirt", "shirts": "shirt", "tops": "top", "watches": "watch", "handbags": "handbag",
    "sandals": "sandals", "sports shoes": "running shoes", "casual shoes": "sneakers", "sneaker": "sneakers",
    "formal shoes": "formal leather shoes", "wallets": "wallet", "belts": "belt", "backpacks": "backpack",
    "dresses": "dress", "sweaters": "sweater", "sweatshirts": "hoodie", "jackets": "jacket", "skirts": "skirt",
    "ties": "tie", "caps": "cap", "kurtas": "kurta", "sarees": "saree", "trousers": "trousers", "scarves": "scarf",
    "heels": "high heels", "flats": "flat shoes", "clutches": "clutch", "perfume and body mist": "perfume",
    "boot": "boots", "umbrellas": "umbrella", "track pants": "sweatpants", "hats": "hat", "tunics": "tunic",
    "sunglasses": "sunglasses", "flip flops": "slippers", "blazers": "blazer", "leggings": "leggings",
}  # fmt: skip
GENDER_WORDS: Final = {"men": "men", "women": "women", "boys": "boys", "girls": "girls"}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase and its claims: the value of each of `ATTRIBUTES`, "" where it says nothing of it."""

    text: str
    claims: tuple[str, ...]


def attributes(row: Row) -> tuple[str, ...]:
    """What is known of a row, in the order of `ATTRIBUTES`."""
    return (row.family, row.kind, row.colour, TONES.get(row.colour, row.colour), row.gender, row.usage)


def phrases_of(row: Row) -> list[Phrase]:
    """Every phrase that is true of a row, from its kind alone to colour, gender and usage together."""
    family, kind, colour, tone, gender, usage = attributes(row)
    word = KIND_WORDS.get(kind, kind)
    found = [Phrase(kind, ("", kind, "", "", "", "")), Phrase(word, ("", kind, "", "", "", ""))]
    if family in FAMILY_WORDS:
        found.append(Phrase(FAMILY_WORDS[family], (family, "", "", "", "", "")))
    if colour:
        claims = ("", kind, colour, "", "", "")
        found += [Phrase(f"{colour} {kind}", claims), Phrase(f"{colour} {word}", claims)]
        if family in FAMILY_WORDS:
            found.append(Phrase(f"{tone} {FAMILY_WORDS[family]}", (family, "", "", tone, "", "")))
    if gender in GENDER_WORDS:
        who = GENDER_WORDS[gender]
        found.append(Phrase(f"{usage} {word} for {who}".strip(), ("", kind, "", "", gender, usage)))
        found.append(Phrase(f"{who} {colour} {kind}", ("", kind, colour, "", gender, "")))
        found.append(Phrase(f"{colour} {usage} {word} for {who}", ("", kind, colour, "", gender, usage)))
    return found


@dataclass(frozen=True, slots=True)
class PhraseBank:
    """All distinct phrases, what they claim, and which are true of which row.

    `claims` is (phrases, attributes) int64 and `facts` (rows, attributes) int64, with `UNSAID` for nothing;
    `of_row` lists for each row the numbers of its phrases; `values` names the codes of each attribute.
    """

    texts: tuple[str, ...]
    claims: NDArray[np.int64]
    facts: NDArray[np.int64]
    of_row: tuple[tuple[int, ...], ...]
    values: tuple[tuple[str, ...], ...]


def build_bank(rows: Sequence[Row]) -> PhraseBank:
    """The phrases of `rows`, numbered in the order in which they first come. Same text and claims: one phrase."""
    values = tuple(
        tuple(sorted({known[place] for known in map(attributes, rows)} - {""})) for place in range(len(ATTRIBUTES))
    )
    codes = [{value: code for code, value in enumerate(names)} for names in values]

    def encode(claims: tuple[str, ...]) -> list[int]:
        return [codes[place].get(value, UNSAID) for place, value in enumerate(claims)]

    numbers: dict[Phrase, int] = {}
    of_row = tuple(
        tuple({numbers.setdefault(phrase, len(numbers)): None for phrase in phrases_of(row)}) for row in rows
    )
    return PhraseBank(
        texts=tuple(phrase.text for phrase in numbers),
        claims=np.array([encode(phrase.claims) for phrase in numbers], dtype=np.int64),
        facts=np.array([encode(attributes(row)) for row in rows], dtype=np.int64),
        of_row=of_row,
        values=values,
    )
