"""A network as a graph: the vectors of the network itself, without waiting for Python's lock in between."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import pytest
import torch
from torch import nn

from encoders.bert import runs_of
from encoders.bundled.network import NetworkShape, PictureNetwork
from encoders.graph import as_graph
from encoders.shipped import load_minilm

if TYPE_CHECKING:
    from collections.abc import Iterator

WAIT_SECONDS: Final = 0.1
STEPS: Final = 100


@pytest.fixture
def greedy() -> Iterator[None]:
    """Have a thread keep Python's lock for so long whenever another wants it."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(WAIT_SECONDS)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("lengths", [[3], [3, 3, 7], [2, 300]])
def test_texts_get_the_same_vectors_to_the_bit(lengths: list[int]) -> None:
    """Texts alone, of one length and of several."""
    network = load_minilm(device="cpu").network
    tokens = torch.arange(1_000, 1_000 + sum(lengths))
    graph = as_graph(network)

    with torch.inference_mode():
        for _ in range(3):  # it is optimised by what it sees
            assert torch.equal(graph(tokens, runs_of(lengths)), network(tokens, runs_of(lengths)))


def test_pictures_get_the_same_vectors_to_the_bit() -> None:
    """One, and several."""
    network = PictureNetwork(NetworkShape())
    graph = as_graph(network)

    with torch.inference_mode():
        for count in (1, 3, 1):
            pictures = torch.rand(count, 3, 96, 96)
            assert torch.equal(graph(pictures), network(pictures))


@pytest.mark.usefixtures("greedy")
def test_a_pass_waits_for_the_lock_at_its_ends_only() -> None:
    """Beside a thread that works in Python; step by step it would wait at each."""
    graph = as_graph(nn.Sequential(*[nn.Linear(512, 512) for _ in range(STEPS)]))
    rows = torch.zeros(128, 512)  # long enough that another thread takes the lock meanwhile
    with ThreadPoolExecutor(1) as thread:
        for _ in range(3):
            thread.submit(graph, rows).result()
        started = time.monotonic()

        passing = thread.submit(graph, rows)
        while not passing.done():
            pass

    assert time.monotonic() - started < STEPS * WAIT_SECONDS / 5
