"""The errors of the house, named by what whoever catches them must do.

    VitrineError
    ├── InvalidInput          the sender's fault; says what to change      HTTP 422 · dead letter
    │   ├── InvalidEvent      an event that no retry can make right        dead letter
    │   └── InvalidPicture    bytes that are no picture we take            HTTP 422 · status on the product
    ├── Unavailable           an outage: wait, then try the same again     HTTP 503 · the loop waits
    │   ├── EngineUnavailable     the vector engine does not answer
    │   ├── BrokerUnavailable     Kafka does not answer
    │   └── PictureUnavailable    a picture host does not answer           status on the product, due again
    ├── Overloaded            too much at once: come back later            HTTP 429
    ├── CollectionMismatch    the index was built by other encoders        not ready · crash at start
    └── Misconfigured         a setting or a command that cannot work      exit code 2

Which HTTP status each one becomes is one table in `search/errors.py`.
"""

from __future__ import annotations


class VitrineError(Exception):
    """Anything this project raises on purpose; its text is written for the person who reads it."""


class InvalidInput(VitrineError):  # noqa: N818 - named by what it is, like its siblings
    """What was sent cannot be used. `field` is the path to the culprit, as the sender wrote it."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.message = message
        self.field = field


class InvalidEvent(InvalidInput):
    """An event that will never be right, however often it is read. `reason` is a short, countable word."""

    def __init__(self, message: str, *, reason: str, field: str = "") -> None:
        super().__init__(message, field=field)
        self.reason = reason


class InvalidPicture(InvalidInput):
    """Bytes that are no picture, or one beyond the limits."""


class Unavailable(VitrineError):  # noqa: N818
    """Something we depend on is away. Nothing is lost: wait and do the same again."""


class EngineUnavailable(Unavailable):
    """The vector engine did not answer, or refused for now."""


class BrokerUnavailable(Unavailable):
    """Kafka did not answer, or refused for now."""


class PictureUnavailable(Unavailable):
    """A picture could not be fetched this time."""


class Overloaded(VitrineError):  # noqa: N818
    """More work than the queue takes. `retry_after_seconds` is when to come back."""

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class CollectionMismatch(VitrineError):  # noqa: N818
    """The collection does not fit the encoders or lacks what search relies on."""


class Misconfigured(VitrineError):  # noqa: N818
    """A setting, a path or a command that cannot work; the message says what would."""
