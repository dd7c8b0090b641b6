"""`vitrine demo --kafka` with the fake encoders, which start in no time: what is at fault here is never a model."""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.cli.demo import _settings
from deploy.processes import embedded
from deploy.settings import load_settings
from encoders.fakes import fake_encoders

if TYPE_CHECKING:
    from tests.forks import Child, Command


def forked_fake(command: Command) -> Child:
    """Start it in the place of `vitrine demo`."""
    from tests.forks import forked  # noqa: PLC0415 - which imports this file first

    return forked(command, main)


def executed_fake(command: Command) -> Child:
    """Start it as a program of its own: for what must be in the environment before Python is."""
    with command.out.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.faults.fake_demo", *command.arguments],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=dict(command.environment) | {"PYTHONPATH": str(Path(__file__).parents[2])},
            cwd=command.folder,
        )


def main() -> None:
    """Run until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("demo")
    parser.add_argument("--no-open", action="store_true")
    for option in ("--data", "--port", "--kafka", "--topic"):
        parser.add_argument(option, required=True)
    given = parser.parse_args()
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    settings = _settings(load_settings(), Path(given.data), given.kafka, given.topic, None, int(given.port))
    embedded.run(settings, fake_encoders(), embedded.topic_log(settings), lambda _http, _lag: None)


if __name__ == "__main__":
    main()
