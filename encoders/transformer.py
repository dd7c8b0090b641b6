"""Any sentence-transformers model as an encoder of text, and of pictures where it reads them (CLIP, SigLIP)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import numpy as np
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from sentence_transformers import SentenceTransformer
from transformers.utils.logging import disable_progress_bar

from catalog.errors import Misconfigured
from encoders.interface import Description, checked
from encoders.pictures.decode import to_pillow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from encoders.interface import FloatArray, Picture

_BATCH: Final = 32
_WEIGHTS: Final = {".safetensors", ".json", ".txt", ".model"}
_READ_BYTES: Final = 1 << 20


class TransformerEncoder:
    """A sentence-transformers model; a `TextEncoder`, and a `PictureEncoder` if `reads_pictures`."""

    def __init__(self, model: SentenceTransformer, description: Description) -> None:
        self._model = model
        self._description = description

    @property
    def description(self) -> Description:
        """What this encoder is."""
        return self._description

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
        return self._checked(
            self._model.encode_query(
                list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
            ),
            len(texts),
        )

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text, with the model's own prompt for documents if it has one."""
        return self._checked(
            self._model.encode_document(
                list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
            ),
            len(texts),
        )

    def encode_pictures(self, pictures: Sequence[Picture]) -> FloatArray:
        """Return one vector per picture."""
        images = [to_pillow(picture) for picture in pictures]
        vectors = self._model.encode(images, batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False)
        return self._checked(vectors, len(pictures))

    def _checked(self, vectors: object, count: int) -> FloatArray:
        array = np.asarray(vectors, dtype=np.float32).reshape(count, self._description.size)
        return checked(cast("FloatArray", array), self._description.name)


def load_transformer(name: str, folder: Path, *, device: str) -> TransformerEncoder:
    """Load a model from a folder, safetensors only and without running code from it.

    Raises `Misconfigured` for a folder that holds no such model.
    """
    disable_progress_bar()  # type: ignore[no-untyped-call]  # it would count tensors on the screen of whoever starts a server
    try:
        model = SentenceTransformer(
            str(folder),
            device=device,
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
        )
        size = model.get_embedding_dimension()
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, TypeError, AttributeError) as error:
        raise Misconfigured(f"{folder} holds no sentence-transformers model that can be loaded: {error}") from error
    if size is None:
        raise Misconfigured(f"the model in {folder} does not say how long its vectors are")
    card = model.model_card_data
    languages = card.language if isinstance(card.language, list) else [card.language] if card.language else []
    return TransformerEncoder(
        model, Description(name, folder_revision(folder), size, tuple(languages), card.license or "unknown")
    )


def model_folder(name: str) -> Path:
    """Return the folder of a model on the Hugging Face hub, downloaded where it is not in the cache.

    Raises `Misconfigured` where there is no such model or the hub cannot be reached.
    """
    try:
        return Path(snapshot_download(name, allow_patterns=[f"*{ending}" for ending in sorted(_WEIGHTS)]))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise Misconfigured(
            f"{name!r} is neither an encoder of `vitrine encoders list`, nor a folder, nor a model that the hub gives "
            f"out now: {error}"
        ) from error


def folder_revision(folder: Path) -> str:
    """Return a digest of everything in a model's folder that its vectors depend on: weights, settings, vocabulary."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _WEIGHTS and path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            while piece := file.read(_READ_BYTES):
                digest.update(piece)
    return digest.hexdigest()
