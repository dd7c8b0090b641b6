"""A shop with a lock: the real app with a file of API keys, as whoever has one of them sees it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from search.locks.keys import digest_of
from tests.search.shop import open_shop

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from fastapi.testclient import TestClient

    from catalog.ports import EventSink
    from tests.builders import JsonObject
    from tests.search.shop import Shop

SEARCHER, SENDER, TENANT = "searcher", "sender", "tenant"
"""Keys as short as their names: what is random about real ones is `new_key`'s business."""


def entry(key: str, *scopes: str, **more: Any) -> JsonObject:  # noqa: ANN401 - as the file has it
    """Return what the file has of a key; its name is the key itself."""
    return {"name": key, "sha256": digest_of(key), "scopes": list(scopes or ["search"]), **more}


def write_keys(path: Path, *entries: JsonObject) -> Path:
    """Write a file of keys."""
    path.write_text(json.dumps({"keys": entries}), encoding="utf-8")
    return path


def bearer(key: str) -> dict[str, str]:
    """Return the header that names a key."""
    return {"Authorization": f"Bearer {key}"}


@contextmanager
def locked(
    shop: Shop, keys: Path, api: Mapping[str, object] | None = None, events: EventSink | None = None
) -> Iterator[Shop]:
    """Open the same shop behind a file of keys."""
    settings = shop.settings
    changed = settings.api.model_copy(update={"keys_file": keys, **(api or {})})
    with open_shop(shop.index.engine, settings.model_copy(update={"api": changed}), events=events) as opened:
        yield opened


@contextmanager
def with_header(http: TestClient, key: str) -> Iterator[TestClient]:
    """Let a client send a key with each request."""
    before = http.headers.copy()
    http.headers.update(bearer(key))
    try:
        yield http
    finally:
        http.headers = before
