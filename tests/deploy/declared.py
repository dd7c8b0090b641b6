"""What deployments may refer to: the settings, commands, routes and metrics that there are."""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING, Any

import promql_parser
import typer

from deploy.cli.main import app as command
from deploy.processes.parts import open_engine, search_app
from deploy.processes.worker_http import ROUTES
from deploy.reference import setting_names
from deploy.settings import PREFIX, QdrantSettings, Settings, load_settings
from encoders.fakes import fake_encoders
from encoders.pictures.fetch import FetchSettings, PictureFetcher
from ingest.metrics import IngestMetrics
from search.metrics import SearchMetrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pytest

OTHERS = frozenset({"OMP_NUM_THREADS", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES"})
"""Variables of ours that are other programs' settings."""
PROMETHEUS_LABELS = frozenset({"job", "instance", "namespace", "pod", "le"})


def check_settings(variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Read the settings as a process with these variables would; every name must be a setting, every value be taken."""
    ours = {name: value for name, value in variables.items() if name not in OTHERS}
    assert ours.keys() <= setting_names()
    with monkeypatch.context() as patch:
        for name in setting_names():
            patch.delenv(name, raising=False)
        for name, value in ours.items():
            assert name.startswith(PREFIX)
            patch.setenv(name, value)
        return load_settings()


def check_command(arguments: Iterable[str]) -> None:
    """Follow the words of a command line; each must be a group, a command, or one of its options."""
    current: Any = typer.main.get_command(command)  # typer brings a click of its own
    for word in arguments:
        if hasattr(current, "commands"):
            assert word in current.commands, f"{word} is no command of {current.name}"
            current = current.commands[word]
        elif word.startswith("--"):
            options = {option for parameter in current.params for option in parameter.opts}
            assert word.partition("=")[0] in options, f"{current.name} takes no {word}"
    assert not hasattr(current, "commands"), f"{current.name} is a group of commands"


def api_routes() -> set[str]:
    """Return the paths of the API that answer GET."""
    settings = Settings(qdrant=QdrantSettings(url="http://localhost"))
    with closing(open_engine(settings)) as engine, PictureFetcher(FetchSettings()) as fetcher:
        paths = search_app(settings, engine, fake_encoders(), fetcher).openapi()["paths"]
    return {path for path, methods in paths.items() if "get" in methods}


def worker_routes() -> set[str]:
    """Return the paths that a worker answers."""
    return set(ROUTES)


def exported() -> dict[str, set[str]]:
    """Return the labels of every series that the processes export, by its name."""
    found: dict[str, set[str]] = {"up": set()}
    for registry in (SearchMetrics().registry, IngestMetrics().registry):
        for collector in registry._collector_to_names:
            labels = set(getattr(collector, "_labelnames", ()))
            for family in collector.describe() if hasattr(collector, "describe") else ():
                endings = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}.get(family.type, [""])
                found |= {f"{family.name}{ending}": labels for ending in endings}
    return found


def check_expression(expression: str) -> None:
    """Read an expression of PromQL; it may name only what is exported, and only labels that it has."""
    read = promql_parser.parse(re.sub(r"\$__rate_interval", "5m", expression))
    series = exported()
    named = _selectors(read)
    assert named, f"{expression} names no series"
    labels = set(PROMETHEUS_LABELS)
    for selector in named:
        assert selector.name in series, f"{selector.name} is not exported"
        labels |= series[selector.name]
        for matcher in selector.matchers.matchers:
            assert matcher.name in series[selector.name] | PROMETHEUS_LABELS, f"{selector.name} has no {matcher.name}"
    for group in re.findall(r"\bby \(([^)]*)\)", expression):
        assert {label.strip() for label in group.split(",")} <= labels


def _selectors(of: promql_parser.Expr) -> list[promql_parser.VectorSelector]:
    found: list[promql_parser.VectorSelector] = []

    def note(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        return True

    promql_parser.walk(of, note)
    return found
