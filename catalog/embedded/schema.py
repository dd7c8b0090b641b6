"""What a collection declares: vector, index and optimiser settings as Qdrant Edge takes them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, TypeVar

import qdrant_edge as edge
from qdrant_client.http import models

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import Enum

    EdgeIndex = edge.PayloadSchemaType | edge.PayloadSchemaParams

EdgeMember = TypeVar("EdgeMember")

_MOST_BUILDING_THREADS: Final = 8

_INDEX_CLASSES: dict[type, Callable[..., edge.PayloadSchemaParams]] = {
    models.KeywordIndexParams: edge.KeywordIndexParams,
    models.IntegerIndexParams: edge.IntegerIndexParams,
    models.FloatIndexParams: edge.FloatIndexParams,
    models.BoolIndexParams: edge.BoolIndexParams,
    models.DatetimeIndexParams: edge.DatetimeIndexParams,
    models.UuidIndexParams: edge.UuidIndexParams,
    models.TextIndexParams: edge.TextIndexParams,
}


def edge_member(kind: type[EdgeMember], given: Enum) -> EdgeMember:
    """Return Edge's member of the same name: `insert_only` is `InsertOnly`, `Cosine` is `Cosine`."""
    name = "".join(part[:1].upper() + part[1:] for part in str(given.value).split("_"))
    try:
        member: EdgeMember = getattr(kind, name)
    except AttributeError as error:
        raise NotImplementedError(f"the embedded engine has no {kind.__name__} {given.value!r}") from error
    return member


def optional_edge_member(kind: type[EdgeMember], given: Enum | None) -> EdgeMember | None:
    """Return Edge's member of the same name, or None for what was not said."""
    return None if given is None else edge_member(kind, given)


def edge_config(  # noqa: PLR0913, PLR0917 - the settings of a collection, each optional
    vectors: Mapping[str, models.VectorParams],
    sparse_vectors: Mapping[str, models.SparseVectorParams],
    hnsw: models.HnswConfigDiff | None = None,
    optimizers: models.OptimizersConfigDiff | None = None,
    quantization: models.QuantizationConfig | None = None,
    on_disk_payload: bool | None = None,  # noqa: FBT001
) -> edge.EdgeConfig:
    """Return the configuration of a new shard; raise NotImplementedError for what Edge cannot store."""
    return edge.EdgeConfig(
        vectors={name: _dense(params) for name, params in vectors.items()},
        sparse_vectors={name: _sparse(params) for name, params in sparse_vectors.items()},
        hnsw_config=_hnsw(hnsw),
        optimizers=_optimizers(optimizers),
        quantization_config=_quantization(quantization),
        on_disk_payload=on_disk_payload,
    )


def edge_index(given: models.PayloadSchemaType | models.PayloadSchemaParams) -> EdgeIndex:
    """Convert the schema of a payload index."""
    if isinstance(given, models.PayloadSchemaType):
        return edge_member(edge.PayloadSchemaType, given)
    if type(given) not in _INDEX_CLASSES:
        raise NotImplementedError(f"the embedded engine takes no {type(given).__name__}")
    settings = {name: _index_setting(value) for name, value in given if value is not None and name != "type"}
    return _INDEX_CLASSES[type(given)](**settings)


def _index_setting(given: object) -> object:  # noqa: PLR0911 - one line for each kind
    match given:
        case models.Memory():
            return edge_member(edge.Memory, given)
        case models.TokenizerType():
            return edge_member(edge.TokenizerType, given)
        case models.Language():
            return edge_member(edge.Language, given)
        case models.StopwordsSet():
            languages = {edge_member(edge.Language, each) for each in given.languages or []}
            return edge.StopwordsSet(languages or None, set(given.custom or []) or None)
        case models.SnowballParams():
            return edge.SnowballParams(edge_member(edge.SnowballLanguage, given.language))
        case models.DisabledStemmerParams():
            return edge.DisabledStemmer()
    return given


def _dense(given: models.VectorParams) -> edge.EdgeVectorParams:
    return edge.EdgeVectorParams(
        size=given.size,
        distance=edge_member(edge.Distance, given.distance),
        on_disk=given.on_disk,
        multivector_config=_several(given.multivector_config),
        datatype=optional_edge_member(edge.VectorStorageDatatype, given.datatype),
        quantization_config=_quantization(given.quantization_config),
        hnsw_config=None if given.hnsw_config is None else _hnsw(given.hnsw_config),
        memory=optional_edge_member(edge.Memory, given.memory),
    )


def _several(given: models.MultiVectorConfig | None) -> edge.MultiVectorConfig | None:
    return None if given is None else edge.MultiVectorConfig(edge_member(edge.MultiVectorComparator, given.comparator))


def _sparse(given: models.SparseVectorParams) -> edge.EdgeSparseVectorParams:
    index = given.index or models.SparseIndexParams()
    is_idf = given.modifier is models.Modifier.IDF
    return edge.EdgeSparseVectorParams(
        full_scan_threshold=index.full_scan_threshold,
        on_disk=index.on_disk,
        modifier=edge.Modifier.Idf if is_idf else None,
        datatype=optional_edge_member(edge.VectorStorageDatatype, index.datatype),
        memory=optional_edge_member(edge.Memory, index.memory),
    )


def _hnsw(given: models.HnswConfigDiff | None) -> edge.HnswIndexConfig:
    full = full_hnsw(given)
    return edge.HnswIndexConfig(
        m=full.m,
        ef_construct=full.ef_construct,
        full_scan_threshold=full.full_scan_threshold,
        max_indexing_threads=full.max_indexing_threads or _building_threads(),
        on_disk=full.on_disk,
        payload_m=full.payload_m,
        inline_storage=full.inline_storage,
        memory=optional_edge_member(edge.Memory, full.memory),
    )


def _building_threads() -> int:
    """Return how many threads build a graph: all cores, for nothing is served meanwhile, and Edge would take half.

    No more than eight: from many threads at once a graph comes out worse (the server's own rule).
    """
    return min(os.cpu_count() or 1, _MOST_BUILDING_THREADS)


def full_hnsw(given: models.HnswConfigDiff | None) -> models.HnswConfig:
    """Fill what was not said with the server's defaults (the threshold is in kilobytes)."""
    said = {} if given is None else given.model_dump(exclude_none=True)
    return models.HnswConfig(**{"m": 16, "ef_construct": 100, "full_scan_threshold": 10_000, **said})


def _optimizers(given: models.OptimizersConfigDiff | None) -> edge.EdgeOptimizersConfig | None:
    if given is None:
        return None
    return edge.EdgeOptimizersConfig(
        deleted_threshold=given.deleted_threshold,
        vacuum_min_vector_number=given.vacuum_min_vector_number,
        default_segment_number=given.default_segment_number,
        max_segment_size=given.max_segment_size,
        indexing_threshold=given.indexing_threshold,
        prevent_unoptimized=given.prevent_unoptimized,
    )


def _quantization(given: models.QuantizationConfig | None) -> edge.ScalarQuantizationConfig | None:
    if given is None:
        return None
    if not isinstance(given, models.ScalarQuantization):
        raise NotImplementedError(f"the embedded engine takes scalar quantization only, not {type(given).__name__}")
    scalar = given.scalar
    return edge.ScalarQuantizationConfig(
        edge_member(edge.ScalarType, scalar.type),
        quantile=scalar.quantile,
        always_ram=scalar.always_ram,
        memory=optional_edge_member(edge.Memory, scalar.memory),
    )
