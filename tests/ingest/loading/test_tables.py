"""CSV: delimiters, quotes, and the many ways in which a row is broken."""

from __future__ import annotations

import io

import pytest

from catalog.errors import InvalidInput
from ingest.loading.rows import BadRow, Row
from ingest.loading.tables import read_table


def read(text: str | bytes) -> list[Row | BadRow]:
    """Return the rows of a table."""
    content = text if isinstance(text, bytes) else text.encode()
    return list(read_table(io.BytesIO(content), lambda _: None))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_tells_the_delimiter(delimiter: str) -> None:
    """Spaces around names do not matter, cells are left as they are."""
    (row,) = read(f"id {delimiter} title\na{delimiter}Dress\n")

    assert row == Row(2, {"id": "a", "title": "Dress"})


def test_quotes_hold_delimiters_quotes_and_lines() -> None:
    """A row is named by the line it begins at; blank lines are none."""
    rows = read('id,title\r\na,"one ""two"",\r\nthree"\r\n\r\nb,x\r\n')

    assert rows == [Row(2, {"id": "a", "title": 'one "two",\r\nthree'}), Row(5, {"id": "b", "title": "x"})]


def test_a_broken_row_costs_nobody_but_itself() -> None:
    """Too short, too long, a quote in the wrong place, not UTF-8."""
    rows = read(b'id,title\na\nb,x,y\n"c"d,x\n\xe9,x\ne,x\n')

    assert [(row.line, row.reason) for row in rows if isinstance(row, BadRow)] == [
        (2, "malformed_row"),
        (3, "malformed_row"),
        (4, "malformed_row"),
        (5, "malformed_row"),
    ]
    assert rows[-1] == Row(6, {"id": "e", "title": "x"})
    assert isinstance(rows[3], BadRow)
    assert rows[3].content == {"id": "\ufffd", "title": "x"}


def test_an_open_quote_ends_somewhere() -> None:
    """At the latest where the file does."""
    (row,) = read('id,title\na,"open\nb,x\n')

    assert isinstance(row, BadRow)
    assert "to line 3" in row.error


def test_long_cells_are_read() -> None:
    """A picture inside a cell is longer than the csv module's own limit."""
    (row,) = read("id,images\na,data:image/png;base64" + "A" * 300_000 + "\n")

    assert isinstance(row, Row)


@pytest.mark.parametrize(("text", "said"), [("", "empty"), ("id,id\n", "'id' more than once"), ('"id\n', "first line")])
def test_a_header_is_needed(text: str, said: str) -> None:
    """Without one no row means anything."""
    with pytest.raises(InvalidInput, match=said):
        read(text)


@pytest.mark.parametrize("encoding", ["utf-16", "gbk"])
def test_a_header_that_is_not_utf8_says_so(encoding: str) -> None:
    """What the columns are called cannot be told then, nor shown."""
    with pytest.raises(InvalidInput, match="UTF-8"):
        read("id,名称\na,鞋\n".encode(encoding))
