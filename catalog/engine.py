"""The vector engine behind one API: a Qdrant server, or Qdrant Edge in process; and what its outages look like."""

from __future__ import annotations

import re
import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import urlsplit

import grpc
import httpx
from qdrant_client import AsyncQdrantClient, QdrantClient
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from catalog.embedded import AsyncEmbeddedClient, EmbeddedClient
from catalog.errors import CollectionMismatch, EngineUnavailable, Misconfigured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Engine: TypeAlias = QdrantClient | EmbeddedClient
AsyncEngine: TypeAlias = AsyncQdrantClient | AsyncEmbeddedClient

DEFAULT_PORT: Final = 6333
"""What Qdrant's client takes where a URL names no port, with https as well."""

OLDEST_SERVER: Final = (1, 17)
"""The first whose upserts have a mode: an older one reads over `insert_only`, and overwrites."""

_OUTAGES: Final = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.CANCELLED,  # by the server, or by what stands before it: whoever cancels here does not ask us
    grpc.StatusCode.INTERNAL,  # what REST says with 500, like the two that follow
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.UNKNOWN,
}
_STATUS: Final = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
}
_SERVER_ERROR: Final = 500
_FOR_NOW: Final = {408, 429}  # too slow, too many
_NOT_LET_IN: Final = {401, 403}
_NOT_FOUND: Final = 404
_MAX_TOLD_CHARS: Final = 200
_THIS_MACHINE: Final = {"localhost", "127.0.0.1", "::1"}

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

    @property
    def is_overheard(self) -> bool:
        """Whether the key goes over the network as it is."""
        parts = urlsplit(self.url)
        return bool(self.api_key) and parts.scheme == "http" and parts.hostname not in _THIS_MACHINE

    def options(self) -> dict[str, Any]:
        """Return the keyword arguments of either client."""
        grpc_options: dict[str, Any] = dict(_GRPC_OPTIONS)
        rest_options: dict[str, Any] = {}
        if self.ca_file is not None:  # it alone is trusted then, over both protocols
            grpc_options["root_certificates"] = self.ca_file.read_bytes()
            rest_options["verify"] = self._trusted()
        over_grpc = {"grpc_port": self.grpc_port, "prefer_grpc": True, "grpc_options": grpc_options}
        return {
            "url": self.url,
            "headers": self._headers(),  # as `api_key` each client would warn of http anew: `is_overheard` says it once
            "timeout": self.timeout_seconds,
            "check_compatibility": False,  # it would ask the server before anybody waits for an outage to end
            **rest_options,
            **(over_grpc if self.grpc_port else {}),
        }

    def files(self, *, timeout_seconds: float) -> httpx.Client:
        """Return an HTTP client for what Qdrant's own has no call for, or none that may last: whole collections."""
        parts = urlsplit(self.url)
        place = parts.netloc if parts.port else f"{parts.netloc}:{DEFAULT_PORT}"
        return httpx.Client(
            base_url=f"{parts.scheme}://{place}{parts.path}",
            headers=self._headers(),
            verify=self._trusted() if self.ca_file is not None else True,
            timeout=httpx.Timeout(timeout_seconds, connect=self.timeout_seconds),
        )

    def _headers(self) -> dict[str, str]:
        return {"api-key": self.api_key} if self.api_key else {}

    def _trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)


def connect(server: Server) -> QdrantClient:
    """Return a client for writing; connects on the first call."""
    return QdrantClient(**server.options())


def connect_async(server: Server) -> AsyncQdrantClient:
    """Return an async client for searching; connects on the first call."""
    return AsyncQdrantClient(**server.options())


def require_version(engine: Engine) -> None:
    """Raise `Misconfigured` for a server that is too old to write to safely: it would not say so itself."""
    if not isinstance(engine, QdrantClient):
        return
    said = engine.info().version
    found = re.match(r"(\d+)\.(\d+)", said)
    if found and tuple(map(int, found.groups())) < OLDEST_SERVER:
        oldest = ".".join(map(str, OLDEST_SERVER))
        raise Misconfigured(
            f"the Qdrant server is version {said}; Vitrine needs {oldest} or newer: an older one does not know the "
            "conditions under which products are written, and would overwrite newer ones"
        )


def require_nodes(engine: Engine, wanted: int) -> None:
    """Raise `EngineUnavailable` while a cluster has fewer nodes than that, `Misconfigured` for a server that is none.

    A server keeps what it is asked to make on the nodes of that moment, with as many replicas as these can hold, says
    nothing, and neither moves nor copies anything when others join.
    """
    if wanted == 1 or not isinstance(engine, QdrantClient):
        return
    status = engine.cluster_status()
    if status.status == "disabled":
        raise Misconfigured(
            f"the Qdrant server is one node, not {wanted}: set VITRINE_INDEX__REPLICAS and VITRINE_INDEX__NODES to 1, "
            "or run a cluster"
        )
    if len(status.peers) < wanted:
        raise EngineUnavailable(
            f"the Qdrant cluster has {len(status.peers)} of {wanted} nodes (VITRINE_INDEX__NODES, "
            "VITRINE_INDEX__REPLICAS) so far: the collection is made once all have joined, for none is spread later"
        )


@contextmanager
def outages_named() -> Iterator[None]:
    """Raise `EngineUnavailable` for whatever either client raises when the engine is away or overloaded.

    Raises `Misconfigured` where a server does not let us in, or is none of Qdrant's. A refusal of gRPC becomes the
    `UnexpectedResponse` that REST would have raised.
    """
    try:
        yield
    except (ApiException, QdrantException, grpc.RpcError) as error:
        named = _named(error)
        if named is error:
            raise
        raise named from error
    except JSONDecodeError as error:  # of a success: of what is no Qdrant, and will say the same again
        raise Misconfigured(
            "what answers at VITRINE_QDRANT__URL is no Qdrant server: it says what is no JSON"
        ) from error


@contextmanager
def absence_named(said: str) -> Iterator[None]:
    """Raise `CollectionMismatch` that says so where what is asked for is not there; else as `outages_named` does."""
    try:
        with outages_named():
            yield
    except UnexpectedResponse as error:
        if error.status_code != _NOT_FOUND:
            raise
        raise CollectionMismatch(said) from error


def _named(error: Exception) -> Exception:
    """Return what an error of either client is to us: itself, where nothing more can be said of it."""
    match error:
        case QdrantException():  # a rate limit; also one whose Retry-After is a date, which the client cannot read
            return EngineUnavailable(f"the vector engine asks to slow down: {error}")
        case ResponseHandlingException():
            if not isinstance(error.source, httpx.TransportError | OSError):
                return error
            return EngineUnavailable(f"the vector engine does not answer: {error}")
        case UnexpectedResponse():
            return _from_rest(error)
        case grpc.RpcError():
            return _from_grpc(error)
    return error


def _from_rest(error: UnexpectedResponse) -> Exception:
    status = error.status_code
    if status in _NOT_LET_IN:
        return Misconfigured(
            f"the Qdrant server does not let us in ({status}: {_told(error)}): check VITRINE_QDRANT__API_KEY and what "
            "that key may do"
        )
    if status is None or (status < _SERVER_ERROR and status not in _FOR_NOW):
        return error
    return EngineUnavailable(f"the vector engine failed: {error}")


def _from_grpc(error: grpc.RpcError) -> Exception:
    """Return what the REST client's error would have become: one protocol's errors are enough to handle."""
    code: grpc.StatusCode | None = error.code() if hasattr(error, "code") else None
    if code in _OUTAGES:
        return EngineUnavailable(f"the vector engine does not answer: {error.details()}")
    if code == grpc.StatusCode.UNIMPLEMENTED:
        return Misconfigured(
            f"what listens on VITRINE_QDRANT__GRPC_PORT is no Qdrant that we know ({error.details()}): leave the port "
            "out to speak REST, or name that of gRPC"
        )
    if code is not None and code in _STATUS:
        return _from_rest(UnexpectedResponse(_STATUS[code], str(code), str(error.details()).encode(), httpx.Headers()))
    refusal: Exception = error
    return refusal


def _told(error: UnexpectedResponse) -> str:
    """Return what a server said of a refusal: text where nobody is let in, else JSON."""
    try:
        return str(error.structured()["status"]["error"])[:_MAX_TOLD_CHARS]
    except (ValueError, TypeError, KeyError):
        return error.content.decode(errors="replace")[:_MAX_TOLD_CHARS]
