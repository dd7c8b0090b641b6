"""Random requests against the real thing: nothing may be a failure, and memory must stay flat.

`python -m tests.benchmarks.fuzz [--requests 20000]` serves an index of 2,000 products as `vitrine demo` in a process of
its own and asks it over HTTP: searches of every shape, some of them broken in one place, some of them no JSON at all.
Resident memory is noted after a tenth of them (models and allocator are warm then) and at the end.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import io
import json
import random
import tempfile
from collections import Counter
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image
from rich.console import Console

from tests.benchmarks.filled import kit
from tests.benchmarks.served import HOST

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.served import Served

PRODUCTS = 2_000
REQUESTS = 20_000
WARM_SHARE = 0.1
WORDS = ("red", "blue", "dress", "shoe", "leather", "summer", "boots", "红色", "裙子", "zzqx", "size 42", "SKU-1", "💥")
FACETS = ("brand", "category", "price", "in_stock", "attributes.colour", "attributes.nothing")
BROKEN: tuple[Any, ...] = (
    None,
    -1,
    1e308,
    "x" * 2_000,
    [],
    {},
    [[]],
    True,
    "\u0000",
    {"gte": "b"},
    10**30,
    ["a"] * 100,
)


class Chance:
    """Makes requests by chance, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def body(self) -> bytes:
        """Return a body: mostly a fair search, sometimes one that is broken somewhere, sometimes rubbish."""
        dice = self._chance.random()
        if dice < 0.05:
            return self._chance.randbytes(self._chance.randrange(200))
        request = self.request()
        if dice < 0.35:
            request[self._chance.choice([*request, "filter", "limit", "page", "cursor"])] = self._chance.choice(BROKEN)
        written = json.dumps(request)
        return (written[: len(written) // 2] if dice < 0.08 else written).encode()

    def request(self) -> dict[str, Any]:
        """Return a search that can be answered."""
        parts: dict[str, Callable[[], Any]] = {
            "text": self._text,
            "terms": lambda: [self._term() for _ in range(self._chance.randrange(1, 4))],
            "filter": lambda: {"price": {"gte": self._chance.randrange(80)}, "category": ["Women"]},
            "exclude": lambda: {"brand": self._text()},
            "facets": lambda: self._chance.sample(FACETS, self._chance.randrange(len(FACETS))),
            "sort": lambda: self._chance.choice(["relevance", "price", "-price", "-created_at", "-popularity"]),
            "group_by": lambda: "group_id",
            "limit": lambda: self._chance.randrange(1, 101),
            "page": lambda: self._chance.randrange(1, 12),
            "fusion": lambda: self._chance.choice(["convex", "rrf"]),
            "cut_off": lambda: self._chance.choice(["auto", "off"]),
            "diversity": lambda: round(self._chance.random(), 2),
            "explain": lambda: True,
            "arms": lambda: {arm: self._chance.randrange(3) for arm in ("text", "image", "lexical")},
        }
        return {name: make() for name, make in parts.items() if self._chance.random() < 0.3}

    def _text(self) -> str:
        return " ".join(self._chance.choices(WORDS, k=self._chance.randrange(1, 5))) + f" {self._chance.random()}"

    def _term(self) -> dict[str, Any]:
        weight = round(self._chance.uniform(-1, 2), 2)
        if self._chance.random() < 0.2:
            return {"image": {"data": self._picture()}, "weight": weight, "crop": [0, 0, self._chance.random(), 1]}
        return {"text": self._text(), "weight": weight}

    def _picture(self) -> str:
        file = io.BytesIO()
        side = self._chance.randrange(1, 60)
        Image.frombytes("RGB", (side, side), self._chance.randbytes(3 * side * side)).save(file, format="PNG")
        cut = file.getvalue() if self._chance.random() < 0.9 else file.getvalue()[:40]
        return base64.b64encode(cut).decode()


def fuzz(served: Served, requests: int, seed: int) -> tuple[Counter[int], list[float]]:
    """Ask, and return how many answers there were of each status, and resident MiB when warm and at the end."""
    chance, statuses, memory = Chance(seed), Counter[int](), []
    connection = http.client.HTTPConnection(HOST, served.port, timeout=60)
    for number in range(requests):
        if number == int(requests * WARM_SHARE):
            memory.append(served.memory_mib() or 0.0)
        body = chance.body()
        connection.request("POST", "/v1/search", body, {"content-type": "application/json"})
        answer = connection.getresponse()
        shown = answer.read()
        statuses[answer.status] += 1
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise RuntimeError(f"{answer.status} for {body[:500]!r}: {shown[:500]!r}")
    memory.append(served.memory_mib() or 0.0)
    return statuses, memory


def main() -> None:
    """Fill an index, ask, and say what came back and what it cost."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vitrine-fuzz-") as folder:
        made = kit(Path(folder))
        made.fill(made.folder / "filled", 0, PRODUCTS, lambda: None)
        with made.served(made.folder / "filled") as served:
            statuses, (warm, end) = fuzz(served, given.requests, given.seed)
    said = ", ".join(f"{count:,} × {status}" for status, count in sorted(statuses.items()))
    Console().print(
        f"{given.requests:,} requests: {said}; resident {warm:,.0f} MiB after a tenth, {end:,.0f} at the end"
    )


if __name__ == "__main__":
    main()
