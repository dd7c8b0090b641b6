"""A student learns what its teacher says, is kept as the service loads it, and goes on where it was stopped."""

from __future__ import annotations

import dataclasses
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from catalog.errors import Misconfigured
from encoders.bundled_folder import load_tower_folder
from encoders.registry import load_named
from encoders.training.shop.workshop import CHECKPOINTS, CURVE, OUTCOME
from encoders.training.shrink.distil import Teacher, distil
from encoders.training.shrink.workshop import TEACHER
from tests.encoders.shop.shops import TEXT, some_goods, write_shop
from tests.encoders.shrink.orders import ROWS, an_order, silent
from tests.encoders.tiny_clip import build_tiny_clip
from tests.encoders.tiny_models import TEXT_SIZE, build_tiny_resnet, build_tiny_text_model

if TYPE_CHECKING:
    from pathlib import Path

    from encoders.training.shrink.order import Order
    from encoders.training.shrink.workshop import Outcome


def teacher_of(order: Order) -> Teacher:
    """Load the teacher that an order names."""
    named = load_named(order.teacher, device="cpu", minilm=TEXT)
    return Teacher(named.text, named.picture)


def distilled(order: Order) -> Outcome:
    """Carry an order out, with words of a hashing encoder below students for pictures."""
    return distil(order, teacher_of(order), silent(), TEXT)


def stopped(order: Order) -> None:
    """Have a distillation end after its last checkpoint, before anything is made of it: its curve cannot be written."""
    (order.out / CURVE).mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        distilled(order)
    (order.out / CURVE).rmdir()


def sharpened(folder: Path) -> None:
    """Make the layers of an untrained text model do something: they start as almost nothing."""
    tensors = load_file(folder / "model.safetensors")
    changed = {
        name: tensor * 10 if "encoder" in name and tensor.ndim > 1 else tensor for name, tensor in tensors.items()
    }
    save_file(changed, folder / "model.safetensors", {"format": "pt"})


def built(folder: Path, build: str = "text") -> Path:
    """Write a tiny teacher and return the folder of the test."""
    (folder / "teacher").mkdir()
    {"text": build_tiny_text_model, "clip": build_tiny_clip, "resnet": build_tiny_resnet}[build](folder / "teacher")
    return folder


def test_a_student_of_text_is_loaded_by_its_folder(tmp_path: Path) -> None:
    """With the teacher's size, prompts and licence, in fewer layers, beside a card and a curve."""
    outcome = distilled(an_order(built(tmp_path)))

    student = load_named(outcome.model, device="cpu").text
    assert student is not None
    assert student.description.size == TEXT_SIZE
    assert student.description.query_prompt == "query: "
    assert student.description.licence == "apache-2.0"
    assert student.description.languages == ("en", "zh")
    assert student.encode_queries(["red shoe"]).shape == (1, TEXT_SIZE)
    assert outcome.arm == "TEXT"
    assert outcome.training_rows + outcome.held_out_rows == ROWS
    assert "vitrine encoders distil" in (tmp_path / "out" / "model" / "README.md").read_text()
    assert (tmp_path / "out" / "model" / CURVE).stat().st_size > 1000


def test_a_student_comes_nearer_to_its_teacher(tmp_path: Path) -> None:
    """The more it is taught."""
    order = an_order(built(tmp_path), rate=5e-3)
    sharpened(tmp_path / "teacher")

    short = distilled(dataclasses.replace(order, epochs=1, rate=1e-9, out=tmp_path / "short"))
    long = distilled(dataclasses.replace(order, epochs=4, out=tmp_path / "long"))

    assert long.lines[0].student.value > short.lines[0].student.value + 0.01
    assert long.lines[0].teacher.value == 1.0


def test_a_student_of_pictures_is_a_tower_folder(tmp_path: Path) -> None:
    """Whatever the length of its teacher's vectors; words and pictures end in one space."""
    outcome = distilled(an_order(built(tmp_path, "clip"), student="pictures", epochs=1))

    student = load_tower_folder(tmp_path / "out" / "model", TEXT, device="cpu")
    pictures = student.encode_pictures([np.full((20, 30, 3), 200, dtype=np.uint8)])
    assert pictures.shape == student.text_tower.encode_queries(["red shoe"]).shape == (1, 384)
    assert outcome.arm == "IMAGE"
    assert {line.name for line in outcome.lines} == {
        "cosine of goods with the teacher's",
        "the teacher's 10 nearest found again",
        "words → goods, nDCG@10",
        "goods → their category, nDCG@10",
    }


def test_a_teacher_without_words_lends_them_its_pictures(tmp_path: Path) -> None:
    """A CNN says nothing of a title, but much of the pictures that bear it."""
    outcome = distilled(an_order(built(tmp_path, "resnet"), student="pictures", epochs=1))

    assert load_tower_folder(tmp_path / "out" / "model", TEXT, device="cpu").text_tower is not None
    assert outcome.steps > 0


def test_a_teacher_that_also_sees_has_a_student_of_minilm(tmp_path: Path) -> None:
    """There is no cutting a CLIP in two; the student starts from MiniLM and ends in the teacher's space."""
    order = an_order(built(tmp_path, "clip"), epochs=1)

    outcome = distilled(order)

    student = load_named(outcome.model, device="cpu").text
    teacher = teacher_of(order).text
    assert student is not None
    assert teacher is not None
    assert student.description.size == teacher.description.size
    assert student.description.languages == ("en",)


def test_what_has_ended_is_told_again(tmp_path: Path) -> None:
    """At once, and nothing is learnt twice."""
    order = an_order(built(tmp_path), epochs=1)
    first = distilled(order)

    again = distil(order, Teacher(None, None), silent(), TEXT)

    assert again == first


def test_a_stopped_student_goes_on(tmp_path: Path) -> None:
    """From its last checkpoint, with what its teacher said, and ends as if it had not been stopped."""
    order = an_order(built(tmp_path))
    whole = distilled(dataclasses.replace(order, out=tmp_path / "whole"))

    stopped(order)
    last = max((tmp_path / "out" / CHECKPOINTS).glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    shutil.rmtree(last)
    assert (tmp_path / "out" / TEACHER).is_file()

    resumed = distilled(order)

    assert resumed.steps == whole.steps
    assert resumed.lines == whole.lines
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [CURVE, "model", OUTCOME, "run.json"]


def test_another_order_needs_another_folder(tmp_path: Path) -> None:
    """The message says what differs."""
    order = an_order(built(tmp_path), epochs=1)
    distilled(order)

    with pytest.raises(Misconfigured, match="layers: 1, here 2"):
        distilled(dataclasses.replace(order, layers=2))


def test_other_rows_need_another_folder(tmp_path: Path) -> None:
    """A student is not taught half by one table and half by another."""
    order = an_order(built(tmp_path))
    stopped(order)
    write_shop(tmp_path / "shop", some_goods(ROWS + 4))

    with pytest.raises(Misconfigured, match="other rows"):
        distilled(order)


def test_a_folder_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    """Nothing of somebody's is overwritten."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter.txt").write_text("Dear")

    with pytest.raises(Misconfigured, match="not empty"):
        distilled(an_order(built(tmp_path)))


def test_a_teacher_of_text_has_no_student_for_pictures(tmp_path: Path) -> None:
    """They have no input in common, and the message says what to choose."""
    with pytest.raises(Misconfigured, match="--student text"):
        distilled(an_order(built(tmp_path), student="pictures"))


def test_a_teacher_of_pictures_has_no_student_for_text(tmp_path: Path) -> None:
    """Likewise."""
    with pytest.raises(Misconfigured, match="--student pictures"):
        distilled(an_order(built(tmp_path, "resnet")))


def test_a_student_needs_fewer_layers_than_its_teacher(tmp_path: Path) -> None:
    """Otherwise there is nothing to gain."""
    with pytest.raises(Misconfigured, match="2 layers"):
        distilled(an_order(built(tmp_path), layers=2))


def test_three_rows_are_too_few(tmp_path: Path) -> None:
    """The message says how many it takes."""
    write_shop(tmp_path / "shop", some_goods(3))

    with pytest.raises(Misconfigured, match="at least 40"):
        distilled(an_order(built(tmp_path)))


def test_a_table_without_titles_is_refused(tmp_path: Path) -> None:
    """By the name of the column."""
    write_shop(tmp_path / "shop", some_goods(ROWS), columns=("id", "image", "category"))

    with pytest.raises(Misconfigured, match="title"):
        distilled(an_order(built(tmp_path)))


def test_broken_pictures_are_left_out(tmp_path: Path) -> None:
    """And told of."""
    order = an_order(built(tmp_path, "clip"), student="pictures", epochs=1)
    pictures = sorted((tmp_path / "shop").glob("*.png"))
    pictures[0].write_bytes(b"no picture")

    outcome = distilled(order)

    assert len(outcome.refused) == 1
    assert pictures[0].name in outcome.refused[0]


def test_one_title_for_all_leaves_nothing_to_hold_out(tmp_path: Path) -> None:
    """Rows of one title stay together, so none can be measured on."""
    write_shop(tmp_path / "shop", some_goods(ROWS), title="shoe")

    with pytest.raises(Misconfigured, match="hang together"):
        distilled(an_order(built(tmp_path)))
