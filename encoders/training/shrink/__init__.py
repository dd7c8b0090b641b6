"""Smaller and faster encoders: what each way costs in quality, and distillation. Serving never imports this."""

from __future__ import annotations
