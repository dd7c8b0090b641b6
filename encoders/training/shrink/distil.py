"""A distillation from its order to the student's folder; read it from top to bottom."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from rich.progress import Progress

from catalog.errors import Misconfigured
from encoders.evaluation.dataset import read_table
from encoders.evaluation.scale import levels_by_chance
from encoders.shipped import load_minilm
from encoders.shortcut import shortened
from encoders.training.shop.curve import draw_curve
from encoders.training.shop.workshop import CHECKPOINTS, CURVE, MODEL
from encoders.training.shrink.agreement import cosines, lines, through_student
from encoders.training.shrink.card import CARD, write_card
from encoders.training.shrink.course import Course, attend
from encoders.training.shrink.goods import Goods, read_pictures, read_titles
from encoders.training.shrink.readers import TextReader, picture_reader
from encoders.training.shrink.speed import p50_ms
from encoders.training.shrink.students import picture_student, text_student
from encoders.training.shrink.teaching import Lessons, hear_of_pictures, hear_of_titles, remembered
from encoders.training.shrink.workshop import START, TEACHER, Outcome, begin, finish, open_workshop
from encoders.transformer import TransformerEncoder

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from encoders.interface import Description, PictureEncoder, TextEncoder, Unrelated
    from encoders.training.shop.batches import Reader
    from encoders.training.shop.pupil import Pupil
    from encoders.training.shop.trainer import Trained
    from encoders.training.shrink.agreement import Sight
    from encoders.training.shrink.order import Order

NEARNESS: Final = "cosine with the teacher"


@dataclass(frozen=True, slots=True)
class Teacher:
    """What the teacher's name leads to; one of the two may be missing."""

    text: TextEncoder | None
    picture: PictureEncoder | None

    def description(self, order: Order) -> Description:
        """Return what it is; raises `Misconfigured` where it has nothing to say of what the student reads."""
        if order.student == "text" and self.text is not None:
            return self.text.description
        if order.student == "pictures" and self.picture is not None:
            return self.picture.description
        reads, other = ("text", "pictures") if order.student == "text" else ("pictures", "text")
        raise Misconfigured(
            f"{order.teacher} does not read {reads} alone, so a student that does has nothing to learn from it: choose "
            f"--student {other}, or another teacher"
        )


def distil(order: Order, teacher: Teacher, console: Console, text: TextEncoder | None = None) -> Outcome:
    """Make a student, or go on where one in the same folder stands; return at once what came out where it has ended.

    `text` stands in for MiniLM, on which students for pictures stand. Raises `Misconfigured` for an order, data or a
    folder that cannot work.
    """
    finished = open_workshop(order)
    if finished is not None:
        return finished
    about = teacher.description(order)
    goods = _read(order, console)
    digest = blake2b(f"{about.revision} {goods.digest}".encode(), digest_size=16).hexdigest()
    begin(order, digest)
    lessons = remembered(order.out / TEACHER, digest, partial(_hear, order, teacher, goods, console))
    pupil, reader = _student(order, about, goods, text)
    trained = _taught(order, pupil, reader, goods, lessons, console)
    part = order.out / f"{MODEL}.part"
    shutil.rmtree(part, ignore_errors=True)
    pupil.write(part, order.out.name, _unrelated(through_student(pupil.arms(), goods, lessons)))
    arms = pupil.read_back(part)
    outcome = Outcome(
        model=str(order.out / MODEL),
        arm="IMAGE" if order.student == "pictures" else "TEXT",
        megabytes=sum(path.stat().st_size for path in part.rglob("*") if path.is_file()) / 1e6,
        teacher_ms=_milliseconds(teacher.text, teacher.picture, goods),
        student_ms=_milliseconds(arms.words, arms.pictures, goods),
        steps=trained.steps,
        seconds=trained.seconds,
        training_rows=len(goods.training_rows),
        held_out_rows=len(goods.held_out_rows),
        refused=goods.refused,
        lines=lines(goods, lessons, through_student(arms, goods, lessons)),
    )
    (part / CARD).write_text(write_card(order, about, pupil.base.languages, outcome), encoding="utf-8")
    _finish(order, part, outcome)
    return outcome


def _read(order: Order, console: Console) -> Goods:
    table = read_table(order.data, order.pictures)
    if order.student == "text":
        return read_titles(table, order)
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("decoding pictures")
        return read_pictures(table, order, lambda done, total: bar.update(task, completed=done, total=total))


def _hear(order: Order, teacher: Teacher, goods: Goods, console: Console) -> Lessons:
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("listening to the teacher")

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        if order.student == "text":
            assert teacher.text is not None
            return hear_of_titles(teacher.text, goods, progress)
        assert teacher.picture is not None
        return hear_of_pictures(teacher.picture, goods, progress)


def _student(order: Order, teacher: Description, goods: Goods, text: TextEncoder | None) -> tuple[Pupil, Reader]:
    if order.student == "text":
        student = text_student(order, teacher, order.out / START)
        return student, TextReader(student.model, goods)
    text = text or load_minilm(device=order.device)
    return picture_student(order, text, teacher), picture_reader(goods, text)


def _taught(  # noqa: PLR0913, PLR0917 - all that a lesson takes
    order: Order, pupil: Pupil, reader: Reader, goods: Goods, lessons: Lessons, console: Console
) -> Trained:
    """Teach the student in place, and draw how it came nearer."""

    def nearness() -> dict[str, float]:
        student = through_student(pupil.arms(), goods, lessons)
        return {NEARNESS: float(cosines(goods, lessons, student).mean())}

    start = through_student(pupil.arms(), goods, lessons)
    before = {NEARNESS: float(cosines(goods, lessons, start).mean())}
    fitted = lessons.in_size(start.goods.shape[1])
    course = Course(pupil, reader, goods, fitted, nearness, order.out / CHECKPOINTS)
    trained = attend(order, course, console)
    draw_curve(trained.history, before, order.out / CURVE, f"{order.out.name}: a student of {order.teacher}")
    return trained


def _unrelated(student: Sight) -> dict[str, Unrelated]:
    """What unrelated held-out goods and words score: the student's calibration until a catalogue has its own."""
    return levels_by_chance(student.goods, student.words if len(student.words) else None)


def _milliseconds(text: TextEncoder | None, picture: PictureEncoder | None, goods: Goods) -> float:
    """The time of one picture, for students of pictures, or of one title, by the way that the service takes."""
    number = int(goods.held_out_rows[0])
    if len(goods.pixels):
        assert picture is not None
        return p50_ms(partial(picture.encode_pictures, goods.pictures([number])), rounds=3, calls=5)
    assert text is not None
    short = shortened(text) if isinstance(text, TransformerEncoder) else text
    return p50_ms(partial(short.encode_documents, [goods.items[number].title]), rounds=3, calls=10)


def _finish(order: Order, part: Path, outcome: Outcome) -> None:
    """Put the model in its place, whole, and clear the bench."""
    shutil.copy(order.out / CURVE, part / CURVE)
    shutil.rmtree(order.out / MODEL, ignore_errors=True)
    part.rename(order.out / MODEL)
    finish(order, outcome)
    shutil.rmtree(order.out / CHECKPOINTS, ignore_errors=True)
    shutil.rmtree(order.out / START, ignore_errors=True)
    (order.out / TEACHER).unlink()
