"""Every engine gives the same answers to the same questions, and they are the right ones."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from qdrant_client import models

from tests.contracts.engines import (
    BRANDS,
    TOLERANCE,
    Item,
    Subject,
    best,
    cosines,
    id_order,
    idf_scores,
    must,
)

QUERY = [0.3, -1.0, 0.5, 0.2, 0.9, -0.4, 0.1, 0.7]
BRAND = models.FieldCondition(key="brand", match=models.MatchValue(value=BRANDS[0]))
SPARSE_QUERY = {3: 1.0, 8: 0.5, 21: 1.5}


def test_a_dense_query_ranks_by_cosine(filled: Subject, items: list[Item]) -> None:
    """The best ten are those of numpy, in order, with its scores."""
    hits = filled.client.query_points(filled.collection, query=QUERY, using="image", limit=10).points

    _assert_ranked(hits, best(cosines(items, QUERY), 10))


def test_a_numpy_query_is_a_list(filled: Subject) -> None:
    """An array asks the same as the list of its numbers."""
    as_list = filled.client.query_points(filled.collection, query=QUERY, using="image").points
    as_array = filled.client.query_points(filled.collection, query=np.array(QUERY), using="image").points

    assert [hit.id for hit in as_array] == [hit.id for hit in as_list]


def test_a_filtered_query_ranks_what_passes(filled: Subject, items: list[Item]) -> None:
    """Filter first, then rank: offset and limit count what passed."""
    passing = [item for item in items if item.payload["brand"] == BRANDS[0]]

    hits = filled.client.query_points(
        filled.collection, query=QUERY, using="image", query_filter=must(BRAND), offset=5, limit=10
    ).points

    _assert_ranked(hits, best(cosines(passing, QUERY), 15)[5:])


def test_a_score_threshold_cuts_off(filled: Subject, items: list[Item]) -> None:
    """Nothing below the threshold is returned."""
    expected = [pair for pair in best(cosines(items, QUERY), 500) if pair[1] >= 0.4]

    hits = filled.client.query_points(
        filled.collection, query=QUERY, using="image", score_threshold=0.4, limit=500
    ).points

    _assert_ranked(hits, expected)


def test_a_sparse_query_weighs_by_idf(filled: Subject, items: list[Item]) -> None:
    """Sparse scores are the products of weights, times the inverse document frequency."""
    hits = filled.client.query_points(filled.collection, query=_sparse(SPARSE_QUERY), using="words", limit=15).points

    _assert_ranked(hits, best(idf_scores(items, SPARSE_QUERY), 15))


def test_a_batch_answers_each_request(filled: Subject, items: list[Item]) -> None:
    """Three arms in one call give the three answers in the order of the requests, without payload unless asked."""
    requests = [
        models.QueryRequest(query=QUERY, using="image", limit=7, filter=must(BRAND)),
        models.QueryRequest(query=_sparse(SPARSE_QUERY), using="words", limit=9, with_payload=["number"]),
        models.QueryRequest(query=QUERY, using="image", limit=3, with_vector=["image"]),
    ]

    filtered, sparse, vectors = filled.client.query_batch_points(filled.collection, requests=requests)

    passing = [item for item in items if item.payload["brand"] == BRANDS[0]]
    _assert_ranked(filtered.points, best(cosines(passing, QUERY), 7))
    _assert_ranked(sparse.points, best(idf_scores(items, SPARSE_QUERY), 9))
    assert all(hit.payload is None and hit.vector is None for hit in filtered.points)
    assert all(hit.payload is not None and set(hit.payload) == {"number"} for hit in sparse.points)
    assert all(isinstance(hit.vector, dict) and set(hit.vector) == {"image"} for hit in vectors.points)


def test_fusion_adds_reciprocal_ranks(filled: Subject, items: list[Item]) -> None:
    """RRF over two prefetches gives 1/(k + rank), summed; ids that tie may come in any order."""
    arms = [best(cosines(items, QUERY), 20), best(idf_scores(items, SPARSE_QUERY), 20)]
    expected: Counter[int | str] = Counter()
    for arm in arms:
        for rank, (identity, _) in enumerate(arm):
            expected[identity] += 1 / (60 + rank)  # type: ignore[assignment]

    hits = filled.client.query_points(
        filled.collection,
        prefetch=[
            models.Prefetch(query=QUERY, using="image", limit=20),
            models.Prefetch(query=_sparse(SPARSE_QUERY), using="words", limit=20),
        ],
        query=models.RrfQuery(rrf=models.Rrf(k=60)),
        limit=40,
    ).points

    assert {hit.id: hit.score for hit in hits} == pytest.approx(dict(expected), abs=TOLERANCE)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_plain_fusion_has_the_default_constant(filled: Subject, items: list[Item]) -> None:
    """`FusionQuery(RRF)` is RRF with k = 2."""
    hits = filled.client.query_points(
        filled.collection,
        prefetch=models.Prefetch(query=QUERY, using="image", limit=5),
        query=models.FusionQuery(fusion=models.Fusion.RRF),
        limit=5,
    ).points

    expected = [(identity, 1 / (2 + rank)) for rank, (identity, _) in enumerate(best(cosines(items, QUERY), 5))]
    _assert_ranked(hits, expected)


def test_scroll_pages_through_all_ids(filled: Subject, items: list[Item]) -> None:
    """Following the next offset gives every id once, numbers first, each list in order; the last page has none."""
    seen: list[int | str] = []
    offset = None
    while True:
        page, offset = filled.client.scroll(filled.collection, limit=25, offset=offset, with_payload=False)
        seen += [_plain(record.id) for record in page]
        if offset is None:
            break

    assert seen == sorted((item.id for item in items), key=id_order)


def test_scroll_orders_by_a_field(filled: Subject, items: list[Item]) -> None:
    """`order_by` sorts by the field, starts where told, and gives no next offset."""
    prices = sorted((_number(item.payload["price"]) for item in items), reverse=True)

    page, following = filled.client.scroll(
        filled.collection,
        order_by=models.OrderBy(key="price", direction=models.Direction.DESC, start_from=60.0),
        limit=12,
    )

    assert [record.payload and record.payload["price"] for record in page] == [p for p in prices if p <= 60][:12]
    assert following is None


def test_a_query_can_order_by_a_field(filled: Subject, items: list[Item]) -> None:
    """`OrderByQuery` sorts like the scroll; a bare key means ascending."""
    prices = sorted(_number(item.payload["price"]) for item in items)

    hits = filled.client.query_points(
        filled.collection, query=models.OrderByQuery(order_by="price"), limit=12, with_payload=["price"]
    ).points

    assert [hit.payload for hit in hits] == [{"price": price} for price in prices[:12]]


def test_a_facet_counts_values(filled: Subject, items: list[Item]) -> None:
    """Keyword, integer and bool facets count what passes the filter, and give values in their own type."""
    for key in ("tags", "stock", "sale"):
        hits = filled.client.facet(filled.collection, key=key, facet_filter=must(BRAND), exact=True, limit=100).hits

        expected: Counter[object] = Counter()
        for item in items:
            if item.payload["brand"] == BRANDS[0]:
                value = item.payload[key]
                expected.update(value if isinstance(value, list) else [value])
        assert {hit.value: hit.count for hit in hits} == dict(expected)
        assert [hit.count for hit in hits] == sorted(expected.values(), reverse=True)


def test_retrieve_gives_what_was_stored(filled: Subject, items: list[Item]) -> None:
    """Payload and vectors come back as sent (a cosine vector normalised), absent ids are left out."""
    records = filled.client.retrieve(filled.collection, ids=[items[3].id, 999, items[0].id], with_vectors=True)

    by_id = {record.id: record for record in records}
    assert set(by_id) == {items[3].id, items[0].id}
    for item in (items[0], items[3]):
        record = by_id[item.id]
        assert record.payload == item.payload
        assert isinstance(record.vector, dict)
        assert record.vector["text"] == pytest.approx(item.text, abs=TOLERANCE)
        assert record.vector["image"] == pytest.approx(
            list(np.array(item.image) / np.linalg.norm(item.image)), abs=TOLERANCE
        )
        words = record.vector["words"]
        assert isinstance(words, models.SparseVector)
        assert dict(zip(words.indices, words.values, strict=True)) == pytest.approx(item.words, abs=TOLERANCE)


def test_payload_keys_can_be_chosen(filled: Subject, items: list[Item]) -> None:
    """Keys are named, included or excluded."""
    chosen: list[tuple[models.WithPayloadInterface, set[str]]] = [
        (["brand", "price"], {"brand", "price"}),
        (models.PayloadSelectorInclude(include=["brand"]), {"brand"}),
        (models.PayloadSelectorExclude(exclude=["offers", "tags"]), set(items[1].payload) - {"offers", "tags"}),
    ]
    for selector, keys in chosen:
        (record,) = filled.client.retrieve(filled.collection, ids=[items[1].id], with_payload=selector)

        assert record.payload is not None
        assert set(record.payload) == keys


def _assert_ranked(hits: list[models.ScoredPoint], expected: list[tuple[int | str, float]]) -> None:
    assert [hit.id for hit in hits] == [identity for identity, _ in expected]
    assert [hit.score for hit in hits] == pytest.approx([score for _, score in expected], abs=TOLERANCE)


def _sparse(query: dict[int, float]) -> models.SparseVector:
    return models.SparseVector(indices=list(query), values=list(query.values()))


def _number(value: object) -> float:
    assert isinstance(value, int | float)
    return value


def _plain(identity: models.ExtendedPointId) -> int | str:
    assert isinstance(identity, int | str)
    return identity
