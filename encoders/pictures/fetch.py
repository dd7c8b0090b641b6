"""A picture's bytes from where it lies: an http(s) URL, a data: URL, or a path below the images folder.

The only file that knows httpx. A URL is read once, without redirects, within a cap on bytes and time.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import threading
import urllib.parse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import httpx

from catalog.errors import InvalidPicture, PictureUnavailable
from encoders.pictures.decode import PictureLimits

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

_HEADERS: Final = {"user-agent": "vitrine", "accept": "image/*", "accept-encoding": "identity"}
_MAX_LABEL_CHARS: Final = 63
_MAX_PORT: Final = 65_535
_OK: Final = 200
_FINAL: Final = range(300, 500)
_RETRIED: Final = {408, 425, 429}


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Where pictures may come from and what one may cost. `root` None: no local paths."""

    root: Path | None = None
    timeout_seconds: float = 10.0
    limits: PictureLimits = field(default_factory=PictureLimits)


class PictureFetcher:
    """Reads the bytes of pictures by reference; may be called from several threads at once.

    Downloads run in an event loop of their own: only there does a deadline end whatever a download waits for, be it a
    name, a connection, the next byte of a header. Time-outs of single reads would let a host go on for days.
    """

    def __init__(self, settings: FetchSettings) -> None:
        self._settings = settings
        self._root = settings.root.resolve() if settings.root else None
        self._client = httpx.AsyncClient(
            timeout=settings.timeout_seconds, follow_redirects=False, headers=_HEADERS, trust_env=False
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="downloads", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exit_details: object) -> None:
        self.close()

    def fetch(self, reference: str) -> bytes:
        """Return the bytes a reference leads to.

        Raises `InvalidPicture` where trying again cannot help, `PictureUnavailable` where it may.
        """
        scheme = reference.split(":", 1)[0].lower()
        if scheme in {"http", "https"}:
            return self._from_url(reference)
        if scheme == "data":
            return self._from_data_url(reference)
        return self._from_path(reference)

    def close(self) -> None:
        """Close the connections that were kept open; nothing is fetched any more."""
        if not self._loop.is_closed():
            asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def _from_url(self, url: str) -> bytes:
        return asyncio.run_coroutine_threadsafe(self._download(url), self._loop).result()

    async def _download(self, url: str) -> bytes:
        timeout_seconds = self._settings.timeout_seconds
        try:
            _check_address(httpx.URL(url))
            async with asyncio.timeout(timeout_seconds), self._client.stream("GET", url) as response:
                if response.status_code != _OK:
                    raise _refusal(url, response.status_code)
                return await self._read(response)
        except TimeoutError as error:
            raise PictureUnavailable(f"{url:.200} took longer than {timeout_seconds:g} s to come") from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError) as error:
            raise InvalidPicture(f"{url:.200} is not a URL that can be fetched: {error}") from error
        except httpx.HTTPError as error:
            raise PictureUnavailable(f"{url:.200} could not be fetched: {error or type(error).__name__}") from error

    async def _read(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for piece in response.aiter_raw():  # as it came: unpacked, a small answer could be any size
            body += piece
            if len(body) > self._settings.limits.max_bytes:
                raise InvalidPicture(f"the picture has more than {self._settings.limits.max_bytes:,} bytes")
        return bytes(body)

    def _from_data_url(self, url: str) -> bytes:
        header, comma, body = url.partition(",")
        if not comma:
            raise InvalidPicture("a data: URL has a comma before its data")
        if len(body) > 2 * self._settings.limits.max_bytes:
            raise InvalidPicture(f"the picture has more than {self._settings.limits.max_bytes:,} bytes")
        raw = urllib.parse.unquote_to_bytes(body)
        if not header.lower().endswith(";base64"):
            return raw
        try:
            return base64.b64decode(raw, validate=True)
        except binascii.Error as error:
            raise InvalidPicture(f"the data: URL is not valid base64: {error}") from error

    def _from_path(self, reference: str) -> bytes:
        if self._root is None:
            raise InvalidPicture(f"{reference:.200} is a local path, but VITRINE_IMAGES__ROOT is not set")
        try:
            path = (self._root / reference).resolve()
            if not path.is_relative_to(self._root):
                raise InvalidPicture(f"{reference:.200} leads out of the images folder")
            if not path.is_file():
                raise PictureUnavailable(f"there is no file {reference:.200} in the images folder")
            if path.stat().st_size > self._settings.limits.max_bytes:
                raise InvalidPicture(f"the picture has more than {self._settings.limits.max_bytes:,} bytes")
            return path.read_bytes()
        except OSError as error:
            raise PictureUnavailable(f"{reference:.200} cannot be read: {error}") from error
        except (ValueError, RuntimeError) as error:  # a NUL byte, a loop of links
            raise InvalidPicture(f"{reference:.200} is no path: {error}") from error


def _check_address(url: httpx.URL) -> None:
    """Raise ValueError for a host or port that cannot be: what looks them up would fail, each in a way of its own."""
    labels = url.raw_host.decode("ascii").removesuffix(".").split(".")
    if not all(0 < len(label) <= _MAX_LABEL_CHARS for label in labels):
        raise ValueError("a part of its host is empty or too long")
    if url.port is not None and not 0 < url.port <= _MAX_PORT:
        raise ValueError(f"there is no port {url.port}")


def _refusal(url: str, status: int) -> InvalidPicture | PictureUnavailable:
    if status in _FINAL and status not in _RETRIED:
        return InvalidPicture(f"{url:.200} answers {status} (redirects are not followed)")
    return PictureUnavailable(f"{url:.200} answers {status}")
