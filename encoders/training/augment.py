"""Changes to training pictures that leave what they show the same: whole batches, a different change for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from torch import Generator, Tensor

WHITENESS: Final = 0.93  # a pixel whose every channel is above this counts as catalogue background
MAXIMUM_TURN: Final = 0.14  # radians
MAXIMUM_SHIFT: Final = 0.14  # of half the picture
SMALLEST_VIEW: Final = 0.72  # a crop shows at least this share of each side
LARGEST_VIEW: Final = 1.18  # above 1 the goods get smaller
PAINTED_SHARE: Final = 0.18
BUSY_SHARE: Final = 0.15
BLURRED_SHARE: Final = 0.12
HALVED_SHARE: Final = 0.12
STILL_CHANGED_SHARE: Final = 0.3


def augment(pixels: Tensor, side: int, coloured: Tensor, random: Generator) -> Tensor:
    """(n, 3, h, w) uint8 → (n, 3, side, side) float32 on a scale of 0 to 1.

    `coloured` (n,) bool marks pictures of goods that are not white themselves: only those get another background.
    """
    pictures = pixels.float() / 255
    fate = _draw(random, len(pixels))
    pictures = paint_background(pictures, coloured & (fate < PAINTED_SHARE), random)
    pictures = busy_background(pictures, coloured & (fate > 1 - BUSY_SHARE))
    pictures = crop_and_flip(pictures, side, random)
    pictures = change_light(pictures, random)
    pictures = lose_detail(pictures, random)
    pictures = add_noise(pictures, random)
    return cut_out(pictures, _chance(pixels, 0.35, random), random).clamp(0, 1)


def augment_some(pixels: Tensor, side: int, coloured: Tensor, random: Generator) -> Tensor:
    """For the end of a training: a few pictures changed as `augment` does it, the others only cropped and mirrored."""
    chosen = _chance(pixels, STILL_CHANGED_SHARE, random)
    changed = crop_and_flip(pixels.float() / 255, side, random).clamp(0, 1)
    if chosen.any():
        changed[chosen] = augment(pixels[chosen], side, coloured[chosen], random)
    return changed


def flip(pixels: Tensor, side: int, random: Generator) -> Tensor:
    """The least there is, to compare with: (n, 3, h, w) uint8 → (n, 3, side, side), mirrored half of the time."""
    pictures = functional.interpolate(
        pixels.float() / 255, (side, side), mode="bilinear", antialias=True, align_corners=False
    )
    return torch.where(_each(_chance(pixels, 0.5, random)), pictures.flip(3), pictures)


def paint_background(pictures: Tensor, chosen: Tensor, random: Generator) -> Tensor:
    """Paints the near-white pixels of the chosen pictures in a colour that fades into another one."""
    count, _, height, width = pictures.shape
    ends = _draw(random, 2, count, 3, 1, 1)
    across, down = (torch.linspace(-0.5, 0.5, size, device=random.device) for size in (width, height))
    slope = _uniform(count, -1, 1, random) * across.view(1, 1, 1, width)
    slope = slope + _uniform(count, -1, 1, random) * down.view(1, 1, height, 1) + 0.5
    return torch.where(_ground(pictures, chosen), ends[0] * slope + ends[1] * (1 - slope), pictures)


def busy_background(pictures: Tensor, chosen: Tensor) -> Tensor:
    """Shows the middle of the batch's next picture, twice as large, behind the goods of the chosen ones."""
    if not chosen.any():
        return pictures
    height, width = pictures.shape[2:]
    others = pictures.roll(1, 0)[chosen]
    middle = others[:, :, height // 4 : -(height // 4), width // 4 : -(width // 4)]
    behind = functional.interpolate(middle, (height, width), mode="bilinear", align_corners=False)
    changed = pictures.clone()
    changed[chosen] = torch.where(_ground(pictures, chosen)[chosen], behind, pictures[chosen])
    return changed


def _ground(pictures: Tensor, chosen: Tensor) -> Tensor:
    return (pictures.amin(1, keepdim=True) > WHITENESS) & _each(chosen)


def crop_and_flip(pictures: Tensor, side: int, random: Generator) -> Tensor:
    """A random view: scaled, slightly stretched, turned and shifted, mirrored half of the time; edges are repeated."""
    count = len(pictures)
    view = _uniform(count, SMALLEST_VIEW, LARGEST_VIEW, random).flatten()
    stretch = _uniform(count, 0.92, 1.09, random).flatten()
    turn = _uniform(count, -MAXIMUM_TURN, MAXIMUM_TURN, random).flatten()
    mirror = torch.where(_draw(random, count) < 0.5, -1.0, 1.0)  # noqa: PLR2004 - a fair coin
    theta = torch.zeros(count, 2, 3, device=random.device)
    theta[:, 0, 0] = view * stretch * turn.cos() * mirror
    theta[:, 0, 1] = -view * turn.sin()
    theta[:, 1, 0] = view * turn.sin() * mirror
    theta[:, 1, 1] = view / stretch * turn.cos()
    theta[:, :, 2] = (_draw(random, count, 2) * 2 - 1) * MAXIMUM_SHIFT
    grid = functional.affine_grid(theta, [count, 3, side, side], align_corners=False)
    return functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def change_light(pictures: Tensor, random: Generator) -> Tensor:
    """Brightness and contrast up or down, for a third as far as half and double, and a slight cast of colour."""
    count = len(pictures)
    contrast = _uniform(count, 0.75, 1.2, random)
    reach = torch.where(_each(_chance(pictures, 0.33, random)), 1.0, 0.3)
    brightness = 2 ** (_uniform(count, -1, 1, random) * reach)
    cast = 1 + (_draw(random, count, 3, 1, 1) - 0.5) * 0.08
    middle = pictures.mean((1, 2, 3), keepdim=True)
    return (((pictures - middle) * contrast + middle) * brightness * cast).clamp(0, 1)


def lose_detail(pictures: Tensor, random: Generator) -> Tensor:
    """Blurs some pictures, and shows some others as if they had half as many pixels a side."""
    fate = _each(_draw(random, len(pictures)))
    small = functional.avg_pool2d(pictures, 2)
    small = functional.interpolate(small, pictures.shape[2:], mode="bilinear", align_corners=False)
    pictures = torch.where(fate < BLURRED_SHARE, blur(pictures), pictures)
    return torch.where(fate > 1 - HALVED_SHARE, small, pictures)


def blur(pictures: Tensor) -> Tensor:
    """The mean of each 5x5 neighbourhood."""
    return functional.avg_pool2d(functional.pad(pictures, (2, 2, 2, 2), mode="replicate"), 5, 1)


def add_noise(pictures: Tensor, random: Generator) -> Tensor:
    """Gaussian noise on a quarter of the pictures."""
    strength = _each(_chance(pictures, 0.25, random)) * _uniform(len(pictures), 0.02, 0.12, random)
    return pictures + torch.randn(pictures.shape, generator=random, device=random.device) * strength


def cut_out(pictures: Tensor, chosen: Tensor, random: Generator) -> Tensor:
    """Covers one rectangle of each chosen picture, at most a third of its area, with one random colour."""
    count, _, height, width = pictures.shape
    half = _uniform(count, 0.06, 0.28, random), _uniform(count, 0.06, 0.28, random)
    middle = _uniform(count, 0.1, 0.9, random), _uniform(count, 0.1, 0.9, random)
    down, across = (torch.linspace(0, 1, size, device=random.device) for size in (height, width))
    rows = (down.view(1, 1, height, 1) - middle[0]).abs() < half[0]
    columns = (across.view(1, 1, 1, width) - middle[1]).abs() < half[1]
    return torch.where(rows & columns & _each(chosen), _draw(random, count, 3, 1, 1), pictures)


def _chance(like: Tensor, share: float, random: Generator) -> Tensor:
    return _draw(random, len(like)) < share


def _uniform(count: int, low: float, high: float, random: Generator) -> Tensor:
    return _draw(random, count, 1, 1, 1) * (high - low) + low


def _draw(random: Generator, *shape: int) -> Tensor:
    return torch.rand(*shape, generator=random, device=random.device)


def _each(chosen: Tensor) -> Tensor:
    return chosen.view(-1, 1, 1, 1)
