"""Processes that start in no time: everything is imported once a run, in a server that forks them.

Importing torch and the rest takes about seven seconds of a core. What runs then is the same code in a process of its
own, to be killed at will; that the installed command starts by itself as well, `executed` shows.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from deploy.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from multiprocessing.context import ForkServerContext
    from multiprocessing.process import BaseProcess

VITRINE = Path(sys.executable).with_name("vitrine")
PRELOADED = [
    "deploy.cli.main",
    "deploy.processes.embedded",
    "deploy.processes.ingest",
    "deploy.sample.write",
    "encoders.registry",
    "tests.chaos.worker",
    "tests.chaos.engine_host",
    "tests.deploy.migration.killable",
    "tests.faults.fake_demo",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
]


@dataclass(frozen=True, slots=True)
class Command:
    """What follows `vitrine`, where, with which environment, and the files that take what it says."""

    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    out: Path
    error: Path


class Child(Protocol):
    """A process of ours."""

    def poll(self) -> int | None:
        """Return its exit code, None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code once it has ended; raises `subprocess.TimeoutExpired`."""

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""

    def kill(self) -> None:
        """End it at once."""


@dataclass(frozen=True, slots=True)
class Forked:
    """A process that was forked; a `Child`."""

    process: BaseProcess

    def poll(self) -> int | None:
        """Return its exit code, None while it runs."""
        return self.process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code once it has ended; raises `subprocess.TimeoutExpired`."""
        self.process.join(timeout)
        if self.process.exitcode is None:
            raise subprocess.TimeoutExpired(str(self.process), timeout or 0.0)
        return self.process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.process.is_alive() and self.process.pid is not None:
            os.kill(self.process.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


def forking() -> ForkServerContext:
    """Return what makes processes like `multiprocessing`, all of them forked from the one server."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(PRELOADED)
    return processes


def executed(command: Command) -> Child:
    """Start the installed command, as anybody would."""
    with command.out.open("ab") as out, command.error.open("ab") as error:
        return subprocess.Popen(
            [VITRINE, *command.arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=error,
            env=dict(command.environment),
            cwd=command.folder,
        )


def forked(command: Command, entry: Callable[[], None] = main) -> Child:
    """Start the command's own function, or another in its place, in a forked process."""
    return running(partial(_become, command, entry), command.out, command.error)


def running(what: Callable[[], None], out: Path, error: Path) -> Forked:
    """Start a forked process that does something, with the files that take what it says."""
    process = forking().Process(target=_heard, args=(what, out, error), daemon=True)
    process.start()
    return Forked(process)


def without_settings() -> dict[str, str]:
    """Return the environment without any setting of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("VITRINE_")}


def _become(command: Command, entry: Callable[[], None]) -> None:
    os.environ.clear()
    os.environ.update(command.environment)
    os.chdir(command.folder)
    sys.argv = ["vitrine", *command.arguments]
    entry()


def _heard(what: Callable[[], None], out: Path, error: Path) -> None:
    for path, stream in ((out, sys.stdout), (error, sys.stderr)):
        with path.open("ab") as file:
            os.dup2(file.fileno(), stream.fileno())
    what()
