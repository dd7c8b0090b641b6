"""What became of fetching a picture: its bytes, the word that they are the same as before, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

from catalog.errors import InvalidPicture, PictureUnavailable

_GONE: Final = frozenset({404, 410})
_PASSING: Final = frozenset({408, 425, 429})
_FINAL: Final = range(300, 500)
_MAX_DIGITS: Final = 9
_LONGEST_WAIT: Final = timedelta(days=1)
"""A host that says longer is asked again after this: it may be wrong, or mean ill."""


class Failure(StrEnum):
    """Why there is no picture: refused for good, not there for now, or gone from its host."""

    REFUSED = "refused"
    FOR_NOW = "failed"
    GONE = "gone"


class GonePicture(InvalidPicture):
    """The host says that there is no such picture (404, 410)."""


class DelayedPicture(PictureUnavailable):
    """The host says when to come back."""

    def __init__(self, message: str, *, due_at: datetime) -> None:
        super().__init__(message)
        self.due_at = due_at


@dataclass(frozen=True, slots=True)
class Validators:
    """What a host told an answer apart by; `url` is the one that answered, after redirects: to no other they apply."""

    url: str
    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A picture's bytes, not decoded yet, and by what to ask for it again."""

    data: bytes
    validators: Validators | None = None


@dataclass(frozen=True, slots=True)
class NotModified:
    """The picture is what it was when these validators were given."""

    validators: Validators


@dataclass(frozen=True, slots=True)
class NotFetched:
    """No picture: why, in a word to count and in words to read, and when it is due again where the host said so."""

    failure: Failure
    message: str
    due_at: datetime | None = None


def not_fetched(error: InvalidPicture | PictureUnavailable) -> NotFetched:
    """Return what an error says as a value."""
    if isinstance(error, GonePicture):
        return NotFetched(Failure.GONE, error.message)
    if isinstance(error, InvalidPicture):
        return NotFetched(Failure.REFUSED, error.message)
    return NotFetched(Failure.FOR_NOW, str(error), error.due_at if isinstance(error, DelayedPicture) else None)


def refusal(url: str, status: int, due_at: datetime | None) -> InvalidPicture | PictureUnavailable:
    """Return what an HTTP status other than success comes to."""
    message = f"{url} answers {status}"
    if status in _GONE:
        return GonePicture(message)
    if status in _FINAL and status not in _PASSING:
        return InvalidPicture(message)
    return PictureUnavailable(message) if due_at is None else DelayedPicture(message, due_at=due_at)


def due_at(retry_after: str | None, now: datetime) -> datetime | None:
    """Return when a `Retry-After` header says to come back, within a day; None for none, or one that says nothing."""
    if retry_after is None:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        wait = timedelta(seconds=int(text)) if len(text) <= _MAX_DIGITS else _LONGEST_WAIT
        return now + min(wait, _LONGEST_WAIT)
    try:
        then = parsedate_to_datetime(text)
        then = then if then.tzinfo else then.replace(tzinfo=UTC)
        return min(max(then, now), now + _LONGEST_WAIT)
    except (ValueError, OverflowError):
        return None
