"""How a command reaches the process that has the embedded engine open: a socket in the engine's folder.

One line of JSON each way. The folder's permissions are the lock: who may read the index may also tell its process.
"""

from __future__ import annotations

import json
import os
import socket
import socketserver
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from catalog.errors import Misconfigured, VitrineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SOCKET: Final = "control.sock"
_LONGEST_BYTES: Final = 1 << 20


class Refused(VitrineError):  # noqa: N818 - named by what it is
    """What the process with the engine answered instead of doing it."""


@contextmanager
def listening(folder: Path, perform: Callable[[str, dict[str, Any]], dict[str, Any]]) -> Iterator[None]:
    """Take commands in a thread; `perform` gets a name and arguments and answers, or raises `VitrineError`."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked = json.loads(self.rfile.readline(_LONGEST_BYTES))
            answer: dict[str, Any]
            try:
                answer = {"answer": perform(asked["do"], asked["with"])}
            except VitrineError as error:
                answer = {"refused": str(error), "wrong_use": isinstance(error, Misconfigured)}
            with suppress(OSError):  # whoever asked has gone
                self.wfile.write(json.dumps(answer).encode() + b"\n")

    path = folder / SOCKET
    with _reachable(path) as address:
        path.unlink(missing_ok=True)  # of a process that was killed: we hold the folder's lock
        with socketserver.ThreadingUnixStreamServer(address, Handler) as server:
            server.daemon_threads = True
            path.chmod(0o600)
            thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="control", daemon=True)
            thread.start()
            try:
                yield
            finally:
                server.shutdown()
                thread.join()
                path.unlink(missing_ok=True)


def ask(folder: Path, name: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
    """Return the answer of the process that has the folder open, None where no process listens there.

    Raises `Misconfigured` or `Refused` with what it said.
    """
    if not folder.is_dir():
        return None
    with _reachable(folder / SOCKET) as address, socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(address)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        said = _exchanged(line, json.dumps({"do": name, "with": arguments}).encode())
    if not said:
        raise Refused("the process that has the index open ended before it answered: ask `… migrate status`")
    answer: dict[str, Any] = json.loads(said)
    if "refused" in answer:
        raise (Misconfigured if answer["wrong_use"] else Refused)(answer["refused"])
    found: dict[str, Any] = answer["answer"]
    return found


def _exchanged(line: socket.socket, asked: bytes) -> bytes:
    """Send a line and return the one that comes back, empty where the process ends meanwhile."""
    try:
        line.sendall(asked + b"\n")
        with line.makefile("rb") as answers:
            return answers.readline()
    except ConnectionError:
        return b""


@contextmanager
def _reachable(path: Path) -> Iterator[str]:
    """Give an address short enough for a socket, however deep the folder lies, where the system has a way to it."""
    if len(os.fsencode(path)) < 100 or not os.path.isdir("/proc/self/fd"):  # noqa: PLR2004, PTH112 - sockaddr_un
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
