"""What the engine is asked to make of a declaration, and whether what it has is that: vectors, indexes, placing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from qdrant_client import models

from catalog.errors import CollectionMismatch
from catalog.points import (
    ATTRIBUTE,
    AVAILABILITY,
    BROWSE,
    CATEGORY,
    FLOATS,
    GROUP,
    HIDDEN_SINCE,
    KEYWORDS,
    OCCURRED_AT,
    PICTURES_DUE,
    REVISION,
    TIMES,
    VISIBLE,
    field_path,
    number_path,
)

if TYPE_CHECKING:
    from catalog.options import IndexOptions
    from catalog.vectors import DenseSpec, VectorSpecs

_QUANTILE: Final = 0.99
_HAND_MADE: Final = "it was not made by Vitrine for this encoder; choose another VITRINE_COLLECTION, or delete it"


IndexSchema: TypeAlias = models.PayloadSchemaType | models.IntegerIndexParams | models.DatetimeIndexParams


def payload_indexes(numbers: tuple[str, ...] = ()) -> dict[str, IndexSchema]:
    """Return every indexed payload path; `numbers` are the attributes that take ranges.

    A graph gets links for each field that searches may be narrowed by, which takes longer than the graph itself. What
    only the house asks by, without a vector, has none.
    """
    keyword, real, time = (
        models.PayloadSchemaType.KEYWORD,
        models.PayloadSchemaType.FLOAT,
        models.PayloadSchemaType.DATETIME,
    )
    own_time = models.DatetimeIndexParams(type=models.DatetimeIndexType.DATETIME, enable_hnsw=False)
    own_number = models.IntegerIndexParams(
        type=models.IntegerIndexType.INTEGER, lookup=False, range=True, enable_hnsw=False
    )
    indexes: dict[str, IndexSchema] = dict.fromkeys((VISIBLE, GROUP, CATEGORY, AVAILABILITY, ATTRIBUTE), keyword)
    indexes |= {field_path(name): keyword for name in KEYWORDS}
    indexes |= {field_path(name): real for name in FLOATS}
    indexes |= {field_path(name): time for name in TIMES}
    indexes |= {number_path(name): real for name in numbers}
    indexes |= {field_path("stock"): models.PayloadSchemaType.INTEGER}
    indexes |= dict.fromkeys((OCCURRED_AT, PICTURES_DUE, HIDDEN_SINCE), own_time)
    return indexes | dict.fromkeys((BROWSE, REVISION), own_number)


def creation(specs: VectorSpecs, options: IndexOptions) -> dict[str, Any]:
    """Return the keywords that create a collection of these vectors, kept as the options say."""
    return {
        "vectors_config": {spec.name: _vector_params(spec, options) for spec in specs.dense},
        "sparse_vectors_config": {specs.lexical.name: models.SparseVectorParams(modifier=models.Modifier.IDF)},
        "quantization_config": _quantization(options),
        "on_disk_payload": options.payload_on_disk,
        "shard_number": options.shards,
        "replication_factor": options.replicas,
        "write_consistency_factor": options.write_consistency,
        "strict_mode_config": strict_mode() if options.strict else None,
    }


def strict_mode() -> models.StrictModeConfig:
    """Return what has a server refuse a filter on an unindexed field, which would take it seconds."""
    return models.StrictModeConfig(enabled=True, unindexed_filtering_retrieve=False, unindexed_filtering_update=False)


def is_strict(info: models.CollectionInfo) -> bool:
    """Say whether a server refuses such filters."""
    found = info.config.strict_mode_config
    return found is not None and bool(found.enabled) and found.unindexed_filtering_retrieve is False


def missing_indexes(info: models.CollectionInfo, numbers: tuple[str, ...]) -> dict[str, IndexSchema]:
    """Return the payload indexes that lack, by path."""
    present = _present_indexes(info)
    return {path: schema for path, schema in payload_indexes(numbers).items() if _plain(path) not in present}


def check_layout(info: models.CollectionInfo, name: str, specs: VectorSpecs, numbers: tuple[str, ...]) -> None:
    """Raise `CollectionMismatch`, which says what to do, unless vectors and payload indexes are as declared."""
    check_vectors(info, name, specs)
    _check_index_types(info, name, numbers)
    missing = sorted(missing_indexes(info, numbers))
    if missing:
        raise CollectionMismatch(
            f"the collection {name} lacks the payload index of {', '.join(missing)}: run `vitrine collection create`"
        )


def check_vectors(info: models.CollectionInfo, name: str, specs: VectorSpecs) -> None:
    """Raise `CollectionMismatch` unless each vector has the size, the distance and the modifier that it must have."""
    vectors = info.config.params.vectors
    found = vectors if isinstance(vectors, dict) else {}
    for spec in specs.dense:
        params = found.get(spec.name)
        if params is None or params.size != spec.size or params.distance != models.Distance.COSINE:
            said = f"{params.size} numbers by {params.distance.value}" if params else "missing"
            raise CollectionMismatch(
                f"the vector {spec.name!r} of {name} is {said}, the encoder {spec.encoder} makes {spec.size} by "
                f"Cosine: {_HAND_MADE} and start the ingest worker"
            )
        if (params.multivector_config is not None) != spec.several:
            raise CollectionMismatch(
                f"the vector {spec.name!r} of {name} "
                f"{'holds one vector a product, not several' if spec.several else 'holds several, not one a product'}: "
                "choose another VITRINE_COLLECTION, or delete it and start the ingest worker"
            )
    lexical = (info.config.params.sparse_vectors or {}).get(specs.lexical.name)
    if lexical is None or lexical.modifier != models.Modifier.IDF:
        raise CollectionMismatch(
            f"the collection {name} lacks the sparse vector {specs.lexical.name!r} "
            "with the modifier IDF: it was not made by Vitrine; choose another VITRINE_COLLECTION"
        )


def _check_index_types(info: models.CollectionInfo, name: str, numbers: tuple[str, ...]) -> None:
    present = _present_indexes(info)
    for path, schema in payload_indexes(numbers).items():
        wanted = schema if isinstance(schema, models.PayloadSchemaType) else models.PayloadSchemaType(schema.type)
        found = present.get(_plain(path), wanted)
        if found != wanted:
            raise CollectionMismatch(
                f"the payload index of {path} in {name} is for {found.value}, it must be for {wanted.value}: "
                "delete that index, then run `vitrine collection create`"
            )


def _present_indexes(info: models.CollectionInfo) -> dict[str, models.PayloadSchemaType]:
    return {_plain(path): found.data_type for path, found in info.payload_schema.items()}


def _plain(path: str) -> str:
    """Return a path without quotation marks: the engine gives one back without those it can do without."""
    return path.replace('"', "")


def _vector_params(spec: DenseSpec, options: IndexOptions) -> models.VectorParams:
    nearest = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)
    return models.VectorParams(
        size=spec.size,
        distance=models.Distance.COSINE,
        multivector_config=nearest if spec.several else None,
        on_disk=True if options.vectors_on_disk else None,
    )


def _quantization(options: IndexOptions) -> models.ScalarQuantization | None:
    """Return how vectors are kept in memory a second time, small; the whole ones then rescore what these find."""
    if options.quantization == "none":
        return None
    scalar = models.ScalarQuantizationConfig(type=models.ScalarType.INT8, quantile=_QUANTILE, always_ram=True)
    return models.ScalarQuantization(scalar=scalar)
