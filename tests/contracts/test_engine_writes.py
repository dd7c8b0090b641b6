"""Every engine changes points, payloads and aliases alike, conditional writes included."""

from __future__ import annotations

import pytest
from qdrant_client import models

from tests.contracts.engines import (
    IMAGE_SIZE,
    TOLERANCE,
    Subject,
    must,
    small_point,
    stored,
    versions_below,
)

UUID_ID = "6f1ed002-ab5f-5e89-9c8f-3c2e2b4c1d2a"
INSERT_ONLY, UPDATE_ONLY = models.UpdateMode.INSERT_ONLY, models.UpdateMode.UPDATE_ONLY


def test_an_upsert_replaces_the_whole_point(empty: Subject) -> None:
    """What the second version does not name is gone: payload keys and vectors."""
    empty.client.upsert(
        empty.collection,
        points=[models.PointStruct(id=1, vector={"image": [1.0] * IMAGE_SIZE, "text": [1.0] * 6}, payload={"a": 1})],
    )
    empty.client.upsert(empty.collection, points=[small_point(1, b=2)])

    (record,) = empty.client.retrieve(empty.collection, ids=[1], with_vectors=True)
    assert record.payload == {"b": 2}
    assert isinstance(record.vector, dict)
    assert set(record.vector) == {"image"}


def test_uuids_come_back_hyphenated_in_lower_case(empty: Subject) -> None:
    """Any spelling of a UUID is the same point."""
    empty.client.upsert(empty.collection, points=[small_point(UUID_ID.upper(), a=1)])
    empty.client.upsert(empty.collection, points=[small_point(UUID_ID.replace("-", ""), a=2)])

    records, _ = empty.client.scroll(empty.collection)
    assert [(record.id, record.payload) for record in records] == [(UUID_ID, {"a": 2})]


def test_of_one_id_twice_in_a_request_the_last_wins(empty: Subject) -> None:
    """Whatever came before it in the request."""
    empty.client.upsert(empty.collection, points=[small_point(1, version=v) for v in (3, 2, 4, 1)])

    assert stored(empty, 1) == {"version": 1}


def test_a_condition_sees_the_state_before_the_request(empty: Subject, request: pytest.FixtureRequest) -> None:
    """Of one id twice the last wins even where the one before it would have shut it out."""
    empty.known_gap(request, local="local mode checks the condition point by point")
    empty.client.upsert(empty.collection, points=[small_point(1, version=1)])

    empty.client.upsert(
        empty.collection,
        points=[small_point(1, version=7), small_point(1, version=3)],
        update_filter=versions_below(5),
    )
    assert stored(empty, 1) == {"version": 3}


def test_a_batch_upserts_column_by_column(empty: Subject) -> None:
    """`Batch` is the same as a list of points."""
    vectors: dict[str, list[models.Vector]] = {"image": [[1.0] * IMAGE_SIZE, [2.0] * IMAGE_SIZE]}
    batch = models.Batch(ids=[1, UUID_ID], vectors=vectors, payloads=[{"a": 1}, {"a": 2}])

    empty.client.upsert(empty.collection, points=batch)

    assert (stored(empty, 1), stored(empty, UUID_ID)) == ({"a": 1}, {"a": 2})


@pytest.mark.parametrize(("sent", "kept"), [(5, 10), (10, 10), (11, 11)])
def test_a_conditional_upsert_skips_the_stale(empty: Subject, sent: int, kept: int) -> None:
    """Only a version above the stored one is written; the answer does not tell."""
    empty.client.upsert(empty.collection, points=[small_point(1, version=10)])

    answer = empty.client.upsert(
        empty.collection, points=[small_point(1, version=sent)], update_filter=versions_below(sent)
    )

    assert answer.status is models.UpdateStatus.COMPLETED
    assert stored(empty, 1) == {"version": kept}


def test_a_conditional_upsert_inserts_an_absent_id(empty: Subject) -> None:
    """The filter guards stored points only; one without the field is left alone."""
    empty.client.upsert(empty.collection, points=[small_point(2, other=1)])

    empty.client.upsert(
        empty.collection,
        points=[small_point(1, version=5), small_point(2, version=5)],
        update_filter=versions_below(5),
    )

    assert (stored(empty, 1), stored(empty, 2)) == ({"version": 5}, {"other": 1})


def test_update_modes_insert_or_update_only(empty: Subject) -> None:
    """INSERT_ONLY keeps what is there; UPDATE_ONLY ignores what is not, and takes a filter as well."""
    empty.client.upsert(empty.collection, points=[small_point(1, version=1)])
    both = [small_point(1, version=2), small_point(2, version=2)]

    empty.client.upsert(empty.collection, points=both, update_mode=INSERT_ONLY)
    assert (stored(empty, 1), stored(empty, 2)) == ({"version": 1}, {"version": 2})

    empty.client.upsert(
        empty.collection,
        points=[small_point(1, version=3), small_point(2, version=3), small_point(3, version=3)],
        update_mode=UPDATE_ONLY,
        update_filter=versions_below(2),
    )
    assert (stored(empty, 1), stored(empty, 2)) == ({"version": 3}, {"version": 2})
    assert empty.client.retrieve(empty.collection, ids=[3]) == []


def test_set_payload_merges(empty: Subject) -> None:
    """Keys are added or replaced; with `key` inside that object."""
    empty.client.upsert(empty.collection, points=[small_point(1, a=1, deep={"x": 1, "y": 1})])

    empty.client.set_payload(empty.collection, payload={"b": 2}, points=[1])
    empty.client.set_payload(empty.collection, payload={"y": 2}, points=[1], key="deep")

    assert stored(empty, 1) == {"a": 1, "b": 2, "deep": {"x": 1, "y": 2}}


def test_setting_a_key_to_null_takes_it_away(empty: Subject) -> None:
    """From the point, and from whatever is found by it; one that is not there is no error."""
    empty.client.create_payload_index(empty.collection, field_name="a", field_schema=models.PayloadSchemaType.INTEGER)
    empty.client.upsert(empty.collection, points=[small_point(1, a=1, b=1)])

    empty.client.set_payload(empty.collection, payload={"a": None, "c": None}, points=[1])

    assert stored(empty, 1) == {"b": 1}
    has_a = must(models.FieldCondition(key="a", range=models.Range(gte=0)))
    assert empty.client.count(empty.collection, count_filter=has_a).count == 0


def test_set_payload_under_a_filter_is_a_guarded_update(empty: Subject) -> None:
    """By id and version: what is newer stays, what matches nothing is no error."""
    empty.client.upsert(empty.collection, points=[small_point(1, version=3), small_point(2, version=9)])

    for identity in (1, 2, 3):
        guard = must(
            models.HasIdCondition(has_id=[identity]),
            models.FieldCondition(key="version", range=models.Range(lt=5)),
        )
        empty.client.set_payload(empty.collection, payload={"version": 5}, points=guard)

    assert (stored(empty, 1), stored(empty, 2)) == ({"version": 5}, {"version": 9})
    assert empty.client.count(empty.collection).count == 2


def test_overwrite_payload_replaces(empty: Subject) -> None:
    """The old payload goes, by id or by filter."""
    empty.client.upsert(empty.collection, points=[small_point(1, a=1), small_point(2, a=2, b=2)])

    empty.client.overwrite_payload(empty.collection, payload={"c": 1}, points=[1])
    empty.client.overwrite_payload(
        empty.collection,
        payload={"c": 2},
        points=must(models.FieldCondition(key="b", match=models.MatchValue(value=2))),
    )

    assert (stored(empty, 1), stored(empty, 2)) == ({"c": 1}, {"c": 2})


def test_deletes_by_id_and_by_filter(empty: Subject) -> None:
    """Points go; absent ids are no error, in any form of selector."""
    empty.client.upsert(empty.collection, points=[small_point(number, a=number) for number in range(5)])

    empty.client.delete(empty.collection, points_selector=[0, 77])
    empty.client.delete(empty.collection, points_selector=models.PointIdsList(points=[1]))
    empty.client.delete(
        empty.collection,
        points_selector=models.FilterSelector(
            filter=must(models.FieldCondition(key="a", match=models.MatchValue(value=2)))
        ),
    )

    records, _ = empty.client.scroll(empty.collection)
    assert [record.id for record in records] == [3, 4]


def test_update_vectors_keeps_the_rest(empty: Subject) -> None:
    """One named vector changes; payload and other vectors stay."""
    empty.client.upsert(
        empty.collection,
        points=[models.PointStruct(id=1, vector={"image": [1.0] * IMAGE_SIZE, "text": [1.0] * 6}, payload={"a": 1})],
    )

    empty.client.update_vectors(empty.collection, points=[models.PointVectors(id=1, vector={"text": [2.0] * 6})])

    (record,) = empty.client.retrieve(empty.collection, ids=[1], with_vectors=True)
    assert record.payload == {"a": 1}
    assert isinstance(record.vector, dict)
    assert record.vector["text"] == [2.0] * 6
    assert record.vector["image"] == pytest.approx([IMAGE_SIZE**-0.5] * IMAGE_SIZE, abs=TOLERANCE)


def test_a_batch_of_operations_runs_in_order(empty: Subject) -> None:
    """Upsert, merge, overwrite, delete and vectors in one call, each seeing the one before."""
    points = [small_point(number, version=1) for number in (1, 2, 3)]
    operations: list[models.UpdateOperation] = [
        models.UpsertOperation(upsert=models.PointsList(points=points)),
        models.UpsertOperation(
            upsert=models.PointsList(points=[small_point(1, version=0)], update_filter=versions_below(0))
        ),
        models.SetPayloadOperation(set_payload=models.SetPayload(payload={"a": 1}, points=[1])),
        models.OverwritePayloadOperation(
            overwrite_payload=models.SetPayload(payload={"b": 1}, filter=must(models.HasIdCondition(has_id=[2])))
        ),
        models.DeleteOperation(delete=models.PointIdsList(points=[3])),
        models.UpdateVectorsOperation(
            update_vectors=models.UpdateVectors(points=[models.PointVectors(id=2, vector={"text": [1.0] * 6})])
        ),
    ]

    answers = empty.client.batch_update_points(empty.collection, update_operations=operations)

    assert len(answers) == len(operations)
    assert (stored(empty, 1), stored(empty, 2)) == ({"version": 1, "a": 1}, {"b": 1})
    assert empty.client.count(empty.collection).count == 2


def test_a_written_point_is_found_at_once(empty: Subject) -> None:
    """There is no delay between a write and the search for it."""
    for number in range(20):
        empty.client.upsert(empty.collection, points=[small_point(number)], wait=True)

        found = empty.client.query_points(
            empty.collection, query=[1.0] + [0.0] * (IMAGE_SIZE - 1), using="image", limit=100
        )
        assert len(found.points) == number + 1
