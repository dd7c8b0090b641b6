"""How the rows of Debezium's change events are read, as the settings have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ingest.debezium import DebeziumReading
from ingest.loading.mapping_file import read_mapping, with_numbers
from ingest.mapping import FieldMapping

if TYPE_CHECKING:
    from deploy.settings import Settings


def debezium_reading(settings: Settings) -> DebeziumReading:
    """Return it; raises `Misconfigured` where the mapping file cannot be used."""
    path = settings.kafka.debezium_mapping
    mapping = read_mapping(path, FieldMapping()) if path else FieldMapping()
    return DebeziumReading(settings.kafka.debezium_version, with_numbers(mapping, settings.catalogue.numbers))
