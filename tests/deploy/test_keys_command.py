"""`vitrine search keys`: a key is printed once, and what is printed for the file lets it in."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from catalog.errors import Misconfigured
from deploy.cli.address import check_address
from deploy.cli.main import app
from deploy.settings import ApiSettings
from search.locks.keys import read_keys
from tests.builders import NOW
from tests.search.keyed import entry, write_keys

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take the settings of whoever runs the tests away."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("VITRINE_"):
            monkeypatch.delenv(name)


def run(*arguments: str) -> Result:
    """Run `vitrine search keys`."""
    return CliRunner().invoke(app, ["search", "keys", *arguments])


def test_a_new_key_is_let_in_by_the_lines_printed_with_it(tmp_path: Path) -> None:
    """The key on a line of its own; the rest as the file takes it."""
    options = (
        "--rate",
        "60/minute",
        "--expires",
        "2030-01-01",
        "--filter",
        '{"brand": ["A", "B"], "price": {"lt": 9}}',
    )

    done = run("new", "--name", "de-shop", "--scope", "search", *options)

    key, _, lines = done.stdout.partition("\n\n")
    assert done.exit_code == 0, done.output
    file = tmp_path / "keys.yaml"
    file.write_text("keys:\n" + lines)
    found = read_keys(file.read_bytes(), (), "keys.yaml").find(key.encode(), NOW)
    assert found is not None
    assert (found.name, found.permissions, str(found.rate)) == ("de-shop", frozenset({"search"}), "60 per 1 minute")
    assert len(found.scope.filter.must) == 3
    assert key not in lines
    checked = run("check", str(file)).stdout
    assert "de-shop: search, 60 per 1 minute, until 2030-01-01 00:00 UTC" in checked


def test_a_new_key_for_scripts_is_json() -> None:
    """Both scopes, nothing else."""
    made = json.loads(run("new", "--name", "ci", "--scope", "search", "--scope", "admin", "--json").stdout)

    assert made["entry"].keys() == {"name", "sha256", "scopes"}
    assert made["entry"]["scopes"] == ["search", "admin"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--scope", "root"), "'search' or 'admin'"),
        (("--filter", '{"colour": "red"}'), "filter.colour"),
        (("--filter", "{"), "is no JSON"),
        (("--filter", "{}"), "filter"),
        (("--rate", "often"), "rate"),
        (("--expires", "soon"), "expires"),
        (("--scope", "admin", "--filter", '{"brand": "A"}'), "cannot have a filter"),
    ],
)
def test_a_key_that_no_file_would_take_is_not_made(options: tuple[str, ...], words: str) -> None:
    """And none is printed."""
    done = run("new", "--name", "a", *options)

    assert done.exit_code != 0
    assert words in str(done.exception) + done.output
    assert "vitrine_" not in done.stdout


def test_a_broken_file_is_told_before_a_process_reads_it(tmp_path: Path) -> None:
    """As the process would."""
    file = write_keys(tmp_path / "keys.yaml", entry("a"), entry("a"))

    assert "same name" in str(run("check", str(file)).exception)
    assert isinstance(run("check", str(tmp_path / "none")).exception, Misconfigured)


def test_with_keys_any_address_is_listened_on(tmp_path: Path) -> None:
    """Without, loopback only."""
    check_address(ApiSettings(host="0.0.0.0", keys_file=tmp_path / "keys.yaml"))
    with pytest.raises(Misconfigured, match="VITRINE_API__KEYS_FILE"):
        check_address(ApiSettings(host="0.0.0.0"))
