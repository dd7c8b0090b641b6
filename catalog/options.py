"""How a collection is kept; light, so that settings load no client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Quantization: TypeAlias = Literal["none", "int8"]


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """How a collection is kept: what it costs, never what it answers. Only a server spreads it over shards and nodes.

    `payload_on_disk` None leaves it to the engine. `nodes` are those of its cluster that must be there
    when it is made. `strict` has a server refuse filters on what is not indexed.
    """

    quantization: Quantization = "none"
    vectors_on_disk: bool = False
    payload_on_disk: bool | None = None
    shards: int = 1
    replicas: int = 1
    nodes: int = 1
    write_consistency: int = 1
    strict: bool = True
