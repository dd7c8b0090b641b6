"""Finds what makes the pipeline fail, a record or a product: a bug may cost the one that meets it, never its batch.

Whether it is the record at all is asked first, with a product of our own: where that fails too, the fault is not its
(a broken model, an engine that takes no writes), and the worker stops with nothing given up.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

import structlog

from catalog.errors import CollectionMismatch, Misconfigured, Overloaded, Unavailable, VitrineError
from catalog.events import Upserted
from catalog.points import Stored
from catalog.state import merge
from ingest.merge import Change
from ingest.patience import Stopped
from ingest.source import DeadLetter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from catalog.events import Event, Position
    from ingest.source import Record

_EVERYBODYS: Final = (Stopped, Unavailable, Misconfigured, CollectionMismatch, Overloaded, OSError, MemoryError)
"""What no single record can be blamed for: waited out by the loop, or the end of it."""
_PIXEL: Final = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_log = structlog.get_logger(__name__)


class EverythingFails(VitrineError):  # noqa: N818 - named by what it is, like its siblings
    """The pipeline fails on a product that is known to be sound: nothing can be done until somebody mends it."""


class _Placed(Protocol):
    """An event, or a product: of which product it is, and where its record stands in the log, if in any."""

    @property
    def product_id(self) -> str: ...

    @property
    def position(self) -> Position | None: ...


_One = TypeVar("_One", bound=_Placed)


@dataclass(frozen=True, slots=True)
class Refused(Generic[_One]):
    """What cannot be processed, and what it died of."""

    one: _One
    error: Exception


def apply_isolated(
    apply: Callable[[Sequence[_One]], None], probe: Callable[[], None], batch: Sequence[_One]
) -> list[Refused[_One]]:
    """Apply the batch and return those of it that make `apply` fail, each found by halving; the others are applied.

    `probe` does the same work for a sound product and raises if that fails. Raises `EverythingFails` then, and
    whatever `apply` raises for an outage or a setting, with any part of the batch applied.
    """
    try:
        apply(batch)
    except _EVERYBODYS:
        raise
    except Exception as error:  # noqa: BLE001 - a bug may raise anything
        _blame_the_records(probe, error)
        return _halved(apply, batch)
    return []


def letters_of(refused: Sequence[Refused[Event]], records: Sequence[Record]) -> list[DeadLetter]:
    """Return the dead letters of refused events, each with the record that it came from."""
    by_place = {(record.partition, record.offset): record for record in records}
    letters = []
    for each in refused:
        place = each.one.position
        assert place is not None, "events that were read from a log have their place in it"
        letters.append(DeadLetter.of_failure(by_place[place.partition, place.offset], each.error))
    return letters


def sound_change() -> Change:
    """Return a product with a text and a picture that no cache has seen, for a probe; it is never written."""
    token = secrets.token_hex(8)
    picture = base64.b64encode(_PIXEL + token.encode()).decode()  # decoders stop where the picture ends
    event = Upserted(
        product_id=f"vitrine-probe-{token}",
        version=1,
        occurred_at=datetime.now(UTC),
        registers={"title": f"probe {token}", "images": [f"data:image/png;base64,{picture}"]},
    )
    before = Stored(event.product_id)
    return Change(before, merge(before.state, event))


def _blame_the_records(probe: Callable[[], None], error: Exception) -> None:
    try:
        probe()
    except _EVERYBODYS:
        raise
    except Exception as everybodys:  # noqa: BLE001 - a bug may raise anything
        _log.exception("everything fails")
        raise EverythingFails(
            f"every event fails, not a single record: {type(everybodys).__name__}: {everybodys}. The worker stops; "
            "nothing of the batch is committed or dead-lettered"
        ) from error


def _halved(apply: Callable[[Sequence[_One]], None], batch: Sequence[_One]) -> list[Refused[_One]]:
    if len(batch) == 1:
        return _tried_again(apply, batch)
    refused: list[Refused[_One]] = []
    middle = len(batch) // 2
    for half in (batch[:middle], batch[middle:]):
        try:
            apply(half)
        except _EVERYBODYS:
            raise
        except Exception:  # noqa: BLE001 - a bug may raise anything
            refused += _halved(apply, half)
    return refused


def _tried_again(apply: Callable[[Sequence[_One]], None], batch: Sequence[_One]) -> list[Refused[_One]]:
    """Give a single one its second chance: what fails twice will fail for ever."""
    try:
        apply(batch)
    except _EVERYBODYS:
        raise
    except Exception as error:  # noqa: BLE001 - a bug may raise anything
        (one,) = batch
        _log.exception("a record cannot be processed", product_id=one.product_id, position=str(one.position))
        return [Refused(one, error)]
    return []
