"""What encoders of other shapes weigh and take beside the shipped pair: their networks with random weights, one core.

python -m encoders.training.experiments.shapes

Neither size nor time hangs on what a network has learnt, so nothing is downloaded. How good they are, this cannot say.
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from rich import box
from rich.console import Console
from rich.table import Table
from transformers import (
    BertConfig,
    BertModel,
    CLIPVisionConfig,
    CLIPVisionModel,
    ResNetConfig,
    ResNetModel,
    SiglipVisionConfig,
    SiglipVisionModel,
)

from catalog.errors import Misconfigured
from encoders.bundled import PICTURE_SIDE
from encoders.bundled.tower import load_picture_tower
from encoders.shipped import load_minilm
from encoders.training.command import ending_plainly
from encoders.training.shrink.speed import p50_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor, nn

QUERY: Final = "red leather shoes for women"  # 7 tokens with those at its ends
TOKENS: Final = 7


def _of_timm(name: str) -> nn.Module:
    try:
        import timm  # noqa: PLC0415 - an extra of its own
    except ModuleNotFoundError as error:
        raise Misconfigured("networks of timm are among them: pip install 'vitrine[timm]'") from error
    network: nn.Module = timm.create_model(name, num_classes=0)
    return network


NETWORKS: Final[dict[str, tuple[int, Callable[[], nn.Module]]]] = {
    "EfficientNet-B0 (timm)": (224, partial(_of_timm, "efficientnet_b0")),
    "ResNet-50": (224, lambda: ResNetModel(ResNetConfig())),
    "Inception v3 (timm)": (299, partial(_of_timm, "inception_v3")),
    "VGG-11 (timm)": (224, partial(_of_timm, "vgg11")),
    "CLIP ViT-B/32, picture tower": (224, lambda: CLIPVisionModel(CLIPVisionConfig())),
    "SigLIP B/16, picture tower": (224, lambda: SiglipVisionModel(SiglipVisionConfig())),
}
"""By name, the side of a picture in pixels and the network."""


def lines() -> Iterator[tuple[str, str, str, float]]:
    """Yield name, what is encoded, megabytes in float32 and milliseconds; for the shipped ones as they are served."""
    tower, text = load_picture_tower(device="cpu"), load_minilm(device="cpu")
    picture = np.full((PICTURE_SIDE, PICTURE_SIDE, 3), 200, dtype=np.uint8)
    yield "vitrine-pictures (shipped)", f"{PICTURE_SIDE} px", "9.3 (float16)", p50_ms(partial(tower.encode, [picture]))
    for name, (side, make) in NETWORKS.items():
        network = make().eval()
        pixels = torch.zeros(1, 3, side, side)
        yield name, f"{side} px", _megabytes(network), _milliseconds(network, pixels)
    yield "minilm (shipped)", f"{TOKENS} tokens", "23.5 (int8)", p50_ms(partial(text.encode_queries, [QUERY]))
    bert: nn.Module = BertModel(BertConfig())
    words = torch.ones(1, TOKENS, dtype=torch.int64)
    yield "a BERT of base size", f"{TOKENS} tokens", _megabytes(bert), _milliseconds(bert.eval(), words)


def _megabytes(network: nn.Module) -> str:
    return f"{sum(tensor.numel() * tensor.element_size() for tensor in network.parameters()) / 1e6:,.0f}"


@torch.inference_mode()
def _milliseconds(network: nn.Module, inputs: Tensor) -> float:
    return p50_ms(partial(network, inputs), rounds=3, calls=7)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    description = "Size, and processor time of one core for one input, of encoders of other shapes."
    parser = argparse.ArgumentParser(description=description)
    parser.parse_args(arguments)
    table = Table("network", "input", "MB", "ms", box=box.MARKDOWN)
    with ending_plainly(parser):
        for name, size, megabytes, milliseconds in lines():
            table.add_row(name, size, megabytes, f"{milliseconds:.1f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
