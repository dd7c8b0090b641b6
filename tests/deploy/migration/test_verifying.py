"""The comparison of two collections, and how well each answers: what differs is found, whatever it is."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from catalog.collection import ensure
from deploy.processes.logs import FolderLog
from deploy.processes.migration import verifying
from deploy.processes.migration.feeding import feed
from deploy.processes.migration.migrator import Migrator
from deploy.processes.migration.site import Site
from deploy.processes.parts import declare, picture_fetcher
from ingest.merge import Change
from ingest.store import Store
from tests.builders import as_event, bare, jpeg, patched, upserted
from tests.deploy.migration.twins import NEXT, twin_settings, twin_shelf
from tests.index import embedded_engine, memory_folder
from tests.pipeline import new_encoding
from tests.states import fold

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

    from catalog.embedded import EmbeddedClient
    from tests.builders import JsonObject
    from tests.pipeline import Parts

PRODUCTS = 12


class ByTurns(FolderLog):
    """A log of whose two groups the first asked for has committed a moment before the other."""

    asked = 0

    def lag(self, group: str) -> int:
        """Return three records for the second that asks, and none to whoever asks later."""
        self.asked += 1
        return 3 if self.asked == 2 else super().lag(group)


@dataclass
class Filled:
    """An old collection of twelve products, one with a picture, and the new one that they were copied to."""

    engine: EmbeddedClient
    migrator: Migrator
    source: str
    target: str
    parts: Parts
    folder: Path

    def write(self, collection: str, *events: JsonObject) -> None:
        """Let events be known to one collection only."""
        write(self.parts, Store(self.engine, collection), *events)

    def verify(self, **how: Any) -> dict[str, Any]:  # noqa: ANN401
        """Compare the two."""
        return self.migrator.perform("verify", how)


def write(parts: Parts, store: Store, *events: JsonObject) -> None:
    """Merge events into what a collection has."""
    for event in map(as_event, events):
        before = store.read([event.product_id])[event.product_id]
        assert store.write(parts.encoding.points([Change(before, fold([event], before.state))])) == set()


@contextmanager
def filled() -> Iterator[Filled]:
    """Migrate up to where `verify` comes."""
    with ExitStack() as stack:
        engine, folder = stack.enter_context(embedded_engine()), stack.enter_context(memory_folder())
        (folder / "a.jpg").write_bytes(jpeg("red"))
        settings = twin_settings(folder)
        shelf = twin_shelf(settings)
        parts = stack.enter_context(new_encoding(folder))
        source = ensure(engine, declare(settings, shelf.own()))
        products = [bare(f"p{n}", title=f"alpha{n}", images=["a.jpg"] if n == 0 else None) for n in range(PRODUCTS)]
        write(parts, Store(engine, source), *(upserted({k: v for k, v in one.items() if v}) for one in products))
        fetcher = stack.enter_context(picture_fetcher(settings))
        site = Site(settings, engine, shelf, fetcher, None)
        migrator = Migrator(site)
        target = migrator.perform("begin", {"models": NEXT})["target"]
        feed(site.filled(site.models_of(target)), threading.Event())
        yield Filled(engine, migrator, source, target, parts, folder)


def test_two_that_are_alike_are_verified() -> None:
    """Every product, every version, every picture; and titles find their products in both."""
    with filled() as both:
        found = both.verify()

        assert found["ok"], found["why"]
        assert found["comparison"]["products"] == PRODUCTS
        assert found["quality"]["queries"] == PRODUCTS
        assert found["quality"]["new"] == {"nDCG@10": 1.0, "R@10": 1.0}
        assert both.migrator.perform("status", {})["verified_at"]


def test_whatever_differs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing, too much, or another version of a field; then nothing is noted as verified."""
    monkeypatch.setattr(verifying, "PATIENCE_SECONDS", 0.1)
    with filled() as both:
        both.write(both.source, patched("p1", version=9, price=9.0), upserted(bare("only-old")))
        both.write(both.target, upserted(bare("only-new")), patched("p2", version=9, price=9.0))
        found = both.verify()

        assert not found["ok"]
        assert found["comparison"]["counts"] == {"missing": 1, "different": 1, "ahead": 1, "surplus": 1}
        assert found["comparison"]["shown"]["different"] == ["p1 (latest, price)"]
        assert found["comparison"]["shown"]["ahead"] == ["p2 (latest, price)"]
        assert found["comparison"]["shown"]["missing"] == ["only-old"]
        assert found["comparison"]["shown"]["surplus"] == ["only-new"]
        assert both.migrator.perform("status", {})["verified_at"] is None


def test_a_difference_of_a_moment_is_none() -> None:
    """Two workers are never at the same event: what differs is looked at again."""
    with filled() as both:
        event = patched("p1", version=9, price=9.0)
        both.write(both.source, event)
        later = threading.Timer(0.5, both.write, (both.target, event))
        later.start()
        assert both.verify()["ok"]
        later.join()


def test_an_old_worker_that_commits_a_moment_later_feeds_it_still(tmp_path: Path) -> None:
    """What only the new collection knows counts then, and nothing else is told."""
    with filled() as both:
        site = both.migrator.site
        fed = replace(site, log=ByTurns(site.settings, tmp_path, batch_records=1))
        assert Migrator(fed).perform("verify", {})["unread"] == 0


def test_a_picture_that_was_lost_is_listed() -> None:
    """It counts against going over unless so many are allowed."""
    with filled() as both:
        store = Store(both.engine, both.target)
        product = store.read(["p0"])["p0"]
        product = replace(product, derived=replace(product.derived, pictures=()))
        (both.folder / "a.jpg").unlink()
        store.write(both.parts.encoding.points([Change(product, product.state, ask_pictures=True)]))
        found = both.verify()

        assert found["why"] == ["1 pictures could not be fetched again"]
        (lost,) = found["comparison"]["lost"]
        assert (lost["product_id"], lost["reference"]) == ("p0", "a.jpg")
        assert both.verify(lost_pictures=1)["ok"]


def test_worse_answers_speak_against_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judged queries are put to both; so much may be lost and no more."""
    monkeypatch.setattr(verifying, "PATIENCE_SECONDS", 0.1)
    judged = tmp_path / "judged.jsonl"
    judged.write_text("".join(f'{{"query": "alpha{n}", "relevant": {{"p{n}": 3}}}}\n' for n in range(PRODUCTS)))
    with filled() as both:
        better = both.verify(judgments=str(judged))
        assert better["ok"]
        assert better["quality"]["judged"]

        both.write(both.target, *(patched(f"p{n}", version=9, title=f"gamma{n}") for n in range(PRODUCTS)))
        assert both.verify(judgments=str(judged))["why"][-1].startswith("nDCG@10 is ")
        assert len(both.verify(judgments=str(judged), tolerance=1.0)["why"]) == 1
