"""The generated pages are those of the code."""

from __future__ import annotations

import pytest

from deploy.reference import DOCS, pages


@pytest.mark.parametrize("name", sorted(pages()))
def test_the_page_is_up_to_date(name: str) -> None:
    """`python -m deploy.reference` would change nothing."""
    assert (DOCS / name).read_text(encoding="utf-8") == pages()[name]
