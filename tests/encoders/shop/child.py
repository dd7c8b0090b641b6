"""A training in a process of its own, to be killed: `python -m tests.encoders.shop.child FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console

from encoders.training.shop.run import train
from tests.encoders.shop.shops import TEXT, config

if __name__ == "__main__":
    train(config(Path(sys.argv[1])), Console(stderr=True), TEXT)
