"""Where a model's files lie, a folder or the cache of the hub, and what can be said of them before they are loaded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from huggingface_hub import ModelCard, snapshot_download
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    StrictDataclassError,
)
from safetensors import SafetensorError
from transformers.utils.logging import disable_progress_bar, set_verbosity_error

from catalog.errors import Misconfigured
from encoders.device import DEVICE

if TYPE_CHECKING:
    from torch import nn

PREPARATION: Final = 3
"""How texts and pictures are prepared in `transformer.py` and `cnn.py`, and decoded for them; part of
the revision, so raise it with them."""

LOADING_ERRORS: Final = (
    ArithmeticError,
    AttributeError,
    ImportError,
    LookupError,
    OSError,
    RuntimeError,
    SafetensorError,
    StrictDataclassError,
    TypeError,
    ValueError,
)
"""What the model libraries raise for files that they cannot use."""

_CARD: Final = "README.md"
_UNKNOWN: Final = "unknown"
_PICKLED: Final = "pytorch_model*.bin"
_READ: Final = "_is_hf_initialized"
_READ_BYTES: Final = 1 << 20
_WEIGHTS: Final = {".safetensors", ".json", ".txt", ".model"}
_TOKENIZERS: Final = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "*.model")


@dataclass(frozen=True, slots=True)
class Card:
    """What a model's README says of it at its head."""

    languages: tuple[str, ...] = ()
    licence: str = _UNKNOWN


def model_folder(name: str) -> Path:
    """Return the folder of a model: `name` itself, or where the hub's model lies once it is downloaded.

    Raises `Misconfigured` where there is none, the hub cannot be reached, or the folder holds no safetensors.
    """
    folder = Path(name)
    if folder.is_file():
        raise Misconfigured(f"{name} is a file: name the folder of a model, such as {folder.parent}")
    if not folder.is_dir():
        folder = _downloaded(name)
    _check(folder)
    return folder


def reads_only_pictures(folder: Path) -> bool:
    """Whether a folder holds a network for pictures alone: it has no tokeniser and no sentence-transformers modules."""
    return not (folder / "modules.json").is_file() and not any(
        path for pattern in _TOKENIZERS for path in folder.glob(pattern)
    )


def folder_revision(folder: Path) -> str:
    """Return a digest of what a model's vectors depend on: weights, settings, vocabulary, and how we prepare inputs."""
    digest = hashlib.blake2b(str(PREPARATION).encode(), digest_size=16)
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _WEIGHTS and path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            while piece := file.read(_READ_BYTES):
                digest.update(piece)
    return digest.hexdigest()


def read_card(folder: Path) -> Card:
    """Return what the model's card says; a card that is missing or broken says nothing."""
    try:
        said = ModelCard.load(folder / _CARD, ignore_metadata_errors=True).data
    except LOADING_ERRORS:
        return Card()
    languages = [said.language] if isinstance(said.language, str) else said.language or []
    return Card(tuple(str(one) for one in languages), str(said.license or _UNKNOWN))


def load_quietly() -> None:
    """Keep the libraries from drawing progress bars and reports on the screen of whoever starts a server."""
    disable_progress_bar()  # type: ignore[no-untyped-call]
    set_verbosity_error()  # type: ignore[no-untyped-call]


def check_weights(network: nn.Module, folder: Path, *, besides: str) -> None:
    """Raise `Misconfigured` where a model's files lack weights, those whose names hold `besides` left out.

    The library would go on with random ones, another vector at every start.
    """
    missing = [name for name in missing_weights(network) if besides not in name]
    if missing:
        raise Misconfigured(
            f"the weights in {folder} lack {len(missing)} that its config.json names, such as {missing[0]}: "
            "the files do not belong together; get the model anew"
        )


def missing_weights(network: nn.Module) -> list[str]:
    """Return the weights that transformers made up, for it marks those that it read; none where it marks nothing."""
    unmarked = [name for name, weight in network.named_parameters() if not getattr(weight, _READ, False)]
    return unmarked if hasattr(network, _READ) else []


def place(network: nn.Module, device: str) -> None:
    """Move a loaded network to where it shall run; raises `Misconfigured` for a device that is not here."""
    try:
        network.to(device)
    except (AssertionError, RuntimeError) as error:
        raise Misconfigured(f"{DEVICE}: {device!r} cannot be used here: {reason(error)}") from error


def reason(error: BaseException) -> str:
    """Return the first line of what a library says: the rest is advice on how to use it."""
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _downloaded(name: str) -> Path:
    patterns = [_CARD, *(f"*{ending}" for ending in sorted(_WEIGHTS))]
    nowhere = f"{name!r} is no encoder of `vitrine encoders list`, and there is no such folder"
    try:
        return Path(snapshot_download(name, allow_patterns=patterns))
    except HFValidationError as error:
        raise Misconfigured(f"{nowhere}; a model of the hub is named OWNER/MODEL") from error
    except LocalEntryNotFoundError as error:
        why = reason(error.__cause__ or error)
        raise Misconfigured(
            f"{nowhere}; the hub's cache has no such model, and the hub cannot be asked: {why}"
        ) from error
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise Misconfigured(f"{nowhere}; the hub gives out no such model now: {error}") from error


def _check(folder: Path) -> None:
    if not any((folder / name).is_file() for name in ("config.json", "modules.json")):
        raise Misconfigured(
            f"{folder} holds no model: it has neither config.json nor modules.json. Name the folder that "
            "`save_pretrained` wrote, or a model's id on the hub"
        )
    pickled = [path for path in folder.rglob(_PICKLED) if not any(path.parent.glob("*.safetensors"))]
    if pickled or not any(folder.rglob("*.safetensors")):
        found = f"only {pickled[0].relative_to(folder)}" if pickled else "no weights"
        raise Misconfigured(
            f"{folder} holds {found}, and only *.safetensors are read: other formats can run code. Load the model "
            "once elsewhere and write it with `save_pretrained`"
        )
