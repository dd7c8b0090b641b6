"""The other way to read Chinese: a small tower of characters and pairs of them, taught by MiniLM's English."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import encoders.glossary
from encoders.glossary import in_english
from encoders.glossary.words import CHINESE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from encoders.glossary import Glossary
    from encoders.interface import Description, FloatArray, TextEncoder

PHRASES: Final = 12_000
WIDTH: Final = 256
EPOCHS: Final = 10
BATCH: Final = 512
LEARNING_RATE: Final = 8e-3
_LIST: Final = Path(encoders.glossary.__file__).with_name("zh-en.tsv")
_NOT_GOODS: Final = frozenset(
    {"colours", "materials", "patterns", "people", "seasons", "occasions", "cuts", "adjectives", "left", "rooms"}
)
_TEMPLATES: Final = (
    ("colours", "goods"), ("colours", "materials", "goods"), ("patterns", "goods"), ("people", "colours", "goods"),
    ("adjectives", "goods"), ("people", "adjectives", "goods"), ("seasons", "people", "goods"), ("goods", "colours"),
    ("occasions", "left", "goods"), ("adjectives", "materials", "goods", "colours", "patterns"), ("goods",),
    ("cuts", "goods"), ("colours", "cuts", "materials", "goods"), ("seasons", "left", "colours", "goods"),
    ("rooms", "goods"),
)  # fmt: skip


def sections() -> dict[str, list[str]]:
    """Return the words of the list by the first word of the heading they stand under; goods of all kinds together."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in _LIST.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            first = re.split(r"\W", line[2:])[0]
            name = first if first in _NOT_GOODS else "goods"
        elif line:
            found.setdefault(name, []).extend(line.partition("\t")[2].split())
    return found


def phrases(count: int = PHRASES, seed: int = 11) -> list[tuple[str, ...]]:
    """Return every word of the list alone, and phrases of several after the templates; the same ones every time."""
    chance = random.Random(seed)  # noqa: S311 - variety, not secrecy
    words = sections()
    alone = [(word,) for name, some in words.items() if name != "left" for word in some]
    made = (tuple(chance.choice(words[name]) for name in chance.choice(_TEMPLATES)) for _ in range(count))
    return [*alone, *made]


def features(text: str, glossary: Glossary) -> list[str]:
    """Return the Chinese characters of a text, simplified, and the pairs of neighbours."""
    stretches = re.findall(f"{CHINESE.pattern}+", glossary.folded(text))
    return [part for one in stretches for part in (*one, *(one[n : n + 2] for n in range(len(one) - 1)))]


class Tower(nn.Module):
    """A bag of features to one vector of unit length."""

    def __init__(self, vocabulary: Mapping[str, int], size: int) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.bag = nn.EmbeddingBag(len(vocabulary), WIDTH, mode="mean")
        self.out = nn.Sequential(nn.GELU(), nn.Linear(WIDTH, size))

    def forward(self, bags: Sequence[Sequence[str]]) -> Tensor:
        """Bags of features (n of them) → (n, size); features that it never saw do not count."""
        known = [[self.vocabulary[part] for part in bag if part in self.vocabulary] for bag in bags]
        starts = np.cumsum([0, *map(len, known[:-1])])
        flat = torch.tensor([number for bag in known for number in bag], dtype=torch.long)
        return functional.normalize(self.out(self.bag(flat, torch.from_numpy(starts))), dim=1)


def train(glossary: Glossary, teacher: TextEncoder) -> Tower:
    """Train a tower to say of Chinese phrases what the teacher says of their English; under a minute on one core.

    It sees the phrases all of whose words are in `glossary`.
    """
    torch.manual_seed(3)
    texts = [
        "".join(phrase) for phrase in phrases() if all(glossary.folded(word) in glossary.english for word in phrase)
    ]
    targets = torch.from_numpy(teacher.encode_queries([in_english(text, glossary) for text in texts]))  # (n, size)
    bags = [features(text, glossary) for text in texts]
    vocabulary = {part: number for number, part in enumerate(sorted({part for bag in bags for part in bag}))}
    tower = Tower(vocabulary, targets.shape[1])
    steps = EPOCHS * (len(texts) // BATCH + 1)
    optimizer = torch.optim.AdamW(tower.parameters(), lr=LEARNING_RATE, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    for _ in range(EPOCHS):
        order = torch.randperm(len(texts))
        for start in range(0, len(texts), BATCH):
            some = order[start : start + BATCH]
            made = tower([bags[n] for n in some.tolist()])  # (batch, size)
            loss = 1 - (made * targets[some]).sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return tower.eval()


@dataclass(frozen=True, slots=True)
class TowerTextEncoder:
    """A `TextEncoder`: the Chinese of a text through the tower, the rest through the encoder it was taught by."""

    encoder: TextEncoder
    tower: Tower
    glossary: Glossary

    @property
    def description(self) -> Description:
        """What the encoder behind it is."""
        return self.encoder.description

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text."""
        return self.encode_documents(texts)

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text: the mean of both parts' vectors where it has both."""
        rest = [CHINESE.sub(" ", text).strip() for text in texts]
        vectors = self.encoder.encode_documents(rest)
        vectors[[not any(map(str.isalnum, text)) for text in rest]] = 0.0
        bags = [features(text, self.glossary) for text in texts]
        chinese = [number for number, bag in enumerate(bags) if bag]
        if chinese:
            with torch.inference_mode():
                vectors[chinese] += self.tower([bags[number] for number in chinese]).numpy()
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        found: FloatArray = vectors / np.maximum(lengths, 1e-6)
        return found
