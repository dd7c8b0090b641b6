"""The robustness table: every task under every condition, the clean one as the measure of the others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from catalog.errors import Misconfigured
from encoders.training.experiments.robustness import CLEAN, Finding, as_json, as_table, main, run
from encoders.training.experiments.scene import PHOTO_TASK, elected, set_scene
from tests.encoders.experiments.made_up import a_dataset, a_sight, hat, rows_of

if TYPE_CHECKING:
    from pathlib import Path

    from encoders.training.experiments.scene import Scene


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    rows = rows_of("fashion", copies=3, held_out=True)
    rows += rows_of("clothing", copies=1, held_out=True) + rows_of("clothing", copies=1, held_out=False)
    return set_scene(a_dataset(rows), 60, seed=0, cache=tmp_path, encode=hat)


def test_every_task_meets_every_condition(scene: Scene) -> None:
    """Two encoders of one name stand side by side, each with four tasks under ten conditions."""
    found = run(scene, [a_sight(), a_sight()], seed=1)

    assert list(found) == ["tiny", "tiny revisi"]
    first, second = found.values()
    assert len({(one.task, one.condition) for one in first}) == 4 * 10
    assert all(0 <= one.value <= 1 for one in first)
    assert all(one.kept == 1 for one in first if one.condition == CLEAN)
    assert first == second
    assert as_table(found).row_count == 4 * 10 + 3
    assert json.loads(as_json(found, scene))["products"] == 60


def test_attacks_are_the_worst_for_titles(scene: Scene) -> None:
    """Pictures are led away from their titles: none ends nearer to them than it was."""
    sight = a_sight()
    pictures, texts = scene.products.pixels.float() / 255, scene.products.texts

    clean, once, often = sight.see(pictures), sight.after_fgsm(pictures, texts), sight.after_pgd(pictures, texts)

    near, nearer, nearest = ((vectors * texts).sum().item() for vectors in (often, once, clean))
    assert near < nearest
    assert nearer < nearest


def test_a_line_that_lost_more_than_a_fifth_is_marked() -> None:
    """Four fifths are enough; from nothing, nothing can be lost."""
    assert Finding("task", "noise", 0.39, 0.5).lost_too_much
    assert not Finding("task", "noise", 0.41, 0.5).lost_too_much
    assert not Finding("task", "noise", 0.0, 0.0).lost_too_much


def test_neighbours_vote_and_the_nearest_breaks_a_tie() -> None:
    """Three of five agree; of two pairs that of the first wins."""
    assert elected(np.array([[4, 1, 1, 2, 1], [3, 5, 5, 3, 9]])).tolist() == [1, 3]


def test_a_scene_without_photos_has_no_photo_task(tmp_path: Path) -> None:
    """What is not there is not asked."""
    scene = set_scene(a_dataset(rows_of("fashion", copies=2, held_out=True)), 0, seed=0, cache=tmp_path, encode=hat)

    found = run(scene, [a_sight()], seed=0)

    assert PHOTO_TASK not in {one.task for one in found["tiny"]}


def test_nothing_held_out_is_a_clear_error(tmp_path: Path) -> None:
    """There is nothing to judge on, and the message says what to name."""
    with pytest.raises(Misconfigured, match="--data"):
        set_scene(a_dataset(rows_of("fashion", copies=1, held_out=False)), 0, seed=0, cache=tmp_path, encode=hat)


def test_the_command_refuses_weights_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong use ends with 2 and a sentence, before any picture is read."""
    with pytest.raises(SystemExit) as ended:
        main(["--data", str(tmp_path), "--weights", str(tmp_path / "none.safetensors"), "--cache", str(tmp_path)])

    assert ended.value.code == 2
    assert "check the path" in capsys.readouterr().err
