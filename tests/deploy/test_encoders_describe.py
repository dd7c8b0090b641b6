"""`vitrine encoders list` and `describe`: what there is, and everything it says of itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from huggingface_hub import constants
from typer.testing import CliRunner, Result

from catalog.errors import Misconfigured
from deploy.cli.encoders import app
from encoders.folders import folder_revision
from encoders.names import MINILM, SHIPPED, VITRINE_PICTURES
from tests.encoders.tiny_clip import SIZE, build_tiny_clip
from tests.encoders.tiny_models import PROMPTS, SIDE_PX, build_tiny_resnet, build_tiny_text_model

if TYPE_CHECKING:
    from pathlib import Path

COMMIT = "c" * 40


@pytest.fixture(autouse=True)
def _at_a_wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


def run(*arguments: str) -> Result:
    """Run the command, which must succeed."""
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result


def described(*arguments: str) -> dict[str, Any]:
    """Return what `describe --json` says."""
    found: dict[str, Any] = json.loads(run("describe", *arguments, "--json").stdout)
    return found


def test_list_shows_the_shipped_and_what_else_may_be_named() -> None:
    """A folder, an id of the hub, a CNN, a network of timm and what it needs."""
    said = run("list").stdout

    for word in (*SHIPPED, "FOLDER", "Hugging Face id", "SigLIP", "ResNet", "pip install 'vitrine[timm]'"):
        assert word in said
    assert set(json.loads(run("list", "--json").stdout)) == set(SHIPPED)


def test_describe_shows_the_configured_ones() -> None:
    """With their calibration, and the collection that belongs to them."""
    found = described()

    assert (found["text"]["name"], found["image"]["name"]) == (MINILM, VITRINE_PICTURES)
    assert set(found["text"]["unrelated"]) == {"text", "product"}
    assert set(found["image"]["unrelated"]) == {"text", "picture", "product", "nothing"}
    assert set(found["image"]["unrelated"]["picture"]) == {"mean", "deviation", "threshold"}
    assert found["lexical"]["name"] == "lexical"
    said = run("describe").stdout
    for word in (found["collection"], found["text"]["revision"], "unrelated to a picture query", "±"):
        assert word in said


def test_describe_shows_any_other_by_its_name(tmp_path: Path) -> None:
    """All of its description, for each place that it can take."""
    folder = str(build_tiny_clip(tmp_path))

    found = described(folder)

    assert set(found) == {"text", "image"}
    for arm, reads in (("text", ["text"]), ("image", ["pictures", "text"])):
        assert found[arm].pop("revision")
        assert found[arm] == {
            "reads": reads,
            "name": folder,
            "size": SIZE,
            "distance": "cosine",
            "languages": [],
            "licence": "unknown",
            "query_prompt": "",
            "document_prompt": "",
            "picture_side_px": SIDE_PX,
            "unrelated": {},
        }


def test_describe_says_what_a_model_cannot_read(tmp_path: Path) -> None:
    """A CNN has no place for text, a model of text none for pictures."""
    (tmp_path / "cnn").mkdir()
    (tmp_path / "text").mkdir()

    cnn = described(str(build_tiny_resnet(tmp_path / "cnn")))
    text = described(str(build_tiny_text_model(tmp_path / "text")))

    assert {arm: one["reads"] for arm, one in cnn.items()} == {"image": ["pictures"]}
    assert {arm: one["query_prompt"] for arm, one in text.items()} == {"text": PROMPTS["query"]}
    assert "en, zh" in run("describe", str(tmp_path / "text")).stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no-such/model", "the hub's cache has no such model"),
        ("/no/such/folder", "a model of the hub is named OWNER/MODEL"),
        ("./model", "a model of the hub is named OWNER/MODEL"),
        ("[red]", "a model of the hub is named OWNER/MODEL"),
    ],
)
def test_describe_refuses_a_name_that_leads_nowhere(name: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In our words and one line: it is no name, no folder, and no model of the hub."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)

    result = CliRunner().invoke(app, ["describe", name])

    assert isinstance(result.exception, Misconfigured)
    assert str(result.exception).startswith(
        f"{name!r} is no encoder of `vitrine encoders list`, and there is no such folder; {said}"
    )
    assert "\n" not in str(result.exception)


def test_describe_finds_a_model_of_the_hub_by_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the hub's cache, laid out as the hub's library does it: a commit's files are links."""
    repository = tmp_path / "models--tiny--clip"
    for folder in ("refs", "blobs", f"snapshots/{COMMIT}"):
        (repository / folder).mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    for file in build_tiny_clip(repository / "blobs").iterdir():
        (repository / "snapshots" / COMMIT / file.name).symlink_to(f"../../blobs/{file.name}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)

    found = described("tiny/clip")

    assert {arm: one["name"] for arm, one in found.items()} == {"text": "tiny/clip", "image": "tiny/clip"}
    assert found["image"]["revision"] == folder_revision(repository / "blobs")
