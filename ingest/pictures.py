"""The pictures of products, asked for in threads: their pixels, or what became of them and when they are due again."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Semaphore
from typing import TYPE_CHECKING, Final

from catalog.errors import InvalidPicture
from catalog.points import PictureStatus
from catalog.product import iso
from encoders.pictures.answers import Failure, NotFetched, NotModified, Validators
from encoders.pictures.decode import PictureLimits, decode

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from encoders.interface import FloatArray, Picture
    from encoders.pictures.answers import Fetched
    from encoders.pictures.fetch import PictureFetcher

OK: Final = "ok"
FAILED: Final = Failure.FOR_NOW.value
NOT_MODIFIED: Final = "not_modified"
_FETCHING_THREADS: Final = 8
_FIRST_WAIT: Final = timedelta(minutes=5)
_LONGEST_WAIT: Final = timedelta(days=1)
_SHORTEST_WAIT: Final = timedelta(minutes=1)
_MAX_DOUBLINGS: Final = 20


@dataclass(frozen=True, slots=True)
class Seen:
    """What asking for a picture came to: `outcome` is for counting, `status` goes with the product.

    One that is ok has its pixels, or the vector that was made of it before, or neither: then it is the one it was.
    """

    outcome: str
    status: PictureStatus
    pixels: Picture | None = None
    vector: FloatArray | None = None

    @property
    def digest(self) -> str:
        """The digest of a picture that is ok."""
        return self.status.digest or ""

    @property
    def unread(self) -> bool:
        """Whether there is a picture of which nobody has anything but its digest."""
        return self.status.status == OK and self.pixels is None and self.vector is None


class PictureReader:
    """Asks for pictures, several at a time. `known` returns the vector that was made of a digest before, if any."""

    def __init__(
        self,
        fetcher: PictureFetcher,
        known: Callable[[str], FloatArray | None],
        *,
        needed_side_px: int,
        limits: PictureLimits | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._fetcher = fetcher
        self._known = known
        self._needed_side_px = needed_side_px
        self._limits = limits or PictureLimits()
        self._now = now
        self._threads = ThreadPoolExecutor(_FETCHING_THREADS, thread_name_prefix="pictures")
        self._decoding = Semaphore(max(1, (os.cpu_count() or 1) // 2))  # the encoders need the other cores meanwhile

    def ask(self, reference: str, held: PictureStatus | None) -> Future[Seen]:
        """Ask for a picture; `held` is what became of it the last time, None to have its bytes whatever it was."""
        return self._threads.submit(self._see, reference, held)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(cancel_futures=True)

    def _see(self, reference: str, held: PictureStatus | None) -> Seen:
        answer = self._fetcher.ask(reference, _validators(held))
        if isinstance(answer, NotModified):
            assert held is not None, "nothing is unchanged that was not had before"
            return self._as_it_was(NOT_MODIFIED, _validated(held, answer.validators))
        if not isinstance(answer, NotFetched):
            return self._decoded(answer)
        if held is not None and held.status == OK and answer.failure is Failure.FOR_NOW:
            return self._as_it_was(answer.failure.value, held)  # its host is away, which makes it no other picture
        return Seen(answer.failure.value, missed(answer, held, self._now()))

    def _as_it_was(self, outcome: str, held: PictureStatus) -> Seen:
        return Seen(outcome, held, vector=self._known(held.digest or ""))

    def _decoded(self, found: Fetched) -> Seen:
        digest = digest_of(found.data)
        status = _validated(PictureStatus(OK, digest=digest), found.validators)
        vector = self._known(digest)
        if vector is not None:
            return Seen(OK, status, vector=vector)
        try:
            with self._decoding:
                return Seen(OK, status, pixels=decode(found.data, self._limits, needed_side_px=self._needed_side_px))
        except InvalidPicture as error:
            refused = Failure.REFUSED.value
            return Seen(refused, PictureStatus(refused, error=str(error)))


def missed(answer: NotFetched, held: PictureStatus | None, now: datetime) -> PictureStatus:
    """Return the status of a picture that did not come: one that failed for now is due again, the others are not.

    The host says when, or the wait doubles with each attempt in a row, up to a day.
    """
    if answer.failure is not Failure.FOR_NOW:
        return PictureStatus(answer.failure.value, error=answer.message)
    attempts = 1 + ((held.attempts or 0) if held is not None else 0)
    backoff = min(_FIRST_WAIT * 2 ** min(attempts - 1, _MAX_DOUBLINGS), _LONGEST_WAIT)
    due_at = max(answer.due_at or now + backoff, now + _SHORTEST_WAIT)
    return PictureStatus(
        answer.failure.value, error=answer.message, due_at=iso(due_at.replace(microsecond=0)), attempts=attempts
    )


def digest_of(data: bytes) -> str:
    """Return the digest by which an input of an encoder is known."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _validators(held: PictureStatus | None) -> Validators | None:
    if held is None or held.status != OK or held.url is None:
        return None
    return Validators(held.url, held.etag, held.last_modified)


def _validated(status: PictureStatus, validators: Validators | None) -> PictureStatus:
    if validators is None:
        return status
    return replace(status, url=validators.url, etag=validators.etag, last_modified=validators.last_modified)
