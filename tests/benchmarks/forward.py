"""The forward passes of the shipped pair and nothing else: torch as it comes, on input that is made ready here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from encoders.bert import runs_of
from encoders.bundled.preprocess import letterbox, normalise
from encoders.bundled.tower import without_norms
from encoders.bundled.weights import SHIPPED, read_weights
from encoders.pictures.decode import PictureLimits, decode
from encoders.shipped import load_minilm
from tests.benchmarks.goods import picture_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from deploy.sample.catalogue import SampleProduct
    from encoders.interface import Encoders, Picture

PICTURES_AT_ONCE = 32
TOKENS_AT_ONCE = 512
"""As many as a pass on all cores does best with: more leave their caches."""


def decoded(encoders: Encoders, images: Path, wanted: Sequence[SampleProduct]) -> list[Picture]:
    """Read the products' pictures from their files, as large as the encoder needs them."""
    side = encoders.picture.description.needed_side_px
    files = [images / picture_of(product) for product in wanted]
    return [decode(file.read_bytes(), PictureLimits(), needed_side_px=side) for file in files]


def pictures_forward(pictures: Sequence[Picture]) -> Callable[[], object]:
    """Return the pass of these pictures."""
    network = without_norms(read_weights(SHIPPED).network)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    pixels = normalise(torch.stack([letterbox(picture) for picture in pictures]))

    def forward() -> None:
        with torch.inference_mode():
            for start in range(0, len(pixels), PICTURES_AT_ONCE):
                network(pixels[start : start + PICTURES_AT_ONCE])

    return forward


def texts_forward(texts: Sequence[str]) -> Callable[[], object]:
    """Return the pass of these texts, neighbours in length together."""
    encoder = load_minilm(device="cpu")
    tokens = sorted(encoder.tokens(texts), key=len)
    batches = [
        (torch.tensor([token for one in part for token in one]), runs_of([len(one) for one in part]))
        for part in _by_tokens(tokens)
    ]

    def forward() -> None:
        with torch.inference_mode():
            for together, runs in batches:
                encoder.network(together, runs)

    return forward


def _by_tokens(tokens: Sequence[list[int]]) -> list[list[list[int]]]:
    parts: list[list[list[int]]] = [[]]
    for one in tokens:
        if parts[-1] and sum(map(len, parts[-1])) + len(one) > TOKENS_AT_ONCE:
            parts.append([])
        parts[-1].append(one)
    return parts
