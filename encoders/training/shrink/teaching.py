"""What a teacher says of a shop's goods and words, encoded once and kept; and how it fits into a student's space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.errors import Misconfigured
from encoders.training.shrink.goods import words_of
from encoders.training.shrink.pca import normalised, principal_directions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from encoders.interface import FloatArray, PictureEncoder, TextEncoder
    from encoders.training.shrink.goods import Goods

    Progress = Callable[[int, int], None]

AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class Lessons:
    """What the teacher has for each row's goods, (rows, d), and for each text as a query; L2-normalised."""

    goods: FloatArray
    words: Mapping[str, FloatArray]

    def in_size(self, size: int) -> Lessons:
        """Return the same in vectors of another size, with the angles between them kept as well as they can be.

        Longer ones are seen along the directions in which they differ most, shorter ones get zeros.
        """
        width = self.goods.shape[1]
        if width == size:
            return self
        texts = np.stack(list(self.words.values()))
        if width < size:
            fit = np.eye(width, size, dtype=np.float32)
        else:
            fit = principal_directions(np.concatenate([self.goods, texts]), size)
        turned = normalised(texts @ fit)
        return Lessons(normalised(self.goods @ fit), dict(zip(self.words, turned, strict=True)))


def all_words(goods: Goods) -> list[str]:
    """Return every text that may be typed for one of the goods, each once."""
    return list(dict.fromkeys(words for item in goods.items for words in words_of(item)))


def hear_of_titles(teacher: TextEncoder, goods: Goods, progress: Progress) -> Lessons:
    """Have a teacher read titles as documents and all words as queries."""
    titles = [item.title for item in goods.items]
    total = len(titles) + len(all_words(goods))
    documents = _in_parts(teacher.encode_documents, titles, lambda done: progress(done, total))
    return Lessons(documents, _words(teacher, goods, lambda done: progress(len(titles) + done, total)))


def hear_of_pictures(teacher: PictureEncoder, goods: Goods, progress: Progress) -> Lessons:
    """Have a teacher see every picture as it was taken, and read the words.

    One that reads pictures only lends words the mean of the training pictures that they belong to.
    """
    total = len(goods.items)
    seen = []
    for start in range(0, total, AT_ONCE):
        items = goods.items[start : start + AT_ONCE]
        seen.append(teacher.encode_pictures([goods.table.picture(item) for item in items]))
        progress(start + len(items), total)
    vectors = np.concatenate(seen)
    if teacher.text_tower is None:
        return Lessons(vectors, _lent(vectors, goods))
    return Lessons(vectors, _words(teacher.text_tower, goods, lambda _: None))


def remembered(path: Path, digest: str, make: Callable[[], Lessons]) -> Lessons:
    """Return the lessons of a file, if they are those of `digest`; otherwise make them and write the file."""
    if path.is_file():
        with np.load(path, allow_pickle=False) as file:
            if str(file["digest"]) == digest:
                return Lessons(file["goods"], dict(zip(file["texts"].tolist(), file["words"], strict=True)))
    lessons = make()
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        texts, words = np.array(list(lessons.words)), np.stack(list(lessons.words.values()))
        np.savez(file, digest=np.array(digest), goods=lessons.goods, texts=texts, words=words)
    part.rename(path)
    return lessons


def _words(teacher: TextEncoder, goods: Goods, progress: Callable[[int], None]) -> dict[str, FloatArray]:
    words = all_words(goods)
    return dict(zip(words, _in_parts(teacher.encode_queries, words, progress), strict=True))


def _lent(vectors: FloatArray, goods: Goods) -> dict[str, FloatArray]:
    members: dict[str, list[int]] = {}
    for number in goods.training_rows.tolist():
        for words in words_of(goods.items[number]):
            members.setdefault(words, []).append(number)
    if not members:
        raise Misconfigured(f"{goods.table.path}: no row to learn from has words: fill in the column title")
    means = normalised(np.stack([vectors[numbers].mean(axis=0) for numbers in members.values()]))
    return dict(zip(members, means, strict=True))


def _in_parts(
    encode: Callable[[Sequence[str]], FloatArray], texts: Sequence[str], progress: Callable[[int], None]
) -> FloatArray:
    found = []
    for start in range(0, len(texts), AT_ONCE):
        found.append(encode(texts[start : start + AT_ONCE]))
        progress(min(start + AT_ONCE, len(texts)))
    return np.concatenate(found)
