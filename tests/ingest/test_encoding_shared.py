"""Vectors shared by variants, relistings and rebuilt indexes: what was made of the same input is not made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog.points import Stored
from ingest.encoding_cache import DiskEncodingCache
from tests.builders import bare, deleted, jpeg, patched, product, upserted
from tests.pipeline import change, new_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ingest.merge import Change
    from ingest.metrics import IngestMetrics
    from tests.pipeline import Parts


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with two pictures, one of them there twice."""
    for name, colour in (("red", "red"), ("copy", "red"), ("green", "green")):
        (tmp_path / f"{name}.jpg").write_bytes(jpeg(colour))
    return tmp_path


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[DiskEncodingCache]:
    """Open a cache."""
    opened = DiskEncodingCache(tmp_path / "encodings.sqlite", max_bytes=10**7)
    yield opened
    opened.close()


def new(product_id: str, **fields: object) -> Change:
    """Return a product that the index does not have."""
    return change(Stored(product_id), upserted(bare(product_id, **fields)))


def counted(metrics: IngestMetrics, vector: str) -> dict[str, float]:
    """Return how many inputs were encoded and how many were not, by reason."""
    found: dict[str, float | None] = {}
    for reason in ("new", "changed"):
        labels = {"vector": vector, "reason": reason}
        found[reason] = metrics.registry.get_sample_value("vitrine_ingest_encodes_total", labels)
    for reason in ("unchanged", "cached", "same_batch"):
        labels = {"vector": vector, "reason": reason}
        found[reason] = metrics.registry.get_sample_value("vitrine_ingest_encodes_avoided_total", labels)
    return {name: value for name, value in found.items() if value}


def test_variants_of_a_batch_are_encoded_once(root: Path) -> None:
    """Without any cache: the same text and the same picture, by whatever name, are read by the encoders once."""
    with new_encoding(root) as parts:
        one, other, third = parts.encoding.points(
            [new("a", images=["red.jpg"]), new("b", images=["copy.jpg", "green.jpg"]), new("c", images=["copy.jpg"])]
        )

    assert (parts.text.encoded, parts.picture.encoded) == (1, 2)
    assert np.array_equal(np.asarray(one.vectors["image"]), np.asarray(third.vectors["image"]))
    assert not np.array_equal(np.asarray(one.vectors["image"]), np.asarray(other.vectors["image"]))
    assert counted(parts.metrics, "text") == {"new": 1, "same_batch": 2}
    assert counted(parts.metrics, "image") == {"new": 2, "same_batch": 2}


def test_a_rebuilt_index_encodes_nothing(root: Path, cache: DiskEncodingCache) -> None:
    """Another process over the same cache gets the same vectors, bit by bit, and decodes no picture."""
    changes = [new("a", images=["red.jpg", "green.jpg"]), new("b", title="Other", images=["green.jpg"])]
    with new_encoding(root, cache=cache) as first:
        before = first.encoding.points(changes)

    with new_encoding(root, cache=cache) as second:
        after = second.encoding.points(changes)

    assert (second.text.encoded, second.picture.encoded) == (0, 0)
    for one, other in zip(before, after, strict=True):
        assert one.vectors.keys() == other.vectors.keys()
        assert one.product.derived.digests == other.product.derived.digests
        for name in ("text", "image"):
            assert np.array_equal(np.asarray(one.vectors[name]), np.asarray(other.vectors[name]))
    assert counted(second.metrics, "text") == {"cached": 2}
    assert counted(second.metrics, "image") == {"cached": 3}


def test_a_product_that_comes_back_is_not_encoded_again(root: Path, cache: DiskEncodingCache) -> None:
    """A relisting costs nothing, and what comes anew with it only itself."""
    with new_encoding(root, cache=cache) as parts:
        gone = parts.then(parts.first(images=["red.jpg"]), deleted(version=2))

        back = parts.then(gone, upserted(product(images=["red.jpg", "green.jpg"]), version=3))

        assert set(back.vectors) == {"text", "image", "lexical"}
        assert (parts.text.encoded, parts.picture.encoded) == (0, 1)


def test_what_is_unchanged_is_counted_by_its_inputs(root: Path) -> None:
    """A price event avoids one text and as many pictures as the product has."""
    with new_encoding(root) as parts:
        write = parts.first(images=["red.jpg", "green.jpg", "nowhere.jpg"])
        parts.then(write, patched(version=2, price=1))

    assert counted(parts.metrics, "text") == {"new": 1, "unchanged": 1}
    assert counted(parts.metrics, "image") == {"new": 2, "unchanged": 2}


def outcomes(parts: Parts) -> dict[str, float]:
    """Return what became of the pictures that were asked for."""
    name = "vitrine_ingest_pictures_total"
    found = {
        one: parts.metrics.registry.get_sample_value(name, {"outcome": one}) for one in ("ok", "failed", "refused")
    }
    return {outcome: count for outcome, count in found.items() if count}


def test_what_became_of_pictures_is_counted(root: Path) -> None:
    """Each that was asked for, once."""
    with new_encoding(root) as parts:
        parts.first(images=["red.jpg", "nowhere.jpg", "../x.jpg", "green.jpg"])

    assert outcomes(parts) == {"ok": 2, "failed": 1, "refused": 1}
