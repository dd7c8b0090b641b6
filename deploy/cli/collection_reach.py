"""Whatever `vitrine collection` works on: the process that has an embedded index open, or the engine itself."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.errors import Misconfigured
from deploy.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.processes.logs import Log
    from deploy.processes.migration.site import Site
    from deploy.settings import Settings

Data = Annotated[
    Path | None, typer.Option("--data", help="A demo's data folder, instead of the index that the settings name.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


@dataclass(frozen=True, slots=True)
class Reach:
    """An index by the settings that lead to it; `data` is the demo's folder that it lies in, if it does."""

    settings: Settings
    data: Path | None

    def perform(self, name: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Have a command done by whoever has the engine open, or do it here. Raises `VitrineError`."""
        answer = self.ask(name, **arguments)
        if answer is not None:
            return answer
        from deploy.processes.commands import Commands  # noqa: PLC0415 - models and clients are loaded only when used

        with self.opened() as site:
            return Commands(site).perform(name, arguments)

    def ask(self, name: str, **arguments: Any) -> dict[str, Any] | None:  # noqa: ANN401
        """Return what the process answers that has an embedded index open, None where there is none."""
        from deploy.processes.migration.control import ask  # noqa: PLC0415

        qdrant = self.settings.qdrant
        return ask(qdrant.path, name, arguments) if qdrant.url is None else None

    @contextmanager
    def opened(self) -> Iterator[Site]:
        """Open the engine and what goes with it, for as long as the block lasts."""
        from deploy.processes.migration.site import Site  # noqa: PLC0415
        from deploy.processes.parts import open_engine, picture_fetcher  # noqa: PLC0415
        from deploy.processes.shelf import EncoderShelf  # noqa: PLC0415

        with ExitStack() as stack:
            engine = open_engine(self.settings)
            stack.callback(engine.close)
            fetcher = stack.enter_context(picture_fetcher(self.settings))
            yield Site(self.settings, engine, EncoderShelf(self.settings), fetcher, self._log())

    def _log(self) -> Log | None:
        from deploy.processes.embedded import LIVELY_BATCH_RECORDS  # noqa: PLC0415
        from deploy.processes.logs import FolderLog, KafkaLog  # noqa: PLC0415

        if self.settings.kafka.bootstrap_servers is not None:
            return KafkaLog(self.settings)
        if self.data is None:
            return None
        return FolderLog(self.settings, self.data / "log", batch_records=LIVELY_BATCH_RECORDS)


def reach(data: Path | None) -> Reach:
    """Return the index of a demo's folder, or that of the settings. Raises `Misconfigured` where there is no demo."""
    settings = load_settings()
    if data is None:
        return Reach(settings, None)
    if not (data / "index").is_dir():
        raise Misconfigured(f"there is no demo in {data}: name its data folder, such as --data .data/demo")
    return Reach(at(settings, data), data)


def at(settings: Settings, data: Path | None) -> Settings:
    """Return the settings with the index and the pictures of a demo's folder, where one is named."""
    if data is None:
        return settings
    qdrant = settings.qdrant.model_copy(update={"url": None, "path": data / "index"})
    images = settings.images.model_copy(update={"root": settings.images.root or data / "images"})
    return settings.model_copy(update={"qdrant": qdrant, "images": images})
