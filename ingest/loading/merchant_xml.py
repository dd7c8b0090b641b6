"""Products of an RSS or Atom feed, item by item, by the standard library's expat with every door shut.

A feed needs no document type, and without one there are no entities: neither external ones nor a billion laughs.
So a declaration ends the reading. Depth, the size of an item and of a single tag are bounded, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from ingest.loading.files import MAX_ROW_BYTES
from ingest.loading.rows import BadRow, Row

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO

    from catalog.product import Json
    from ingest.loading.rows import Rows

_CHUNK_BYTES: Final = 64 * 1024
_MAX_DEPTH: Final = 64
_NAMESPACES: Final = frozenset({"", "http://base.google.com/ns/1.0", "http://www.w3.org/2005/Atom"})
_ITEMS: Final = frozenset({"item", "entry"})


class _Refused(Exception):  # noqa: N818 - ends the reading; never leaves this file
    """What stands in the feed that is not read on."""


def read_xml(content: IO[bytes]) -> Rows:
    """Yield the items of a feed; where the XML breaks off, or has what no feed needs, a last bad row says so."""
    items = _Items()
    fed_bytes = 0
    try:
        while chunk := content.read(_CHUNK_BYTES):
            fed_bytes += len(chunk)
            items.parser.Parse(chunk)
            yield from items.take()
            if fed_bytes - items.parser.CurrentByteIndex > MAX_ROW_BYTES:
                raise _Refused(f"a single tag has more than {MAX_ROW_BYTES:,} bytes")  # noqa: TRY301
        items.parser.Parse(b"", True)  # noqa: FBT003 - it is the last; takes no keyword
        yield from items.take()
    except expat.ExpatError as error:
        yield from items.take()
        what = expat.errors.messages.get(error.code, "not well-formed")
        yield BadRow(error.lineno, "malformed_xml", f"{what}; nothing behind it is read", None)
    except (LookupError, ValueError) as error:  # how expat's own handler of the encoding that is declared ends
        yield BadRow(1, "malformed_xml", f"its encoding is not read: {error}; save it as UTF-8", None)
    except _Refused as error:
        yield from items.take()
        yield BadRow(items.parser.CurrentLineNumber, "forbidden_xml", f"{error}; nothing behind it is read", None)


class _Items:
    """Collects the fields of each item while the parser runs."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse_declaration
        self.parser.EntityDeclHandler = self._refuse_declaration
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self._depth = 0
        self._item_depth = 0
        self._item_line = 0
        self._fields: dict[str, Json] = {}
        self._texts: list[str] = []
        self._size = 0
        self._done: list[Row | BadRow] = []

    def take(self) -> list[Row | BadRow]:
        """Return the items that are complete, and forget them."""
        done, self._done = self._done, []
        return done

    def _refuse_declaration(self, *_: object) -> None:
        raise _Refused("a document type or an entity is declared: take it out of the feed")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _Refused(f"elements stand inside each other more than {_MAX_DEPTH} deep")
        if not self._item_depth and _local(name) in _ITEMS:
            self._item_depth, self._item_line = self._depth, self.parser.CurrentLineNumber
            self._fields, self._size = {}, 0
        elif self._item_depth and self._depth == self._item_depth + 1:
            self._texts = [attributes["href"]] if "href" in attributes else []

    def _text(self, text: str) -> None:
        if self._item_depth and self._depth == self._item_depth + 1:
            self._size += len(text)
            if self._size <= MAX_ROW_BYTES:
                self._texts.append(text)

    def _end(self, name: str) -> None:
        if self._item_depth and self._depth == self._item_depth + 1:
            self._keep(_local(name), "".join(self._texts).strip())
            self._texts = []
        elif self._item_depth and self._depth == self._item_depth:
            self._finish()
        self._depth -= 1

    def _keep(self, name: str | None, text: str) -> None:
        self._size += len(name or "")
        if not name or not text or self._size > MAX_ROW_BYTES:
            return
        held = self._fields.get(name)
        self._fields[name] = text if held is None else [*(held if isinstance(held, list) else [held]), text]

    def _finish(self) -> None:
        self._item_depth = 0
        if self._size > MAX_ROW_BYTES:
            error = f"the item has more than {MAX_ROW_BYTES:,} characters"
            self._done.append(BadRow(self._item_line, "too_large", error, None))
        else:
            self._done.append(Row(self._item_line, self._fields))


def _local(name: str) -> str | None:
    """Return an element's own name, None for one of a vocabulary that says nothing of products."""
    namespace, _, local = name.rpartition(" ")
    return local if namespace in _NAMESPACES else None
