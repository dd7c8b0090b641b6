"""The commands that a process with the embedded engine takes from `vitrine collection`, for nobody else can open it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deploy.processes.migration.migrator import Migrator
from deploy.processes.snapshots import snapshot

if TYPE_CHECKING:
    from deploy.processes.migration.site import Site

STATUS: Final = "status"
SNAPSHOT: Final = "snapshot"


class Commands:
    """Does one thing at a time; only how things stand may be asked meanwhile."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._migrator = Migrator(site)
        self._busy = threading.Lock()

    def perform(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Do what a command says and answer in JSON. Raises `VitrineError`."""
        if name == STATUS:
            return self._migrator.perform(name, arguments)
        with self._busy:
            if name == SNAPSHOT:
                return snapshot(self._site.settings, self._site.engine, Path(arguments["folder"]))
            return self._migrator.perform(name, arguments)
