"""A run goes from a config to a folder that the service loads; killed, it goes on; told otherwise, it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from PIL import Image
from rich.console import Console

from catalog.errors import Misconfigured
from encoders.bundled_folder import WEIGHTS, is_tower_folder, load_tower_folder
from encoders.evaluation.dataset import read_table
from encoders.training.shop.run import train
from encoders.training.shop.trainer import WHOLE, last_checkpoint, rate_at
from tests.encoders.shop.shops import TEXT, config, some_goods, write_base, write_shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from encoders.training.shop.workshop import Outcome

DEADLINE_SECONDS = 150


def quiet() -> Console:
    """Return a screen that nobody sees."""
    return Console(quiet=True)


def prepared(folder: Path) -> Path:
    """Write a shop and a base, and return their folder."""
    write_shop(folder / "shop", some_goods())
    write_base(folder / "base")
    return folder


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Sums are the same to the bit only if as many threads share them, and other tests change how many do."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that came to its end."""
    return prepared(tmp_path_factory.mktemp("straight"))


@pytest.fixture(scope="module")
def outcome(folder: Path) -> Outcome:
    """Return what came out of it."""
    return train(config(folder), quiet(), TEXT)


def test_the_model_is_loaded_by_its_path(folder: Path, outcome: Outcome) -> None:
    """The folder holds a tower that encodes, calibrated, under the run's name."""
    assert outcome.model == str(folder / "out" / "model")
    assert is_tower_folder(folder / "out" / "model")
    encoder = load_tower_folder(folder / "out" / "model", TEXT, device="cpu")
    table = read_table(folder / "shop" / "products.csv")
    vectors = encoder.encode_pictures([table.picture(item) for item in table.items[:4]])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert encoder.description.name == "out"
    assert set(encoder.description.unrelated) == {"text", "picture", "product"}


def test_it_has_learnt(folder: Path, outcome: Outcome) -> None:
    """The weights have moved away from the base's, those of the kept stem apart."""
    before = load_tower_folder(folder / "base", TEXT, device="cpu")
    after = load_tower_folder(folder / "out" / "model", TEXT, device="cpu")
    picture = np.full((16, 16, 3), 90, np.uint8)
    assert (before.encode_pictures([picture]) != after.encode_pictures([picture])).any()
    assert outcome.steps == 6


def test_the_card_says_what_was_done(folder: Path, outcome: Outcome) -> None:
    """The card names base, licence, counts, loss and figures with intervals, and how to make the model again."""
    card = (folder / "out" / "model" / "README.md").read_text(encoding="utf-8")
    line = outcome.lines[0]
    for said in (
        "license: apache-2.0",
        "`untrained`",
        "36 rows to learn from, 12 held out",
        "InfoNCE",
        f"{line.before.value:.3f} ({line.before.low:.3f}–{line.before.high:.3f})",
        "seed = 1",
        "epochs = 2",
    ):
        assert said in card


def test_the_curve_is_a_picture(folder: Path, outcome: Outcome) -> None:
    """The course of the run is saved beside the model and within it."""
    for path in (folder / "out" / "curve.png", folder / "out" / "model" / "curve.png"):
        with Image.open(path) as image:
            assert image.format == "PNG"
    assert outcome.seconds > 0


def test_a_run_that_has_ended_is_not_repeated(folder: Path, outcome: Outcome) -> None:
    """The same command again says what came out, and leaves the model as it is."""
    weights = folder / "out" / "model" / WEIGHTS
    written = weights.stat().st_mtime_ns
    assert train(config(folder), quiet(), TEXT) == outcome
    assert weights.stat().st_mtime_ns == written
    assert not (folder / "out" / "checkpoints").exists()


def test_another_run_does_not_go_on_in_its_folder(folder: Path, outcome: Outcome) -> None:
    """Other settings are refused with what differs."""
    assert outcome.steps
    with pytest.raises(Misconfigured, match=r"other settings \(loss: info-nce, here triplet; seed: 1, here 2\)"):
        train(config(folder, loss="triplet", seed=2), quiet(), TEXT)


def test_a_killed_run_goes_on_and_ends_the_same(folder: Path, outcome: Outcome, tmp_path: Path) -> None:
    """Killed without warning after a checkpoint, a run takes it up, and its weights are those of a straight one."""
    prepared(tmp_path)
    command = [sys.executable, "-m", "tests.encoders.shop.child", str(tmp_path)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"}) as child:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while last_checkpoint(tmp_path / "out" / "checkpoints") is None:
            assert child.poll() is None, "the child ended before it could be killed"
            assert time.monotonic() < deadline, "no checkpoint in time"
            time.sleep(0.01)
        child.kill()
    assert not (tmp_path / "out" / "outcome.json").exists()
    resumed = train(config(tmp_path), quiet(), TEXT)
    straight, again = ((one / "out" / "model" / WEIGHTS).read_bytes() for one in (folder, tmp_path))
    assert (straight == again) is True  # no difference of megabytes is drawn
    assert resumed.lines == outcome.lines


def test_a_checkpoint_cut_short_is_passed_over(tmp_path: Path) -> None:
    """Only a checkpoint that was written to its end is taken up."""
    for step, whole in ((100, True), (200, True), (1000, False)):
        checkpoint = tmp_path / f"checkpoint-{step}"
        checkpoint.mkdir()
        (checkpoint / "trainer_state.json").touch()
        if whole:
            (checkpoint / WHOLE).write_text("{}")
    assert last_checkpoint(tmp_path) == tmp_path / "checkpoint-200"
    assert last_checkpoint(tmp_path / "none") is None


def test_the_clock_ends_a_run(tmp_path: Path) -> None:
    """With minutes instead of epochs the run stops when they are over, and a model is written all the same."""
    prepared(tmp_path)
    outcome = train(config(tmp_path, epochs=None, minutes=0.01, loss="triplet"), quiet(), TEXT)
    assert outcome.steps >= 1
    assert outcome.seconds >= 0.6
    assert is_tower_folder(tmp_path / "out" / "model")


def test_the_rate_rises_and_falls() -> None:
    """A tenth of the run warms up; at the end hardly anything is left."""
    rates = [rate_at(number / 100) for number in range(101)]
    assert rates.index(max(rates)) == 10
    assert rates[0] == pytest.approx(rates[-1]) == pytest.approx(0.01)
