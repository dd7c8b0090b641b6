"""How the shipped picture encoder was made: data, augmentation, training, evaluation. Serving never imports this."""

from __future__ import annotations
