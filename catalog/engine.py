"""The vector engine behind one API: a Qdrant server, or Qdrant Edge in process; and what its outages look like."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import grpc
import httpx
from qdrant_client import AsyncQdrantClient, QdrantClient
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from catalog.embedded import AsyncEmbeddedClient, EmbeddedClient
from catalog.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Engine: TypeAlias = QdrantClient | EmbeddedClient
AsyncEngine: TypeAlias = AsyncQdrantClient | AsyncEmbeddedClient

_OUTAGES: Final = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.INTERNAL,  # what REST says with 500
}
_STATUS: Final = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
}
_SERVER_ERROR: Final = 500
_FOR_NOW: Final = {408, 429}  # too slow, too many

# Without these, gRPC's own back-off makes an outage last up to 25 s longer than the server was away.
_GRPC_OPTIONS: Final = {
    "grpc.initial_reconnect_backoff_ms": 200,
    "grpc.min_reconnect_backoff_ms": 200,
    "grpc.max_reconnect_backoff_ms": 1000,
}


@dataclass(frozen=True, slots=True)
class Server:
    """How to reach a Qdrant server; over gRPC where its port is given, else over REST."""

    url: str
    api_key: str | None = None
    grpc_port: int | None = None
    timeout_seconds: int = 10
    ca_file: Path | None = None

    def options(self) -> dict[str, Any]:
        """Return the keyword arguments of either client."""
        grpc_options: dict[str, Any] = dict(_GRPC_OPTIONS)
        rest_options: dict[str, Any] = {}
        if self.ca_file is not None:  # it alone is trusted then, over both protocols
            grpc_options["root_certificates"] = self.ca_file.read_bytes()
            rest_options["verify"] = ssl.create_default_context(cafile=self.ca_file)
        over_grpc = {"grpc_port": self.grpc_port, "prefer_grpc": True, "grpc_options": grpc_options}
        return {
            "url": self.url,
            "api_key": self.api_key,
            "timeout": self.timeout_seconds,
            "check_compatibility": False,  # it would ask the server before anybody waits for an outage to end
            **rest_options,
            **(over_grpc if self.grpc_port else {}),
        }


def connect(server: Server) -> QdrantClient:
    """Return a client for writing; connects on the first call."""
    return QdrantClient(**server.options())


def connect_async(server: Server) -> AsyncQdrantClient:
    """Return an async client for searching; connects on the first call."""
    return AsyncQdrantClient(**server.options())


@contextmanager
def outages_named() -> Iterator[None]:
    """Raise `EngineUnavailable` for whatever either client raises when the engine is away or overloaded.

    A refusal of gRPC becomes the `UnexpectedResponse` that REST would have raised.
    """
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
        named = _from_grpc(error)
        if named is error:
            raise
        raise named from error


def _from_grpc(error: grpc.RpcError) -> Exception:
    """Return what the REST client would have raised: one protocol's errors are enough to handle."""
    code: grpc.StatusCode | None = error.code() if hasattr(error, "code") else None
    if code in _OUTAGES:
        return EngineUnavailable(f"the vector engine does not answer: {error.details()}")
    if code is not None and code in _STATUS:
        return UnexpectedResponse(_STATUS[code], str(code), str(error.details()).encode(), httpx.Headers())
    refusal: Exception = error
    return refusal
