"""The steps of a migration: each refuses what makes no sense, and one that died at any call is done again."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from catalog.collection import MODELS, Declaration, ensure, keep, kept, migration_of, resolve, specs_of, verify
from catalog.embedded import EmbeddedClient
from catalog.errors import CollectionMismatch, Misconfigured
from catalog.migration import GROUP, MIGRATION, Filling, Migration, parse_migration
from deploy.processes.migration import steps
from tests.deploy.migration.twins import FIRST, SECOND, load_twin, twin_settings
from tests.index import memory_folder
from tests.mortal import Crash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ALIAS = "products"
CALLS = (
    "create_collection",
    "create_payload_index",
    "update_collection",
    "update_collection_aliases",
    "delete_collection",
)


def declared(text: str) -> Declaration:
    """Declare a collection of one of the two revisions."""
    settings = twin_settings(Path(), text=text)
    return Declaration(ALIAS, load_twin(settings.encoders.settings()).specs, (), settings.encoders.models())


FROM, TO = declared(FIRST), declared(SECOND)


class MortalEngine(EmbeddedClient):
    """An engine whose process dies before its `dies_before`-th change, or right after the one before that."""

    dies_before: int | None = None
    changes = 0

    def __getattribute__(self, name: str) -> Any:  # noqa: ANN401 - whatever the client has
        if name in CALLS:
            self.changes += 1
            if self.changes == self.dies_before:
                raise Crash
        return super().__getattribute__(name)


@contextmanager
def opened(phase: str = "none") -> Iterator[MortalEngine]:
    """Open an engine with a collection of the first revision, and a migration to the second one in a phase."""
    with memory_folder() as folder:
        engine = MortalEngine(folder)
        try:
            ensure(engine, FROM)
            if phase != "none":
                steps.begin(engine, TO, base_group="vitrine")
            if phase in {"filled", "cut over"}:
                steps.note(engine, ALIAS, filling=Filling(started=True, done_at="2026-05-01"), verified_at="2026-05-01")
            if phase == "cut over":
                steps.cut_over(engine, ALIAS, although=False)
            yield engine
        finally:
            engine.close()


def finish(engine: EmbeddedClient) -> Migration:
    """End a migration at once."""
    return steps.finish(engine, ALIAS, retire=lambda _name: None, linger_seconds=0.0)


def abandon(engine: EmbeddedClient) -> Migration:
    """Give a migration up."""
    return steps.abandon(engine, ALIAS, retire=lambda _name: None)


STEPS: dict[str, tuple[str, Callable[[EmbeddedClient], Any]]] = {
    "begin": ("none", lambda engine: steps.begin(engine, TO, base_group="vitrine")),
    "cut over": ("filled", lambda engine: steps.cut_over(engine, ALIAS, although=False)),
    "roll back": ("cut over", lambda engine: steps.roll_back(engine, ALIAS)),
    "finish": ("cut over", finish),
    "abandon": ("filled", abandon),
}


def stand(engine: EmbeddedClient) -> dict[str, object]:
    """Return everything a step may change, the times left out."""
    migration = migration_of(engine, ALIAS)
    timeless = replace(migration, started_at="", cut_over_at=bool(migration.cut_over_at)) if migration else None  # type: ignore[arg-type]
    names = [each.name for each in engine.get_collections().collections]
    return {"searched": resolve(engine, ALIAS), "migration": timeless, "collections": sorted(names)}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_died_at_any_change_is_done_again(step: str) -> None:
    """Given once more it ends as if nothing had happened, and a search never found the alias leading nowhere."""
    phase, act = STEPS[step]
    with opened(phase) as engine:
        act(engine)
        wanted = stand(engine)
    for change in range(1, 80, 7 if step == "begin" else 1):  # most changes of a beginning are alike: its indexes
        with opened(phase) as engine:
            engine.changes, engine.dies_before = 0, change
            try:
                act(engine)
                break
            except Crash:
                engine.dies_before = None
            assert resolve(engine, ALIAS) in {FROM.physical_name, TO.physical_name}
            if migration_of(engine, ALIAS) is not None or step == "begin":
                act(engine)
            assert stand(engine) == wanted, f"died at change {change}"
    assert change > 1


def test_both_collections_belong_to_the_alias_while_a_migration_is_under_way() -> None:
    """Their workers and searches may start at any time; before and after only the one that is searched may."""
    with opened() as engine:
        with pytest.raises(CollectionMismatch, match="migrate start"):
            verify(engine, TO)
        steps.begin(engine, TO, base_group="vitrine")
        assert {verify(engine, one).physical_name for one in (FROM, TO)} == {FROM.physical_name, TO.physical_name}
        assert ensure(engine, TO) == TO.physical_name
        assert resolve(engine, ALIAS) == FROM.physical_name

        steps.note(engine, ALIAS, filling=Filling(started=True, done_at="2026-05-01"))
        steps.cut_over(engine, ALIAS, although=True)
        assert ensure(engine, FROM) == FROM.physical_name
        assert resolve(engine, ALIAS) == TO.physical_name

        finish(engine)
        with pytest.raises(CollectionMismatch, match="made with VITRINE_ENCODERS__TEXT=second"):
            ensure(engine, FROM)


def test_what_makes_no_sense_is_refused() -> None:
    """With a sentence that says what would."""
    with opened() as engine:
        for act in (steps.roll_back, steps.under_way):
            with pytest.raises(CollectionMismatch, match="no migration of 'products' is under way"):
                act(engine, ALIAS)
        with pytest.raises(Misconfigured, match="name others by --text"):
            steps.begin(engine, FROM, base_group="")
        steps.begin(engine, TO, base_group="")
        with pytest.raises(CollectionMismatch, match="is not filled yet"):
            steps.cut_over(engine, ALIAS, although=True)
        with pytest.raises(CollectionMismatch, match="cut over first"):
            finish(engine)
        other = replace(TO, specs=replace(TO.specs, lexical=replace(TO.specs.lexical, average_length=7.0)))
        with pytest.raises(Misconfigured, match="is under way"):
            steps.begin(engine, other, base_group="")
        steps.note(engine, ALIAS, filling=Filling(started=True, done_at="2026-05-01"))
        with pytest.raises(CollectionMismatch, match="was not verified"):
            steps.cut_over(engine, ALIAS, although=False)
        steps.cut_over(engine, ALIAS, although=True)
        with pytest.raises(CollectionMismatch, match="roll back first"):
            abandon(engine)


def test_nothing_to_migrate_from_says_so() -> None:
    """The first collection is no migration."""
    with memory_folder() as folder:
        engine = EmbeddedClient(folder)
        with pytest.raises(CollectionMismatch, match="nothing to migrate from"):
            steps.begin(engine, TO, base_group="")
        engine.close()


def test_the_groups_place_goes_with_the_collection() -> None:
    """A worker of the new settings goes on where the migration's worker was, not where the old one is."""
    with opened("cut over") as engine:
        finish(engine)
        group = steps.group_of(engine, TO.physical_name, "vitrine")

        assert group == f"vitrine.next-{TO.specs.fingerprint}"
        assert steps.group_of(engine, TO.physical_name, "another") == "another", "who sets another group means it"
        assert kept(engine, TO.physical_name, GROUP)["base"] == "vitrine"


def test_finishing_waits_for_those_who_still_read() -> None:
    """A request that began before the cutover is answered from the old collection."""
    with opened("cut over") as engine:
        cut_over_at = steps.under_way(engine, ALIAS).cut_over_at
        finished = steps.finish(engine, ALIAS, retire=lambda _name: None, linger_seconds=0.3)
        assert cut_over_at is not None
        assert (parsed(steps.now()) - parsed(cut_over_at)) >= 0.3
        assert finished.source == FROM.physical_name


def parsed(moment: str) -> float:
    """Return a time in seconds."""
    return datetime.fromisoformat(moment).timestamp()


def test_the_record_comes_back_as_it_was_kept() -> None:
    """What cannot be read says who can end it."""
    migration = Migration("a", "b", "2026-05-01", Filling(started=True, cursor="c", points=3), verified_at="2026-05-02")

    assert parse_migration(migration.as_json(), "b") == migration
    for broken in ({"source": 3}, "text", {}):
        with pytest.raises(CollectionMismatch, match="another version of Vitrine"):
            parse_migration(broken, "b")


def test_a_collection_says_what_it_is_made_of() -> None:
    """Also one that an older version made, from the next start of its worker on."""
    with opened() as engine:
        name = FROM.physical_name
        assert specs_of(engine, name) == FROM.specs
        assert kept(engine, name, MODELS) == {"text": FIRST, "image": "colours", "lexical_average_length": 20.0}

        keep(engine, name, MODELS, None)
        keep(engine, name, "specs", {"text": 1})
        assert specs_of(engine, name) is None
        keep(engine, name, "specs", None)
        ensure(engine, FROM)
        assert specs_of(engine, name) == FROM.specs
        assert kept(engine, name, MODELS)


def test_another_aliases_migration_is_not_ours() -> None:
    """`products` and `products-eu` may live on one engine."""
    with opened() as engine:
        eu = [replace(one, alias="products-eu") for one in (FROM, TO)]
        ensure(engine, eu[0])
        steps.begin(engine, eu[1], base_group="")

        assert migration_of(engine, ALIAS) is None
        assert migration_of(engine, "products-eu") is not None
        keep(engine, FROM.physical_name, MIGRATION, None)
        assert migration_of(engine, ALIAS) is None
