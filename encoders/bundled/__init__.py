"""The picture encoder that ships with the project: its network, its weights and the tower that runs them."""

from __future__ import annotations

from encoders.bundled.tower import PICTURE_SIDE, PictureTower, load_picture_tower

__all__ = ["PICTURE_SIDE", "PictureTower", "load_picture_tower"]
