"""A small BERT, laid out for one short text on one core, where the time goes into reading the weights.

They are stored so that they are read in order; queries, keys and values go through one multiplication; texts of one
length share an attention, so that nothing is padded and nothing masked.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TABLES: Final = ("word", "position", "token_type")


@dataclass(frozen=True, slots=True)
class BertShape:
    """How large the network is."""

    layers: int
    width: int
    inner: int
    heads: int
    positions: int
    epsilon: float

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> BertShape:
        """Return the shape that a config.json states; raises KeyError or ValueError where it is not one of BERT."""
        absolute = config.get("position_embedding_type", "absolute") == "absolute"
        if config["model_type"] != "bert" or config["hidden_act"] != "gelu" or not absolute:
            raise ValueError("not a BERT with GELU and absolute positions")
        return cls(
            layers=config["num_hidden_layers"],
            width=config["hidden_size"],
            inner=config["intermediate_size"],
            heads=config["num_attention_heads"],
            positions=config["max_position_embeddings"],
            epsilon=config["layer_norm_eps"],
        )


Runs: TypeAlias = list[tuple[int, int]]
"""A batch as neighbours that have equally many tokens: how many texts, and how many tokens each of them has."""


class RowMajorLinear(nn.Module):
    """A linear layer whose weight is (inputs, outputs): for a few rows that is read almost twice as fast."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.T.contiguous(), requires_grad=False)
        self.bias = nn.Parameter(bias, requires_grad=False)

    def forward(self, rows: Tensor) -> Tensor:
        """(n, inputs) → (n, outputs)."""
        return torch.addmm(self.bias, rows, self.weight)


class BertLayer(nn.Module):
    """Attention and the two-layer perceptron behind it, each with its shortcut and its norm."""

    def __init__(self, tensors: Mapping[str, Tensor], shape: BertShape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.width = shape.width
        parts = [f"attention.self.{name}" for name in ("query", "key", "value")]
        weight, bias = (torch.cat([tensors[f"{part}.{kind}"] for part in parts]) for kind in ("weight", "bias"))
        self.mix: nn.Module = RowMajorLinear(weight, bias)
        self.gather: nn.Module = _linear(tensors, "attention.output.dense")
        self.attention_norm = _norm(tensors, "attention.output.LayerNorm", shape)
        self.widen: nn.Module = _linear(tensors, "intermediate.dense")
        self.narrow: nn.Module = _linear(tensors, "output.dense")
        self.norm = _norm(tensors, "output.LayerNorm", shape)

    def forward(self, hidden: Tensor, runs: Runs) -> Tensor:
        """(tokens, width) → (tokens, width); tokens see those of their own text."""
        mixed = self.mix(hidden)  # (tokens, 3 · width)
        seen = torch.cat([self.attend(texts) for texts in split(mixed, runs)])
        hidden = self.attention_norm(self.gather(seen) + hidden)
        normed: Tensor = self.norm(self.narrow(functional.gelu(self.widen(hidden))) + hidden)
        return normed

    def attend(self, mixed: Tensor) -> Tensor:
        """(texts, length, 3 · width) → (texts · length, width)."""
        heads = mixed.view(mixed.shape[0], mixed.shape[1], 3, self.heads, self.width // self.heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4).unbind()  # each (texts, heads, length, width of a head)
        seen = functional.scaled_dot_product_attention(query, key, value)
        return seen.transpose(1, 2).reshape(-1, self.width)


class BertNetwork(nn.Module):
    """Tokens to one vector per text: the mean over its tokens, L2-normalised."""

    def __init__(self, tensors: Mapping[str, Tensor], shape: BertShape) -> None:
        super().__init__()
        words, places, kinds = (tensors[f"embeddings.{name}_embeddings.weight"] for name in _TABLES)
        words = words.clone()  # not a window into a file on disk
        self.words: nn.Module = nn.Embedding(words.shape[0], words.shape[1], _weight=words, _freeze=True)
        self.places = nn.Parameter(places + kinds[0], requires_grad=False)
        self.norm = _norm(tensors, "embeddings.LayerNorm", shape)
        self.layers = nn.ModuleList(
            BertLayer(_below(tensors, f"encoder.layer.{number}."), shape) for number in range(shape.layers)
        )

    def forward(self, tokens: Tensor, runs: Runs) -> Tensor:
        """(tokens,) int64, one text after the other → (texts, width)."""
        placed = [texts + self.places[: texts.shape[1]] for texts in split(self.words(tokens), runs)]
        hidden = self.norm(torch.cat([texts.flatten(0, 1) for texts in placed]))
        for layer in self.layers:
            hidden = layer(hidden, runs)
        means = torch.cat([texts.mean(1) for texts in split(hidden, runs)])
        return functional.normalize(means, dim=1)


def runs_of(lengths: Sequence[int]) -> Runs:
    """Return the runs of a batch, given how many tokens each of its texts has."""
    return [(sum(1 for _ in texts), length) for length, texts in groupby(lengths)]


def split(rows: Tensor, runs: Runs) -> list[Tensor]:
    """(tokens, width) → (texts, length, width) for each run."""
    found: list[Tensor] = []
    start = 0
    for texts, length in runs:
        stop = start + texts * length
        found.append(rows[start:stop].view(texts, length, -1))
        start = stop
    return found


def _linear(tensors: Mapping[str, Tensor], name: str) -> RowMajorLinear:
    return RowMajorLinear(tensors[f"{name}.weight"], tensors[f"{name}.bias"])


def _norm(tensors: Mapping[str, Tensor], name: str, shape: BertShape) -> nn.LayerNorm:
    norm = nn.LayerNorm(shape.width, eps=shape.epsilon)
    norm.load_state_dict({"weight": tensors[f"{name}.weight"], "bias": tensors[f"{name}.bias"]})
    return norm.requires_grad_(requires_grad=False)


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
