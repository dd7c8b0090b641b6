"""Every command in the documents of encoders exists, with the options that it is given there."""

from __future__ import annotations

import re
import shlex
from importlib import import_module
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from deploy.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *(f"docs/{name}.md" for name in ("encoders", "training", "judging", "shop-training")),
    *(f"docs/{name}.md" for name in ("shrinking", "robustness", "fusion")),
    "encoders/bundled/MODEL_CARD.md",
]


def commands(document: str) -> Iterator[list[str]]:
    """Yield the words of each command in the blocks of a document, what a block names by `$NAME` put in its place."""
    for block in re.findall(
        r"^```\n(.*?)^```", (ROOT / document).read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    ):
        known: dict[str, str] = {}
        for line in re.sub(r"\\\n", " ", block).splitlines():
            if given := re.fullmatch(r'(\w+)="([^"]*)"', line):
                known[given[1]] = given[2]
            plain = re.sub(r"^([A-Z_]+=\S* )+", "", Template(line).safe_substitute(known))
            if plain.startswith(("python -m ", "vitrine ")):
                yield shlex.split(plain, comments=True)


def help_of(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return what a command says to `--help`."""
    if words[0] == "vitrine":
        path = [word for word in words[1:3] if re.fullmatch(r"[a-z-]+", word)]
        found = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
        assert found.exit_code == 0, words
        return found.output
    with pytest.raises(SystemExit, match=r"^0$"):
        import_module(words[2]).main(["--help"])
    return capsys.readouterr().out


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documented_commands_exist(document: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With every option that they are given."""
    found = list(commands(document))

    assert found
    for words in found:
        said = help_of(words, capsys)
        for option in (word for word in words if word.startswith("--")):
            assert re.search(rf"{option}(?![\w-])", said), (words, option)
