"""`vitrine demo`: everything in one process, with a catalogue to try it on."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from catalog.errors import Misconfigured
from deploy import feeds, logs, traces
from deploy.cli.address import check_address
from deploy.processes import garbage
from deploy.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    import uvicorn

    from deploy.processes.logs import FolderLog, KafkaLog

DEFAULT_DATA: Final = Path(".data/demo")
_PAUSE_SECONDS: Final = 0.2

Data = Annotated[Path, typer.Option("--data", help="Folder for the demo's index, event log and pictures.")]
Kafka = Annotated[str | None, typer.Option("--kafka", help="Read a real topic: HOST:PORT of a Kafka broker.")]
Topic = Annotated[str | None, typer.Option("--topic", help="The topic to read, with --kafka.")]
Catalogue = Annotated[
    Path | None, typer.Option("--catalogue", help="A JSON Lines file of products or events instead of the sample.")
]
Host = Annotated[str | None, typer.Option("--host", help="Address to listen on.")]
Port = Annotated[int | None, typer.Option("--port", help="Port to listen on.")]
Open = Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")]
Insecure = Annotated[bool, typer.Option("--insecure", help="Listen beyond loopback although there are no API keys.")]


def demo(
    data: Data = DEFAULT_DATA,
    kafka: Kafka = None,
    topic: Topic = None,
    catalogue: Catalogue = None,
    host: Host = None,
    port: Port = None,
    open_page: Open = True,
    insecure: Insecure = False,
) -> None:
    """Run everything in one process on the embedded engine, and open the page.

    Without --kafka the events come from a log in the data folder, filled once with a sample catalogue of about 600
    drawn products. Stop it and start it again: it goes on where it was.
    """
    console = Console(stderr=True)
    settings = _settings(load_settings(), data, kafka, topic, host, port)
    logs.configure(settings.log.format)
    if not insecure:
        check_address(settings.api)
    own_events = list(feeds.read_events(catalogue)) if catalogue is not None else None
    with console.status("Loading the encoders …"):
        with garbage.unsought():
            from deploy.processes import early  # noqa: PLC0415 - what reads a file of keys is only then needed

            early.check_search(settings)
            if settings.kafka.bootstrap_servers is not None:
                early.check_topic(settings)
            from deploy.processes import embedded  # noqa: PLC0415 - models are loaded only when used
            from encoders.registry import load_encoders  # noqa: PLC0415

        encoders = load_encoders(settings.encoders.settings())
    log = _log(settings, data, own_events, console)
    with traces.exported(settings.traces, "demo"):
        embedded.run(settings, encoders, log, _Welcome(console, open_page))
    console.print("Stopped. Everything is kept; start again to go on.")


def _settings(
    settings: Settings, data: Path, kafka: str | None, topic: str | None, host: str | None, port: int | None
) -> Settings:
    """Return the settings with what the command line says in their place."""
    if topic is not None and kafka is None and settings.kafka.bootstrap_servers is None:
        raise Misconfigured("--topic goes with --kafka HOST:PORT")
    kafka_said = {"bootstrap_servers": kafka} | ({"topic": topic} if topic else {})
    api_said = {name: value for name, value in {"host": host, "port": port}.items() if value is not None}
    return settings.model_copy(
        update={
            "qdrant": settings.qdrant.model_copy(update={"url": None, "path": data / "index"}),
            "kafka": settings.kafka.model_copy(update=kafka_said),
            "images": settings.images.model_copy(update={"root": settings.images.root or data / "images"}),
            "api": settings.api.model_copy(update=api_said),
            "ingest": settings.ingest.model_copy(
                update={"encoding_cache": settings.ingest.encoding_cache or data / "encodings.sqlite"}
            ),
        }
    )


def _log(
    settings: Settings, data: Path, own_events: list[dict[str, object]] | None, console: Console
) -> FolderLog | KafkaLog:
    from deploy.processes import embedded  # noqa: PLC0415
    from deploy.sample.write import events, write_pictures  # noqa: PLC0415

    if settings.kafka.bootstrap_servers is not None:
        return embedded.topic_log(settings)
    if own_events is not None:
        return embedded.folder_log(settings, data / "log", own_events)
    assert settings.images.root is not None
    with _progress(console) as progress:
        task = progress.add_task("Drawing the sample catalogue", total=None)
        write_pictures(settings.images.root, lambda done, total: progress.update(task, completed=done, total=total))
    return embedded.folder_log(settings, data / "log", events())


@dataclass(frozen=True, slots=True)
class _Welcome:
    """Says where the page is once it answers, and shows the events coming in."""

    console: Console
    open_page: bool

    def __call__(self, http: uvicorn.Server, lag: Callable[[], int | None]) -> None:
        host, port = http.servers[0].sockets[0].getsockname()[:2]
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        self.console.print(f"[bold]Vitrine answers at {url}[/bold]  (API: {url}docs · Ctrl-C ends it)")
        if self.open_page and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.name == "nt"):
            typer.launch(url)
        self._show_progress(http, lag)

    def _show_progress(self, http: uvicorn.Server, lag: Callable[[], int | None]) -> None:
        while (total := lag()) is None and not http.should_exit:
            time.sleep(_PAUSE_SECONDS)
        if not total:
            return
        with _progress(self.console) as progress:
            task = progress.add_task("Indexing events", total=total)
            while not http.should_exit and (behind := lag()):
                progress.update(task, completed=max(0, total - behind), total=max(total, behind))
                time.sleep(_PAUSE_SECONDS)
            progress.update(task, completed=total)


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )
