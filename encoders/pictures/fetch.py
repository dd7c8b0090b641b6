"""A picture's bytes from where it lies: an http(s) URL, a data: URL, or a path below the images folder.

The one way in for ingest and search; what each way guards against is told in the file that goes it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from catalog.errors import InvalidPicture, PictureUnavailable
from encoders.pictures.addresses import AddressRules
from encoders.pictures.answers import Fetched, NotFetched, NotModified, Validators, not_fetched
from encoders.pictures.connect import system_addresses
from encoders.pictures.data_urls import data_of
from encoders.pictures.decode import PictureLimits
from encoders.pictures.download import DownloadLimits, Downloads
from encoders.pictures.files import PictureFolder
from encoders.pictures.politeness import HostLimits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Self

    from encoders.pictures.connect import Resolver
    from encoders.pictures.politeness import Clock

_LOOKUPS_AT_ONCE: Final = 16
"""Threads for names: one name server that is slow to answer must not keep the others' hosts waiting."""


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Where pictures may come from and what one may cost. `root` None: no local paths."""

    root: Path | None = None
    timeout_seconds: float = 10.0
    limits: PictureLimits = field(default_factory=PictureLimits)
    connect_timeout_seconds: float = 5.0
    max_redirects: int = 5
    addresses: AddressRules = field(default_factory=AddressRules)
    per_host: HostLimits = field(default_factory=HostLimits)

    def downloads(self) -> DownloadLimits:
        """Return what one download may cost."""
        connect_seconds = min(self.connect_timeout_seconds, self.timeout_seconds)
        return DownloadLimits(self.limits.max_bytes, self.timeout_seconds, connect_seconds, self.max_redirects)


class PictureFetcher:
    """Reads the bytes of pictures by reference; may be called from several threads at once.

    Downloads run in an event loop of their own: only there does a deadline end whatever a download waits for, be it a
    name, a connection, the next byte of a header. Time-outs of single reads would let a host go on for days.
    """

    def __init__(
        self,
        settings: FetchSettings,
        *,
        resolve: Resolver = system_addresses,
        clock: Clock = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._max_bytes = settings.limits.max_bytes
        self._folder = PictureFolder(settings.root) if settings.root else None
        self._downloads = Downloads(
            settings.downloads(), settings.addresses, settings.per_host, resolve=resolve, clock=clock, now=now
        )
        self._closing = threading.Lock()
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(_LOOKUPS_AT_ONCE, thread_name_prefix="names"))
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
        found = self._found(reference, None)
        assert isinstance(found, Fetched), "nothing is unchanged that was not had before"
        return found.data

    async def fetch_url(self, url: str) -> bytes:
        """Return the bytes of an http(s) URL without holding a thread; who is cancelled ends the download.

        Raises what `fetch` raises.
        """
        found = await asyncio.wrap_future(self._start(url, None))
        assert isinstance(found, Fetched), "nothing is unchanged that was not had before"
        return found.data

    def ask(self, reference: str, held: Validators | None = None) -> Fetched | NotModified | NotFetched:
        """Return the bytes a reference leads to, or what became of it instead; raises nothing for a picture's fault.

        `held` is what came with the bytes the last time: with it the host may answer that they are still the same.
        """
        try:
            return self._found(reference, held)
        except (InvalidPicture, PictureUnavailable) as error:
            return not_fetched(error)

    def close(self) -> None:
        """End what is under way and close the connections that were kept open; nothing is fetched any more."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
        asyncio.run_coroutine_threadsafe(self._wind_down(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _found(self, reference: str, held: Validators | None) -> Fetched | NotModified:
        scheme = reference.split(":", 1)[0].lower()
        if scheme in {"http", "https"}:
            return self._from_url(reference, held)
        if scheme == "data":
            return Fetched(data_of(reference, max_bytes=self._max_bytes))
        if self._folder is None or "://" in reference:
            raise InvalidPicture(
                f"{reference:.200} is no http(s) or data: URL, nor a path below a folder named in VITRINE_IMAGES__ROOT"
            )
        return Fetched(self._folder.read(reference, max_bytes=self._max_bytes))

    def _from_url(self, url: str, held: Validators | None) -> Fetched | NotModified:
        try:
            return self._start(url, held).result()
        except CancelledError as error:
            raise PictureUnavailable(f"{url:.200} was given up, for the process is ending") from error

    def _start(self, url: str, held: Validators | None) -> Future[Fetched | NotModified]:
        with self._closing:  # what gets through comes before the winding down, and ends with it
            if self._closed:
                raise PictureUnavailable(f"{url:.200} was not asked for, for the process is ending")
            return asyncio.run_coroutine_threadsafe(self._downloads.get(url, held), self._loop)

    async def _wind_down(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._downloads.close()
