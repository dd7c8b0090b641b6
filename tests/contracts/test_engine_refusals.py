"""Every engine refuses the same requests; the embedded one and a server over REST with the same class and status."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import grpc
import pytest
from qdrant_client import models
from qdrant_client.http.exceptions import UnexpectedResponse

from tests.contracts.engines import IMAGE_SIZE, Subject, create, must, small_point

if TYPE_CHECKING:
    from collections.abc import Callable

MISSING = "no-such-collection"
LOCAL_IS_LAX = "local mode does not check this"
GOOD = [1.0] * IMAGE_SIZE
GRPC_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    404: grpc.StatusCode.NOT_FOUND,
    409: grpc.StatusCode.ALREADY_EXISTS,
    422: grpc.StatusCode.INVALID_ARGUMENT,
}


def test_an_unknown_collection_is_not_found(empty: Subject) -> None:
    """404 for reads and writes; asking whether it exists and deleting it say no."""
    client = empty.client

    assert not client.collection_exists(MISSING)
    _refused(empty, 404, lambda: client.get_collection(MISSING))
    _refused(empty, 404, lambda: client.count(MISSING))
    _refused(empty, 404, lambda: client.query_points(MISSING, query=GOOD, using="image"))
    _refused(empty, 404, lambda: client.upsert(MISSING, points=[small_point(1)]))
    _refused(empty, 404, lambda: client.update_collection(MISSING, metadata={"a": 1}))
    make = models.CreateAliasOperation(create_alias=models.CreateAlias(collection_name=MISSING, alias_name="lost"))
    _refused(empty, 404, lambda: client.update_collection_aliases(change_aliases_operations=[make]))


def test_a_name_is_taken_once(empty: Subject) -> None:
    """409 for a collection that exists."""
    _refused(empty, 409, lambda: create(empty.client, empty.collection))


def test_deleting_what_is_not_there_says_false(empty: Subject) -> None:
    """No error, nothing done."""
    assert empty.client.delete_collection(MISSING) is False


@pytest.mark.parametrize(
    ("name", "vector"),
    [("image", [1.0, 2.0]), ("nowhere", GOOD), ("words", GOOD)],
    ids=["wrong size", "unknown name", "dense for sparse"],
)
def test_a_vector_that_does_not_fit_refuses_the_whole_batch(empty: Subject, name: str, vector: list[float]) -> None:
    """400, and the good points of the batch are not stored either."""
    bad = models.PointStruct(id=2, vector={name: vector})

    _refused(empty, 400, lambda: empty.client.upsert(empty.collection, points=[small_point(1), bad]))

    assert empty.client.count(empty.collection).count == 0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_vector_must_be_finite(empty: Subject, request: pytest.FixtureRequest, value: float) -> None:
    """NaN and infinity are refused, in stored vectors and in queries."""
    empty.known_gap(request, local="local mode takes infinity" * math.isinf(value), server_grpc="gRPC stores it")
    bad = models.PointStruct(id=1, vector={"image": [value, *GOOD[1:]]})

    _refused(empty, 400, lambda: empty.client.upsert(empty.collection, points=[bad]))
    _refused(empty, 400, lambda: empty.client.query_points(empty.collection, query=[value, *GOOD[1:]], using="image"))


@pytest.mark.parametrize(
    "words",
    [models.SparseVector(indices=[1, 5], values=[1.0]), models.SparseVector(indices=[1, 1], values=[1.0, 2.0])],
    ids=["uneven", "repeated"],
)
def test_a_sparse_vector_is_checked(empty: Subject, words: models.SparseVector) -> None:
    """422 for uneven lists and repeated indices; the collection lives on."""
    bad = models.PointStruct(id=1, vector={"words": words})

    _refused(empty, 422, lambda: empty.client.upsert(empty.collection, points=[bad]))

    empty.client.upsert(empty.collection, points=[small_point(1)])
    assert empty.client.count(empty.collection).count == 1


def test_a_query_must_fit_the_vector(empty: Subject) -> None:
    """400 for an unknown vector and for a wrong size; one bad request refuses its batch."""
    empty.client.upsert(empty.collection, points=[small_point(1)])
    bad = models.QueryRequest(query=[1.0, 2.0], using="image")
    good = models.QueryRequest(query=GOOD, using="image")

    _refused(empty, 400, lambda: empty.client.query_points(empty.collection, query=GOOD, using="nowhere"))
    _refused(empty, 400, lambda: empty.client.query_batch_points(empty.collection, requests=[good, bad]))


def test_a_payload_needs_its_point(empty: Subject, request: pytest.FixtureRequest) -> None:
    """404 for the payload or the vector of an id that is not there."""
    empty.known_gap(request, local="local mode raises a KeyError")
    vectors = [models.PointVectors(id=7, vector={"image": GOOD})]

    _refused(empty, 404, lambda: empty.client.set_payload(empty.collection, payload={"a": 1}, points=[7]))
    _refused(empty, 404, lambda: empty.client.update_vectors(empty.collection, points=vectors))


def test_facets_and_orders_need_an_index(empty: Subject, request: pytest.FixtureRequest) -> None:
    """400 for a facet without an index or on numbers with fractions, and for an order without a range index."""
    empty.known_gap(request, local="local mode needs no index")
    empty.client.upsert(empty.collection, points=[small_point(1, other="x", price=1.5)])

    for key in ("other", "price"):
        _refused(empty, 400, partial(empty.client.facet, empty.collection, key=key))
    for key in ("other", "brand"):
        _refused(empty, 400, partial(empty.client.scroll, empty.collection, order_by=key))


def test_an_order_has_no_offset(empty: Subject) -> None:
    """400: a scroll pages by id or sorts by a field, not both."""
    empty.client.upsert(empty.collection, points=[small_point(1, price=1.5)])

    _refused(empty, 400, lambda: empty.client.scroll(empty.collection, order_by="price", offset=1))


def test_an_id_is_a_number_or_a_uuid(empty: Subject, request: pytest.FixtureRequest) -> None:
    """400 for any other text, in points and in filters."""
    empty.known_gap(request, local="local mode lets any text into a filter on ids")

    _refused(empty, 400, lambda: empty.client.upsert(empty.collection, points=[small_point("sku-1")]))
    bad = must(models.HasIdCondition(has_id=["sku-1"]))
    _refused(empty, 400, lambda: empty.client.count(empty.collection, count_filter=bad))


def test_a_limit_is_at_least_one(empty: Subject) -> None:
    """422 for a limit of nothing."""
    _refused(empty, 422, lambda: empty.client.query_points(empty.collection, query=GOOD, using="image", limit=0))
    _refused(empty, 422, lambda: empty.client.scroll(empty.collection, limit=0))


def _refused(subject: Subject, status: int, call: Callable[[], object]) -> None:
    """Assert that the call is refused: by status on REST and embedded, by code on gRPC, by ValueError in local mode."""
    if subject.kind == "local":
        with pytest.raises(ValueError, match=r"."):
            call()
    elif subject.kind == "server-grpc":
        with pytest.raises(grpc.RpcError) as raised:
            call()
        assert isinstance(raised.value, grpc.Call)
        assert raised.value.code() is GRPC_CODES[status]
    else:
        with pytest.raises(UnexpectedResponse) as refused:
            call()
        assert refused.value.status_code == status
        assert refused.value.structured()["status"]["error"]
