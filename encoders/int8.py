"""Linear layers and tables in int8, with products that are the same to the bit on every processor.

Rows have 8 bits and weights 7. So no sum of two products overflows the 16 bits in which processors without VNNI keep
it, and no sum of up to 2,096 products leaves the whole numbers that float32 holds exactly: where int8 is no help,
float32 gives the same product.
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn

from encoders.bert import RowMajorLinear

if TYPE_CHECKING:
    from encoders.bert import BertNetwork

ARITHMETIC: Final = "int8: rows of 8 bits, weights of 7, each with a scale"
"""Part of the revision of whatever is quantised here."""
ROW_LIMIT: Final = 127
WEIGHT_LIMIT: Final = 63
MOST_INPUTS: Final = 2**24 // (ROW_LIMIT * WEIGHT_LIMIT)
_TINY: Final = 1e-12


class Int8Linear(nn.Module):
    """A linear layer in int8: weights with a scale for each output, rows with one each, found as they come.

    One scale for each row, not for the batch: a text's vector must not depend on its neighbours.
    """

    def __init__(self, layer: RowMajorLinear) -> None:
        super().__init__()
        weight, scales = rounded(layer.weight.detach().T, WEIGHT_LIMIT)
        if weight.shape[1] > MOST_INPUTS:
            raise ValueError(f"a layer of {weight.shape[1]} inputs is not exact in float32; {MOST_INPUTS} are")
        self.weight = nn.Buffer(weight.to(torch.int8))  # (outputs, inputs): what int8 products read fastest
        self.scales = nn.Buffer(scales[:, 0])
        self.bias = nn.Buffer(layer.bias.detach())

    def forward(self, rows: Tensor) -> Tensor:
        """(n, inputs) → (n, outputs)."""
        coarse, scales = rounded(rows)
        product = torch._int_mm(coarse.to(torch.int8), self.weight.T)  # noqa: SLF001 - it has no public name
        return torch.addcmul(self.bias, product * scales, self.scales)


class FloatLinear(nn.Module):
    """The same layer and the same products for processors that have no quick ones in int8."""

    def __init__(self, layer: Int8Linear) -> None:
        super().__init__()
        self.weight = nn.Buffer(layer.weight.T.float().contiguous())  # (inputs, outputs)
        self.scales = nn.Buffer(layer.scales)
        self.bias = nn.Buffer(layer.bias)

    def forward(self, rows: Tensor) -> Tensor:
        """(n, inputs) → (n, outputs)."""
        coarse, scales = rounded(rows)
        return torch.addcmul(self.bias, (coarse @ self.weight) * scales, self.scales)


class Int8Table(nn.Module):
    """An embedding table of which each row is kept in int8 with a scale of its own."""

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        rows, scales = rounded(table.detach())
        self.rows = nn.Buffer(rows.to(torch.int8))
        self.scales = nn.Buffer(scales)

    def forward(self, numbers: Tensor) -> Tensor:
        """(n,) int64 → (n, width)."""
        found: Tensor = self.rows[numbers] * self.scales[numbers]
        return found


def rounded(rows: Tensor, limit: int = ROW_LIMIT, tiny: float = _TINY) -> tuple[Tensor, Tensor]:
    """Return (n, d) as whole numbers between -limit and limit, still in float, and the scale of each row, (n, 1)."""
    scales = rows.abs().amax(1, keepdim=True).clamp_(min=tiny) / limit
    return (rows / scales).round_(), scales


def quantise(network: BertNetwork, *, device: str) -> None:
    """Turn every linear layer and the table of words to int8, in place; where int8 is slow, to what equals it."""
    quick = device == "cpu" and has_quick_products()
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, RowMajorLinear):
                layer = Int8Linear(child)
                setattr(module, name, layer if quick else FloatLinear(layer))
            elif isinstance(child, nn.Embedding):
                setattr(module, name, Int8Table(child.weight))


def has_quick_products() -> bool:
    """Whether this processor multiplies int8 faster than float32: those of x86 with AVX-512 or VNNI."""
    known = torch.cpu.get_capabilities()
    wide = any(known.get(name, False) for name in ("avx512_bw", "avx_vnni"))
    return platform.machine() in {"x86_64", "AMD64"} and bool(torch.backends.mkldnn.is_available()) and wide  # type: ignore[no-untyped-call]
