"""What can happen to a picture on its way to the encoder: whole batches, each picture disturbed in its own way.

Pictures are (n, 3, side, side) float32 on a scale of 0 to 1, letterboxed; they come back in that shape and range.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import torch
from torch.nn import functional

from encoders.training.augment import WHITENESS

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Generator, Tensor

    Disturbance: TypeAlias = Callable[[Tensor, Generator], Tensor]

COVERED_SHARE: Final = 0.3
NARROWEST: Final = 0.6  # the height of a cover against its width, both as shares of the box; the tallest is 1 / 0.6
NOISE_DEVIATION: Final = 0.1  # of the way from black to white
BLUR_PIXELS: Final = 1.5  # the deviation of the Gaussian
BLUR_REACH: Final = 5


def named_disturbances(behind: Tensor) -> dict[str, Disturbance]:
    """Every disturbance by its name in the table; `behind` (m, 3, side, side) are what a busy background is made of."""
    return {
        "30 % covered": cover,
        "half brightness": partial(brighten, factor=0.5),
        "double brightness": partial(brighten, factor=2.0),
        "noise": add_noise,
        "blur": blur,
        "half size": halve,
        "busy background": partial(fill_background, behind=behind),
    }


def cover(pictures: Tensor, random: Generator) -> Tensor:
    """Covers 30 % of the box that holds the goods with one rectangle of a random colour, shape and place."""
    count, _, height, width = pictures.shape
    top, left, tall, wide = goods_box(pictures)
    shape = NARROWEST ** (torch.rand(count, generator=random) * 2 - 1)
    tall_share, wide_share = (COVERED_SHARE * shape).sqrt(), (COVERED_SHARE / shape).sqrt()
    top = top + torch.rand(count, generator=random) * tall * (1 - tall_share)
    left = left + torch.rand(count, generator=random) * wide * (1 - wide_share)
    rows = _between(height, top, top + tall * tall_share).view(count, 1, height, 1)
    columns = _between(width, left, left + wide * wide_share).view(count, 1, 1, width)
    return torch.where(rows & columns, torch.rand(count, 3, 1, 1, generator=random), pictures)


def goods_box(pictures: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Top, left, height and width, (n,) each in pixels, of what is not near-white; a blank picture's is all of it."""
    _, _, height, width = pictures.shape
    goods = pictures.amin(1) <= WHITENESS
    goods = goods | ~goods.any(2, keepdim=True).any(1, keepdim=True)
    rows, columns = goods.any(2).int(), goods.any(1).int()
    top, left = rows.argmax(1), columns.argmax(1)
    bottom, right = height - rows.flip(1).argmax(1), width - columns.flip(1).argmax(1)
    return top, left, bottom - top, right - left


def _between(length: int, first: Tensor, last: Tensor) -> Tensor:
    """Whose middle lies between two bounds: (n,), (n,) → (n, length) bool."""
    middles = torch.arange(length) + 0.5
    return (middles >= first.unsqueeze(1)) & (middles < last.unsqueeze(1))


def brighten(pictures: Tensor, _: Generator, factor: float) -> Tensor:
    """Every channel times `factor`; what gets brighter than white is white."""
    return (pictures * factor).clamp(0, 1)


def add_noise(pictures: Tensor, random: Generator) -> Tensor:
    """Gaussian noise on each channel of each pixel by itself, clipped."""
    return (pictures + torch.randn(pictures.shape, generator=random) * NOISE_DEVIATION).clamp(0, 1)


def blur(pictures: Tensor, _: Generator) -> Tensor:
    """A Gaussian blur; the edges are repeated outwards."""
    reach = torch.arange(-BLUR_REACH, BLUR_REACH + 1, dtype=torch.float32)
    bell = torch.exp(-((reach / BLUR_PIXELS) ** 2) / 2)
    bell = (bell / bell.sum()).repeat(3, 1, 1, 1)
    wider = functional.pad(pictures, (BLUR_REACH,) * 4, mode="replicate")
    blurred = functional.conv2d(functional.conv2d(wider, bell, groups=3), bell.transpose(2, 3), groups=3)
    return blurred.clamp(0, 1)


def halve(pictures: Tensor, _: Generator) -> Tensor:
    """Half as many pixels a side, antialiased, and stretched to the old size again."""
    height, width = pictures.shape[2:]
    small = functional.interpolate(
        pictures, (height // 2, width // 2), mode="bilinear", antialias=True, align_corners=False
    )
    return functional.interpolate(small, (height, width), mode="bilinear", align_corners=False).clamp(0, 1)


def fill_background(pictures: Tensor, random: Generator, behind: Tensor) -> Tensor:
    """Shows the middle of another picture, twice as large, where a picture's near-white surroundings are."""
    height, width = pictures.shape[2:]
    drawn = behind[torch.randint(len(behind), (len(pictures),), generator=random)]
    middle = drawn[:, :, height // 4 : height - height // 4, width // 4 : width - width // 4]
    larger = functional.interpolate(middle, (height, width), mode="bilinear", align_corners=False)
    return torch.where(surroundings(pictures), larger, pictures)


def surroundings(pictures: Tensor) -> Tensor:
    """The near-white pixels that are tied to the edge by others, (n, 1, h, w) bool: a white logo is not among them."""
    white = (pictures.amin(1, keepdim=True) > WHITENESS).float()
    reached = torch.zeros_like(white)
    reached[:, :, [0, -1], :] = white[:, :, [0, -1], :]
    reached[:, :, :, [0, -1]] = white[:, :, :, [0, -1]]
    while True:
        grown = white * functional.max_pool2d(reached, 3, 1, 1)
        if torch.equal(grown, reached):
            return reached > 0
        reached = grown
