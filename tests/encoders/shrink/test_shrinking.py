"""Each way to shrink does what it says, and leaves alone what it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn

from catalog.errors import Misconfigured
from encoders.training.shrink.pca import normalised, principal_directions, project, truncate
from encoders.training.shrink.prune import prune_smallest, sparse_bytes
from encoders.training.shrink.quantise import round_to_int8
from encoders.training.shrink.speed import p50_ms, per_second

if TYPE_CHECKING:
    from encoders.interface import FloatArray


def some_vectors(count: int, size: int) -> FloatArray:
    """Return unit vectors that differ in their first numbers most."""
    vectors = np.random.default_rng(0).standard_normal((count, size)) / np.arange(1, size + 1)
    return normalised(vectors.astype(np.float32))


def test_all_directions_change_no_angle() -> None:
    """A projection to as many numbers as there were is a turn."""
    vectors = some_vectors(50, 12)

    turned = project(vectors, principal_directions(vectors, 12))

    np.testing.assert_allclose(turned @ turned.T, vectors @ vectors.T, atol=1e-5)


def test_directions_are_the_strongest_ones() -> None:
    """What lies in a plane is kept whole by two of them, wherever the plane lies."""
    plane = np.linalg.qr(np.random.default_rng(1).standard_normal((9, 2)))[0].T
    vectors = (some_vectors(40, 2) @ plane).astype(np.float32)

    short = project(vectors, principal_directions(vectors, 2))

    np.testing.assert_allclose(short @ short.T, vectors @ vectors.T, atol=1e-5)


def test_more_directions_than_numbers_are_refused() -> None:
    """There are none."""
    with pytest.raises(Misconfigured, match="12 numbers"):
        principal_directions(some_vectors(50, 12), 13)


def test_a_truncated_vector_has_length_one() -> None:
    """Its numbers are the first ones."""
    vectors = some_vectors(5, 12)

    short = truncate(vectors, 4)

    np.testing.assert_allclose(np.linalg.norm(short, axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(short[:, 0] / short[:, 1], vectors[:, 0] / vectors[:, 1], rtol=1e-5)


def test_rounded_weights_take_a_byte_each() -> None:
    """And a scale for each output; a bias takes two bytes."""
    layer = nn.Linear(16, 4)
    before = layer.weight.detach().clone()

    size_bytes = round_to_int8(layer)

    assert size_bytes == 16 * 4 + 2 * 4 + 2 * 4
    torch.testing.assert_close(layer.weight.detach(), before, rtol=0, atol=float(before.abs().max()) / 200)


def test_the_smallest_weights_of_all_layers_go() -> None:
    """Not the same share of each."""
    small, large = nn.Linear(10, 10), nn.Linear(10, 10)
    network = nn.Sequential(small, large)
    with torch.no_grad():
        small.weight.fill_(0.1)
        large.weight.fill_(1.0)

    prune_smallest(network, 0.5)

    assert not small.weight.any()
    assert large.weight.all()
    assert sorted(network.state_dict()) == ["0.bias", "0.weight", "1.bias", "1.weight"]


def test_what_is_pruned_is_not_counted() -> None:
    """Only a bit each, to say that it is gone."""
    layer = nn.Linear(8, 8, bias=False)
    with torch.no_grad():
        layer.weight.fill_(1.0)
        layer.weight[:4] = 0

    assert sparse_bytes(layer, 2) == 32 * 2 + 64 // 8


def test_times_are_positive() -> None:
    """Of one call, and of how many things in a second."""
    assert p50_ms(lambda: sum(range(100)), rounds=2, calls=3) > 0
    assert per_second(lambda: sum(range(100)), 10) > 0


def test_times_are_of_one_thread() -> None:
    """Two would spin, and their waiting would count; afterwards there are as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    seen: set[int] = set()

    try:
        p50_ms(lambda: seen.add(torch.get_num_threads()), rounds=1, calls=1)
        per_second(lambda: seen.add(torch.get_num_threads()), 1)
        left = torch.get_num_threads()
    finally:
        torch.set_num_threads(before)

    assert (seen, left) == ({1}, 2)
