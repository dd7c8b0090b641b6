"""Settings of what answers: the API, the words of queries, what lifts a product, and what the processes tell."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_settings import NoDecode

from deploy.logs import LogFormat
from deploy.settings_group import Group, separated

_Origin = Annotated[str, Field(pattern=r"^https?://[a-z0-9.\-\[\]:]+$")]
_Lift = Annotated[float, Field(ge=0, le=100)]


class WordSettings(Group):
    """What the words of queries are read with: docs/words.md."""

    synonyms: Path | None = Field(None, description="YAML file of synonyms; absent: none")
    refresh_seconds: Annotated[float, Field(ge=0)] = Field(
        10.0, description="shortest time between two readings of the catalogue's words; large ones rest longer"
    )
    most_words: Annotated[int, Field(ge=0)] = Field(
        200_000, description="words and phrases kept of the catalogue, about 300 bytes each; 0: it is not read for them"
    )
    most_scopes: Annotated[int, Field(ge=1)] = Field(
        32, description="tenants whose words are kept at once, each with as many as it has"
    )


class ApiSettings(Group):
    """The search API."""

    host: str = Field(
        "127.0.0.1", description="address to listen on; another than loopback needs API keys, or --insecure"
    )
    port: Annotated[int, Field(ge=0, le=65_535)] = Field(8000, description="port to listen on")
    depth: Annotated[int, Field(ge=1, le=10_000)] = Field(1_000, description="best of each arm that are candidates")
    max_concurrent: Annotated[int, Field(ge=1)] = Field(64, description="searches at once; more are answered 429")
    max_body_bytes: Annotated[int, Field(gt=0)] = Field(10 * 2**20, description="largest request body")
    timeout_seconds: Annotated[float, Field(gt=0)] = Field(
        10.0, description="longest work on one request, from the end of its body; a longer one is answered 503"
    )
    body_seconds: Annotated[float, Field(gt=0)] = Field(60.0, description="longest time that a body may take to come")
    head_seconds: Annotated[float, Field(gt=0)] = Field(
        10.0, description="longest time that the head of a request may take to come"
    )
    keep_alive_seconds: Annotated[int, Field(gt=0)] = Field(
        75,
        description="how long a connection is kept that is silent between two requests: longer than a proxy keeps its "
        "own, else it sends one where nobody listens any more",
    )
    cors_origins: Annotated[tuple[_Origin, ...], NoDecode, BeforeValidator(separated)] = Field(
        (),
        description="origins whose pages may call the API from a browser, separated by commas, such as "
        "https://shop.example; absent: none but our own page",
    )
    drain_seconds: Annotated[float, Field(ge=0, le=300)] = Field(
        5.0,
        description="after SIGTERM, how long requests are still taken while /readyz says 503: longer than a proxy "
        "needs to see it",
    )
    keys_file: Path | None = Field(
        None, description="YAML file of API keys (docs/security.md), read again when it changes; absent: there are none"
    )


class BoostSettings(Group):
    """What lifts a product beyond how well it fits: score × (1 + the sum of these, each times 0 to 1)."""

    popularity: _Lift = Field(0.0, description="for popularity, on a logarithmic scale up to a million")
    newness: _Lift = Field(0.0, description="for having been created today; it halves every half-life")
    in_stock: _Lift = Field(0.0, description="for being in stock")
    half_life_days: Annotated[float, Field(gt=0)] = Field(
        30.0, description="days after which half of the newness is gone"
    )


class LogSettings(Group):
    """What the processes say on standard error."""

    format: LogFormat = Field("auto", description="json, console (for people), or auto: console at a terminal only")


class TraceSettings(Group):
    """Where OpenTelemetry's spans go."""

    endpoint: Annotated[str, Field(pattern=r"^https?://[^/\s]+")] | None = Field(
        None, description="a collector's OTLP address over HTTP, such as http://collector:4318; absent: no spans"
    )
    share: Annotated[float, Field(ge=0, le=1)] = Field(
        0.1, description="share of the requests and turns that are traced; what is within a trace follows its caller"
    )
