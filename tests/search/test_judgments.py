"""Judged queries: what a file may hold, and what is said of a file that holds something else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from catalog.errors import Misconfigured
from search.quality.judgments import read_judgments

if TYPE_CHECKING:
    from pathlib import Path

GOOD = '{"query": "red shoes", "relevant": {"sku-1": 3, "sku-2": 0}}'


def written(folder: Path, *lines: str) -> Path:
    """Return a file of these lines."""
    path = folder / "judged.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def trec(folder: Path, queries: str, qrels: str) -> Path:
    """Return a folder of the two files."""
    (folder / "queries.tsv").write_text(queries, encoding="utf-8")
    (folder / "qrels").write_text(qrels, encoding="utf-8")
    return folder


def test_a_query_is_words_or_a_search_request(tmp_path: Path) -> None:
    """Both become requests, filters and all; empty lines and a byte order mark do not matter."""
    request = {"terms": [{"text": "dress"}, {"product": "sku-9", "weight": -0.5}], "filter": {"brand": ["A"]}}
    path = written(tmp_path, "\ufeff" + GOOD, "", json.dumps({"query": request, "relevant": {"sku-3": 1}}))

    first, second = read_judgments(path)

    assert first.request.text == "red shoes"
    assert first.gains == {"sku-1": 3, "sku-2": 0}
    assert [term.product for term in second.request.all_terms()] == [None, "sku-9"]
    assert second.request.filter == {"brand": ["A"]}
    assert second.where.endswith("line 3")


def test_trec_files_are_read_from_their_folder(tmp_path: Path) -> None:
    """Queries that nobody judged are left out; a gain below 0 is no answer."""
    folder = trec(tmp_path, "q1\tred shoes\nq2\tblue hat\nq3\tlamp\n", "q1 0 sku-1 2\nq1 0 sku-2 -1\nq3 Q0 sku-3 1\n")

    first, second = read_judgments(folder)

    assert (first.request.text, first.gains) == ("red shoes", {"sku-1": 2, "sku-2": 0})
    assert (second.request.text, second.gains) == ("lamp", {"sku-3": 1})


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("red shoes", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "line 2"),
        ('{"query": "x"}', "relevant"),
        ('{"query": "x", "relevant": {}}', "relevant"),
        ('{"query": "x", "relevant": {"a": "much"}}', "relevant.a"),
        ('{"query": "x", "relevant": {"a": -1}}', "relevant.a"),
        ('{"query": "x", "relevant": {"a": true}}', "relevant.a"),
        ('{"query": " ", "relevant": {"a": 1}}', "text"),
        ('{"query": 7, "relevant": {"a": 1}}', "line 2"),
        ('{"query": {"txt": "x"}, "relevant": {"a": 1}}', "txt"),
        ('{"query": {"filter": {"brand": ["A"]}}, "relevant": {"a": 1}}', "neither text nor terms"),
    ],
)
def test_a_line_that_is_no_judgment_is_named(tmp_path: Path, line: str, said: str) -> None:
    """Its number is told, and what is wrong with it."""
    with pytest.raises(Misconfigured) as refused:
        read_judgments(written(tmp_path, GOOD, line))

    assert "judged.jsonl, line 2" in str(refused.value)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("queries", "qrels", "said"),
    [
        ("q1 red shoes\n", "q1 0 a 1\n", "queries.tsv, line 1"),
        ("q1\tred shoes\n", "q1 a 1\n", "qrels, line 1"),
        ("q1\tred shoes\n", "q1 0 a high\n", "qrels, line 1"),
        (f"q1\t{'x' * 2_000}\n", "q1 0 a 1\n", "queries.tsv, line 1"),
        ("q1\tred shoes\n", "q2 0 a 1\n", "no judged query"),
    ],
)
def test_trec_files_that_do_not_fit_are_refused(tmp_path: Path, queries: str, qrels: str, said: str) -> None:
    """The file and line are named."""
    with pytest.raises(Misconfigured, match=said):
        read_judgments(trec(tmp_path, queries, qrels))


def test_a_file_that_is_not_there_or_empty_or_no_text_is_refused(tmp_path: Path) -> None:
    """Each says which file, and what would do."""
    binary = tmp_path / "picture.jpg"
    binary.write_bytes(b"\xff\xd8\xff\xe0")

    for path, named in ((tmp_path / "none.jsonl", "none.jsonl"), (binary, "picture.jpg"), (tmp_path, "qrels")):
        with pytest.raises(Misconfigured, match=f"{named} cannot be read"):
            read_judgments(path)
    with pytest.raises(Misconfigured, match="no judged query"):
        read_judgments(written(tmp_path, ""))
