"""A folder with a picture tower of the shipped kind: what it holds, written and read in one place.

`weights.safetensors` is what `encoders/bundled/weights.py` writes; `vitrine-encoder.json` says what it is and which
text encoder it is aligned to.
"""

from __future__ import annotations

import json
from dataclasses import asdict, astuple, dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError

from catalog.errors import Misconfigured
from encoders.bundled.preprocess import PICTURE_SIDE
from encoders.bundled.tower import PictureTower
from encoders.bundled.weights import read_weights, write_weights
from encoders.interface import Description, Unrelated
from encoders.shipped import TowerEncoder
from encoders.translating import without_word_list

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import nn

    from encoders.interface import TextEncoder

ABOUT: Final = "vitrine-encoder.json"
WEIGHTS: Final = "weights.safetensors"
KIND: Final = "vitrine-picture-tower"
ABOUT_BYTES: Final = 1 << 20

Name = Annotated[str, Field(min_length=1, max_length=200)]


@dataclass(frozen=True, slots=True)
class TowerFolder:
    """What a folder says of its tower; `text` and `text_revision` name the encoder whose vectors its adapter takes."""

    name: Name
    text: Name
    text_revision: Name
    licence: str = "unknown"
    unrelated: dict[str, Unrelated] = field(default_factory=dict)
    kind: Literal["vitrine-picture-tower"] = KIND
    format: Literal[1] = 1


def is_tower_folder(path: Path) -> bool:
    """Return whether a folder says that it holds a picture tower; whether it holds it whole, loading tells."""
    return (path / ABOUT).is_file()


def load_tower_folder(path: Path, text: TextEncoder, *, device: str) -> TowerEncoder:
    """Load a tower on top of `text`, the encoder it was aligned to.

    Raises `Misconfigured` where the folder is not whole, or its tower was aligned to another text encoder.
    """
    about = read_about(path)
    if without_word_list(text.description.revision) != without_word_list(about.text_revision):
        raise Misconfigured(
            f"{path} was trained beside {about.text} in revision {about.text_revision}, and {text.description.name} is "
            f"here in revision {text.description.revision}: words would find the wrong pictures; train it anew"
        )
    tower = PictureTower(read_weights(path / WEIGHTS), device)
    return TowerEncoder(
        tower,
        text,
        Description(
            name=about.name,
            revision=blake2b(f"{tower.revision} {about.text_revision}".encode(), digest_size=16).hexdigest(),
            size=tower.dimension,
            languages=text.description.languages,  # words reach the tower through it alone
            licence=about.licence,
            picture_side_px=PICTURE_SIDE,
            unrelated=about.unrelated,
        ),
    )


def read_about(path: Path) -> TowerFolder:
    """Return what a folder says of its tower; raises `Misconfigured` where it says nothing that can be read."""
    try:
        with (path / ABOUT).open("rb") as file:
            return TypeAdapter(TowerFolder).validate_json(file.read(ABOUT_BYTES))
    except OSError as error:
        raise Misconfigured(f"{path / ABOUT} cannot be read ({error.strerror}): is {path} a trained model?") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Misconfigured(f"{path / ABOUT} is not as training wrote it: {where or 'it'}: {first['msg']}") from error


def write_tower_folder(path: Path, network: nn.Module, adapter: nn.Module, about: TowerFolder) -> None:
    """Write a tower's folder, making it if need be."""
    path.mkdir(parents=True, exist_ok=True)
    write_weights(network, adapter, path / WEIGHTS)
    (path / ABOUT).write_text(json.dumps(asdict(about), indent=2, sort_keys=True) + "\n", encoding="utf-8")


def as_unrelated(scales: Mapping[str, Unrelated]) -> dict[str, Unrelated]:
    """Return scales rounded to what they are good for, so that equal runs write equal folders."""
    rounded = {kind: [round(value, 4) for value in astuple(one)] for kind, one in scales.items()}
    return {kind: Unrelated(*values) for kind, values in rounded.items()}
