"""Chinese queries beside their English twins on the demo catalogue: no help, the word list, a small bilingual tower.

python -m encoders.training.experiments.chinese     about three minutes on one core
"""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from rich.console import Console
from rich.table import Table

from catalog.vectors import IMAGE, LEXICAL, TEXT
from deploy.sample.catalogue import products
from deploy.sample.drawing import draw
from encoders.bundled import load_picture_tower
from encoders.evaluation.measures import require_measures
from encoders.glossary import load_glossary
from encoders.interface import Encoders
from encoders.memo import MemoisedTextEncoder
from encoders.shipped import load_minilm, shipped_pictures
from encoders.sparse import Bm25Encoder
from encoders.training.command import ending_plainly
from encoders.training.experiments.chinese_bench import FUSED, calibrated, load_pairs, ndcg, scores, store
from encoders.training.experiments.chinese_tower import TowerTextEncoder, train
from encoders.training.progress import tracked
from encoders.translating import TranslatingLexicalEncoder, TranslatingTextEncoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deploy.sample.catalogue import SampleProduct
    from encoders.bundled import PictureTower
    from encoders.glossary import Glossary
    from encoders.interface import Description, FloatArray, LexicalEncoder, TextEncoder
    from encoders.training.experiments.chinese_bench import Pair, Scores

PICTURES_AT_ONCE: Final = 32
REMEMBERED: Final = 100_000
WITHHELD: Final = 0.2
SEEDS: Final = (1, 2, 3)
DRAWS: Final = 5_000
COLUMNS: Final = (TEXT, IMAGE, LEXICAL, FUSED)


class Remembering:
    """A `TextEncoder` that encodes no text twice, document or query: MiniLM reads both alike."""

    def __init__(self, encoder: TextEncoder) -> None:
        self._memory = MemoisedTextEncoder(encoder, size=REMEMBERED)

    @property
    def description(self) -> Description:
        """What the encoder behind it is."""
        return self._memory.description

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text."""
        return self._memory.encode_queries(texts)

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text."""
        return self._memory.encode_queries(texts)


@dataclass(frozen=True, slots=True)
class Figures:
    """nDCG@10 of every query, (queries,), by arm, asked in either language."""

    chinese: dict[str, Scores]
    english: dict[str, Scores]


@dataclass(frozen=True, slots=True)
class Bench:
    """The demo catalogue with its pictures as vectors (products, size), the queries, the shipped pair."""

    goods: Sequence[SampleProduct]
    pictures: FloatArray
    pairs: Sequence[Pair]
    minilm: TextEncoder
    tower: PictureTower

    def judge(self, text: TextEncoder, lexical: LexicalEncoder) -> Figures:
        """Index and ask with these encoders of text."""
        encoders = Encoders(text, shipped_pictures(self.tower, text), lexical)
        stored = store(encoders, self.goods, self.pictures)
        encoders = calibrated(encoders, stored, self.goods)

        def ask(queries: list[str]) -> dict[str, Scores]:
            found = scores(encoders, stored, queries)
            return {arm: ndcg(self.pairs, self.goods, values) for arm, values in found.items()}

        return Figures(ask([pair.chinese for pair in self.pairs]), ask([pair.english for pair in self.pairs]))

    def without_help(self) -> Figures:
        """MiniLM and BM25 as they are."""
        return self.judge(self.minilm, Bm25Encoder())

    def with_list(self, glossary: Glossary) -> Figures:
        """Chinese through the word list."""
        lexical = TranslatingLexicalEncoder(Bm25Encoder(), glossary)
        return self.judge(TranslatingTextEncoder(self.minilm, glossary), lexical)

    def with_tower(self, glossary: Glossary) -> Figures:
        """Chinese through a tower trained on the word list; BM25, which no tower helps, through the list."""
        tower = train(glossary, self.minilm)
        lexical = TranslatingLexicalEncoder(Bm25Encoder(), glossary)
        return self.judge(TowerTextEncoder(self.minilm, tower, glossary), lexical)


def load_bench() -> Bench:
    """Load the shipped pair, draw the demo's pictures and encode them."""
    goods, tower = products(), load_picture_tower(device="cpu")
    starts = tracked(range(0, len(goods), PICTURES_AT_ONCE), "drawing and encoding")
    parts = [[np.asarray(draw(one.article)) for one in goods[at : at + PICTURES_AT_ONCE]] for at in starts]
    pictures = np.concatenate([tower.encode(part) for part in parts])
    return Bench(goods, pictures, load_pairs(), Remembering(load_minilm(device="cpu")), tower)


def withheld(glossary: Glossary, seed: int) -> Glossary:
    """Return a list that lacks a fifth of its words, drawn by chance: what a shopper may say and nobody wrote down."""
    chance = random.Random(seed)  # noqa: S311 - an experiment, not secrecy
    kept = {word: english for word, english in sorted(glossary.english.items()) if chance.random() >= WITHHELD}
    return replace(glossary, english=kept)


def mean_of(some: Sequence[Figures]) -> Figures:
    """Return the mean of several runs, query by query."""
    return Figures(
        {arm: np.mean([one.chinese[arm] for one in some], axis=0) for arm in COLUMNS},
        {arm: np.mean([one.english[arm] for one in some], axis=0) for arm in COLUMNS},
    )


def arms_table(rows: Sequence[tuple[str, Figures]]) -> Table:
    """Each way to read Chinese: nDCG@10 asked in Chinese, in English, and the former as a share of the latter."""
    table = Table(title="nDCG@10: Chinese / English twin = share")
    table.add_column("how Chinese is read")
    for arm in COLUMNS:
        table.add_column(arm, justify="right")
    for name, figures in rows:
        cells = [(figures.chinese[arm].mean(), figures.english[arm].mean()) for arm in COLUMNS]
        table.add_row(name, *(f"{chinese:.3f} / {english:.3f} = {chinese / english:.0%}" for chinese, english in cells))
    return table


def kinds_table(pairs: Sequence[Pair], rows: Sequence[tuple[str, Figures]]) -> Table:
    """The fused search, kind of query by kind of query."""
    table = Table(title="the fused search by kind of query, Chinese / English twin")
    table.add_column("kind (queries)")
    for name, _ in rows:
        table.add_column(name, justify="right")
    for kind in dict.fromkeys(pair.kind for pair in pairs):
        at = [number for number, pair in enumerate(pairs) if pair.kind == kind]
        cells = [(one.chinese[FUSED][at].mean(), one.english[FUSED][at].mean()) for _, one in rows]
        table.add_row(f"{kind} ({len(at)})", *(f"{chinese:.3f} / {english:.3f}" for chinese, english in cells))
    return table


def share_interval(figures: Figures, seed: int = 7) -> tuple[float, float]:
    """Return between which shares the fused search lies for 95 % of the draws of as many queries, with repetition."""
    count = len(figures.chinese[FUSED])
    drawn = np.random.default_rng(seed).integers(0, count, (DRAWS, count))
    shares = figures.chinese[FUSED][drawn].mean(axis=1) / figures.english[FUSED][drawn].mean(axis=1)
    low, high = np.quantile(shares, (0.025, 0.975))
    return float(low), float(high)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables, and how sure the share is."""
    parser = argparse.ArgumentParser(description="Chinese queries beside their English twins, in minutes.")
    parser.parse_args(arguments)
    with ending_plainly(parser):
        require_measures()
    bench, glossary = load_bench(), load_glossary()
    lists = [withheld(glossary, seed) for seed in SEEDS]
    rows = [
        ("no help", bench.without_help()),
        ("word list", bench.with_list(glossary)),
        ("small tower", bench.with_tower(glossary)),
    ]
    rare = [
        (f"word list, {WITHHELD:.0%} withheld", mean_of([bench.with_list(one) for one in lists])),
        (f"small tower, {WITHHELD:.0%} withheld", mean_of([bench.with_tower(one) for one in lists])),
    ]
    console = Console(width=150)
    console.print(arms_table([*rows, *rare]))
    console.print(kinds_table(bench.pairs, rows))
    for name, figures in [*rows, *rare]:
        low, high = share_interval(figures)
        console.print(f"{name}: fused share between {low:.0%} and {high:.0%} (95 % of {DRAWS:,} draws of the queries)")


if __name__ == "__main__":
    main()
