"""Files and the lines in them: packed or not, whole or damaged, however long a line is."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING

import pytest

from catalog.errors import Misconfigured
from ingest.loading.files import guarded, lines, open_feed
from ingest.loading.jsonl import read_json_lines
from ingest.loading.rows import BadRow, Row

if TYPE_CHECKING:
    from pathlib import Path


def test_a_packed_file_is_unpacked_and_progress_is_of_the_file(tmp_path: Path) -> None:
    """What it is shows in its first bytes, not in its name."""
    file = tmp_path / "a.jsonl"
    file.write_bytes(gzip.compress(b'{"id": "a"}\n' * 1000))

    with open_feed(file) as feed:
        rows = list(read_json_lines(feed.content))

        assert len(rows) == 1000
        assert feed.read_bytes == feed.total_bytes == file.stat().st_size


def test_a_file_that_breaks_off_yields_what_came_before(tmp_path: Path) -> None:
    """The last row says that the file is damaged."""
    file = tmp_path / "a.jsonl.gz"
    whole = gzip.compress(b"".join(b'{"id": "%d"}\n' % number for number in range(50_000)))
    file.write_bytes(whole[: len(whole) // 2])

    with open_feed(file) as feed:
        *rows, last = guarded(read_json_lines(feed.content))

    assert all(isinstance(row, Row) for row in rows)
    assert isinstance(last, BadRow)
    assert (last.reason, last.line) == ("damaged_file", len(rows) + 1)


def test_a_missing_file_is_a_mistake(tmp_path: Path) -> None:
    """It is named."""
    with pytest.raises(Misconfigured, match=r"none\.csv"), open_feed(tmp_path / "none.csv"):
        pass


def test_an_endless_line_is_cut_and_the_next_is_whole() -> None:
    """Its length costs no memory; a line of just the limit is whole."""
    content = io.BytesIO(b"\xef\xbb\xbfone\n" + b"x" * 100 + b"\n12345678\n" + b"y" * 20)

    found = list(lines(content, max_bytes=8))

    assert [(line.number, line.text, line.cut) for line in found] == [
        (1, b"one\n", False),
        (2, b"x" * 8, True),
        (3, b"12345678\n", False),
        (4, b"y" * 8, True),
    ]


@pytest.mark.parametrize(
    "content", [b'[\n  {"id": "1"}\n]', b'[{"id": "1", "title": "Shoe"}, {"id": "2"}]', b"[" * 9_000]
)
def test_an_array_is_refused_with_the_way_to_lines(content: bytes) -> None:
    """Each of its lines would be refused for another reason, or the one that it is for its length."""
    with pytest.raises(Misconfigured, match="jq -c"):
        list(read_json_lines(io.BytesIO(content)))


def test_json_lines_name_the_broken_ones() -> None:
    """Blank lines are none; a broken one is shown."""
    content = io.BytesIO(b'\n{"id": "a"}\r\n[1]\n{oops\n\xff\n')

    first, *bad = read_json_lines(content)

    assert first == Row(2, {"id": "a"}, b'{"id": "a"}')
    assert [(row.line, row.reason) for row in bad if isinstance(row, BadRow)] == [
        (3, "malformed_json"),
        (4, "malformed_json"),
        (5, "malformed_json"),
    ]
