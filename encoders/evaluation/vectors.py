"""Pictures and queries to vectors: decoded ahead of the encoder, a batch at a time, unreadable pictures set aside."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from catalog.errors import InvalidPicture, Misconfigured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from encoders.evaluation.dataset import Item, ProductTable
    from encoders.evaluation.tasks import Query
    from encoders.interface import FloatArray, Picture, PictureEncoder, TextEncoder

    Progress = Callable[[int, int], None]

_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class Row:
    """An item and the table that knows its picture."""

    table: ProductTable
    item: Item

    def decoded(self) -> Picture | InvalidPicture:
        """Return the picture, or why it cannot be read."""
        try:
            return self.table.picture(self.item)
        except InvalidPicture as error:
            return error


@dataclass(frozen=True, slots=True)
class Seen:
    """The rows whose pictures can be read, their vectors (rows, d), and what is wrong with the others."""

    rows: tuple[Row, ...]
    vectors: FloatArray
    refused: tuple[str, ...]


def see(encoder: PictureEncoder, rows: Sequence[Row], progress: Progress) -> Seen:
    """Encode every picture that can be read; `progress` hears how many of how many rows are done."""
    kept: list[Row] = []
    vectors = [np.zeros((0, encoder.description.size), dtype=np.float32)]
    refused: list[str] = []
    done = 0
    for batch, pictures in _decoded(rows):
        good = [(row, found) for row, found in zip(batch, pictures, strict=True) if not isinstance(found, Exception)]
        refused += [str(found) for found in pictures if isinstance(found, Exception)]
        kept += [row for row, _ in good]
        if good:
            vectors.append(encoder.encode_pictures([picture for _, picture in good]))
        done += len(batch)
        progress(done, len(rows))
    return Seen(tuple(kept), np.concatenate(vectors), tuple(refused))


def ask(encoder: PictureEncoder, queries: Sequence[Query], pictures: FloatArray, weight: float) -> FloatArray:
    """Return a vector for every query, (queries, d), L2-normalised; `pictures` are the vectors of the gallery.

    A query of words and a picture is the picture plus `weight` times the words (late fusion). Raises `Misconfigured`
    where words are asked of an encoder that reads pictures only.
    """
    words = list(dict.fromkeys(query.words for query in queries if query.words))
    known = dict(zip(words, _read(encoder, words), strict=True)) if words else {}
    found = np.zeros((len(queries), pictures.shape[1]), dtype=np.float32)
    for number, query in enumerate(queries):
        if query.picture is not None:
            found[number] = pictures[query.picture]
        if query.words:
            found[number] += known[query.words] * (1.0 if query.picture is None else weight)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    found /= np.maximum(lengths, np.finfo(np.float32).tiny)
    return found


def words_of(encoder: PictureEncoder) -> TextEncoder:
    """Return the tower that reads words; raises `Misconfigured` where there is none."""
    if encoder.text_tower is None:
        raise Misconfigured(
            f"{encoder.description.name} reads pictures only, so words do not find its pictures: "
            "judge it with --task image-image"
        )
    return encoder.text_tower


def _read(encoder: PictureEncoder, words: Sequence[str]) -> FloatArray:
    tower = words_of(encoder)
    return np.concatenate(
        [tower.encode_queries(words[start : start + _AT_ONCE]) for start in range(0, len(words), _AT_ONCE)]
    )


def _decoded(rows: Sequence[Row]) -> Iterator[tuple[Sequence[Row], list[Picture | InvalidPicture]]]:
    """Yield batches with their pictures, while the next batch is being decoded."""
    batches = [rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE)]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        ahead: list[Future[Picture | InvalidPicture]] = []
        for number, batch in enumerate(batches):
            pending = ahead or [pool.submit(row.decoded) for row in batch]
            following = batches[number + 1] if number + 1 < len(batches) else []
            ahead = [pool.submit(row.decoded) for row in following]
            yield batch, [future.result() for future in pending]
