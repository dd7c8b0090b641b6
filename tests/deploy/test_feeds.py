"""A catalogue file: products or events, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from catalog.errors import Misconfigured
from deploy.feeds import read_events

if TYPE_CHECKING:
    from pathlib import Path


def test_products_become_upserts_and_events_stay(tmp_path: Path) -> None:
    """A line without `type` is a product at version 1; a line with one is an event as it stands; blanks are skipped."""
    file = tmp_path / "catalogue.jsonl"
    file.write_text('{"id": "a", "title": "Shoe"}\n\n{"type": "product.deleted", "version": 2, "product_id": "a"}\n')

    first, second = read_events(file)

    assert first == {"type": "product.upserted", "version": 1, "product": {"id": "a", "title": "Shoe"}}
    assert second["type"] == "product.deleted"


@pytest.mark.parametrize("content", ["{oops", "[1]", "\ud800".encode("utf-16", "surrogatepass")])
def test_a_bad_line_is_named(tmp_path: Path, content: str | bytes) -> None:
    """The error says in which file, and in which line where there is one."""
    file = tmp_path / "catalogue.jsonl"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(Misconfigured, match=r"catalogue\.jsonl"):
        list(read_events(file))
