"""Any network for pictures alone, of transformers (ResNet, EfficientNet, ConvNeXt …) or timm, as a picture encoder."""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from transformers import AutoConfig, AutoImageProcessor, AutoModel

from catalog.errors import Misconfigured
from encoders.folders import (
    LOADING_ERRORS,
    check_weights,
    folder_revision,
    load_quietly,
    missing_weights,
    place,
    read_card,
    reason,
)
from encoders.interface import Description, check_pictures, checked
from encoders.pictures.decode import to_pillow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor, nn

    from encoders.interface import FloatArray, Picture

_BATCH: Final = 32
_FEATURE_MAP_AXES: Final = 4
_POOLER: Final = "pooler."
_NO_TIMM: Final = "is a model of timm, which is not installed: pip install 'vitrine[timm]'"


class PooledNetwork:
    """A network and its own preprocessing: pictures to one vector each, not yet of length 1."""

    def __init__(self, network: nn.Module, processor: Any, *, device: str) -> None:  # noqa: ANN401 - it has no type
        self._pools = not missing_weights(network)
        place(network, device)
        self._network = network.eval()
        self._processor = processor
        self._device = device

    def prepare(self, pictures: Sequence[Picture]) -> Tensor:
        """Return the network's input, (n, 3, side, side) as a rule."""
        images = [to_pillow(picture) for picture in pictures]
        pixels: Tensor = self._processor(images, return_tensors="pt")["pixel_values"]
        return pixels

    def run(self, pixels: Tensor) -> FloatArray:
        """Return the pooled output: the network's own, or the mean over all positions where it has none that learnt."""
        with torch.inference_mode():
            output = self._network(pixels.to(self._device))
            pooled = getattr(output, "pooler_output", None) if self._pools else None
            if pooled is None:
                hidden: Tensor = output.last_hidden_state
                pooled = hidden.mean(dim=(2, 3) if hidden.ndim == _FEATURE_MAP_AXES else 1)
            vectors: FloatArray = pooled.flatten(1).float().cpu().numpy()
        return vectors


class CnnEncoder:
    """A `PictureEncoder` without a text tower: its pictures find pictures, and words do not find them."""

    def __init__(self, network: PooledNetwork, description: Description) -> None:
        self._network = network
        self._description = description

    @property
    def description(self) -> Description:
        """What this encoder is."""
        return self._description

    @property
    def text_tower(self) -> None:
        """None: it reads pictures only."""
        return

    def encode_pictures(self, pictures: Sequence[Picture]) -> FloatArray:
        """Return one vector per picture."""
        check_pictures(pictures)
        batches = [pictures[start : start + _BATCH] for start in range(0, len(pictures), _BATCH)]
        found = [self._network.run(self._network.prepare(batch)) for batch in batches]
        return checked(np.concatenate(found) if found else (), self._description, len(pictures))


def load_cnn(name: str, folder: Path, *, device: str) -> CnnEncoder:
    """Load a network from a folder, safetensors only and without running code from it, and try it on one picture.

    Raises `Misconfigured` for a folder that holds no such network, and for one of timm where timm is missing.
    """
    load_quietly()
    try:
        if _is_timm(folder) and find_spec("timm") is None:
            raise Misconfigured(f"{name} {_NO_TIMM}")
        network = _load(folder, device)
        tried = network.prepare([np.full((64, 64, 3), 255, dtype=np.uint8)])
        size = network.run(tried).shape[1]  # a configuration says it in a dozen ways, or not at all
    except LOADING_ERRORS as error:
        raise Misconfigured(
            f"{folder} holds no model that can be loaded; having neither a tokeniser nor modules.json, it was taken "
            f"for a network for pictures: {reason(error)}"
        ) from error
    card = read_card(folder)
    description = Description(
        name=name,
        revision=folder_revision(folder),
        size=size,
        licence=card.licence,
        picture_side_px=max(tried.shape[2:]),
    )
    return CnnEncoder(network, description)


def _is_timm(folder: Path) -> bool:
    """Whether the configuration is one of timm's: an architecture, and no type of model that transformers knows."""
    config = json.loads((folder / "config.json").read_bytes())
    return "architecture" in config and config.get("model_type", "timm_wrapper") == "timm_wrapper"


def _load(folder: Path, device: str) -> PooledNetwork:
    local = {"local_files_only": True, "trust_remote_code": False}
    config = AutoConfig.from_pretrained(folder, **local)
    arguments = getattr(config, "model_args", None) or {}
    arguments.pop("num_classes", None)  # timm writes it, and the library's own wrapper stumbles over it
    network = AutoModel.from_pretrained(folder, config=config, use_safetensors=True, dtype=torch.float32, **local)
    check_weights(network, folder, besides=_POOLER)
    # With torchvision installed or without: the same vectors. Networks of timm have one kind only.
    chosen = {} if _is_timm(folder) else {"backend": "pil"}
    processor = AutoImageProcessor.from_pretrained(folder, **chosen, **local)  # type: ignore[no-untyped-call]
    return PooledNetwork(network, processor, device=device)
