"""The collection, declared once from the vector specs: made by ingest, verified by search.

Its physical name carries the fingerprint of the specs, and a stable alias points to it, so that other encoders mean
another collection and never a mixture. Only a migration (catalog/migration.py) makes two of them belong to one alias.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from catalog.calibration import CALIBRATION
from catalog.engine import outages_named, require_nodes, require_version
from catalog.errors import CollectionMismatch
from catalog.layout import check_layout, check_vectors, creation, is_strict, missing_indexes, strict_mode
from catalog.migration import MIGRATION, Migration, parse_migration
from catalog.options import IndexOptions
from catalog.vectors import FINGERPRINT, LAYOUT, VectorSpecs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.calibration import Calibration
    from catalog.engine import Engine

_CONFLICT: Final = 409
MODELS: Final = "models"
"""The key of the metadata under which the settings of the encoders stand, so that others can load the same."""
SPECS: Final = "specs"
"""Likewise, what the fingerprint in the name is made of."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a collection must be: the alias it is reached by, its vectors, the attributes that take ranges.

    `models` are the encoders' settings (JSON), kept with the collection; `options` how it is kept.
    """

    alias: str
    specs: VectorSpecs
    numbers: tuple[str, ...] = ()
    models: Mapping[str, Any] = field(default_factory=dict, hash=False)
    options: IndexOptions = field(default_factory=IndexOptions)

    @property
    def physical_name(self) -> str:
        """The name behind the alias: it changes with the encoders."""
        return f"{self.alias}-{self.specs.fingerprint}"


@dataclass(frozen=True, slots=True)
class CollectionStatus:
    """What the engine says of a collection."""

    physical_name: str
    points: int
    indexed_vectors: int


def ensure(engine: Engine, declaration: Declaration) -> str:
    """Make the collection, its indexes and its alias where they lack, and return its physical name.

    Raises `CollectionMismatch` where the alias leads to a collection of other encoders and no migration is under way
    between the two, or where vectors or indexes of what is there are not as declared.
    """
    name = declaration.physical_name
    target = resolve(engine, declaration.alias)
    if target is not None:
        _check_belonging(engine, declaration, target)
    make(engine, declaration)
    if target is None:
        point_alias(engine, declaration.alias, name)
    return name


def make(engine: Engine, declaration: Declaration) -> None:
    """Make the collection and its indexes where they lack, and leave the alias as it is.

    Raises `CollectionMismatch` where vectors or indexes of what is there are not as declared, `Misconfigured` for a
    server that is too old or alone, `EngineUnavailable` while its cluster is not complete.
    """
    require_version(engine)
    name = declaration.physical_name
    if not engine.collection_exists(collection_name=name):
        require_nodes(engine, max(declaration.options.nodes, declaration.options.replicas))
        _create(engine, declaration)
    info = engine.get_collection(collection_name=name)
    check_vectors(info, name, declaration.specs)
    for path, schema in missing_indexes(info, declaration.numbers).items():
        engine.create_payload_index(collection_name=name, field_name=path, field_schema=schema)
    metadata = info.config.metadata or {}
    if not metadata.get(SPECS):
        keep(engine, name, SPECS, asdict(declaration.specs))
    if declaration.models and not metadata.get(MODELS):
        keep(engine, name, MODELS, declaration.models)
    if declaration.options.strict and isinstance(engine, QdrantClient) and not is_strict(info):
        engine.update_collection(collection_name=name, strict_mode_config=strict_mode())
    check_layout(engine.get_collection(collection_name=name), name, declaration.specs, declaration.numbers)


def verify(engine: Engine, declaration: Declaration) -> CollectionStatus:
    """Return the state of the collection; raises `CollectionMismatch` with what is wrong with it and what to do."""
    target = resolve(engine, declaration.alias)
    if target is None:
        raise CollectionMismatch(
            f"there is no collection behind the alias {declaration.alias!r} yet: "
            "run `vitrine collection create`, or start the ingest worker"
        )
    _check_belonging(engine, declaration, target)
    name = declaration.physical_name
    info = engine.get_collection(collection_name=name)
    check_layout(info, name, declaration.specs, declaration.numbers)
    return CollectionStatus(name, info.points_count or 0, info.indexed_vectors_count or 0)


def resolve(engine: Engine, alias: str) -> str | None:
    """Return the physical name behind an alias, None where there is none."""
    aliases = engine.get_aliases().aliases
    return next((found.collection_name for found in aliases if found.alias_name == alias), None)


def require_own(declaration: Declaration, name: str) -> None:
    """Raise `CollectionMismatch` unless a collection is what this version makes of the encoders it was made with."""
    if declaration.physical_name != name:
        raise CollectionMismatch(
            f"the payload of {name} has the layout of another version of Vitrine (this one's is {LAYOUT}, and with the "
            f"same encoders {declaration.physical_name}): only that version can search it and keep it fresh; "
            "`vitrine collection migrate status` says how far going over is"
        )


def require_layout(engine: Engine, alias: str) -> None:
    """Raise `CollectionMismatch` where an alias leads to payloads in the layout of another version of Vitrine."""
    name = resolve(engine, alias)
    if name is not None and has_other_layout(engine, name):
        raise _other_layout(alias, name)


def has_other_layout(engine: Engine, name: str) -> bool:
    """Whether another version of Vitrine laid out the payload of a collection; it is known of what says its vectors."""
    specs = specs_of(engine, name)
    return specs is not None and not name.endswith(specs.fingerprint)


def require_searched(engine: Engine, declaration: Declaration) -> None:
    """Raise `CollectionMismatch` for a collection that is migrated to and not cut over: it may lack products."""
    name, target = declaration.physical_name, resolve(engine, declaration.alias)
    migration = migration_of(engine, declaration.alias) if target != name else None
    if migration is not None and migration.target == name:
        raise CollectionMismatch(
            f"the alias {declaration.alias!r} leads to {target}, which this process cannot search, and {name} may lack "
            "products until `vitrine collection migrate cutover`"
        )


def point_alias(engine: Engine, alias: str, name: str) -> None:
    """Let the alias lead to a collection from now on: one call, and no reader sees it lead nowhere."""
    created = models.CreateAlias(collection_name=name, alias_name=alias)
    engine.update_collection_aliases(change_aliases_operations=[models.CreateAliasOperation(create_alias=created)])


def keep(engine: Engine, name: str, key: str, value: Mapping[str, Any] | None) -> None:
    """Keep something with a collection in the place of what was there; None forgets it."""
    kept = dict(value or {})  # no null: what becomes of one in JSON is each client's own
    engine.update_collection(collection_name=name, metadata={key: kept})


def kept(engine: Engine, name: str, key: str) -> Any:  # noqa: ANN401 - JSON
    """Return what is kept with a collection, None if nothing is or none is there."""
    if not engine.collection_exists(collection_name=name):
        return None
    info = engine.get_collection(collection_name=name)
    return (info.config.metadata or {}).get(key) or None


def keep_calibration(engine: Engine, declaration: Declaration, calibration: Calibration | None) -> None:
    """Keep a calibration with the collection in the place of any before; None forgets it."""
    keep(engine, declaration.physical_name, CALIBRATION, calibration.as_json() if calibration else None)


def kept_calibration(engine: Engine, declaration: Declaration) -> object:
    """Return what is kept as the calibration, for `parse_calibration`; None if nothing is or none is there."""
    return kept(engine, declaration.physical_name, CALIBRATION)


def specs_of(engine: Engine, name: str) -> VectorSpecs | None:
    """Return the vectors that a collection holds, in whichever layout.

    None where that is not kept with it or is not what its name says.
    """
    record = kept(engine, name, SPECS)
    try:
        specs: VectorSpecs = TypeAdapter(VectorSpecs).validate_python(record)
    except ValidationError:
        return None
    fingerprints = {specs.fingerprint_in(layout) for layout in range(1, LAYOUT + 1)}
    return specs if name.rpartition("-")[2] in fingerprints else None


def migration_of(engine: Engine, alias: str) -> Migration | None:
    """Return the migration that is under way for an alias, None where there is none.

    Raises `CollectionMismatch` where what is kept of it cannot be read.
    """
    for described in engine.get_collections().collections:
        prefix, _, fingerprint = described.name.rpartition("-")
        if prefix == alias and FINGERPRINT.fullmatch(fingerprint):
            record = kept(engine, described.name, MIGRATION)
            if record is not None:
                return parse_migration(record, described.name)
    return None


def _check_belonging(engine: Engine, declaration: Declaration, target: str) -> None:
    """Raise unless the alias leads to the declared collection, or a migration is under way between the two."""
    name = declaration.physical_name
    if target == name:
        return
    migration = migration_of(engine, declaration.alias)
    if migration is None or {migration.source, migration.target} != {target, name}:
        if has_other_layout(engine, target):
            raise _other_layout(declaration.alias, target)
        raise _other_encoders(engine, declaration, target)


def _create(engine: Engine, declaration: Declaration) -> None:
    try:
        with outages_named():
            engine.create_collection(
                collection_name=declaration.physical_name,
                metadata={MODELS: dict(declaration.models), SPECS: asdict(declaration.specs)},
                **creation(declaration.specs, declaration.options),
            )
    except UnexpectedResponse as error:
        if error.status_code != _CONFLICT:  # another worker was faster: the same name means the same declaration
            raise


def _other_layout(alias: str, target: str) -> CollectionMismatch:
    return CollectionMismatch(
        f"the alias {alias!r} leads to {target}, whose payload has the layout of an earlier version of "
        f"Vitrine (this one's is {LAYOUT}): go over with "
        "`vitrine collection migrate start`, which copies the vectors of encoders that stay, or choose another "
        "VITRINE_COLLECTION or another --data folder"
    )


def _other_encoders(engine: Engine, declaration: Declaration, target: str) -> CollectionMismatch:
    made_with = kept(engine, target, MODELS) or {}
    named = ", ".join(f"VITRINE_ENCODERS__{key.upper()}={value}" for key, value in made_with.items() if value)
    return CollectionMismatch(
        f"the alias {declaration.alias!r} leads to {target}, but the encoders configured now belong to "
        f"{declaration.physical_name}: set VITRINE_ENCODERS__TEXT and VITRINE_ENCODERS__IMAGE back"
        f"{f' (it was made with {named})' if named else ''}, choose another VITRINE_COLLECTION or another --data "
        "folder, or go over to these encoders with `vitrine collection migrate start`"
    )
