"""Encoders by name: the shipped ones, a folder, or a model of the Hugging Face hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from catalog.errors import Misconfigured
from encoders.bundled_folder import is_tower_folder, load_tower_folder
from encoders.device import DEVICE, check_device
from encoders.glossary import load_glossary
from encoders.interface import Encoders
from encoders.memo import MemoisedTextEncoder, WithTextTower
from encoders.names import MINILM, SETTINGS, VITRINE_PICTURES, given_in
from encoders.shipped import load_minilm, load_shipped_pictures
from encoders.sparse import Bm25Encoder
from encoders.translating import TranslatingLexicalEncoder, TranslatingTextEncoder

if TYPE_CHECKING:
    from encoders.glossary import Glossary
    from encoders.interface import LexicalEncoder, PictureEncoder, TextEncoder
    from encoders.names import EncoderSettings, Places

_REMEMBERED: Final = 256
"""Enough for two towers to share one pass over a batch of queries; who asks again is remembered by search."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Named:
    """What a name leads to: an encoder of text, one of pictures, or a model that is both."""

    text: TextEncoder | None = None
    picture: PictureEncoder | None = None


def load_encoders(settings: EncoderSettings, places: Places = SETTINGS) -> Encoders:
    """Load the text, picture and lexical encoders; takes seconds and memory, so do it once.

    Raises `Misconfigured` for a name, folder or hub id that leads to no fitting model, which names its place of
    `places`, for a device that is not here, and for a broken word list.
    """
    check_device(DEVICE, settings.device)
    glossary = load_glossary(settings.glossary)
    with given_in(places.text):
        named = load_named(settings.text, device=settings.device, glossary=glossary)
        text = named.text
        if text is None:
            raise Misconfigured(f"{settings.text} does not read text")
    minilm = text if settings.text == MINILM else None
    with given_in(places.image):
        if settings.image != settings.text:
            named = load_named(settings.image, device=settings.device, glossary=glossary, minilm=minilm)
        picture = reading_pictures(named, settings.image)
    if picture.text_tower is None:
        _log.warning("words will not find pictures: this encoder reads pictures only", encoder=settings.image)
    return Encoders(text=text, picture=picture, lexical=_lexical(settings, glossary))


def reading_pictures(named: Named, name: str) -> PictureEncoder:
    """Return the encoder of pictures that a name led to; raises `Misconfigured` where it reads none."""
    if named.picture is None:
        raise Misconfigured(f"{name} does not read pictures")
    return named.picture


def load_named(name: str, *, device: str, glossary: Glossary | None = None, minilm: TextEncoder | None = None) -> Named:
    """Load one model by its name; `minilm` is taken, where it is loaded already, for those that stand on it.

    `glossary` is what MiniLM reads Chinese through, the shipped one if not given. Raises `Misconfigured` for a name,
    folder or hub id that leads to no model, and for a device that is not here.
    """
    check_device(DEVICE, device)
    if name == MINILM:
        return Named(text=minilm or _minilm(device, glossary))
    if name == VITRINE_PICTURES:
        return Named(picture=load_shipped_pictures(minilm or _minilm(device, glossary), device=device))
    if is_tower_folder(Path(name)):
        return Named(picture=load_tower_folder(Path(name), minilm or _minilm(device, glossary), device=device))
    return _load_other(name, device)


def _load_other(name: str, device: str) -> Named:
    """Load any model of a folder or the hub, and only now the libraries: the shipped pair starts faster without."""
    from encoders.folders import model_folder, reads_only_pictures  # noqa: PLC0415

    folder = model_folder(name)
    if reads_only_pictures(folder):
        from encoders.cnn import load_cnn  # noqa: PLC0415

        return Named(picture=load_cnn(name, folder, device=device))
    from encoders.transformer import load_transformer  # noqa: PLC0415

    encoder = load_transformer(name, folder, device=device)
    text = _remembering(encoder) if encoder.reads_text else None
    return Named(text, WithTextTower(encoder, text) if encoder.reads_pictures else None)


def _remembering(encoder: TextEncoder) -> TextEncoder:
    return MemoisedTextEncoder(encoder, size=_REMEMBERED)


def _minilm(device: str, glossary: Glossary | None) -> TextEncoder:
    return _remembering(TranslatingTextEncoder(load_minilm(device=device), glossary or load_glossary()))


def _lexical(settings: EncoderSettings, glossary: Glossary) -> LexicalEncoder:
    """Return the encoder of words; beside another model than MiniLM they stay as they are, for it may read Chinese."""
    plain = Bm25Encoder(settings.lexical_average_length)
    return TranslatingLexicalEncoder(plain, glossary) if settings.text == MINILM else plain
