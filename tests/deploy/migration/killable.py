"""A process of the demo's kind with the two revisions of the fake encoders, the second one slow: to be killed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from deploy.processes import embedded
from deploy.processes.logs import FolderLog
from deploy.processes.search import serve
from deploy.processes.shelf import EncoderShelf
from encoders.fakes import fake_encoders
from tests.deploy.migration.twins import SECOND, SecondTextEncoder, load_twin, twin_settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from encoders.interface import Encoders, FloatArray
    from encoders.names import EncoderSettings

SECONDS_A_TEXT = 0.003


class SlowTextEncoder(SecondTextEncoder):
    """The second revision, slow enough to be killed while it fills a collection."""

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text, later."""
        time.sleep(SECONDS_A_TEXT * len(texts))
        return super().encode_documents(texts)


def load(settings: EncoderSettings) -> Encoders:
    """Load one of the two."""
    return fake_encoders(text=SlowTextEncoder()) if settings.text == SECOND else load_twin(settings)


def run(folder: Path, text: str, port: int) -> None:
    """Be the process."""
    settings = twin_settings(folder, text=text, port=port)
    log = FolderLog(settings, folder / "log", batch_records=64)
    with embedded.wired(EncoderShelf(settings, load), log, linger_seconds=1.0) as process:
        serve(process.http)
