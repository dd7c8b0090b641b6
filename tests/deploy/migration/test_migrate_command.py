"""`vitrine collection migrate` as it is typed: what it asks of the process, what it prints, how it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from catalog.errors import CollectionMismatch, Misconfigured
from deploy.cli.main import app
from deploy.processes.migration.control import listening

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STATUS = {
    "alias": "products",
    "searched": "products-1",
    "phase": "filled",
    "source": "products-1",
    "target": "products-2",
    "encoders": {"text": "minilm", "image": "clip"},
    "started_at": "2026-05-01T10:00:00Z",
    "copied": 1_200,
    "of": 1_200,
    "points": 1_201,
    "lag": 3,
    "verified_at": None,
    "cut_over_at": None,
    "failure": None,
}
CHANGE = {"value": -0.05, "low": -0.08, "high": -0.02, "p": 0.01}
REPORT = {
    "ok": False,
    "why": ["1 products are missing"],
    "source": "products-1",
    "target": "products-2",
    "comparison": {
        "products": 1_200,
        "counts": {"missing": 1, "different": 0, "ahead": 0, "surplus": 0},
        "shown": {"missing": ["sku-9"]},
        "lost_pictures": 1,
        "lost": [{"product_id": "sku-1", "reference": "https://shop/1.jpg", "error": "404"}],
    },
    "quality": {
        "queries": 200,
        "judged": True,
        "old": {"nDCG@10": 0.75},
        "new": {"nDCG@10": 0.7},
        "differences": {"nDCG@10": CHANGE},
    },
    "unasked": None,
    "unread": 0,
}


class Process:
    """Stands for the process that has the index open: notes what it is asked, and answers as it was told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, dict[str, Any]] = {}

    def perform(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Answer."""
        self.asked.append((name, arguments))
        return self.answers.get(name, STATUS)


@pytest.fixture
def process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Process]:
    """Let a process listen in a demo's folder, which the commands are given."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo" / "index").mkdir(parents=True)
    found = Process()
    with listening(tmp_path / "demo" / "index", found.perform):
        yield found


def typed(*words: str) -> tuple[int, str]:
    """Return the exit code and what was printed."""
    result = CliRunner().invoke(app, ["collection", "migrate", *words, "--data", "demo"])
    if isinstance(result.exception, Exception):
        raise result.exception
    return result.exit_code, result.stdout


def test_start_names_only_what_changes(process: Process) -> None:
    """What the options do not say stays; they go before the settings of the next encoders."""
    code, said = typed("start", "--image", "clip", "--average-length", "25")

    assert process.asked[0] == ("begin", {"models": {"image": "clip", "lexical_average_length": 25.0}, "again": False})
    assert code == 0
    assert "products-1 → products-2, filled" in said


def test_start_takes_the_settings_of_the_next_encoders(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a job on Kubernetes has them."""
    monkeypatch.setenv("VITRINE_NEXT__TEXT", "another")
    typed("start", "--again")

    assert process.asked[0] == ("begin", {"models": {"text": "another"}, "again": True})


def test_a_worker_that_ended_is_a_failure(process: Process) -> None:
    """The exit code is 1 and says why."""
    process.answers["begin"] = STATUS | {"phase": "filling", "failure": "Misconfigured: no such folder"}
    code, said = typed("start")

    assert code == 1
    assert "no such folder" in said


def test_status_reads_as_a_sentence_and_as_json(process: Process) -> None:
    """For people and for scripts."""
    _, said = typed("status")
    assert "copied: 1,200 of 1,200 points; it holds 1,201; 3 events before it" in said
    assert json.loads(typed("status", "--json")[1]) == STATUS
    process.answers["status"] = {"alias": "products", "searched": "products-1", "phase": "none"}
    assert "No migration is under way." in typed("status")[1]


def test_verify_says_what_speaks_against_it(process: Process, tmp_path: Path) -> None:
    """Exit code 1, with what differs, what was lost and how the answers changed."""
    process.answers["verify"] = REPORT
    code, said = typed("verify", "--judgments", "judged.jsonl", "--lost-pictures", "3")

    assert code == 1
    assert process.asked[0][1] == {
        "judgments": str(tmp_path / "judged.jsonl"),
        "tolerance": 0.02,
        "lost_pictures": 3,
    }
    for part in (
        "missing: 1, such as sku-9",
        "lost picture: sku-1 https://shop/1.jpg: 404",
        "nDCG@10: 0.750 → 0.700, -0.050",
        "Against it: 1 products are missing.",
    ):
        assert part in said


def test_verify_says_why_answers_were_not_compared(process: Process) -> None:
    """As with the collection of an earlier layout, which this version cannot search."""
    process.answers["verify"] = REPORT | {"ok": True, "why": [], "quality": None, "unasked": "products-1 is older"}
    code, said = typed("verify")

    assert code == 0
    assert "Answers were not compared: products-1 is older." in said


def test_cutover_rollback_and_finish_are_one_word_each(process: Process) -> None:
    """They say how long the call took, and what the processes need from now on."""
    process.answers["cutover"] = process.answers["rollback"] = STATUS | {"seconds": 0.012}
    process.answers["finish"] = STATUS | {"dropped": "products-1", "searched": "products-2"}

    assert "in 12 ms" in typed("cutover", "--unverified")[1]
    assert "in 12 ms" in typed("rollback")[1]
    assert "the processes need: VITRINE_ENCODERS__IMAGE=clip\n" in typed("finish")[1]
    assert "dropped products-1" in typed("finish", "--abandon")[1]
    assert [name for name, _ in process.asked] == ["cutover", "rollback", "finish", "finish"]
    assert process.asked[0][1] == {"although": True}


def test_finish_says_only_which_settings_must_change(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they are those of the new collection, none; where it was made without a word list, that this must go."""
    process.answers["finish"] = STATUS | {"dropped": "products-1"}
    monkeypatch.setenv("VITRINE_ENCODERS__IMAGE", "clip")
    as_ours = typed("finish")[1]
    monkeypatch.setenv("VITRINE_ENCODERS__GLOSSARY", "own.tsv")
    with_a_list = typed("finish")[1]

    assert as_ours.endswith("The settings here name its encoders already.\n")
    assert with_a_list.endswith("the processes need: no VITRINE_ENCODERS__GLOSSARY\n")


def test_a_refusal_of_the_process_ends_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its sentence."""
    monkeypatch.chdir(tmp_path)
    index = tmp_path / "demo" / "index"
    index.mkdir(parents=True)

    def refuse(_name: str, _arguments: dict[str, Any]) -> dict[str, Any]:
        raise CollectionMismatch("not filled yet")

    with listening(index, refuse), pytest.raises(Exception, match="not filled yet"):
        typed("cutover")


def test_no_demo_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped folder makes nothing."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Misconfigured, match="there is no demo in demo"):
        typed("status")
    assert list(tmp_path.iterdir()) == []
