"""What survives a power cut: the one thing that both the embedded engine and the event log must ask of the disk."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut: a file that was renamed into it is there afterwards."""
    if sys.platform == "win32":  # a folder cannot be opened there
        return
    sync_file(folder)


def sync_file(path: Path) -> None:
    """Make what was written to a file survive a power cut, through whatever descriptor or mapping it was written."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
