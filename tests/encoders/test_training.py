"""The training: what it reads, how it splits, what it calls true, and two steps of the whole on a made-up data set."""

from __future__ import annotations

import csv
import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from PIL import Image

from catalog.errors import Misconfigured
from encoders.bundled import PICTURE_SIDE, load_picture_tower
from encoders.training.augment import augment, flip
from encoders.training.data import Dataset, load, unsquash, with_words_left_out
from encoders.training.losses import any_picture_loss, opinion_loss, own_text_loss, phrase_truth
from encoders.training.negatives import hard_titles
from encoders.training.phrases import ATTRIBUTES, UNSAID, build_bank, phrases_of
from encoders.training.rows import Row, read_folder, split
from encoders.training.settings import Settings
from encoders.training.train import Run, rate_at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

COLOURS = {"red": (200, 30, 30), "blue": (30, 30, 200), "green": (30, 160, 30)}
KINDS = ("sneaker", "mug", "tie", "lamp")


def a_row(number: int = 0, **changes: object) -> Row:
    row = Row(
        source="fashion",
        key=f"{number}.jpg",
        title=f"title {number}",
        kind="casual shoes",
        binding=(f"title:{number}",),
    )
    return dataclasses.replace(row, **changes)  # type: ignore[arg-type]


def a_folder(path: Path) -> Path:
    """A dataset folder of twelve plain pictures, one for each colour and kind."""
    (path / "pictures").mkdir(parents=True)
    with (path / "products.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["id", "image", "title", "category", "colour", "group"])
        for place, kind in enumerate(KINDS):
            for colour, rgb in COLOURS.items():
                name = f"{colour}-{kind}.png"
                Image.new("RGB", (20 + place, 30), rgb).save(path / "pictures" / name)
                table.writerow([name, name, f"{colour} {kind}", f"Goods > {kind}", colour, name])
    return path


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """The folder as a data set, with text vectors out of a hat: the language model would take seconds to load."""

    def hat(texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = np.random.default_rng(3).normal(size=(len(texts), 384)).astype(np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    return load(None, [a_folder(tmp_path / "made-up")], tmp_path / "cache", hat)


def test_two_steps_leave_weights_that_load_and_a_checkpoint_that_goes_on(dataset: Dataset, tmp_path: Path) -> None:
    """A run that was stopped after one step ends as a run of two steps would."""
    settings = Settings(
        out=tmp_path / "run", minutes=1, steps=1, batch=6, title_sample=8, phrase_sample=8, queue=8, adversarial=0.5
    )
    Run(dataset, settings).go()

    second = Run(dataset, dataclasses.replace(settings, steps=2))
    assert second.step == 1
    second.go()

    assert second.step == 2
    tower = load_picture_tower(settings.out / "weights.safetensors")
    assert np.isfinite(tower.encode([np.zeros((9, 9, 3), dtype=np.uint8)])).all()
    assert not list(settings.out.glob("*.part"))


def test_a_smaller_network_learns_from_a_larger_one(dataset: Dataset, tmp_path: Path) -> None:
    """It takes over the words of the teacher's space, and being far from the teacher costs it something."""
    few = {"minutes": 1.0, "steps": 1, "batch": 6, "title_sample": 8, "phrase_sample": 8, "queue": 8}
    larger = Run(dataset, Settings(tmp_path / "larger", shape="lite2", side=64, **few))  # type: ignore[arg-type]
    larger.go()
    settings = Settings(tmp_path / "smaller", teacher=larger.settings.out / "checkpoint.pt", **few)  # type: ignore[arg-type]

    taught, alone = Run(dataset, settings), Run(dataset, dataclasses.replace(settings, teacher_weight=0.0))

    assert all(
        torch.equal(own, theirs)
        for own, theirs in zip(taught.student.adapter.parameters(), larger.student.adapter.parameters(), strict=True)
    )
    assert taught.one_step() > alone.one_step()


def test_a_titles_other_wordings_are_parts_of_it(dataset: Dataset) -> None:
    """They keep its order and two words at least, and are the same at every start."""
    title = "puma men black running shoes"

    shorter = with_words_left_out(title, 20)

    assert shorter == with_words_left_out(title, 20)
    assert len(set(shorter)) > 3
    for wording in shorter:
        words = iter(title.split())
        assert len(wording.split()) >= 2
        assert all(word in words for word in wording.split())  # in the same order: the iterator only goes on
    assert with_words_left_out("mug", 1) == ["mug"]
    assert dataset.worded.shape == (12, 1, 384)


def test_one_opinion_costs_nothing_and_another_does() -> None:
    """Only the distributions count: logits that differ by a constant are the same opinion."""
    logits = torch.tensor([[1.0, 2.0, 3.0]])

    assert opinion_loss(logits, logits + 5).abs() < 1e-6
    assert opinion_loss(logits, -logits) > 1


def test_a_folder_is_read_and_cached(dataset: Dataset) -> None:
    """Rows, pictures and titles lie side by side."""
    assert len(dataset.rows) == 12
    assert dataset.pixels.shape == (12, 3, PICTURE_SIDE, PICTURE_SIDE)
    assert dataset.titles[dataset.title_of_row[0]] == dataset.rows[0].title == "red sneaker"
    assert dataset.pixels[0, 0, PICTURE_SIDE // 2, PICTURE_SIDE // 2] == 200


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    """The message names what is missing."""
    (tmp_path / "products.csv").write_text("id,image\n1,a.png\n", encoding="utf-8")

    with pytest.raises(Misconfigured, match="lacks the columns title, category, colour, group"):
        read_folder(tmp_path / "products.csv")


def test_what_shares_a_title_or_a_picture_stays_on_one_side() -> None:
    """A chain of rows, each tied to the next by a title or by a picture in turn, is never cut."""
    rows = [a_row(n, binding=(f"title:{n // 2}",)) for n in range(400)]
    digests = {row.name: str((n + 1) // 2 if n % 40 else -n) for n, row in enumerate(rows)}

    sides = [row.held_out for row in split(rows, digests)]

    chains = [set(sides[start : start + 40]) for start in range(0, 400, 40)]
    assert all(len(chain) == 1 for chain in chains)


def test_about_a_tenth_is_held_out_whatever_the_order() -> None:
    """The side depends on a row's ties alone."""
    rows = [a_row(n) for n in range(3000)]
    digests = {row.name: str(n) for n, row in enumerate(rows)}

    forward, backward = split(rows, digests), split(rows[::-1], digests)

    assert forward == backward[::-1]
    assert sum(row.held_out for row in forward) == pytest.approx(300, abs=60)


def test_a_phrase_claims_what_it_says() -> None:
    """A red shoe excludes a blue one and leaves one of unknown colour open."""
    red = a_row(0, family="shoes", colour="red", gender="men", usage="casual")
    rows = [red, a_row(1, family="shoes", colour="blue"), a_row(2, family="shoes")]
    bank = build_bank(rows)
    place = bank.texts.index("red casual shoes")

    truth = phrase_truth(torch.from_numpy(bank.claims), torch.from_numpy(bank.facts))

    assert truth.known[place].tolist() == [True, False, False]
    assert truth.possible[place].tolist() == [True, False, True]
    assert all(truth.known[number, 0] for number in bank.of_row[0])


def test_a_row_without_a_colour_or_gender_has_phrases_of_its_kind_alone() -> None:
    """Nothing is said that is not known."""
    assert {phrase.claims for phrase in phrases_of(a_row(kind="mug"))} == {("", "mug", "", "", "", "")}
    assert build_bank([a_row(kind="mug")]).facts[0, ATTRIBUTES.index("colour")] == UNSAID


def test_losses_are_small_for_the_right_answer() -> None:
    """Each picture's own text, and each text's own pictures, score high."""
    right = torch.eye(3) * 20
    truth = phrase_truth(torch.arange(3).unsqueeze(1), torch.arange(3).unsqueeze(1))

    assert own_text_loss(right, torch.arange(3), truth.possible) < 0.01
    assert any_picture_loss(right, truth) < 0.01
    assert any_picture_loss(-right, truth) > 1


def test_augmentation_keeps_shape_and_range_and_repeats_with_its_seed() -> None:
    """Another seed gives another picture."""
    pixels = torch.randint(0, 256, (4, 3, 80, 80), dtype=torch.uint8)
    chosen = torch.ones(4, dtype=torch.bool)

    first, again, other = (augment(pixels, 64, chosen, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))

    assert first.shape == (4, 3, 64, 64)
    assert 0 <= first.min() <= first.max() <= 1
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_least_augmentation_is_a_mirror() -> None:
    """Each picture comes out as it was, or mirrored, at the size asked for."""
    pixels = torch.randint(0, 256, (8, 3, 16, 16), dtype=torch.uint8)

    flipped = flip(pixels, 16, torch.Generator().manual_seed(1)) * 255

    kept = (flipped - pixels).abs().amax((1, 2, 3)) < 0.01
    mirrored = (flipped - pixels.flip(3)).abs().amax((1, 2, 3)) < 0.01
    assert (kept ^ mirrored).all()
    assert kept.any()
    assert mirrored.any()


def test_the_hardest_titles_are_the_nearest_that_are_not_the_same() -> None:
    """A copy of a title is none of its negatives, nor is one that is held out."""
    vectors = torch.nn.functional.normalize(torch.tensor([[1.0, 0], [1, 0.01], [1, 1], [0, 1], [1, 0.9]]), dim=1)

    hard = hard_titles(vectors, torch.tensor([0, 1, 2, 3]))

    assert hard[0].tolist()[:2] == [2, 3]
    assert 4 not in hard


def test_kept_layers_do_not_learn(dataset: Dataset, tmp_path: Path) -> None:
    """What sees edges and colours is as it was before the first step; what comes after is not."""
    run = Run(dataset, Settings(out=tmp_path, minutes=1, batch=6, title_sample=8, phrase_sample=8, queue=8))
    before = {name: value.clone() for name, value in run.student.network.state_dict().items()}

    run.one_step()

    after = run.student.network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before if name.startswith(("stem.", "blocks.2.")))
    assert not torch.equal(before["blocks.3.narrow.convolution.weight"], after["blocks.3.narrow.convolution.weight"])


def test_a_squashed_photo_gets_its_shape_back() -> None:
    """A square of 224 was 3:4 once."""
    assert unsquash(np.zeros((224, 224, 3), dtype=np.uint8)).shape == (224, 168, 3)


def test_the_rate_warms_up_and_falls() -> None:
    """It starts and ends low, and never exceeds what was asked for."""
    settings = Settings(out=None, minutes=1)  # type: ignore[arg-type]

    rates = [rate_at(share, settings) for share in (0.0, 0.01, 0.03, 0.5, 1.0, 1.2)]

    assert max(rates) <= settings.rate
    assert rates[0] < rates[1] < rates[2] > rates[3] > rates[4] == rates[5]
