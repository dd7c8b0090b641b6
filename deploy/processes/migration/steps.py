"""The steps of a migration that change what is searched or what is kept: each one call, each safe to do again."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from catalog.collection import keep, kept, make, migration_of, point_alias, resolve
from catalog.errors import CollectionMismatch, Misconfigured
from catalog.migration import GROUP, MIGRATION, Filling, Migration
from catalog.product import iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from catalog.collection import Declaration
    from catalog.engine import Engine

LINGER_SECONDS: Final = 15.0
"""How long after a cutover the old collection must stay: longer than any request that was answered from it may last."""


def begin(engine: Engine, declaration: Declaration, *, base_group: str) -> Migration:
    """Make the collection to go over to and note the migration; one that was begun is returned as it stands.

    Raises `CollectionMismatch` where there is nothing to migrate from, `Misconfigured` where another migration is
    under way or the encoders are those in use.
    """
    alias, name = declaration.alias, declaration.physical_name
    source, found = resolve(engine, alias), migration_of(engine, alias)
    if source is None:
        raise CollectionMismatch(f"there is no collection behind the alias {alias!r} yet: nothing to migrate from")
    if found is not None and found.target != name:
        raise Misconfigured(
            f"a migration to {found.target} is under way: end it with `vitrine collection migrate finish`, or give it "
            "up with `… finish --abandon`"
        )
    if found is not None:
        return found
    if source == name:
        raise Misconfigured(
            "these are the encoders that the collection has: name others by --text, --image, --average-length or "
            "--glossary, or by VITRINE_NEXT__TEXT, VITRINE_NEXT__IMAGE"
        )
    make(engine, declaration)
    keep(engine, name, GROUP, {"base": base_group, "name": _next_group(base_group, declaration)})
    migration = Migration(source, name, now())
    keep(engine, name, MIGRATION, migration.as_json())
    return migration


def under_way(engine: Engine, alias: str) -> Migration:
    """Return the migration of an alias; raises `CollectionMismatch` where there is none."""
    found = migration_of(engine, alias)
    if found is None:
        raise CollectionMismatch(
            f"no migration of {alias!r} is under way: begin one with `vitrine collection migrate start`"
        )
    return found


def note(engine: Engine, alias: str, **changes: Any) -> Migration:  # noqa: ANN401 - fields of Migration
    """Change what is kept of the migration that is under way."""
    migration = replace(under_way(engine, alias), **changes)
    keep(engine, migration.target, MIGRATION, migration.as_json())
    return migration


def refill(engine: Engine, alias: str) -> Migration:
    """Have every state looked at once more, and pictures asked for again that failed."""
    return note(engine, alias, filling=Filling(started=True), verified_at=None)


def cut_over(engine: Engine, alias: str, *, although: bool) -> Migration:
    """Let the new collection be searched from now on; raises `CollectionMismatch` unless filled and verified.

    `although` goes over to one that was not verified.
    """
    migration = under_way(engine, alias)
    if resolve(engine, alias) == migration.target:
        return migration if migration.cut_over_at else note(engine, alias, cut_over_at=now())
    if migration.filling.done_at is None:
        raise CollectionMismatch(
            f"{migration.target} is not filled yet ({migration.filling.points:,} points so far): run "
            "`vitrine collection migrate start` until it is"
        )
    if migration.verified_at is None and not although:
        raise CollectionMismatch(
            f"{migration.target} was not verified: run `vitrine collection migrate verify`, or say --unverified"
        )
    point_alias(engine, alias, migration.target)
    return note(engine, alias, cut_over_at=now())


def roll_back(engine: Engine, alias: str) -> Migration:
    """Let the old collection be searched again; it was kept fresh all the while by its own worker."""
    migration = under_way(engine, alias)
    point_alias(engine, alias, migration.source)
    return note(engine, alias, cut_over_at=None)


def finish(engine: Engine, alias: str, *, retire: Callable[[str], None], linger_seconds: float) -> Migration:
    """Drop the old collection for good; `retire` ends whoever here still writes to it.

    Waits until `linger_seconds` after the cutover. Raises `CollectionMismatch` where nothing was cut over.
    """
    migration = under_way(engine, alias)
    if resolve(engine, alias) != migration.target:
        raise CollectionMismatch(
            f"{alias!r} still leads to {migration.source}: cut over first, or give the new collection up with --abandon"
        )
    if migration.cut_over_at is None:  # killed between the two calls of a cutover
        migration = note(engine, alias, cut_over_at=now())
    _wait_until(migration.cut_over_at, linger_seconds)
    retire(migration.source)
    engine.delete_collection(migration.source)
    keep(engine, migration.target, MIGRATION, None)
    return migration


def abandon(engine: Engine, alias: str, *, retire: Callable[[str], None]) -> Migration:
    """Drop the new collection and forget the migration; raises `CollectionMismatch` while it is the one searched."""
    migration = under_way(engine, alias)
    if resolve(engine, alias) == migration.target:
        raise CollectionMismatch(
            f"{migration.target} is the one searched: roll back first (`vitrine collection migrate rollback`)"
        )
    retire(migration.target)
    engine.delete_collection(migration.target)
    return migration


def group_of(engine: Engine, collection: str, base_group: str) -> str:
    """Return the group whose place in the log is what a collection has of it."""
    found = kept(engine, collection, GROUP) or {}
    return str(found["name"]) if found.get("base") == base_group else base_group


def now() -> str:
    """Return the time, ISO 8601 in UTC."""
    return iso(datetime.now(UTC))


def _next_group(base_group: str, declaration: Declaration) -> str:
    return f"{base_group}.next-{declaration.specs.fingerprint}".removeprefix(".")


def _wait_until(moment: str | None, seconds: float) -> None:
    assert moment is not None, "it was noted just before"
    passed = (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
    time.sleep(max(0.0, seconds - passed))
