"""Encoders by name: the shipped ones, a folder, or a model of the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from catalog.errors import Misconfigured
from encoders.interface import LEXICAL_SCALE, Encoders
from encoders.memo import MemoisedTextEncoder
from encoders.names import MINILM, VITRINE_PICTURES
from encoders.shipped import UNRELATED, load_minilm, load_shipped_pictures
from encoders.sparse import Bm25Encoder
from encoders.transformer import TransformerEncoder, load_transformer, model_folder

if TYPE_CHECKING:
    from encoders.interface import PictureEncoder, TextEncoder
    from encoders.names import EncoderSettings

_log = structlog.get_logger(__name__)


def load_encoders(settings: EncoderSettings) -> Encoders:
    """Load the text, picture and lexical encoders; takes seconds and memory, so do it once.

    Raises `Misconfigured` for a name, folder or hub id that leads to no fitting model.
    """
    text = _load_text(settings)
    picture = _load_picture(settings, text)
    shipped = settings.text == MINILM and settings.image == VITRINE_PICTURES
    return Encoders(
        text=text,
        picture=picture,
        lexical=Bm25Encoder(settings.lexical_average_length),
        unrelated=UNRELATED if shipped else LEXICAL_SCALE,
    )


def _load_text(settings: EncoderSettings) -> TextEncoder:
    if settings.text == MINILM:
        return MemoisedTextEncoder(load_minilm(device=settings.device))
    encoder = _load_by_name(settings.text, settings.device)
    if not encoder.reads_text:
        raise Misconfigured(f"VITRINE_ENCODERS__TEXT: {settings.text} does not read text")
    return MemoisedTextEncoder(encoder)


def _load_picture(settings: EncoderSettings, text: TextEncoder) -> PictureEncoder:
    if settings.image == VITRINE_PICTURES:
        if settings.text != MINILM:
            text = MemoisedTextEncoder(load_minilm(device=settings.device))
        return load_shipped_pictures(text, device=settings.device)
    encoder = _load_by_name(settings.image, settings.device)
    if not encoder.reads_pictures:
        raise Misconfigured(f"VITRINE_ENCODERS__IMAGE: {settings.image} does not read pictures")
    if encoder.text_tower is None:
        _log.warning("words will not find pictures: this encoder reads pictures only", encoder=settings.image)
    return encoder


def _load_by_name(name: str, device: str) -> TransformerEncoder:
    folder = Path(name)
    return load_transformer(name, folder if folder.is_dir() else model_folder(name), device=device)
