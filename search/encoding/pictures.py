"""The pictures of a query: base64, an upload or a URL, each read off the event loop and decoded within the limits."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from catalog.errors import InvalidInput, InvalidPicture, PictureUnavailable
from encoders.pictures.decode import Crop, PictureLimits, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence

    from encoders.interface import Picture
    from encoders.pictures.fetch import PictureFetcher
    from search.schemas import ImageSource, Term

T = TypeVar("T")

FETCH_SECONDS: Final = 5.0
"""How long a query waits for a picture from elsewhere: a shopper waits for the answer, ingest may take longer."""
_FETCHES_AT_ONCE: Final = 4
_DECODERS: Final = 2


@dataclass(frozen=True, slots=True)
class CodedPicture:
    """A picture as it came, with the part of it that is looked for; `key` is the same for the same of both."""

    data: bytes
    crop: Crop | None
    key: tuple[bytes, Crop | None]


class QueryPictures:
    """Reads the pictures of terms. Decoding has threads of its own: sixteen large ones take seconds."""

    def __init__(
        self, needed_side_px: int, limits: PictureLimits | None = None, fetcher: PictureFetcher | None = None
    ) -> None:
        self._needed_side_px = needed_side_px
        self._limits = limits or PictureLimits()
        self._fetcher = fetcher
        self._threads = _decoders()

    def close(self) -> None:
        """End the threads; another use starts others."""
        ended, self._threads = self._threads, _decoders()
        ended.shutdown()

    async def read(self, terms: Sequence[Term], uploads: Sequence[bytes]) -> dict[int, CodedPicture]:
        """Return the picture of each term that has one, by the term's number.

        Raises `InvalidInput` that names the first term whose picture cannot be had.
        """
        places = asyncio.Semaphore(_FETCHES_AT_ONCE)
        return await _by_number(
            {
                number: self._read(term, term.image, uploads, _where(number), places)
                for number, term in enumerate(terms)
                if term.image is not None
            }
        )

    async def decode(self, pictures: Mapping[int, CodedPicture]) -> dict[int, Picture]:
        """Return the pixels of each; raises `InvalidInput` that names the first term whose picture is none."""
        return await _by_number({number: self._decode(picture, _where(number)) for number, picture in pictures.items()})

    async def _read(
        self, term: Term, source: ImageSource, uploads: Sequence[bytes], where: str, places: asyncio.Semaphore
    ) -> CodedPicture:
        crop = Crop(*term.crop) if term.crop else None
        if source.url is not None:
            async with places:
                data = await self._fetch(source.url, f"{where}.url")
            return await self._on_thread(lambda: _coded(data, crop))
        if source.part is None:
            with _named(where):
                return await self._on_thread(lambda: _coded(_base64(source.data or ""), crop))
        if source.part >= len(uploads):
            raise InvalidInput(f"there is no such upload: {len(uploads)} came, counted from 0", field=f"{where}.part")
        upload = uploads[source.part]
        return await self._on_thread(lambda: _coded(upload, crop))

    async def _decode(self, picture: CodedPicture, where: str) -> Picture:
        with _named(where):
            return await self._on_thread(
                lambda: decode(picture.data, self._limits, needed_side_px=self._needed_side_px, crop=picture.crop)
            )

    async def _on_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _fetch(self, url: str, where: str) -> bytes:
        if self._fetcher is None:
            raise InvalidInput("pictures are not fetched here: send them as data or as uploads", field=where)
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                return await self._fetcher.fetch_url(url)
        except InvalidPicture as error:
            raise InvalidInput(error.message, field=where) from error
        except PictureUnavailable as error:
            raise InvalidInput(str(error), field=where) from error
        except TimeoutError as error:
            raise InvalidInput(f"the picture did not come within {FETCH_SECONDS:g} s", field=where) from error


def _decoders() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_DECODERS, thread_name_prefix="query-pictures")


def _where(number: int) -> str:
    return f"terms.{number}.image"


@contextmanager
def _named(where: str) -> Iterator[None]:
    try:
        yield
    except InvalidPicture as error:
        raise InvalidInput(error.message, field=where) from error


async def _by_number(work: Mapping[int, Coroutine[None, None, T]]) -> dict[int, T]:
    """Do all at once and return the results by number; raises what the first that failed raised."""
    found: dict[int, T] = {}
    for number, result in zip(work, await asyncio.gather(*work.values(), return_exceptions=True), strict=True):
        if isinstance(result, BaseException):
            raise result
        found[number] = result
    return found


def _coded(data: bytes, crop: Crop | None) -> CodedPicture:
    return CodedPicture(data, crop, (hashlib.blake2b(data, digest_size=16).digest(), crop))


def _base64(text: str) -> bytes:
    body = text.partition(",")[2] if text.startswith("data:") else text
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidPicture(f"the data is not base64: {error}") from error
