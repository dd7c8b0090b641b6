"""A calibration is kept with the collection, and comes back only for the vectors it was measured with."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from catalog.calibration import Calibration, Level, Pictures, parse_calibration
from catalog.collection import Declaration, ensure, keep_calibration, kept_calibration
from catalog.embedded import EmbeddedClient
from catalog.errors import CollectionMismatch
from catalog.vectors import DenseSpec, LexicalSpec, VectorSpecs

if TYPE_CHECKING:
    from pathlib import Path

SPECS = VectorSpecs(
    text=DenseSpec("text", 4, "words", "1"),
    image=DenseSpec("image", 3, "colours", "1"),
    lexical=LexicalSpec(average_length=25.0),
)


def calibration(seed: int = 7) -> Calibration:
    """Return a calibration of one level."""
    levels = (Level("text", "image", 0.61, 0.07, 1_234),)
    pictures = Pictures(told=0.96, alone=0.25)
    return Calibration(SPECS, levels, "2026-05-01T10:00:00+00:00", 500, seed, pictures=pictures)


def test_a_calibration_survives_json() -> None:
    """What is kept, written as JSON and read again, is the same calibration."""
    kept = json.loads(json.dumps(calibration().as_json()))

    assert parse_calibration(kept, SPECS) == calibration()


def test_one_that_was_kept_before_pictures_were_measured_is_read() -> None:
    """It says nothing of them."""
    kept = calibration().as_json()
    del kept["pictures"]

    assert parse_calibration(kept, SPECS) == replace(calibration(), pictures=None)


@pytest.mark.parametrize(("told", "known"), [(0.4, 0.0), (0.55, 0.0), (0.725, 0.5), (0.9, 1.0), (1.0, 1.0)])
def test_pictures_count_by_how_far_words_tell_them_from_others(told: float, known: float) -> None:
    """By chance, or less than that, is not at all; nine times of ten is enough."""
    assert Pictures(told, alone=0.0).known == pytest.approx(known)


@pytest.mark.parametrize(
    ("arm", "changed"),
    [
        ("text", replace(SPECS, text=replace(SPECS.text, revision="2"))),
        ("image", replace(SPECS, image=replace(SPECS.image, encoder="shapes"))),
        ("lexical", replace(SPECS, lexical=LexicalSpec(average_length=12.0))),
    ],
)
def test_other_vectors_make_it_void(arm: str, changed: VectorSpecs) -> None:
    """The arm whose encoder differs is named, and what to do."""
    with pytest.raises(CollectionMismatch, match=rf"encoder of {arm}: .*vitrine search calibrate"):
        parse_calibration(calibration().as_json(), changed)


@pytest.mark.parametrize(
    ("damage", "culprit"),
    [
        ({"levels": [{"query": "text", "arm": "image", "mean": 0.1, "deviation": 0, "pairs": 9}]}, "deviation"),
        ({"levels": [{"query": "text", "arm": "image", "mean": float("nan"), "deviation": 1, "pairs": 9}]}, "mean"),
        ({"specs": None}, "specs"),
        ({"pictures": {"told": 1.5, "alone": 0}}, "pictures.told"),
        ({"seed": "many"}, "seed"),
    ],
)
def test_what_is_damaged_is_refused(damage: dict[str, object], culprit: str) -> None:
    """No scale is guessed at: a deviation of 0 would make every score infinite."""
    with pytest.raises(CollectionMismatch, match=culprit):
        parse_calibration({**calibration().as_json(), **damage}, SPECS)


def test_it_is_kept_with_the_collection(tmp_path: Path) -> None:
    """It outlives the client, is replaced as a whole, and can be forgotten; other metadata is left alone."""
    declaration = Declaration(f"alias-{uuid4().hex[:8]}", SPECS)
    client = EmbeddedClient(tmp_path)
    assert kept_calibration(client, declaration) is None
    name = ensure(client, declaration)
    client.update_collection(name, metadata={"owner": "shop"})
    assert kept_calibration(client, declaration) is None

    keep_calibration(client, declaration, calibration())
    keep_calibration(client, declaration, calibration(seed=8))
    client.close()
    client = EmbeddedClient(tmp_path)

    assert parse_calibration(kept_calibration(client, declaration), SPECS) == calibration(seed=8)
    keep_calibration(client, declaration, None)
    assert kept_calibration(client, declaration) is None
    metadata = client.get_collection(name).config.metadata
    assert metadata is not None
    assert metadata["owner"] == "shop"
    client.close()
