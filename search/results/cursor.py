"""Cursors: where a page ended, as text that a client hands back. Stateless: nothing is kept here between two pages."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Final

from catalog.errors import InvalidInput
from search.results.outcome import End

if TYPE_CHECKING:
    from search.results.ordering import Order
    from search.understood import Understood

_FOREIGN: Final = "is of no page of this query: send the cursor of an answer to it, or leave it out to start anew"


def query_mark(asked: Understood, collection: str) -> str:
    """Return what a cursor remembers its query by: a digest of all that decides on the set and its order.

    Of terms and weights as they were sent: what a word is corrected to, and what an arm hears of it, may change with
    the catalogue from one page to the next. Of conditions in whatever order: an object of JSON has none.
    """
    request = asked.request
    terms = [term.model_dump(mode="json") for term in request.all_terms()], request.spelling
    wanted = [sorted(map(repr, conditions)) for conditions in (asked.wanted.must, asked.wanted.must_not)]
    ranking = request.arms.model_dump(), request.fusion, request.cut_off
    folded = request.group_by, sorted(request.limit_per.limits().items())
    digest = hashlib.sha256(repr((collection, terms, wanted, ranking, asked.order, folded)).encode())
    for picture in asked.uploads:
        digest.update(hashlib.sha256(picture).digest())
    return digest.hexdigest()[:16]


def write_cursor(mark: str, end: End) -> str:
    """Return the cursor for what follows the end of a page."""
    text = json.dumps([mark, end.by_point, end.key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str, mark: str, order: Order) -> End:
    """Return where to go on; raises `InvalidInput` for the cursor of another query, and for what is none."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        held, by_point, key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise InvalidInput(_FOREIGN, field="cursor") from error
    if held != mark or not isinstance(key, list) or not order.fits(key):
        raise InvalidInput(_FOREIGN, field="cursor")
    return End(key, by_point is True)
