"""Judges encoders on one table: the same rows, the same queries, one set of measures for each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from catalog.errors import InvalidInput, Misconfigured
from encoders.evaluation import tasks
from encoders.evaluation.measures import Measured, measure, require_measures
from encoders.evaluation.retrieval import nearest
from encoders.evaluation.vectors import Row, ask, see, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from encoders.evaluation.dataset import Item, ProductTable
    from encoders.evaluation.tasks import Query
    from encoders.interface import Description, FloatArray, PictureEncoder

    Progress = Callable[[str, int, int], None]

CURVE: Final = (1, 2, 3, 5, 10, 20, 50, 100)  # the cut-offs of the plot
TITLE_IMAGE: Final = "title-image"
IMAGE_IMAGE: Final = "image-image"
CATEGORY: Final = "category"
COMPOSED: Final = "composed"
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    TITLE_IMAGE: ("title",),
    IMAGE_IMAGE: ("category",),
    CATEGORY: ("category", "colour"),
    COMPOSED: ("category", "colour"),
}
"""The tasks, and what each needs beside `id` and `image`."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a task of `COLUMNS`, at most `limit` queries drawn by `seed`.

    `fewest`: a colour and category is asked for where it has so many pictures. `weight`: of the words beside a picture.
    """

    task: str
    limit: int | None = None
    seed: int = 0
    fewest: int = 1
    weight: float = 1.0
    cutoffs: tuple[int, ...] = CURVE


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one encoder did."""

    encoder: Description
    measured: Measured


@dataclass(frozen=True, slots=True)
class Trial:
    """What was asked of how many pictures, what is wrong with those left out, and how each encoder did, in order."""

    queries: tuple[Query, ...]
    gallery: int
    refused: tuple[str, ...]
    verdicts: tuple[Verdict, ...]


def judge(
    question: Question,
    encoders: Sequence[PictureEncoder],
    table: ProductTable,
    more: ProductTable | None,
    progress: Progress,
) -> Trial:
    """Ask every encoder the same; queries are made of `table`, and searched in it and in the rows of `more`.

    `progress` hears which encoder is at work and how many of how many pictures it has seen. Raises `Misconfigured`
    where a table lacks a column, no query has an answer, an encoder does not read words that are asked, or ir-measures
    is not installed.
    """
    require_measures()
    for one in (table, more):
        if one is not None:
            one.require(COLUMNS[question.task])
    for encoder in encoders if question.task != IMAGE_IMAGE else ():
        words_of(encoder)
    rows = _together(table, more)
    queries: list[Query] = []
    refused: tuple[str, ...] = ()
    verdicts: list[Verdict] = []
    for encoder in encoders:
        seen = see(encoder, rows, partial(progress, encoder.description.name))
        if not verdicts:
            rows, refused = seen.rows, seen.refused
            queries = asked(question, [row.item for row in rows], sum(row.table is table for row in rows))
        if not queries:
            raise Misconfigured(f"{table.path}: {_nothing_to_ask(question)}")
        if len(seen.rows) < len(rows):
            raise InvalidInput(f"pictures changed while they were judged: {seen.refused[0]}")
        verdicts.append(Verdict(encoder.description, _answered(question, encoder, queries, seen.vectors)))
    return Trial(tuple(queries), len(rows), refused, tuple(verdicts))


def asked(question: Question, gallery: Sequence[Item], own: int) -> list[Query]:
    """Return the queries of a task, made of the first `own` rows of the gallery."""
    if question.task == TITLE_IMAGE:
        found = tasks.titles(gallery[:own], gallery)
    elif question.task == IMAGE_IMAGE:
        found = tasks.likenesses(range(own), gallery)
    elif question.task == CATEGORY:
        found = tasks.phrases(gallery[:own], gallery, question.fewest)
    else:
        found = tasks.modifications(range(own), gallery)
    return found if question.limit is None else tasks.sampled(found, question.limit, question.seed)


def _answered(question: Question, encoder: PictureEncoder, queries: Sequence[Query], gallery: FloatArray) -> Measured:
    vectors = ask(encoder, queries, gallery, question.weight)
    places = nearest(vectors, gallery, itself=[query.itself for query in queries])
    return measure(queries, places, question.cutoffs)


def _together(table: ProductTable, more: ProductTable | None) -> tuple[Row, ...]:
    own = {item.id for item in table.items}
    rows = [Row(table, item) for item in table.items]
    rows += [Row(more, item) for item in more.items if item.id not in own] if more else []
    return tuple(rows)


def _nothing_to_ask(question: Question) -> str:
    return {
        TITLE_IMAGE: "no row has a title: fill in the column title",
        IMAGE_IMAGE: "no two rows share a category: fill in the column category, or add rows",
        CATEGORY: f"no colour and category together have {question.fewest} pictures: fill in both columns, or add rows",
        COMPOSED: "no two rows differ in colour alone: rows are variants of one another where they share category and "
        "group, or without a group category and title but for the colour",
    }[question.task]
