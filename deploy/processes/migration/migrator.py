"""What `vitrine collection migrate …` does, in whichever process has the engine open; every answer is plain JSON."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from catalog.collection import MODELS, kept, migration_of, require_own, resolve
from catalog.engine import outages_named
from catalog.errors import CollectionMismatch, Misconfigured, Unavailable
from deploy.processes.migration import steps
from deploy.processes.migration.quality import Side, measure
from deploy.processes.migration.verifying import compare
from deploy.processes.parts import declare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from catalog.migration import Migration
    from deploy.processes.migration.quality import Quality
    from deploy.processes.migration.site import Site
    from deploy.processes.migration.verifying import Comparison

TOLERANCE: Final = 0.02
"""nDCG@10 that the new collection may lose on the queries before `verify` fails."""
CATCH_UP_SECONDS: Final = 30.0
FED_SECONDS: Final = 3.0
"""Longer than a worker takes from one commit to the next."""
_FURTHER: Final = frozenset({"ahead", "surplus"})
"""What events do to products that only the new collection has taken."""
_PAUSE_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Allowed:
    """How much nDCG@10 and how many pictures the new collection may lose, and whether it may know more of products."""

    ndcg: float
    lost_pictures: int
    ahead: bool


@dataclass(frozen=True, slots=True)
class Migrator:
    """The commands; each may be given again after a kill -9, and goes on."""

    site: Site
    commands: dict[str, Callable[..., dict[str, Any]]] = field(init=False)

    def __post_init__(self) -> None:
        names = ("begin", "status", "verify", "cutover", "rollback", "finish")
        object.__setattr__(self, "commands", {name: getattr(self, name) for name in names})

    def perform(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Do what a command says. Raises `VitrineError`."""
        if name not in self.commands:
            raise Misconfigured(f"this process knows no command {name!r}: it runs another version of Vitrine")
        with outages_named():
            return self.commands[name](**arguments)

    def begin(self, *, models: Mapping[str, Any], again: bool = False) -> dict[str, Any]:
        """Note the migration to the encoders that differ as `models` says; in a process with workers, start its own.

        Without `models` the migration that is under way goes on, or one to the encoders configured begins. `again` has
        all states looked at once more.
        """
        site = self.site
        wanted = self._models(models)
        filled = site.filled(wanted)
        declaration = declare(filled.settings, filled.encoders)
        migration = steps.begin(site.engine, declaration, base_group=site.log.group if site.log else "")
        if again:
            migration = steps.refill(site.engine, site.alias)
        if site.workers is not None:
            if again:
                site.workers.retire(migration.target)
            site.workers.start(migration.target, lambda: filled)
        return self.status()

    def status(self) -> dict[str, Any]:
        """Say which collection is searched, and how far a migration is."""
        site = self.site
        searched, migration = resolve(site.engine, site.alias), migration_of(site.engine, site.alias)
        if migration is None:
            return {"alias": site.alias, "searched": searched, "phase": "none"}
        failure = site.workers.failure(migration.target) if site.workers else None
        return {
            "alias": site.alias,
            "searched": searched,
            "phase": _phase(migration, searched),
            "source": migration.source,
            "target": migration.target,
            "encoders": kept(site.engine, migration.target, MODELS) or {},
            "started_at": migration.started_at,
            "copied": migration.filling.points,
            "of": self._points(migration.source),
            "points": self._points(migration.target),
            "lag": self._lag(migration.target),
            "verified_at": migration.verified_at,
            "cut_over_at": migration.cut_over_at,
            "failure": f"{type(failure).__name__}: {failure}" if failure else None,
        }

    def verify(
        self, *, judgments: str | None = None, tolerance: float = TOLERANCE, lost_pictures: int = 0
    ) -> dict[str, Any]:
        """Compare both collections; `ok` says whether to go over, `why` why not. So many pictures may be lost."""
        site, migration = self.site, steps.under_way(self.site.engine, self.site.alias)
        comparison = compare(site.engine, migration.source, migration.target, lambda _done: None)
        quality, unasked = self._quality(migration, Path(judgments) if judgments else None)
        unread = self._unread(migration)
        why = _objections(migration, comparison, quality, Allowed(tolerance, lost_pictures, ahead=unread > 0))
        if not why:
            steps.note(site.engine, site.alias, verified_at=steps.now())
        return {
            "ok": not why,
            "why": why,
            "source": migration.source,
            "target": migration.target,
            "comparison": asdict(comparison),
            "quality": asdict(quality) if quality else None,
            "unasked": unasked,
            "unread": unread,
        }

    def cutover(self, *, although: bool = False) -> dict[str, Any]:
        """Let the new collection be searched, once its worker is as far as the old one's."""
        migration = steps.under_way(self.site.engine, self.site.alias)
        if not although:
            self._wait_for(migration)
        return self._timed(lambda: steps.cut_over(self.site.engine, self.site.alias, although=although))

    def rollback(self) -> dict[str, Any]:
        """Let the old collection be searched again."""
        return self._timed(lambda: steps.roll_back(self.site.engine, self.site.alias))

    def finish(self, *, abandon: bool = False) -> dict[str, Any]:
        """Drop the collection that is not searched any more; with `abandon`, the new one."""
        site = self.site
        retire: Callable[[str], None] = site.workers.retire if site.workers else lambda _collection: None
        if abandon:
            ended = steps.abandon(site.engine, site.alias, retire=retire)
            return {**self.status(), "dropped": ended.target}
        ended = steps.finish(site.engine, site.alias, retire=retire, linger_seconds=site.linger_seconds)
        return {**self.status(), "dropped": ended.source, "encoders": self.site.models_of(ended.target)}

    def _models(self, changed: Mapping[str, Any]) -> dict[str, Any]:
        """Return the encoders to go over to; named nowhere, those configured: this version may lay them out anew."""
        site = self.site
        with outages_named():
            migration = migration_of(site.engine, site.alias)
        configured = site.settings.encoders.models()
        if changed:
            base = configured if migration is None else site.models_of(migration.source)
            return base | dict(changed)
        return configured if migration is None else site.models_of(migration.target)

    def _quality(self, migration: Migration, judgments: Path | None) -> tuple[Quality | None, str | None]:
        """Return how well both answer, or why they were not asked: this version cannot search an earlier layout."""
        names = (migration.source, migration.target)
        old, new = (self.site.filled(self.site.models_of(name)) for name in names)
        try:
            for filled, name in zip((old, new), names, strict=True):
                require_own(declare(filled.settings, filled.encoders), name)
        except CollectionMismatch as mismatch:
            return None, str(mismatch)
        sides = Side(old.settings, old.encoders), Side(new.settings, new.encoders)
        return measure(self.site.engine, *sides, judgments), None

    def _timed(self, step: Callable[[], Migration]) -> dict[str, Any]:
        started = time.perf_counter()
        step()
        seconds = time.perf_counter() - started
        return {**self.status(), "seconds": round(seconds, 4)}

    def _wait_for(self, migration: Migration) -> None:
        """Return once the new worker is as far in the log as the old one: no event that was found is missed."""
        deadline = time.monotonic() + CATCH_UP_SECONDS
        while (behind := self._behind(migration)) > 0:
            if time.monotonic() > deadline:
                raise CollectionMismatch(
                    f"{migration.target} is {behind:,} events behind {migration.source}: is its worker running "
                    "(`vitrine collection migrate start`)? To go over all the same, say --unverified"
                )
            time.sleep(_PAUSE_SECONDS)

    def _behind(self, migration: Migration) -> int:
        new, old = self._lag(migration.target), self._lag(migration.source)
        return max(0, (new or 0) - (old or 0))

    def _unread(self, migration: Migration) -> int:
        """Return how many events the new collection has that the old one lacks, where no worker feeds that any more.

        One that is fed is as far as the new one now and then, for they commit by turns.
        """
        deadline = time.monotonic() + FED_SECONDS
        while True:
            new, old = self._lag(migration.target), self._lag(migration.source)
            unread = 0 if new is None or old is None else max(0, old - new)
            if not unread or time.monotonic() > deadline:
                return unread
            time.sleep(_PAUSE_SECONDS)

    def _lag(self, collection: str) -> int | None:
        """Return how many events a collection has before it, None where nobody can tell."""
        site = self.site
        if site.log is None:
            return None
        if site.workers is not None and (known := site.workers.lag(collection)) is not None:
            return known
        try:
            return site.log.lag(steps.group_of(site.engine, collection, site.log.group))
        except Unavailable:
            return None

    def _points(self, collection: str) -> int | None:
        if not self.site.engine.collection_exists(collection_name=collection):
            return None
        return self.site.engine.count(collection_name=collection, exact=True).count


def _phase(migration: Migration, searched: str | None) -> str:
    if searched == migration.target:
        return "cut over"
    return "filling" if migration.filling.done_at is None else "filled"


def _objections(migration: Migration, comparison: Comparison, quality: Quality | None, allowed: Allowed) -> list[str]:
    found = []
    if migration.filling.done_at is None:
        found.append(f"{migration.target} is not filled yet")
    harmless = _FURTHER if allowed.ahead else frozenset[str]()
    counts = {kind: count for kind, count in comparison.counts.items() if count and kind not in harmless}
    found += [f"{count:,} products are {kind}" for kind, count in counts.items()]
    if comparison.lost_pictures > allowed.lost_pictures:
        found.append(f"{comparison.lost_pictures:,} pictures could not be fetched again")
    if quality is not None:
        lost = -quality.differences["nDCG@10"].value
        if lost > allowed.ndcg:
            found.append(f"nDCG@10 is {lost:.3f} lower, more than {allowed.ndcg:.3f}")
    return found
