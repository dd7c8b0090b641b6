"""docs/security.md: its example is a file that is taken, and the tests that it names are there."""

from __future__ import annotations

import re
from pathlib import Path

from deploy.settings import PREFIX, SEPARATOR, Settings
from search.locks.keys import read_keys

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_the_example_is_a_file_of_keys() -> None:
    """As it stands there."""
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)

    (key,) = read_keys(example.encode(), (), "docs/security.md").keys

    assert key.name == "web-de"
    assert key.rate is not None
    assert key.expires is not None
    assert len(key.scope.filter.must) == 2


def test_each_line_of_the_threat_model_has_its_test() -> None:
    """By the name of a file that exists."""
    rows = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| ")][1:]
    names = {path.name for path in (ROOT / "tests").rglob("*.py")}

    assert len(rows) > 15
    for *_, shown in rows:
        named = re.findall(r"`(?:tests/[a-z/]*)?(test_\w+\.py)`", shown)
        assert named or "`tests/ingest/`" in shown, shown
        assert set(named) <= names
    for path in re.findall(r"`((?:tests|search)/[\w/]+\.py)`", PAGE):
        assert (ROOT / path).is_file(), path


def test_each_setting_that_it_names_is_one() -> None:
    """Misspelt, it would lock nothing."""
    for group, field in re.findall(rf"{PREFIX}([A-Z]+){SEPARATOR}([A-Z_]+)", PAGE):
        assert field.lower() in type(getattr(Settings(), group.lower())).model_fields
