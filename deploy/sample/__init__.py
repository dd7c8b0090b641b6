"""The demo's own catalogue: about 600 invented products with pictures drawn by code, nothing downloaded.

`draw` makes a picture of any `Article`; `products` is the catalogue; `deploy.sample.write` puts both on disk or
turns them into events.
"""

from __future__ import annotations

from deploy.sample.article import Article
from deploy.sample.drawing import KINDS, draw
from deploy.sample.palette import COLOURS
from deploy.sample.patterns import PATTERNS

__all__ = ["COLOURS", "KINDS", "PATTERNS", "Article", "draw"]
