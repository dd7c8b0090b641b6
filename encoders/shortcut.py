"""The short way for any sentence-transformers model of MiniLM's kind: the same vectors, in half the time a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
from tokenizers import Tokenizer
from transformers import BertModel, PreTrainedTokenizerFast

from encoders.bert import BertNetwork, BertShape
from encoders.minilm import MiniLmEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from encoders.interface import TextEncoder
    from encoders.transformer import TransformerEncoder


def shortened(encoder: TransformerEncoder) -> TextEncoder:
    """Return an encoder with the same description and vectors that is quicker, or the same one where there is none.

    There is one for a BERT that takes the mean of its tokens: all-MiniLM, E5-small, GTE-small, students of them.
    """
    model = encoder.model
    transformer, *others = model
    network = transformer.model if isinstance(transformer, Transformer) else None
    words = model.tokenizer
    if not isinstance(network, BertModel) or not isinstance(words, PreTrainedTokenizerFast) or not _takes_means(others):
        return encoder
    try:
        shape = BertShape.of(network.config.to_dict())
    except (KeyError, ValueError):
        return encoder
    tensors = {name: tensor.detach().float().cpu() for name, tensor in network.state_dict().items()}
    return MiniLmEncoder(
        Tokenizer.from_str(words.backend_tokenizer.to_str()),
        BertNetwork(tensors, shape),
        encoder.description,
        tokens=min(model.max_seq_length or shape.positions, shape.positions),
        device=str(model.device),
    )


def _takes_means(modules: Sequence[object]) -> bool:
    pooling = modules[0] if modules else None
    return (
        isinstance(pooling, Pooling)
        and pooling.pooling_mode == "mean"
        and pooling.include_prompt
        and all(isinstance(module, Normalize) for module in modules[1:])
    )
