"""Where a migration goes that names no encoders: to those configured, which a new version of ours may lay out anew."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from catalog.collection import ensure
from catalog.errors import Misconfigured
from deploy.processes.migration.migrator import Migrator
from deploy.processes.migration.site import Site
from deploy.processes.parts import declare, picture_fetcher
from tests.deploy.migration.twins import FIRST, SECOND, twin_settings, twin_shelf
from tests.index import embedded_engine, memory_folder

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def configured(text: str) -> Iterator[tuple[Migrator, str]]:
    """Yield the commands of a process with these encoders over a collection of the first ones, and its own name."""
    with ExitStack() as stack:
        engine, folder = stack.enter_context(embedded_engine()), stack.enter_context(memory_folder())
        before = twin_settings(folder)
        ensure(engine, declare(before, twin_shelf(before).own()))
        settings = twin_settings(folder, text=text)
        shelf = twin_shelf(settings)
        fetcher = stack.enter_context(picture_fetcher(settings))
        yield Migrator(Site(settings, engine, shelf, fetcher, None)), declare(settings, shelf.own()).physical_name


def test_without_names_it_goes_to_the_encoders_configured() -> None:
    """As after an upgrade; begun twice it is the same migration."""
    with configured(SECOND) as (migrator, name):
        for _ in range(2):
            assert migrator.perform("begin", {"models": {}})["target"] == name


def test_encoders_in_use_are_nowhere_to_go() -> None:
    """The message says how others are named."""
    with configured(FIRST) as (migrator, _), pytest.raises(Misconfigured, match="name others by --text"):
        migrator.perform("begin", {"models": {}})
