"""Metric learning on a shop's own products: `vitrine encoders train CONFIG`. Serving never imports this."""

from __future__ import annotations
