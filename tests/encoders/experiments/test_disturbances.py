"""What disturbs a picture leaves its shape and range, repeats with its seed, and does what its name says."""

from __future__ import annotations

import pytest
import torch

from encoders.training.experiments.disturbances import (
    COVERED_SHARE,
    cover,
    fill_background,
    goods_box,
    named_disturbances,
    surroundings,
)

SIDE = 48
NAMES = sorted(named_disturbances(torch.rand(2, 3, SIDE, SIDE)))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def squares(count: int = 4) -> torch.Tensor:
    """Grey squares of 30 pixels a side on white."""
    pictures = torch.ones(count, 3, SIDE, SIDE)
    pictures[:, :, 10:40, 8:38] = 0.5
    return pictures


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pictures", [torch.rand(3, 3, SIDE, SIDE), torch.ones(3, 3, SIDE, SIDE), squares(3)])
def test_shape_and_range_are_kept_and_the_seed_decides(name: str, pictures: torch.Tensor) -> None:
    """Noise, blank pictures and goods on white all come back as pictures."""
    disturb = named_disturbances(torch.rand(2, 3, SIDE, SIDE, generator=seeded()))[name]
    before = pictures.clone()

    first, again = disturb(pictures, seeded()), disturb(pictures, seeded())

    assert first.shape == pictures.shape
    assert first.dtype == torch.float32
    assert 0 <= first.min() <= first.max() <= 1
    assert torch.equal(first, again)
    assert torch.equal(pictures, before)


@pytest.mark.parametrize("name", NAMES)
def test_every_disturbance_changes_goods_on_white(name: str) -> None:
    """None of the columns of the table is the clean one again."""
    disturbed = named_disturbances(torch.rand(2, 3, SIDE, SIDE))[name](squares(), seeded())

    assert not torch.allclose(disturbed, squares(), atol=0.01)


def test_a_cover_takes_its_share_of_the_goods_box() -> None:
    """Whatever its shape and place, about 30 % of the box is covered, and nothing outside."""
    pictures = squares(64)

    changed = (cover(pictures, seeded(3)) != pictures).any(1)

    shares = changed[:, 10:40, 8:38].float().mean((1, 2))
    assert torch.allclose(shares, torch.full_like(shares, COVERED_SHARE), atol=0.04)
    assert changed.sum() == changed[:, 10:40, 8:38].sum()
    assert len({tuple(row.tolist()) for row in changed.flatten(1)}) > 32


def test_the_goods_box_is_tight_and_that_of_a_blank_picture_is_all_of_it() -> None:
    """Margins do not count; where there is nothing else, they do."""
    boxes = goods_box(torch.cat([squares(1), torch.ones(1, 3, SIDE, SIDE)]))

    assert [bound.tolist() for bound in boxes] == [[10, 0], [8, 0], [30, SIDE], [30, SIDE]]


def test_only_white_that_is_tied_to_the_edge_is_background() -> None:
    """A white logo in the middle of the goods stays."""
    pictures = squares(1)
    pictures[:, :, 20:25, 20:25] = 1.0

    ground = surroundings(pictures)

    assert ground[0, 0, 0, 0]
    assert not ground[0, 0, 20:25, 20:25].any()
    assert ground.sum() == SIDE * SIDE - 30 * 30


def test_a_busy_background_leaves_the_goods_alone() -> None:
    """What was near-white shows another picture; the goods are what they were."""
    busy = fill_background(squares(), seeded(), torch.full((1, 3, SIDE, SIDE), 0.2))

    assert (busy[:, :, 10:40, 8:38] == 0.5).all()
    assert torch.allclose(busy[:, :, :10], torch.tensor(0.2))
