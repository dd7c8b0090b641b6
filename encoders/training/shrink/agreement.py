"""How near a student comes to its teacher, on rows that it did not learn from: the same neighbours, the same finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from encoders.evaluation.intervals import Difference, Estimate, compare, estimate
from encoders.evaluation.measures import measure
from encoders.evaluation.retrieval import nearest
from encoders.evaluation.tasks import RIGHT, Graded, Query, likenesses
from encoders.training.shrink.goods import words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from encoders.evaluation.dataset import Item
    from encoders.interface import FloatArray
    from encoders.training.shop.pupil import Arms
    from encoders.training.shrink.goods import Goods
    from encoders.training.shrink.teaching import Lessons

    Values = NDArray[np.float64]

NEIGHBOURS: Final = 10
NDCG: Final = f"nDCG@{NEIGHBOURS}"


@dataclass(frozen=True, slots=True)
class Sight:
    """The held-out goods, (rows, d), and the words that belong to them, (texts, d), through an encoder."""

    goods: FloatArray
    words: FloatArray


@dataclass(frozen=True, slots=True)
class Line:
    """A measure of both over the same questions; `teacher` is 1 where the student is measured against it."""

    name: str
    questions: int
    teacher: Estimate
    student: Estimate
    difference: Difference


def held_out_words(goods: Goods, lessons: Lessons) -> list[str]:
    """Return the words of held-out rows for which the teacher has a vector."""
    found = [words for number in goods.held_out_rows for words in words_of(goods.items[number])]
    return [words for words in dict.fromkeys(found) if words in lessons.words]


def through_teacher(goods: Goods, lessons: Lessons) -> Sight:
    """Return what the teacher makes of the held-out rows."""
    words = held_out_words(goods, lessons)
    width = lessons.goods.shape[1]
    return Sight(
        lessons.goods[goods.held_out_rows],
        np.stack([lessons.words[text] for text in words]) if words else np.zeros((0, width), dtype=np.float32),
    )


def through_student(arms: Arms, goods: Goods, lessons: Lessons) -> Sight:
    """Return what the student makes of them: of their letterboxed pictures, or of their titles."""
    assert arms.words is not None, "a student reads words"
    rows = goods.held_out_rows
    if arms.pictures is not None:
        vectors = arms.pictures.encode_pictures(goods.pictures(rows))
    else:
        vectors = arms.words.encode_documents([goods.items[number].title for number in rows])
    return Sight(vectors, arms.words.encode_queries(held_out_words(goods, lessons)))


def lines(goods: Goods, lessons: Lessons, student: Sight) -> tuple[Line, ...]:
    """Set both side by side on all that can be asked of these rows."""
    items = [goods.items[number] for number in goods.held_out_rows]
    teacher = through_teacher(goods, lessons)
    alike = cosines(goods, lessons, student)
    same = shared_neighbours(teacher.goods, student.goods)
    found = [
        _line("cosine of goods with the teacher's", np.ones_like(alike), alike),
        _line(f"the teacher's {NEIGHBOURS} nearest found again", np.ones_like(same), same),
    ]
    words = _asked(items, held_out_words(goods, lessons))
    if words:
        found.append(
            _found(f"words → goods, {NDCG}", words, (teacher.words, teacher.goods), (student.words, student.goods))
        )
    kinds = likenesses(range(len(items)), items)
    if kinds:
        places = [query.picture for query in kinds if query.picture is not None]
        own, others = teacher.goods, student.goods
        found.append(_found(f"goods → their category, {NDCG}", kinds, (own[places], own), (others[places], others)))
    return tuple(found)


def cosines(goods: Goods, lessons: Lessons, student: Sight) -> Values:
    """Return for each held-out row how near the student's vector is to the one that it was to learn."""
    wanted = lessons.in_size(student.goods.shape[1]).goods[goods.held_out_rows]
    found: Values = (wanted * student.goods).sum(axis=1, dtype=np.float64)
    return found


def shared_neighbours(first: FloatArray, second: FloatArray) -> Values:
    """Return for each row, seen in two spaces, the share of its nearest in the first that are so in the second."""
    count = min(NEIGHBOURS, len(first) - 1)
    itself = range(len(first))
    one, other = (nearest(vectors, vectors, itself=itself, depth=count) for vectors in (first, second))
    found: Values = (one[:, :, None] == other[:, None, :]).any(axis=2).mean(axis=1)
    return found


def _asked(items: Sequence[Item], texts: Sequence[str]) -> list[Query]:
    places: dict[str, list[int]] = {text: [] for text in texts}
    for place, item in enumerate(items):
        for words in words_of(item):
            if words in places:
                places[words].append(place)
    return [Query(text, (Graded(np.array(found), RIGHT),), words=text) for text, found in places.items()]


def _found(
    name: str, queries: Sequence[Query], teacher: tuple[FloatArray, FloatArray], student: tuple[FloatArray, FloatArray]
) -> Line:
    itself = [query.itself for query in queries]
    values = [
        measure(queries, nearest(asked, gallery, itself=itself, depth=NEIGHBOURS + 1), (NEIGHBOURS,)).values[NDCG]
        for asked, gallery in (teacher, student)
    ]
    return _line(name, *values)


def _line(name: str, teacher: Values, student: Values) -> Line:
    one, other = teacher[:, None], student[:, None]
    return Line(name, len(teacher), estimate(one)[0], estimate(other)[0], compare(one, other)[0])
