"""The vector engine behind one API: a Qdrant server, or Qdrant Edge in process; and what its outages look like."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

import grpc
import httpx
from qdrant_client import AsyncQdrantClient, QdrantClient
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from catalog.embedded import AsyncEmbeddedClient, EmbeddedClient
from catalog.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

Engine: TypeAlias = QdrantClient | EmbeddedClient
AsyncEngine: TypeAlias = AsyncQdrantClient | AsyncEmbeddedClient

_OUTAGES: Final = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.INTERNAL,  # what REST says with 500
}
_SERVER_ERROR: Final = 500
_FOR_NOW: Final = {408, 429}  # too slow, too many

# Without these, gRPC's own back-off makes an outage last up to 25 s longer than the server was away.
_GRPC_OPTIONS: Final = {
    "grpc.initial_reconnect_backoff_ms": 200,
    "grpc.min_reconnect_backoff_ms": 200,
    "grpc.max_reconnect_backoff_ms": 1000,
}


def connect(url: str, *, api_key: str | None = None, timeout_seconds: int = 10) -> QdrantClient:
    """Return a client of a Qdrant server for writing; connects on the first call."""
    return QdrantClient(url=url, api_key=api_key, timeout=timeout_seconds, check_compatibility=False)


def connect_async(url: str, *, api_key: str | None = None, timeout_seconds: int = 10) -> AsyncQdrantClient:
    """Return an async client of a Qdrant server for searching; connects on the first call."""
    return AsyncQdrantClient(url=url, api_key=api_key, timeout=timeout_seconds, check_compatibility=False)


@contextmanager
def outages_named() -> Iterator[None]:
    """Raise `EngineUnavailable` in place of whatever either client raises when the engine is away or overloaded."""
    try:
        yield
    except ResourceExhaustedResponse as error:
        raise EngineUnavailable(f"the vector engine asks to slow down: {error}") from error
    except ResponseHandlingException as error:
        if not isinstance(error.source, httpx.TransportError | OSError):
            raise
        raise EngineUnavailable(f"the vector engine does not answer: {error}") from error
    except UnexpectedResponse as error:
        if error.status_code is None or (error.status_code < _SERVER_ERROR and error.status_code not in _FOR_NOW):
            raise
        raise EngineUnavailable(f"the vector engine failed: {error}") from error
    except grpc.RpcError as error:
        code = error.code() if isinstance(error, grpc.Call) else None
        if code not in _OUTAGES:
            raise
        raise EngineUnavailable(f"the vector engine does not answer: {error}") from error
