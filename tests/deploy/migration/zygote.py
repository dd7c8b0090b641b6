"""Makes processes of the demo's kind with the fake encoders, quickly: everything is imported once, then it forks.

Lines in: `start FOLDER TEXT PORT` answers with a process id, `reap PID` with its exit code once it has ended.
"""

from __future__ import annotations

import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.processes import embedded
from deploy.processes.logs import FolderLog
from deploy.processes.search import serve
from deploy.processes.shelf import EncoderShelf
from encoders.fakes import fake_encoders
from tests.deploy.migration.twins import SECOND, SecondTextEncoder, load_twin, twin_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from encoders.interface import Encoders, FloatArray
    from encoders.names import EncoderSettings

SECONDS_A_TEXT = 0.003


class SlowTextEncoder(SecondTextEncoder):
    """The second revision, slow enough to be killed while it fills a collection."""

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text, later."""
        time.sleep(SECONDS_A_TEXT * len(texts))
        return super().encode_documents(texts)


def load(settings: EncoderSettings) -> Encoders:
    """Load one of the two."""
    return fake_encoders(text=SlowTextEncoder()) if settings.text == SECOND else load_twin(settings)


def run(folder: Path, text: str, port: int) -> None:
    """Be the process."""
    settings = twin_settings(folder, text=text, port=port)
    log = FolderLog(settings, folder / "log", batch_records=64)
    with embedded.wired(EncoderShelf(settings, load), log, linger_seconds=1.0) as process:
        serve(process.http)


def answer(said: object) -> None:
    """Say something to whoever started us."""
    sys.stdout.write(f"{said}\n")
    sys.stdout.flush()


def main() -> None:
    """Answer line by line."""
    answer("ready")
    for line in sys.stdin:
        what, *arguments = line.split()
        if what == "reap":
            answer(os.waitstatus_to_exitcode(os.waitpid(int(arguments[0]), 0)[1]))
            continue
        pid = os.fork()
        if pid == 0:
            os.dup2(2, 1)  # what it says is no answer
            code = 0
            try:
                run(Path(arguments[0]), arguments[1], int(arguments[2]))
            except BaseException:  # noqa: BLE001 - said, and the process ends with it
                traceback.print_exc()
                code = 1
            os._exit(code)
        answer(pid)


if __name__ == "__main__":
    main()
