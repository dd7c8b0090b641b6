"""Two revisions of the fake encoders, alike in size and far apart in what they say, and a shop that has both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deploy.processes.shelf import EncoderShelf
from deploy.settings import ApiSettings, EncoderGroup, ImageSettings, IngestSettings, QdrantSettings, Settings
from encoders.fakes import HashingTextEncoder, fake_encoders
from encoders.interface import Description

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from encoders.interface import Encoders, FloatArray
    from encoders.names import EncoderSettings

FIRST, SECOND = "first", "second"
NEXT = {"text": SECOND}


class SecondTextEncoder(HashingTextEncoder):
    """Another revision: its vectors are the first one's, turned round, so that either finds nothing in the other's."""

    @property
    def description(self) -> Description:
        """What this encoder is."""
        return Description("fake-words", "2", super().description.size, licence="Apache-2.0")

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text."""
        turned: FloatArray = np.ascontiguousarray(super().encode_queries(texts)[:, ::-1])
        return turned


def load_twin(settings: EncoderSettings) -> Encoders:
    """Load one of the two by the name of its text encoder."""
    return fake_encoders(text=SecondTextEncoder() if settings.text == SECOND else HashingTextEncoder())


def twin_settings(folder: Path, *, text: str = FIRST, port: int = 0) -> Settings:
    """Return the settings of a process on an embedded engine below `folder`."""
    return Settings(
        qdrant=QdrantSettings(path=folder / "index"),
        encoders=EncoderGroup(text=text, image="colours"),
        images=ImageSettings(root=folder),
        ingest=IngestSettings(),
        api=ApiSettings(port=port) if port else ApiSettings(),
    )


def twin_shelf(settings: Settings) -> EncoderShelf:
    """Return a shelf of the two."""
    return EncoderShelf(settings, load_twin)
