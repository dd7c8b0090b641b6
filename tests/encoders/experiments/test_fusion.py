"""Queries of a picture and words: only right answers are called right, and learnt fusion learns what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from catalog.errors import Misconfigured
from encoders.training.experiments.composed import (
    ASKED_WORDING,
    ATTRIBUTES,
    TAUGHT_WORDING,
    Wardrobe,
    all_phrases,
    looks_of,
)
from encoders.training.experiments.fused import FAMILIES, LateFusion, Lesson, Schedule, Vectors, train
from encoders.training.experiments.fusion import Plan, as_table, experiment, main, verdict
from encoders.training.experiments.fusion_trial import DECIDES, MEASURES, Result, judged, set_trial
from tests.encoders.experiments.made_up import RGB, a_dataset, a_sight, hat, rows_of, unit

if TYPE_CHECKING:
    from pathlib import Path

    from encoders.training.rows import Row

ROWS = rows_of("fashion", copies=4, held_out=False)
PHRASES = all_phrases(ROWS)


def toy_vectors(rows: list[Row], seed: int) -> Vectors:
    """Pictures are the sum of what they show; words of colour lie somewhere else: adding them helps nobody."""
    shows = {value: hat([value])[0] for value in ("shirts", "caps", "ties", "men", "women", *RGB)}
    noise = np.random.default_rng(seed).normal(size=(len(rows), 384)) * 0.02
    pictures = np.array([shows[row.kind] + shows[row.gender] + shows[row.colour] for row in rows]) + noise
    words = np.array([hat([f"word {next((c for c in RGB if c in text.split()), text)}"])[0] for text in PHRASES])
    return Vectors(torch.from_numpy(unit(pictures)), torch.from_numpy(unit(words)))


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_a_query_and_its_answers_differ_in_one_attribute(attribute: str) -> None:
    """The words name the answer's value, every answer has it, and all rows that do are answers."""
    wardrobe = Wardrobe(ROWS, PHRASES, TAUGHT_WORDING)
    places = wardrobe.changeable(attribute)

    drawn = wardrobe.draw(places, attribute, np.random.default_rng(1))

    assert len(places) == len(ROWS)
    for query, target in zip(wardrobe.questions(drawn), drawn.targets.tolist(), strict=True):
        assert query.picture is not None
        asked, answer = looks_of(ROWS[query.picture]), looks_of(ROWS[target])
        assert {name for name in ATTRIBUTES if getattr(asked, name) != getattr(answer, name)} == {attribute}
        assert getattr(answer, attribute).removesuffix("s") in query.words
        assert set(query.grades()) == {place for place, row in enumerate(ROWS) if looks_of(row) == answer}
        assert query.itself == query.picture


def test_what_comes_in_one_way_only_is_not_asked_about() -> None:
    """A row without another colour of its kind and gender makes no query, nor does one whose colour is not known."""
    rows = [row for row in ROWS if row.kind != "ties" or row.colour == "red"]

    wardrobe = Wardrobe(rows, PHRASES, ASKED_WORDING)

    assert {rows[place].kind for place in wardrobe.changeable("colour")} == {"shirts", "caps"}


def test_nobody_asks_for_what_has_no_name() -> None:
    """Several colours at once, and either gender, are nothing that one would type."""
    looks = rows_of("fashion", copies=1, held_out=False)[0]

    phrases = all_phrases([looks, type(looks)("fashion", "x", "x", "caps", colour="multi", gender="unisex")])

    assert not [text for text in phrases if "multi" in text or "unisex" in text]


def test_queries_without_rows_are_a_clear_error() -> None:
    """The message says which folder to name."""
    with pytest.raises(Misconfigured, match="--data"):
        all_phrases([])


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_learns_what_late_fusion_cannot(family: str) -> None:
    """The words point nowhere near the pictures; who learnt what they mean finds what is asked for, on new rows."""
    held = rows_of("fashion", copies=3, held_out=True)
    trial = set_trial(Wardrobe(held, PHRASES, ASKED_WORDING), toy_vectors(held, seed=2), most=60, seed=0)
    lesson = Lesson(("colour",), Schedule(steps=40, batch=48), seed=1)

    arm = train(family, Wardrobe(ROWS, PHRASES, TAUGHT_WORDING), toy_vectors(ROWS, seed=1), lesson, lambda: None)

    result = next(one for one in judged(family, [arm], LateFusion(0.5), trial) if one.attribute == "colour")
    assert result.means["R@1"] > 0.9
    assert result.wins
    assert result.query_ms > 0


@pytest.mark.parametrize("family", FAMILIES)
def test_fused_vectors_have_unit_length(family: str) -> None:
    """They are compared with pictures as any query is."""
    vectors = toy_vectors(ROWS, seed=1)

    fused = FAMILIES[family]().eval()(vectors.pictures[:5], vectors.texts[:5])

    assert fused.shape == (5, 384)
    assert torch.allclose(fused.norm(dim=1), torch.ones(5), atol=1e-5)


def test_the_experiment_from_rows_to_verdict(tmp_path: Path) -> None:
    """Every arm and either vector alone, on every change; the table and the verdict say so."""
    rows = rows_of("fashion", copies=2, held_out=False) + rows_of("fashion", copies=2, held_out=True)
    plan = Plan(cache=tmp_path, train=ATTRIBUTES, seeds=2, schedule=Schedule(steps=3, batch=8), queries=20)

    results = experiment(a_dataset(rows), a_sight(), plan, hat)

    assert len(results) == (3 + len(FAMILIES)) * len(ATTRIBUTES)
    assert as_table(results).row_count == len(results)
    assert len(verdict(results, plan.train).splitlines()) == len(FAMILIES)
    again = experiment(a_dataset(rows), a_sight(), plan, hat)
    assert [one.means for one in again] == [one.means for one in results]


@pytest.mark.parametrize(
    ("ahead", "low", "deviation", "wins"),
    [(0.05, 0.03, 0.01, True), (0.05, -0.01, 0.01, False), (0.05, 0.03, 0.03, False), (-0.05, -0.06, 0.0, False)],
)
def test_winning_is_more_than_the_noise_of_queries_and_seeds(
    ahead: float, low: float, deviation: float, *, wins: bool
) -> None:
    """A lead that other queries or another seed could have undone is none."""
    figures = dict.fromkeys(MEASURES, 0.5)
    result = Result("arm", "colour", figures, figures | {DECIDES: deviation}, ahead, low, ahead + 0.02, 0.1)

    assert result.wins is wins


def test_the_command_refuses_weights_that_are_no_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong use ends with 2 and a sentence."""
    (tmp_path / "foreign.safetensors").write_bytes(b"nothing")

    with pytest.raises(SystemExit) as ended:
        main(["--data", str(tmp_path), "--weights", str(tmp_path / "foreign.safetensors"), "--cache", str(tmp_path)])

    assert ended.value.code == 2
    assert "foreign" in capsys.readouterr().err
