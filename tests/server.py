"""The Qdrant server of whoever has one: `QDRANT_URL`, and `QDRANT_API_KEY` and `QDRANT_GRPC_PORT` where it has them.

Tests share it, also with those of other processes: each makes collections of names that nobody else has.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from catalog.engine import Server, connect
from deploy.settings import QdrantSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qdrant_client import QdrantClient

SERVER, SERVER_GRPC = KINDS = ("server", "server-grpc")


def kinds() -> tuple[str, ...]:
    """Return the ways to a server that there are here, none where none is named."""
    url, grpc_port = os.environ.get("QDRANT_URL"), os.environ.get("QDRANT_GRPC_PORT")
    return KINDS[: bool(url) + bool(url and grpc_port)]


def server_of(kind: str) -> Server:
    """Return how to reach the server in one of the two ways; skip the test where it is not to be reached."""
    if kind not in kinds():
        pytest.skip(f"{'QDRANT_GRPC_PORT' if SERVER in kinds() else 'QDRANT_URL'} is not set: no {kind} to run on")
    port = int(os.environ["QDRANT_GRPC_PORT"]) if kind == SERVER_GRPC else None
    return Server(os.environ["QDRANT_URL"], os.environ.get("QDRANT_API_KEY"), port)


def settings_of(kind: str) -> QdrantSettings:
    """Return the same as settings."""
    server = server_of(kind)
    return QdrantSettings.model_validate({"url": server.url, "api_key": server.api_key, "grpc_port": server.grpc_port})


@contextmanager
def server_engine(kind: str = SERVER) -> Iterator[QdrantClient]:
    """Connect to the server."""
    client = connect(server_of(kind))
    try:
        yield client
    finally:
        client.close()
