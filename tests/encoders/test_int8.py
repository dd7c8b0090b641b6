"""Arithmetic in int8 stays near the original, looks at no neighbour, and is exact on every processor."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from encoders.bert import RowMajorLinear
from encoders.int8 import MOST_INPUTS, ROW_LIMIT, WEIGHT_LIMIT, FloatLinear, Int8Linear, Int8Table, rounded
from encoders.minilm import load_minilm

TITLES = ["Men Navy Blue Striped Polo T-shirt", "red shoe", "", "Women Flat Sandals", "红色的鞋子", "word " * 300]


def a_layer(inputs: int, outputs: int) -> RowMajorLinear:
    """Return a linear layer with weights of any old size."""
    random = torch.Generator().manual_seed(0)
    return RowMajorLinear(torch.randn(outputs, inputs, generator=random), torch.randn(outputs, generator=random))


def test_int8_is_near_the_layer_it_came_from() -> None:
    """Within one part in fifty of the largest output."""
    layer, rows = a_layer(64, 32), torch.randn(10, 64, generator=torch.Generator().manual_seed(1))

    plain, coarse = layer(rows), Int8Linear(layer)(rows)

    assert float((plain - coarse).abs().max()) < 0.02 * float(plain.abs().max())


@pytest.mark.parametrize("count", [1, 7, 40])
def test_both_ways_to_multiply_are_equal_to_the_bit(count: int) -> None:
    """As many inputs as MiniLM has at most, and the largest numbers that there can be among them."""
    layer = Int8Linear(a_layer(1536, 384))
    rows = torch.randn(count, 1536)
    rows[0] = torch.sign(layer.weight[0].float())

    assert torch.equal(layer(rows), FloatLinear(layer)(rows))


def test_no_sum_of_two_products_leaves_sixteen_bits() -> None:
    """Processors without VNNI add two of them there, the rows shifted to be positive."""
    assert 2 * (ROW_LIMIT + 128) * WEIGHT_LIMIT < 2**15
    assert MOST_INPUTS * ROW_LIMIT * WEIGHT_LIMIT <= 2**24


def test_a_layer_too_wide_to_be_exact_is_refused() -> None:
    """Rather than differ from machine to machine."""
    with pytest.raises(ValueError, match="2097 inputs"):
        Int8Linear(a_layer(MOST_INPUTS + 1, 2))


def test_int8_looks_at_no_neighbour() -> None:
    """A row with huge numbers beside it is multiplied as if it were alone."""
    layer, rows = Int8Linear(a_layer(64, 32)), torch.randn(3, 64)

    together = layer(torch.cat([rows, 1000 * torch.ones(1, 64)]))

    assert torch.equal(together[:3], layer(rows))


def test_a_row_of_zeros_stays_one() -> None:
    """Nothing is divided by its largest number."""
    coarse, scales = rounded(torch.zeros(2, 5), ROW_LIMIT)

    assert torch.isfinite(scales).all()
    assert not coarse.any()


def test_a_table_in_int8_is_near_its_own() -> None:
    """Row by row, whatever their sizes."""
    table = torch.randn(20, 8) * torch.logspace(-3, 3, 20)[:, None]

    found = Int8Table(table)(torch.tensor([0, 19, 7]))

    for row, own in zip(found, table[[0, 19, 7]], strict=True):
        torch.testing.assert_close(row, own, rtol=0, atol=float(own.abs().max()) / 200)


def test_minilm_in_int8_is_another_encoder_with_nearly_its_vectors() -> None:
    """It has a revision of its own, leaves the first as it was, and looks at no neighbour either."""
    plain = load_minilm(device="cpu")
    before = plain.encode_documents(TITLES)

    coarse = plain.in_int8()

    vectors = coarse.encode_documents(TITLES)
    assert coarse.description.revision != plain.description.revision
    assert float((vectors * before).sum(axis=1).min()) > 0.97
    np.testing.assert_array_equal(plain.encode_documents(TITLES), before)
    np.testing.assert_allclose(vectors, np.concatenate([coarse.encode_queries([text]) for text in TITLES]), atol=1e-6)
