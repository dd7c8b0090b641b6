"""What settings name that cannot be used, told at once: a wrong file or a port in use, before any model is loaded."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from catalog.errors import Misconfigured
from deploy.processes.debezium import debezium_reading
from encoders.glossary import load_glossary
from search.locks.key_file import KeyFile
from search.metrics import SearchMetrics
from search.words.synonyms_file import read_synonyms

if TYPE_CHECKING:
    from deploy.settings import Settings


def check_search(settings: Settings) -> None:
    """Raise `Misconfigured` for a file of keys or words, or an address, that searching could not use."""
    load_glossary(settings.encoders.glossary)
    if settings.words.synonyms is not None:
        read_synonyms(settings.words.synonyms)
    if settings.api.keys_file is not None:
        KeyFile(settings.api.keys_file, settings.catalogue.numbers, SearchMetrics())
    _check_free(settings.api.host, settings.api.port)


def check_topic(settings: Settings) -> None:
    """Raise `Misconfigured` for what reading the topic could not use: the connection, the mapping of Debezium rows."""
    settings.kafka.connection().options()
    debezium_reading(settings)


def _check_free(host: str, port: int) -> None:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        socket.create_server(address[:2], family=family).close()
    except OSError as error:
        reason = error.strerror or error
        raise Misconfigured(f"cannot listen on {host}:{port} ({reason}): choose another VITRINE_API__PORT") from error
