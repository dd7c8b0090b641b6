"""`vitrine demo --kafka` with the fake encoders, which start in no time: what is at fault here is never a model."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from deploy.cli.demo import _settings
from deploy.processes import embedded
from deploy.settings import load_settings
from encoders.fakes import fake_encoders

COMMAND = (sys.executable, "-m", "tests.faults.fake_demo")


def main() -> None:
    """Run until told to stop."""
    parser = argparse.ArgumentParser()
    for option in ("--data", "--port", "--kafka", "--topic"):
        parser.add_argument(option, required=True)
    given = parser.parse_args()
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    settings = _settings(load_settings(), Path(given.data), given.kafka, given.topic, None, int(given.port))
    embedded.run(settings, fake_encoders(), embedded.topic_log(settings), lambda _http, _lag: None)


if __name__ == "__main__":
    main()
