"""What a server would have answered: refusals as the exception class its REST client raises.

Callers then have one handling for every engine: `UnexpectedResponse` with `status_code` and the reason in `content`.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING

from httpx import Headers
from qdrant_client.http.exceptions import UnexpectedResponse

if TYPE_CHECKING:
    from collections.abc import Iterator

# Qdrant Edge raises a bare Exception for all that its core refuses, and ValueError or TypeError for arguments that
# do not convert. Anything else (a panic, MemoryError, an interrupt) is not a refusal and passes through.
_EDGE_REFUSALS = frozenset({Exception, ValueError, TypeError, OverflowError})

_STATUS_BY_PREFIX = {
    "No point with id": HTTPStatus.NOT_FOUND,
    "Not found": HTTPStatus.NOT_FOUND,
    "Service runtime error": HTTPStatus.INTERNAL_SERVER_ERROR,
}


def refusal(status: HTTPStatus, reason: str) -> UnexpectedResponse:
    """Return the exception a REST client raises for this status; `reason` stands in its JSON content."""
    content = json.dumps({"status": {"error": reason}, "time": 0.0}).encode()
    return UnexpectedResponse(status.value, status.phrase, content, Headers())


def bad_request(reason: str) -> UnexpectedResponse:
    """Return a 400: the request as it stands can never succeed."""
    return refusal(HTTPStatus.BAD_REQUEST, f"Wrong input: {reason}")


def missing_collection(name: str) -> UnexpectedResponse:
    """Return the 404 for a name that is neither a collection nor an alias."""
    return refusal(HTTPStatus.NOT_FOUND, f"Not found: Collection `{name}` doesn't exist!")


@contextmanager
def as_refusals() -> Iterator[None]:
    """Turn what Qdrant Edge raises for a bad request into the REST client's exception."""
    try:
        yield
    except Exception as error:
        if type(error) not in _EDGE_REFUSALS:
            raise
        reason = str(error)
        statuses = (status for prefix, status in _STATUS_BY_PREFIX.items() if reason.startswith(prefix))
        raise refusal(next(statuses, HTTPStatus.BAD_REQUEST), reason) from error
