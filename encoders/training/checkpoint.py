"""Where a run of the training stands: the file that it leaves, read by whoever goes on from it or learns from it."""

from __future__ import annotations

from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, Final

import torch

from catalog.errors import Misconfigured

if TYPE_CHECKING:
    from pathlib import Path

CHECKPOINT: Final = "checkpoint.pt"


def read_checkpoint(path: Path, device: str = "cpu") -> dict[str, Any]:
    """Return what a run left, its tensors on `device`; raises `Misconfigured` where none left it."""
    try:
        state = torch.load(path, weights_only=True, map_location=device)
    except (OSError, EOFError, RuntimeError, UnpicklingError) as error:
        raise Misconfigured(f"{path} cannot be read as a checkpoint: name the {CHECKPOINT} of a run") from error
    if not isinstance(state, dict) or "student" not in state:
        raise Misconfigured(f"{path} is no checkpoint of the training: name the {CHECKPOINT} of a run")
    return state
