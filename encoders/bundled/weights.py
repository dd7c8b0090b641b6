"""Reads and writes the shipped weights: the network and the text adapter in one safetensors file, in float16."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

from safetensors import SafetensorError
from safetensors.torch import load, save_file

from catalog.errors import Misconfigured
from encoders.bundled.network import PictureNetwork, TextAdapter
from encoders.bundled.preprocess import CHANNEL_DEVIATION, CHANNEL_MEAN, PICTURE_SIDE
from encoders.pictures.sides import needed_side_px

if TYPE_CHECKING:
    from torch import Tensor, nn

SHIPPED: Final = Path(__file__).with_name("weights.safetensors")


@dataclass(frozen=True, slots=True)
class Weights:
    """The two modules in float32 and evaluation mode, and the digest of the file and of how pictures are prepared."""

    network: PictureNetwork
    adapter: TextAdapter
    revision: str


def write_weights(network: nn.Module, adapter: nn.Module, path: Path) -> None:
    """Writes both modules to one file, in float16, first beside it and then over it."""
    tensors: dict[str, Tensor] = {}
    for prefix, module in (("network", network), ("adapter", adapter)):
        for name, tensor in module.state_dict().items():
            if not name.endswith("num_batches_tracked"):
                tensors[f"{prefix}.{name}"] = tensor.detach().half().contiguous()
    part = path.with_suffix(".part")
    save_file(tensors, part)
    part.rename(path)


def read_weights(path: Path) -> Weights:
    """Raises Misconfigured where the file is missing, is no safetensors file or holds another network."""
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"{path}: cannot read the picture encoder's weights ({error.strerror}): check the path"
        raise Misconfigured(message) from error
    network, adapter = PictureNetwork(), TextAdapter()
    try:
        tensors = load(content)
        for prefix, module in (("network", network), ("adapter", adapter)):
            counters = {name: t for name, t in module.state_dict().items() if name.endswith("num_batches_tracked")}
            module.load_state_dict(_part(tensors, prefix) | counters)
    except (SafetensorError, RuntimeError) as error:
        message = f"{path} does not hold this picture encoder's weights: take those that came with it"
        raise Misconfigured(message) from error
    preprocessing = f"{PICTURE_SIDE} of {needed_side_px(PICTURE_SIDE)} {CHANNEL_MEAN} {CHANNEL_DEVIATION}"
    revision = blake2b(content + preprocessing.encode(), digest_size=16).hexdigest()
    return Weights(network.eval(), adapter.eval(), revision)


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    whole = f"{prefix}."
    return {name.removeprefix(whole): tensor.float() for name, tensor in tensors.items() if name.startswith(whole)}
