"""Any sentence-transformers model as an encoder of text, and of pictures where it reads them (CLIP, SigLIP)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from transformers import PreTrainedTokenizerBase

from catalog.errors import Misconfigured
from encoders.folders import LOADING_ERRORS, check_weights, folder_revision, load_quietly, place, read_card, reason
from encoders.interface import Description, check_pictures, checked, readable
from encoders.pictures.decode import to_pillow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from encoders.interface import FloatArray, Picture, Unrelated

_BATCH: Final = 32
_LONGEST_TEXT_CHARACTERS: Final = 20_000
"""A text is cut here before it is tokenised: no model reads more of it, and 100,000 characters can take 0.3 s."""
_SIGLIP: Final = {"siglip", "siglip2"}
_DOCUMENT_PROMPTS: Final = ("document", "passage", "corpus")  # the first of them that a model has is its own


class TransformerEncoder:
    """A sentence-transformers model; a `TextEncoder` if `reads_text`, a `PictureEncoder` if `reads_pictures`."""

    def __init__(self, model: SentenceTransformer, description: Description) -> None:
        self._model = model
        self._description = description

    @property
    def description(self) -> Description:
        """What this encoder is."""
        return self._description

    @property
    def model(self) -> SentenceTransformer:
        """The model itself: what training changes in place."""
        return self._model

    @property
    def reads_pictures(self) -> bool:
        """Whether the model takes pictures as well as text."""
        return self._model.supports("image")

    @property
    def reads_text(self) -> bool:
        """Whether the model takes text."""
        return self._model.supports("text")

    @property
    def text_tower(self) -> TransformerEncoder | None:
        """The model itself, where it reads text: both towers end in one space."""
        return self if self.reads_text else None

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text, with the model's own prompt for queries if it has one."""
        return self._checked(self._model.encode_query(_cut(texts), batch_size=_BATCH, show_progress_bar=False), texts)

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text, with the model's own prompt for documents if it has one."""
        return self._checked(
            self._model.encode_document(_cut(texts), batch_size=_BATCH, show_progress_bar=False), texts
        )

    def encode_pictures(self, pictures: Sequence[Picture]) -> FloatArray:
        """Return one vector per picture."""
        check_pictures(pictures)
        images = [to_pillow(picture) for picture in pictures]
        return self._checked(self._model.encode(images, batch_size=_BATCH, show_progress_bar=False), images)

    def _checked(self, vectors: Any, inputs: Sequence[object]) -> FloatArray:  # noqa: ANN401 - as the library gives it
        return checked(vectors, self._description, len(inputs))


def load_transformer(
    name: str, folder: Path, *, device: str, unrelated: Mapping[str, Unrelated] | None = None
) -> TransformerEncoder:
    """Load a model from a folder, safetensors only and without running code from it; `unrelated` is its calibration.

    Raises `Misconfigured` for a folder that holds no such model.
    """
    model = _load(folder)
    card = read_card(folder)
    description = Description(
        name=name,
        revision=folder_revision(folder),
        size=_size(model, folder),
        languages=card.languages,
        licence=card.licence,
        query_prompt=_prompt(model, ["query"]),
        document_prompt=_prompt(model, _DOCUMENT_PROMPTS),
        picture_side_px=_picture_side_px(model) if model.supports("image") else None,
        unrelated=unrelated or {},
    )
    place(model, device)
    return TransformerEncoder(model, description)


def _load(folder: Path) -> SentenceTransformer:
    load_quietly()
    try:
        model = SentenceTransformer(
            str(folder),
            device="cpu",
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"use_safetensors": True, "dtype": torch.float32},
            processor_kwargs={"use_fast": False},  # with torchvision installed or without: the same vectors
        )
        _pad_as_trained(model)
    except LOADING_ERRORS as error:
        wanted = "; pip install sentencepiece" if "sentencepiece" in str(error).lower() else ""
        raise Misconfigured(
            f"{folder} holds no sentence-transformers model that can be loaded: {reason(error)}{wanted}"
        ) from error
    _check_files(model, folder)
    return model


def _cut(texts: Sequence[str]) -> list[str]:
    return [readable(text[:_LONGEST_TEXT_CHARACTERS]) for text in texts]


def _pad_as_trained(model: SentenceTransformer) -> None:
    """Have a SigLIP pad each text to its full length, unmasked: it pools the last position, whatever stands there."""
    module = model[0]
    if isinstance(module, Transformer) and module.config.model_type in _SIGLIP:
        length = module.config.text_config.max_position_embeddings
        padded = {"padding": "max_length", "max_length": length, "return_attention_mask": False}
        module.processing_kwargs["text"] = padded | module.processing_kwargs.get("text", {})


def _size(model: SentenceTransformer, folder: Path) -> int:
    """Return the length of the vectors; a SigLIP may project them to another than that of its hidden layers."""
    config = model.config
    try:
        if config is not None and config.model_type in _SIGLIP and len(model) == 1:
            return int(config.text_config.projection_size)
        size = model.get_embedding_dimension()
    except ValueError:  # the library looked for it in vain
        size = None
    if size is None:
        raise Misconfigured(f"the model in {folder} does not say how long its vectors are: it cannot be used here")
    return size


def _check_files(model: SentenceTransformer, folder: Path) -> None:
    """Raise `Misconfigured` where a file is missing for which the library puts something of its own."""
    network, tokenizer = model.transformers_model, model.tokenizer
    if network is not None:
        check_weights(network, folder, besides="pooler.")  # which is not asked: sentence-transformers pools by itself
    if isinstance(tokenizer, PreTrainedTokenizerBase) and len(tokenizer) <= len(tokenizer.all_special_ids):
        raise Misconfigured(f"the tokeniser in {folder} knows no words: its vocabulary is missing; get the model anew")


def _prompt(model: SentenceTransformer, names: Sequence[str]) -> str:
    """Return what the library puts before a text: the first prompt of these names, else the model's default."""
    name = next((name for name in names if name in model.prompts), model.default_prompt_name)
    return (model.prompts.get(name) if name else None) or ""


def _picture_side_px(model: SentenceTransformer) -> int | None:
    config = model.config
    side = getattr(getattr(config, "vision_config", config), "image_size", None)
    return side if isinstance(side, int) else None
