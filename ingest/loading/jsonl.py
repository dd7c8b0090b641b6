"""JSON Lines: each line an event in any form that is read, or a product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from catalog.errors import InvalidEvent, Misconfigured
from catalog.events import read_object
from ingest.loading.files import MAX_ROW_BYTES, lines
from ingest.loading.rows import BadRow, Row

if TYPE_CHECKING:
    from typing import IO

    from ingest.loading.rows import Rows

_SHOWN_CHARS: Final = 1_000
_A_WHOLE_ARRAY: Final = (
    "the file is one JSON array, and each line must be an object of its own: `jq -c '.[]' FILE > FILE.jsonl` makes that"
)


def read_json_lines(content: IO[bytes]) -> Rows:
    """Yield the objects of a file; blank lines are skipped, a line that is no JSON object is a bad row.

    Raises `Misconfigured` for a file that begins as a JSON array does.
    """
    for line in lines(content):
        text = line.text.strip()
        if line.number == 1 and text.startswith(b"["):
            raise Misconfigured(_A_WHOLE_ARRAY)
        if line.cut:
            error = f"the line has more than {MAX_ROW_BYTES:,} bytes: give pictures as URLs"
            yield BadRow(line.number, "too_large", error, _shown(text))
        elif text:
            try:
                yield Row(line.number, read_object(text), text)
            except InvalidEvent as error:
                yield BadRow(line.number, error.reason, str(error), _shown(text))


def _shown(text: bytes) -> str:
    return text[:_SHOWN_CHARS].decode(errors="replace")
