"""Says whether a device is here before a model is moved to it."""

from __future__ import annotations

from typing import Final

import torch

from catalog.errors import Misconfigured

DEVICE: Final = "VITRINE_ENCODERS__DEVICE"


def check_device(setting: str, device: str) -> None:
    """Put a number on a device; raises `Misconfigured`, which names the setting, where it is not here."""
    try:
        torch.zeros(1, device=device)
    except (AssertionError, RuntimeError) as error:
        why = str(error).partition("\n")[0]
        raise Misconfigured(
            f"{setting}: {device!r} cannot be used here: {why}: take cpu, or mend the device"
        ) from error
