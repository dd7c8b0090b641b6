"""The short way changes no vector, and is not taken where it leads elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sentence_transformers.sentence_transformer.modules import Pooling

from encoders.minilm import MiniLmEncoder
from encoders.shortcut import shortened
from encoders.transformer import load_transformer
from tests.encoders.tiny_clip import build_tiny_clip
from tests.encoders.tiny_models import build_tiny_text_model

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = ["red shoe", "", "a b c", "红色的鞋子", "x " * 200, "Red Shoe, size 7"]


def test_the_short_way_leads_to_the_same_vectors(tmp_path: Path) -> None:
    """With the model's prompts, of short, empty and long texts, and by the same description."""
    general = load_transformer("tiny", build_tiny_text_model(tmp_path), device="cpu")

    short = shortened(general)

    assert isinstance(short, MiniLmEncoder)
    assert short.description == general.description
    assert short.description.query_prompt != short.description.document_prompt
    np.testing.assert_allclose(short.encode_queries(TEXTS), general.encode_queries(TEXTS), atol=1e-5)
    np.testing.assert_allclose(short.encode_documents(TEXTS), general.encode_documents(TEXTS), atol=1e-5)


def test_a_model_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    """A CLIP has its own way."""
    general = load_transformer("tiny", build_tiny_clip(tmp_path), device="cpu")

    assert shortened(general) is general


def test_another_pooling_is_left_alone(tmp_path: Path) -> None:
    """The first token is not the mean of all."""
    general = load_transformer("tiny", build_tiny_text_model(tmp_path), device="cpu")
    pooling = general.model[1]
    assert isinstance(pooling, Pooling)
    pooling.pooling_mode = "cls"

    assert shortened(general) is general
