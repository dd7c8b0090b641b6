"""The settings of every process: one frozen tree from the environment and `.env`, built once and passed down."""

from __future__ import annotations

import re

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from catalog.errors import Misconfigured
from deploy.settings_indexing import (
    CatalogueSettings,
    EncoderGroup,
    ImageSettings,
    IndexSettings,
    IngestSettings,
    KafkaSettings,
    NextEncoders,
    QdrantSettings,
)
from deploy.settings_serving import ApiSettings, BoostSettings, LogSettings, TraceSettings, WordSettings

__all__ = [
    "PREFIX",
    "SEPARATOR",
    "ApiSettings",
    "BoostSettings",
    "CatalogueSettings",
    "EncoderGroup",
    "ImageSettings",
    "IndexSettings",
    "IngestSettings",
    "KafkaSettings",
    "LogSettings",
    "NextEncoders",
    "QdrantSettings",
    "Settings",
    "TraceSettings",
    "WordSettings",
    "load_settings",
]

PREFIX = "VITRINE_"
SEPARATOR = "__"
_SECRETS = re.compile(r"(?<=//)[^/\s]*(?=@)|(?<=\?)[^\s'\"]+")
"""What stands in an address before an @, and behind a question mark."""


class Settings(BaseSettings):
    """Everything, by group."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=SEPARATOR, env_file=".env", frozen=True, extra="ignore"
    )

    collection: str = Field("products", pattern=r"^[A-Za-z0-9_.-]{1,100}$", description="alias of the collection")
    qdrant: QdrantSettings = QdrantSettings()
    kafka: KafkaSettings = KafkaSettings()
    encoders: EncoderGroup = EncoderGroup()
    next: NextEncoders = NextEncoders()
    index: IndexSettings = IndexSettings()
    images: ImageSettings = ImageSettings()
    catalogue: CatalogueSettings = CatalogueSettings()
    ingest: IngestSettings = IngestSettings()
    api: ApiSettings = ApiSettings()
    boosts: BoostSettings = BoostSettings()
    words: WordSettings = WordSettings()
    log: LogSettings = LogSettings()
    traces: TraceSettings = TraceSettings()


def load_settings() -> Settings:
    """Read the settings; raises `Misconfigured` with each wrong setting's name and what it takes."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"{_variable(one['loc'])}: {one['msg']} (is {_shown(one['input'])})" for one in error.errors()]
        raise Misconfigured("; ".join(lines)) from error


def _shown(value: object) -> str:
    """Return the beginning of a value, without the passwords and keys that an address may have."""
    return _SECRETS.sub("…", repr(value))[:80]


def _variable(location: tuple[int | str, ...]) -> str:
    return PREFIX + SEPARATOR.join(str(part) for part in location).upper()
