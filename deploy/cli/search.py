"""`vitrine search`: the API, and how good its answers are."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy import logs, traces
from deploy.cli import search_calibrate, search_evaluate, search_keys
from deploy.cli.address import check_address
from deploy.processes import garbage
from deploy.settings import load_settings

app = typer.Typer(help="Answer queries.", no_args_is_help=True)
app.command("calibrate")(search_calibrate.calibrate)
app.command("evaluate")(search_evaluate.evaluate)
app.add_typer(search_keys.app, name="keys")

Insecure = Annotated[bool, typer.Option("--insecure", help="Listen beyond loopback although there are no API keys.")]


@app.callback()
def group() -> None:
    """Answer queries."""


@app.command()
def serve(insecure: Insecure = False) -> None:
    """Serve the search API and its page (VITRINE_API__HOST, VITRINE_API__PORT)."""
    settings = load_settings()
    logs.configure(settings.log.format)
    if not insecure:
        check_address(settings.api)
    with garbage.unsought():
        from deploy.processes import early  # noqa: PLC0415

        early.check_search(settings)
        from deploy.processes import search as process  # noqa: PLC0415 - models and servers are loaded only when used

    with traces.exported(settings.traces, "search"):
        process.run(settings)
