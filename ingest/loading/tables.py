"""CSV and TSV with a header: a row of the wrong length or with a broken quote is set aside, the rest goes on."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final

from catalog.errors import InvalidInput
from ingest.loading.files import MAX_ROW_BYTES, lines
from ingest.loading.rows import BadRow, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO

    from ingest.loading.files import Line
    from ingest.loading.rows import CheckHeader, Rows

_DELIMITERS: Final = ",;\t|"
_SHOWN_CELLS: Final = 100


def read_table(content: IO[bytes], check_header: CheckHeader, *, delimiter: str | None = None) -> Rows:
    """Yield the rows below the header by its names; without `delimiter` the header tells which it is.

    Raises `InvalidInput` for a file without a header, or one that names a column twice, and whatever `check_header`
    raises.
    """
    source = _Lines(lines(content))
    csv.field_size_limit(MAX_ROW_BYTES)
    first = next(source, None)
    if first is None:
        raise InvalidInput("the file is empty; its first line names the columns")
    if not _is_unicode(first):
        raise InvalidInput("the first line, which names the columns, is not UTF-8: save the file as UTF-8")
    delimiter = delimiter or max(_DELIMITERS, key=first.count)
    reader = csv.reader(_chained(first, source), delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader)]
    except csv.Error as error:
        raise InvalidInput(f"the first line, which names the columns, cannot be read: {error}") from error
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise InvalidInput(f"the first line names {', '.join(map(repr, twice[:5]))} more than once")
    check_header(header)
    yield from _rows(reader, source, header)


class _Lines:
    """Lines as text for the csv module, which knows nothing of damaged ones."""

    def __init__(self, source: Iterator[Line]) -> None:
        self._source = source
        self.number = 0
        self.cut = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._source)
        self.number = line.number
        self.cut |= line.cut
        return line.text.decode(errors="surrogateescape")


def _chained(first: str, rest: Iterable[str]) -> Iterator[str]:
    yield first
    yield from rest


def _rows(reader: Iterator[list[str]], source: _Lines, header: list[str]) -> Rows:
    while True:
        begins_at = source.number + 1
        source.cut = False
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield BadRow(begins_at, "malformed_row", f"cannot be read, to line {source.number}: {error}", None)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        fields = dict(zip(header, cells, strict=False))
        if source.cut:
            yield BadRow(begins_at, "too_large", f"the row has more than {MAX_ROW_BYTES:,} bytes", None)
        elif not all(map(_is_unicode, cells)):
            shown = {name: _replaced(cell) for name, cell in fields.items()}
            yield BadRow(begins_at, "malformed_row", "is not UTF-8: save the file as UTF-8", shown)
        elif len(cells) != len(header):
            lengths = f"has {len(cells)} cells where the first line names {len(header)} columns"
            yield BadRow(begins_at, "malformed_row", lengths, cells[:_SHOWN_CELLS])
        else:
            yield Row(begins_at, {name: cell for name, cell in fields.items() if name})


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\udc80" <= character <= "\udcff" for character in text)


def _replaced(cell: str) -> str:
    return cell.encode(errors="surrogateescape").decode(errors="replace")
