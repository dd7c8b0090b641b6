"""The collection: made once, however often and by however many; verified in words that say what to do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from threading import Barrier
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from qdrant_client import models
from qdrant_client.http.exceptions import UnexpectedResponse

from catalog.collection import SPECS as KEPT_SPECS
from catalog.collection import Declaration, ensure, resolve, specs_of, verify
from catalog.errors import CollectionMismatch
from catalog.layout import creation, payload_indexes
from catalog.options import IndexOptions
from catalog.points import BROWSE, HIDDEN_SINCE, OCCURRED_AT, PICTURES_DUE, REVISION
from catalog.vectors import LAYOUT, DenseSpec, LexicalSpec, VectorSpecs
from tests.index import embedded_engine
from tests.server import server_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.embedded import EmbeddedClient

SPECS = VectorSpecs(
    text=DenseSpec("text", 4, "words", "1"),
    image=DenseSpec("image", 3, "colours", "1"),
    lexical=LexicalSpec(average_length=25.0),
)
NUMBERS = ("weight", "heel height", "a-b", "1st", "größe", "重量", "v1.5", "size[eu]", "हिन्दी")


@pytest.fixture(scope="module")
def engine() -> Iterator[EmbeddedClient]:
    """Open one engine for all these tests."""
    with embedded_engine() as client:
        yield client


@pytest.fixture
def declaration() -> Declaration:
    """Declare a collection under an alias nobody else has."""
    return Declaration(f"alias-{uuid4().hex[:8]}", SPECS)


def make(
    engine: EmbeddedClient,
    declaration: Declaration,
    *,
    text_size: int = 4,
    distance: models.Distance = models.Distance.COSINE,
    sparse: dict[str, models.SparseVectorParams] | None = None,
) -> None:
    """Make a collection by hand, without indexes, behind the declared alias and name."""
    name = declaration.physical_name
    idf = models.SparseVectorParams(modifier=models.Modifier.IDF)
    engine.create_collection(
        name,
        vectors_config={
            "text": models.VectorParams(size=text_size, distance=distance),
            "image": models.VectorParams(size=3, distance=distance),
        },
        sparse_vectors_config={"lexical": idf} if sparse is None else sparse,
    )
    point(engine, declaration.alias, name)


def point(engine: EmbeddedClient, alias: str, name: str) -> None:
    """Let an alias lead to a collection."""
    created = models.CreateAlias(collection_name=name, alias_name=alias)
    engine.update_collection_aliases([models.CreateAliasOperation(create_alias=created)])


def complaint(engine: EmbeddedClient, declaration: Declaration) -> str:
    """Return what `verify` finds wrong."""
    with pytest.raises(CollectionMismatch) as caught:
        verify(engine, declaration)
    return str(caught.value)


def test_ensure_makes_what_verify_wants(engine: EmbeddedClient, declaration: Declaration) -> None:
    """After `ensure` the collection is there, empty, behind its alias, with every index."""
    name = ensure(engine, declaration)

    status = verify(engine, declaration)
    assert name == status.physical_name == resolve(engine, declaration.alias) == declaration.physical_name
    assert status.points == 0
    assert len(engine.get_collection(name).payload_schema) == len(payload_indexes())


def test_graphs_get_no_links_for_what_no_search_is_narrowed_by(
    engine: EmbeddedClient, declaration: Declaration
) -> None:
    """Links take longer than the graph itself: a filter of a search needs them, the house's own questions do not."""
    schema = engine.get_collection(ensure(engine, declaration)).payload_schema

    unlinked = {path for path, found in schema.items() if getattr(found.params, "enable_hnsw", None) is False}

    assert unlinked == {OCCURRED_AT, PICTURES_DUE, HIDDEN_SINCE, BROWSE, REVISION}


def test_ensure_again_changes_nothing(engine: EmbeddedClient, declaration: Declaration) -> None:
    """Every start of a worker calls it: what is there stays, points included."""
    name = ensure(engine, declaration)
    engine.upsert(name, points=[models.PointStruct(id=1, vector={"text": [1.0, 0, 0, 0]}, payload={})])

    assert ensure(engine, declaration) == name
    assert verify(engine, declaration).points == 1


def test_two_at_once_make_one_collection(engine: EmbeddedClient, declaration: Declaration) -> None:
    """Workers that start together do not trip over each other."""
    together = Barrier(4)

    def start(_worker: int) -> str:
        together.wait()
        return ensure(engine, declaration)

    with ThreadPoolExecutor(4) as workers:
        assert set(workers.map(start, range(4))) == {declaration.physical_name}
    verify(engine, declaration)


def test_numbers_of_any_name_are_indexed(engine: EmbeddedClient, declaration: Declaration) -> None:
    """The engine writes some paths without the quotation marks that they were given with: still the same index."""
    ensure(engine, declaration)
    numbered = replace(declaration, numbers=NUMBERS)
    assert "lacks the payload index of" in complaint(engine, numbered)

    name = ensure(engine, numbered)

    verify(engine, numbered)
    assert len(engine.get_collection(name).payload_schema) == len(payload_indexes(NUMBERS))


def test_a_missing_alias_says_how_to_make_it(engine: EmbeddedClient, declaration: Declaration) -> None:
    """Before the first ingest there is nothing to search."""
    assert "`vitrine collection create`" in complaint(engine, declaration)


def test_other_encoders_are_not_mixed_in(engine: EmbeddedClient, declaration: Declaration) -> None:
    """Neither reader nor writer goes on with a collection of another fingerprint."""
    make(engine, declaration)
    other = replace(declaration, specs=replace(SPECS, text=DenseSpec("text", 4, "words", "2")))

    assert "VITRINE_ENCODERS__TEXT" in complaint(engine, other)
    with pytest.raises(CollectionMismatch, match=declaration.physical_name):
        ensure(engine, other)
    assert resolve(engine, declaration.alias) == declaration.physical_name


def test_another_layout_is_no_matter_of_the_encoders(engine: EmbeddedClient, declaration: Declaration) -> None:
    """What an earlier version made is named as that, with the way over; its vectors are known and can be copied."""
    earlier = f"{declaration.alias}-{declaration.specs.fingerprint_in(LAYOUT - 1)}"
    engine.create_collection(earlier, **creation(SPECS, IndexOptions()), metadata={KEPT_SPECS: asdict(SPECS)})
    point(engine, declaration.alias, earlier)

    said = complaint(engine, declaration)

    assert "layout of an earlier version" in said
    assert "`vitrine collection migrate start`" in said
    assert "VITRINE_ENCODERS" not in said
    assert specs_of(engine, earlier) == SPECS


def test_a_missing_index_is_named(engine: EmbeddedClient, declaration: Declaration) -> None:
    """A filter on what is not indexed would be slow, or refused."""
    make(engine, declaration)

    assert "derived.browse" in complaint(engine, declaration)


@pytest.mark.parametrize("distance", [models.Distance.COSINE, models.Distance.DOT])
def test_a_wrong_vector_is_named(engine: EmbeddedClient, declaration: Declaration, distance: models.Distance) -> None:
    """The size and the distance are those of the encoder; the message says what to do."""
    make(engine, declaration, distance=distance, text_size=4 + (distance == models.Distance.COSINE))

    said = complaint(engine, declaration)
    assert "'text'" in said
    assert "choose another VITRINE_COLLECTION" in said


@pytest.mark.parametrize("sparse", [{}, {"lexical": models.SparseVectorParams()}])
def test_a_wrong_lexical_vector_is_named(
    engine: EmbeddedClient, declaration: Declaration, sparse: dict[str, models.SparseVectorParams]
) -> None:
    """Without the sparse vector and its IDF the lexical arm answers nothing, or nonsense."""
    make(engine, declaration, sparse=sparse)

    assert "'lexical'" in complaint(engine, declaration)


def changed(part: str, name: str, value: object) -> VectorSpecs:
    """Return the specs with one value of one vector changed."""
    fields: dict[str, Any] = {"text": SPECS.text, "image": SPECS.image, "lexical": SPECS.lexical}
    spec = fields[part]
    values = {each: getattr(spec, each) for each in spec.__slots__}
    return VectorSpecs(**{**fields, part: type(spec)(**{**values, name: value})})


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        *((arm, "name", "other") for arm in ("text", "image", "lexical")),
        *((arm, name, "other") for arm in ("text", "image") for name in ("encoder", "revision")),
        ("text", "size", 5),
        ("image", "size", 5),
        ("lexical", "average_length", 26.0),
        ("lexical", "tokenizer", "word"),
        ("lexical", "k", 1.3),
        ("lexical", "b", 0.5),
    ],
)
def test_each_part_of_the_specs_is_in_the_fingerprint(part: str, name: str, value: object) -> None:
    """Whatever would make other vectors makes another collection."""
    assert changed(part, name, value).fingerprint != SPECS.fingerprint


def test_equal_specs_have_equal_fingerprints() -> None:
    """Twelve hex digits, the same in every process."""
    assert replace(SPECS).fingerprint == SPECS.fingerprint
    assert len(SPECS.fingerprint) == 12
    assert int(SPECS.fingerprint, 16) >= 0


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"text_size": 5}, "'text' of .* is 5 numbers by Cosine"),
        ({"distance": models.Distance.DOT}, "is 4 numbers by Dot"),
        ({"sparse": {}}, "lacks the sparse vector 'lexical'"),
        ({"sparse": {"lexical": models.SparseVectorParams()}}, "with the modifier IDF"),
    ],
)
def test_neither_search_nor_ingest_goes_on_with_wrong_vectors(
    engine: EmbeddedClient, declaration: Declaration, broken: dict[str, Any], said: str
) -> None:
    """A size, a distance or a modifier that is not the encoder's: search is not ready, a worker does not start."""
    make(engine, declaration, **broken)

    for check in (verify, ensure):
        with pytest.raises(CollectionMismatch, match=said):
            check(engine, declaration)


def test_an_index_of_another_type_is_named(engine: EmbeddedClient, declaration: Declaration) -> None:
    """A keyword index on a number answers no range: it has to be made anew, by hand, for it may be somebody's."""
    make(engine, declaration)
    keyword = models.PayloadSchemaType.KEYWORD
    engine.create_payload_index(declaration.physical_name, field_name="price", field_schema=keyword)

    for check in (verify, ensure):
        with pytest.raises(CollectionMismatch, match=r"index of price in .* is for keyword, it must be for"):
            check(engine, declaration)


def test_options_change_how_it_is_kept_and_nothing_else(engine: EmbeddedClient, declaration: Declaration) -> None:
    """Quantization and the disk are the collection's own affair: the name, and so the vectors, stay the same."""
    options = IndexOptions(quantization="int8", vectors_on_disk=True, payload_on_disk=True, shards=2, replicas=2)
    kept_small = replace(declaration, options=options)

    assert kept_small.physical_name == declaration.physical_name
    name = ensure(engine, kept_small)
    engine.upsert(name, points=[models.PointStruct(id=1, vector={"text": [1.0, 0, 0, 0]}, payload={})])
    (hit,) = engine.query_points(name, query=[1.0, 0, 0, 0], using="text").points
    assert hit.score == pytest.approx(1.0, abs=1e-3)
    vectors = engine.get_collection(name).config.params.vectors
    assert isinstance(vectors, dict)
    assert vectors["text"].on_disk


def test_a_server_is_told_where_to_keep_it() -> None:
    """Shards, replicas, consistency, strict mode and quantization are asked for as the options say."""
    options = IndexOptions("int8", vectors_on_disk=True, shards=6, replicas=2, write_consistency=2)
    asked = creation(SPECS, options)

    assert (asked["shard_number"], asked["replication_factor"], asked["write_consistency_factor"]) == (6, 2, 2)
    assert asked["strict_mode_config"].unindexed_filtering_retrieve is False
    assert asked["quantization_config"].scalar.always_ram
    assert asked["vectors_config"]["text"].on_disk
    assert creation(SPECS, replace(options, strict=False, quantization="none"))["strict_mode_config"] is None


def test_a_server_refuses_filters_on_what_is_not_indexed(declaration: Declaration) -> None:
    """Also on a collection that was made before strict mode was wanted."""
    with server_engine() as server:
        name = ensure(server, replace(declaration, options=IndexOptions(strict=False)))
        try:
            assert ensure(server, declaration) == name
            unindexed = models.FieldCondition(key="nobody.knows", match=models.MatchValue(value="x"))
            with pytest.raises(UnexpectedResponse, match="Index required"):
                server.scroll(name, scroll_filter=models.Filter(must=[unindexed]))
        finally:
            server.delete_collection(name)
