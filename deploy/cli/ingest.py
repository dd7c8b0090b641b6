"""`vitrine ingest`: events into the index."""

from __future__ import annotations

import signal
import threading

import typer

from deploy import logs, traces
from deploy.cli import ingest_dead_letters, ingest_expire, ingest_load, ingest_reconcile, ingest_refetch
from deploy.processes import garbage
from deploy.processes.debezium import debezium_reading
from deploy.settings import load_settings

app = typer.Typer(help="Bring events into the index.", no_args_is_help=True)
app.command("load")(ingest_load.load)
app.command("refetch")(ingest_refetch.refetch)
app.command("expire")(ingest_expire.expire)
app.command("reconcile")(ingest_reconcile.reconcile)
app.add_typer(ingest_dead_letters.app, name="dead-letters")


@app.callback()
def group() -> None:
    """Bring events into the index."""


@app.command()
def run() -> None:
    """Read the Kafka topic, encode what changed, write it to Qdrant; runs until stopped."""
    settings = load_settings()
    logs.configure(settings.log.format)
    settings.kafka.connection().options()  # refuses at once what could not work
    debezium_reading(settings)
    with garbage.unsought():
        from deploy.processes import ingest as process  # noqa: PLC0415 - models are loaded only when used

    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with traces.exported(settings.traces, "ingest"):
        process.run(settings, stopping)
