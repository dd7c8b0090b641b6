"""The vocabularies of the scopes that search, each read from the index in the background and kept for a while.

A scope's words come from its own products only: what one tenant's key suggests or corrects tells nothing of another's.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import structlog

from catalog.errors import CollectionMismatch, Misconfigured, Unavailable
from catalog.points import field_path
from catalog.vectors import IMAGE
from search.filters import Filter, Has
from search.words.vocabulary import READ_FIELDS, Vocabulary, VocabularyBuilder

if TYPE_CHECKING:
    from encoders.glossary import Glossary
    from encoders.interface import LexicalEncoder
    from search.access import Scope
    from search.retriever import Retriever

_READ_PATHS: Final = tuple(map(field_path, READ_FIELDS))
_PAGE_PRODUCTS: Final = 64
"""Small, because the embedded engine holds the interpreter lock while it reads a page."""
_REST: Final = 1.0
"""How long reading rests after each page, in the page's own time: searches come first."""
_EMPTY_SECONDS: Final = 1.0
"""Where there was nothing to read yet, somebody is filling the index and looking on."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """How often the catalogue's words are read, how many are kept of each scope, and of how many scopes.

    Words that took a second to read are not read again for `rest` seconds, however short `refresh_seconds` is.
    """

    refresh_seconds: float = 10.0
    most_words: int = 200_000
    most_scopes: int = 32
    rest: float = 20.0


@dataclass(slots=True)
class _Kept:
    """One scope's words, of which state of the index they are, when to look again, and when that was begun last."""

    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    state: tuple[str | None, int] | None = None
    due: float = 0.0
    task: asyncio.Task[None] | None = None
    began: float = 0.0


class Vocabularies:
    """Gives each scope's words as they were read last, and reads them anew when they are due and changed."""

    def __init__(
        self, retriever: Retriever, glossary: Glossary, lexical: LexicalEncoder, limits: ReadingLimits
    ) -> None:
        self._retriever = retriever
        self._glossary = glossary
        self._lexical = lexical
        self._limits = limits
        self._kept: OrderedDict[Scope, _Kept] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._one_at_a_time = asyncio.Lock()

    def begin(self, scope: Scope) -> None:
        """Begin to read a scope's words, if that is due."""
        self._looked_after(scope)

    async def of(self, scope: Scope, *, within_seconds: float | None) -> Vocabulary:
        """Return the words of a scope as they were read last.

        While there are none, a reading that is under way is waited for: so many seconds from its beginning, or to its
        end where it is None. Empty where that was not enough, and where there is nothing to read.
        """
        kept = self._looked_after(scope)
        if not kept.vocabulary.products and kept.task is not None:
            rest = None if within_seconds is None else max(0.0, kept.began + within_seconds - time.monotonic())
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(kept.task), rest)
        return kept.vocabulary

    async def close(self) -> None:
        """Stop reading."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._kept.clear()
        self._one_at_a_time = asyncio.Lock()  # an app may start again, on another loop

    def _looked_after(self, scope: Scope) -> _Kept:
        kept = self._kept.get(scope)
        if kept is None:
            kept = self._kept[scope] = _Kept()
        self._kept.move_to_end(scope)
        if len(self._kept) > self._limits.most_scopes:
            self._kept.popitem(last=False)
        may_begin = self._limits.most_words > 0 and len(self._tasks) < self._limits.most_scopes
        if kept.task is None and may_begin and time.monotonic() >= kept.due:
            kept.began = time.monotonic()
            kept.task = asyncio.create_task(self._refresh(scope, kept))
            self._tasks.add(kept.task)
            kept.task.add_done_callback(self._tasks.discard)
        return kept

    async def _refresh(self, scope: Scope, kept: _Kept) -> None:
        started = time.monotonic()
        try:
            async with self._one_at_a_time:
                await self._read_if_changed(scope, kept)
        except (Unavailable, CollectionMismatch, Misconfigured) as error:
            _log.info("the catalogue's words could not be read; the old ones are used", reason=str(error))
        finally:
            now = time.monotonic()
            soon = (
                self._limits.refresh_seconds
                if kept.vocabulary.products
                else min(self._limits.refresh_seconds, _EMPTY_SECONDS)
            )
            kept.due = now + max(soon, self._limits.rest * (now - started))
            kept.task = None

    async def _read_if_changed(self, scope: Scope, kept: _Kept) -> None:
        state = await self._retriever.watermark(scope), await self._retriever.count(Filter(), scope)
        if state == kept.state:
            return
        builder = VocabularyBuilder(self._glossary, self._lexical, most=self._limits.most_words)
        last: str | None = None
        while True:
            began = time.monotonic()
            rows = await self._retriever.rows(Filter(), scope, _READ_PATHS, _PAGE_PRODUCTS, after=last)
            await asyncio.to_thread(builder.add, [row.product for row in rows])
            if len(rows) < _PAGE_PRODUCTS:
                break
            last = rows[-1].point_id
            await asyncio.sleep(_REST * (time.monotonic() - began))
        with_pictures = await self._retriever.count(Filter(must=(Has(IMAGE),)), scope)
        kept.vocabulary = await asyncio.to_thread(builder.build, with_pictures)
        kept.state = state
