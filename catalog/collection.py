"""The collection, declared once from the vector specs: made by ingest, verified by search.

Its physical name carries the fingerprint of the specs, and a stable alias points to it, so that other encoders mean
another collection and never a mixture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qdrant_client import models
from qdrant_client.http.exceptions import UnexpectedResponse

from catalog.calibration import CALIBRATION
from catalog.engine import outages_named
from catalog.errors import CollectionMismatch
from catalog.points import payload_indexes

if TYPE_CHECKING:
    from catalog.calibration import Calibration
    from catalog.engine import Engine
    from catalog.points import IndexSchema
    from catalog.vectors import DenseSpec, VectorSpecs

_CONFLICT: Final = 409


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a collection must be: the alias it is reached by, its vectors, the attributes that take ranges."""

    alias: str
    specs: VectorSpecs
    numbers: tuple[str, ...] = ()

    @property
    def physical_name(self) -> str:
        """The name behind the alias: it changes with the encoders."""
        return f"{self.alias}-{self.specs.fingerprint}"


@dataclass(frozen=True, slots=True)
class CollectionStatus:
    """What the engine says of the collection behind the alias."""

    physical_name: str
    points: int
    indexed_vectors: int


def ensure(engine: Engine, declaration: Declaration) -> str:
    """Make the collection, its indexes and its alias where they lack, and return its physical name.

    Raises `CollectionMismatch` where the alias leads to a collection of other encoders.
    """
    name = declaration.physical_name
    target = resolve(engine, declaration.alias)
    if target not in {None, name}:
        raise _other_encoders(declaration, target)
    if not engine.collection_exists(collection_name=name):
        _create(engine, declaration)
    _create_missing_indexes(engine, declaration)
    if target is None:
        alias = models.CreateAlias(collection_name=name, alias_name=declaration.alias)
        engine.update_collection_aliases(change_aliases_operations=[models.CreateAliasOperation(create_alias=alias)])
    return name


def verify(engine: Engine, declaration: Declaration) -> CollectionStatus:
    """Return the state of the collection; raises `CollectionMismatch` with what is wrong with it and what to do."""
    target = resolve(engine, declaration.alias)
    if target is None:
        raise CollectionMismatch(
            f"there is no collection behind the alias {declaration.alias!r} yet: "
            "run `vitrine collection create`, or start the ingest worker"
        )
    if target != declaration.physical_name:
        raise _other_encoders(declaration, target)
    info = engine.get_collection(collection_name=target)
    _verify_vectors(info, declaration)
    missing = sorted(_missing_indexes(info, declaration))
    if missing:
        raise CollectionMismatch(
            f"the collection {target} lacks the payload index of {', '.join(missing)}: run `vitrine collection create`"
        )
    return CollectionStatus(target, info.points_count or 0, info.indexed_vectors_count or 0)


def resolve(engine: Engine, alias: str) -> str | None:
    """Return the physical name behind an alias, None where there is none."""
    aliases = engine.get_aliases().aliases
    return next((found.collection_name for found in aliases if found.alias_name == alias), None)


def keep_calibration(engine: Engine, declaration: Declaration, calibration: Calibration | None) -> None:
    """Keep a calibration with the collection in the place of any before; None forgets it."""
    kept = calibration.as_json() if calibration else {}  # no null: what becomes of one in JSON is each client's own
    engine.update_collection(collection_name=declaration.physical_name, metadata={CALIBRATION: kept})


def kept_calibration(engine: Engine, declaration: Declaration) -> object:
    """Return what is kept as the calibration, for `parse_calibration`; None if nothing is or none is there."""
    if not engine.collection_exists(collection_name=declaration.physical_name):
        return None
    info = engine.get_collection(collection_name=declaration.physical_name)
    return (info.config.metadata or {}).get(CALIBRATION) or None


def _create(engine: Engine, declaration: Declaration) -> None:
    specs = declaration.specs
    try:
        with outages_named():
            engine.create_collection(
                collection_name=declaration.physical_name,
                vectors_config={spec.name: _vector_params(spec) for spec in specs.dense},
                sparse_vectors_config={specs.lexical.name: models.SparseVectorParams(modifier=models.Modifier.IDF)},
            )
    except UnexpectedResponse as error:
        if error.status_code != _CONFLICT:  # another worker was faster: the same name means the same declaration
            raise


def _vector_params(spec: DenseSpec) -> models.VectorParams:
    nearest = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
    return models.VectorParams(
        size=spec.size, distance=models.Distance.COSINE, multivector_config=nearest if spec.several else None
    )


def _create_missing_indexes(engine: Engine, declaration: Declaration) -> None:
    info = engine.get_collection(collection_name=declaration.physical_name)
    for path, schema in _missing_indexes(info, declaration).items():
        engine.create_payload_index(collection_name=declaration.physical_name, field_name=path, field_schema=schema)


def _missing_indexes(info: models.CollectionInfo, declaration: Declaration) -> dict[str, IndexSchema]:
    """Return the indexes that lack; the engine gives a path back without the quotation marks it can do without."""
    present = {path.replace('"', "") for path in info.payload_schema}
    wanted = payload_indexes(declaration.numbers)
    return {path: schema for path, schema in wanted.items() if path.replace('"', "") not in present}


def _verify_vectors(info: models.CollectionInfo, declaration: Declaration) -> None:
    vectors = info.config.params.vectors
    found = vectors if isinstance(vectors, dict) else {}
    for spec in declaration.specs.dense:
        params = found.get(spec.name)
        if params is None or params.size != spec.size or params.distance != models.Distance.COSINE:
            said = f"{params.size} numbers by {params.distance.value}" if params else "missing"
            raise CollectionMismatch(
                f"the vector {spec.name!r} of {declaration.physical_name} is {said}, "
                f"the encoder {spec.encoder} makes {spec.size} by Cosine: it was not made by Vitrine for this encoder; "
                "choose another VITRINE_COLLECTION, or delete it and start the ingest worker"
            )
        if (params.multivector_config is not None) != spec.several:
            raise CollectionMismatch(
                f"the vector {spec.name!r} of {declaration.physical_name} "
                f"{'holds one vector a product, not several' if spec.several else 'holds several, not one a product'}: "
                "choose another VITRINE_COLLECTION, or delete it and start the ingest worker"
            )
    lexical = (info.config.params.sparse_vectors or {}).get(declaration.specs.lexical.name)
    if lexical is None or lexical.modifier != models.Modifier.IDF:
        raise CollectionMismatch(
            f"the collection {declaration.physical_name} lacks the sparse vector {declaration.specs.lexical.name!r} "
            "with the modifier IDF: it was not made by Vitrine; choose another VITRINE_COLLECTION"
        )


def _other_encoders(declaration: Declaration, target: str | None) -> CollectionMismatch:
    return CollectionMismatch(
        f"the alias {declaration.alias!r} leads to {target}, but the encoders configured now belong to "
        f"{declaration.physical_name}: set VITRINE_ENCODERS__TEXT and VITRINE_ENCODERS__IMAGE back, choose another "
        "VITRINE_COLLECTION or another --data folder, or fill a new collection and move the alias"
    )
