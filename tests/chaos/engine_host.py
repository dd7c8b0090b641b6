"""The embedded engine in a process of its own, which several workers share as they would a server.

One process holds an embedded index; so that workers may be processes too, this one answers their calls over a socket.
Like a server it finishes a call whose caller has died meanwhile, and whoever asks while it is away gets the client's
own error for that.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection, Listener
from typing import TYPE_CHECKING, Any, cast

import httpx
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from catalog.embedded import EmbeddedClient
from tests.index import Index

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from catalog.engine import Engine

_WRITES = "batch_update_points"


def host(folder: Path, address: str) -> None:
    """Answer calls to the engine in `folder` until the process is ended."""
    engine = EmbeddedClient(folder)
    with Listener(address, "AF_UNIX", backlog=64) as listener:
        while True:
            caller = listener.accept()
            threading.Thread(target=_answer, args=(engine, caller), daemon=True).start()


def _answer(engine: EmbeddedClient, caller: Connection) -> None:
    with caller, suppress(EOFError, OSError):
        while True:
            name, arguments, keywords = caller.recv()
            caller.send(_result(engine, name, arguments, keywords))


def _result(engine: EmbeddedClient, name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[Any, ...]:
    try:
        result = getattr(engine, name)(*arguments, **keywords)
        if name == _WRITES:
            engine.flush()  # what a server has acknowledged is in its log
    except UnexpectedResponse as refusal:
        return "refused", refusal.status_code, refusal.reason_phrase, refusal.content
    except Exception as error:  # noqa: BLE001 - told to whoever asked
        return "failed", repr(error)
    return "done", result


@dataclass(slots=True)
class HostedEngine:
    """The calls of the engine that is hosted at an address, for one thread."""

    address: str
    _host: Connection | None = None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401 - passed on as they are
            return self._call(name, arguments, keywords)

        return call

    def _call(self, name: str, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:  # noqa: ANN401
        try:
            self._host = self._host or Client(self.address, "AF_UNIX")
            self._host.send((name, arguments, keywords))
            answer = self._host.recv()
        except (EOFError, OSError) as error:
            self._host = None
            raise ResponseHandlingException(httpx.ConnectError(f"the engine's host is away: {error!r}")) from error
        match answer:
            case ("done", result):
                return result
            case ("refused", status, reason, content):
                raise UnexpectedResponse(status, reason, content, httpx.Headers())
        raise RuntimeError(f"{name}: {answer}")


def hosted_index(address: str, collection: str) -> Index:
    """Return a collection of the engine that is hosted at an address."""
    return Index(cast("Engine", HostedEngine(address)), collection)
