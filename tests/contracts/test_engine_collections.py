"""Every engine describes its collections alike, and an alias is as good as a name on each."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from qdrant_client import models

from tests.contracts.engines import IMAGE_SIZE, Subject, create, small_point, stored

if TYPE_CHECKING:
    import pytest


def test_a_collection_describes_itself(empty: Subject, request: pytest.FixtureRequest) -> None:
    """Counts, vectors, payload indexes and metadata are those of its creation."""
    empty.known_gap(request, local="local mode knows no payload indexes")
    empty.client.upsert(empty.collection, points=[small_point(1, brand="Alder")])

    info = empty.client.get_collection(empty.collection)

    vectors, sparse = info.config.params.vectors, info.config.params.sparse_vectors
    assert info.points_count == 1
    assert info.status is models.CollectionStatus.GREEN
    assert isinstance(vectors, dict)
    assert {name: (params.size, params.distance) for name, params in vectors.items()} == {
        "image": (IMAGE_SIZE, models.Distance.COSINE),
        "text": (6, models.Distance.DOT),
    }
    assert sparse is not None
    assert sparse["words"].modifier is models.Modifier.IDF
    assert info.config.metadata == {"fingerprint": "abc"}
    assert {field: index.data_type.value for field, index in info.payload_schema.items()} == {
        "brand": "keyword",
        "tags": "keyword",
        "stock": "integer",
        "price": "float",
        "sale": "bool",
        "created": "datetime",
        "title": "text",
    }


def test_metadata_is_merged_key_by_key(empty: Subject) -> None:
    """What is given replaces its keys as wholes, a null removes one, the others stay."""
    levels = [{"arm": "text", "mean": 0.25, "deviation": 1.5e-3, "pairs": 1234, "kept": True, "note": "–"}]

    empty.client.update_collection(empty.collection, metadata={"calibration": {"seed": 7, "old": 1}})
    empty.client.update_collection(empty.collection, metadata={"calibration": {"levels": levels, "none": {}}})
    merged = empty.client.get_collection(empty.collection).config.metadata
    empty.client.update_collection(empty.collection, metadata={"calibration": None})

    assert merged == {"fingerprint": "abc", "calibration": {"levels": levels, "none": {}}}
    assert empty.client.get_collection(empty.collection).config.metadata == {"fingerprint": "abc"}


def test_an_alias_is_as_good_as_its_collection(empty: Subject) -> None:
    """Reads, writes and descriptions go through an alias; deleting one deletes no data."""
    alias = f"alias-{uuid4().hex}"
    _point_alias(empty, alias, empty.collection)

    empty.client.upsert(alias, points=[small_point(1, a=1)])
    empty.client.set_payload(alias, payload={"b": 1}, points=[1])

    assert empty.client.collection_exists(alias)
    assert empty.client.get_collection(alias).points_count == 1
    assert stored(empty, 1) == {"a": 1, "b": 1}
    assert alias in _aliases_of(empty, empty.collection)

    delete = models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))
    empty.client.update_collection_aliases(change_aliases_operations=[delete])
    assert not empty.client.collection_exists(alias)
    assert empty.client.count(empty.collection).count == 1


def test_an_alias_swaps_in_one_call(empty: Subject) -> None:
    """Delete and create together re-point the alias; creating it again does, too."""
    alias, other = f"alias-{uuid4().hex}", f"congruence-{uuid4().hex}"
    create(empty.client, other)
    try:
        empty.client.upsert(other, points=[small_point(2)])
        _point_alias(empty, alias, empty.collection)
        assert empty.client.count(alias).count == 0

        delete = models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))
        make = models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=other, alias_name=alias))
        empty.client.update_collection_aliases(change_aliases_operations=[delete, make])
        assert empty.client.count(alias).count == 1

        _point_alias(empty, alias, empty.collection)
        assert empty.client.count(alias).count == 0
        pairs = {(each.alias_name, each.collection_name) for each in empty.client.get_aliases().aliases}
        assert (alias, empty.collection) in pairs
    finally:
        empty.client.delete_collection(other)


def test_a_deleted_collection_takes_its_aliases_along(empty: Subject) -> None:
    """An alias never outlives what it points to."""
    other, alias = f"congruence-{uuid4().hex}", f"alias-{uuid4().hex}"
    create(empty.client, other)
    _point_alias(empty, alias, other)

    assert empty.client.delete_collection(other) is True

    assert not empty.client.collection_exists(other)
    assert alias not in {each.alias_name for each in empty.client.get_aliases().aliases}


def _point_alias(subject: Subject, alias: str, collection: str) -> None:
    make = models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=collection, alias_name=alias))
    subject.client.update_collection_aliases(change_aliases_operations=[make])


def _aliases_of(subject: Subject, collection: str) -> list[str]:
    return [each.alias_name for each in subject.client.get_collection_aliases(collection).aliases]
