"""How many cores torch takes for what one thread encodes."""

from __future__ import annotations

import sys
from threading import Thread


def share_cores() -> None:
    """Have whatever this thread encodes from now on take half of the cores that torch would take, one at least.

    For queries: beside them the engine searches, the event loop answers and perhaps ingest encodes, and where cores are
    short torch's threads spin, waiting for each other. Other threads keep what they have, also those to come. Does
    nothing where nobody has imported torch.
    """
    if "torch" not in sys.modules:
        return
    import torch  # noqa: PLC0415 - a second of import, for encoders that run on it

    all_cores = torch.get_num_threads()
    torch.set_num_threads(max(1, all_cores // 2))
    start_others_with(all_cores)


def start_others_with(cores: int) -> None:
    """Restore what threads to come start with: torch takes for that what any thread set last for itself."""
    import torch  # noqa: PLC0415 - a second of import, for encoders that run on it

    restoring = Thread(target=torch.set_num_threads, args=(cores,))
    restoring.start()
    restoring.join()
