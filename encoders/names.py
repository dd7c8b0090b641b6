"""The names of the shipped encoders and how they are chosen; light, so that settings and help load no model library."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path  # noqa: TC003 - a field of a dataclass
from typing import TYPE_CHECKING, Final

from catalog.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterator

MINILM: Final = "minilm"
VITRINE_PICTURES: Final = "vitrine-pictures"

SHIPPED: Final = {
    MINILM: "text · all-MiniLM-L6-v2 in int8, 384 numbers, English, and Chinese through a word list of ours",
    VITRINE_PICTURES: "pictures · our own small network, 384 numbers; words reach it through minilm",
}

ALSO_TAKEN: Final = {
    "FOLDER": "what save_pretrained or `vitrine encoders train` wrote: *.safetensors, and no code from it is run",
    "OWNER/MODEL": "a Hugging Face id: a sentence-transformers text model; CLIP or SigLIP, in one place or both",
    "OWNER/CNN": "pictures only · any CNN of transformers: ResNet, EfficientNet, MobileNetV2, ConvNeXt …",
    "timm/MODEL": "pictures only · any network of timm: VGG, Inception, EfficientNet …; pip install 'vitrine[timm]'",
}
"""What else an encoder's name may be, by its form."""

DEFAULT_AVERAGE_LENGTH: Final = 20.0
"""Tokens in a product's lexical text: between the 28 of the sample catalogue, which has descriptions, and the 13 of a
real one of 38,000 fashion products without. `vitrine encoders lexical-length FILE` measures another catalogue."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the names of the encoders were given: what an error names."""

    text: str = "VITRINE_ENCODERS__TEXT"
    image: str = "VITRINE_ENCODERS__IMAGE"


SETTINGS: Final = Places()


@contextmanager
def given_in(place: str) -> Iterator[None]:
    """Say of whatever is wrong with a name in which setting or option it was given."""
    try:
        yield
    except Misconfigured as error:
        raise Misconfigured(f"{place}: {error}") from error


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """Which encoders to load: names of `SHIPPED`, folders, or hub ids; the same model may take both places.

    `glossary` is a shop's own word list, Chinese to English, beside that of `MINILM`.
    """

    text: str = MINILM
    image: str = VITRINE_PICTURES
    device: str = "cpu"
    lexical_average_length: float = DEFAULT_AVERAGE_LENGTH
    glossary: Path | None = None
