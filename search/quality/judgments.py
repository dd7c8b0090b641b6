"""Judged queries from a file: what was asked, and how good each product is as an answer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalog.errors import Misconfigured
from search.schemas import ProductId, SearchRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

QUERIES_FILE: Final = "queries.tsv"
QRELS_FILE: Final = "qrels"
_QREL_COLUMNS: Final = 4
_EXAMPLE: Final = '{"query": "red shoes", "relevant": {"sku-1": 3}}'


@dataclass(frozen=True, slots=True)
class Judgment:
    """One query and the gain of each product that somebody judged: 0 is no answer, the higher the better.

    `where` is its place in the file, for messages.
    """

    where: str
    request: SearchRequest
    gains: Mapping[str, int]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    query: Any
    relevant: Annotated[dict[ProductId, Annotated[int, Field(ge=0, le=1_000, strict=True)]], Field(min_length=1)]


def read_judgments(path: Path) -> list[Judgment]:
    """Read JSON Lines of `{"query": words or a search request, "relevant": {id: gain}}`, or TREC files of a folder.

    A folder holds `queries.tsv` (query id, tab, words) and `qrels` (query id, 0, product id, gain).
    Raises `Misconfigured` that names the line, for what cannot be read or holds nothing.
    """
    judgments = list(_of_folder(path) if path.is_dir() else _of_lines(path))
    if not judgments:
        raise Misconfigured(f"{path} holds no judged query; a line is {_EXAMPLE}")
    return judgments


def _of_lines(path: Path) -> Iterator[Judgment]:
    for where, line in _lines(path):
        try:
            entry = _Line.model_validate(json.loads(line))
            query = {"text": entry.query} if isinstance(entry.query, str) else entry.query
            request = SearchRequest.model_validate(query)
        except ValidationError as error:
            first = error.errors()[0]
            culprit = ".".join(str(part) for part in first["loc"]) or "it"
            raise Misconfigured(f"{where}: {culprit}: {first['msg']}; a line is {_EXAMPLE}") from error
        except (ValueError, RecursionError) as error:
            raise Misconfigured(f"{where} is not JSON ({error}); a line is {_EXAMPLE}") from error
        if not request.all_terms():
            raise Misconfigured(f"{where}: the query has neither text nor terms: what only browses cannot be judged")
        yield Judgment(where, request, entry.relevant)


def _of_folder(path: Path) -> Iterator[Judgment]:
    gains = _qrels(path / QRELS_FILE)
    for where, line in _lines(path / QUERIES_FILE):
        name, tab, words = line.partition("\t")
        if not tab or not words.strip():
            raise Misconfigured(f"{where} is not a query id, a tab and words")
        try:
            request = SearchRequest(text=words.strip())
        except ValidationError as error:
            raise Misconfigured(f"{where}: {error.errors()[0]['msg']}") from error
        if name.strip() in gains:
            yield Judgment(where, request, gains[name.strip()])


def _qrels(path: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for where, line in _lines(path):
        parts = line.split()
        if len(parts) != _QREL_COLUMNS or not parts[3].lstrip("-").isdecimal():
            raise Misconfigured(f"{where} is not `query-id 0 product-id gain`")
        found.setdefault(parts[0], {})[parts[2]] = max(0, int(parts[3]))
    return found


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each line that is not empty, with its place."""
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield f"{path}, line {number}", line.rstrip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} cannot be read: {error}") from error
