"""Search that follows the alias: one whole app for each collection, and the one that answers is chosen per request.

An app is bound to one physical collection and its encoders, so no query meets the other model's vectors. While a
migration is under way the other collection's app is made as well, so that a cutover or a rollback takes effect as soon
as it is seen, within `LOOK_SECONDS`. A collection whose encoders cannot be loaded here, or whose payload another
version laid out, is not followed: the one before answers on, which its own worker keeps fresh until the migration is
finished. Where that is the one migrated to, which may lack products, it is not ready before the cutover.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import structlog
from qdrant_client.http.exceptions import ApiException

from catalog.collection import MODELS, kept, migration_of, resolve
from catalog.engine import outages_named
from catalog.errors import VitrineError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

    from catalog.engine import Engine

LOOK_SECONDS: Final = 0.25
_LOOKS_FOR_MIGRATION: Final = 4
"""Every so many looks at the alias it is also asked whether a migration is under way."""
_RETRY_SECONDS: Final = 60.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sight:
    """Where the alias leads, and the settings of the encoders of each collection that may come to be searched."""

    searched: str | None
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(slots=True)
class _Serving:
    app: FastAPI
    lives: AsyncExitStack
    requests: int = 0


def look(engine: Engine, alias: str) -> Sight:
    """Ask the engine for both. Raises `EngineUnavailable`, `CollectionMismatch`."""
    with outages_named():
        searched, migration = resolve(engine, alias), migration_of(engine, alias)
        names = {searched, *((migration.source, migration.target) if migration else ())} - {None}
        return Sight(searched, {name: kept(engine, name, MODELS) or {} for name in sorted(map(str, names))})


class FollowingApp:
    """An ASGI app over those of the collections; it starts with `own`, that of the encoders in the settings.

    `make` returns the app of a collection by the settings of its encoders; it may take seconds, in a thread. Raises
    `VitrineError` where they cannot be had.
    """

    def __init__(
        self,
        engine: Engine,
        alias: str,
        own: tuple[str, FastAPI],
        make: Callable[[str, Mapping[str, Any]], FastAPI],
        forget: Callable[[list[Mapping[str, Any]]], None] = lambda _models: None,
    ) -> None:
        self._engine = engine
        self._alias = alias
        self._own, self._own_app = own
        self._make = make
        self._forget = forget
        self._servings: dict[str, _Serving] = {}
        self._current = self._own
        self._failed_at: dict[str, float] = {}
        self._troubled = False
        self._leaving = False

    @property
    def collection(self) -> str:
        """The collection that the next request is answered from."""
        return self._current

    @property
    def collections(self) -> list[str]:
        """The collections that an app is ready for."""
        return list(self._servings)

    def leave(self) -> None:
        """Have every collection's app say from now on that it is not ready."""
        self._leaving = True
        for serving in list(self._servings.values()):
            serving.app.state.readiness.leave()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on to the app of the collection that the alias leads to."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        serving = self._servings[self._current]
        serving.requests += 1
        try:
            await serving.app(scope, receive, send)
        finally:
            serving.requests -= 1

    async def _live(self, receive: Receive, send: Send) -> None:
        """Start the own app, watch the alias, and end everything when the server does."""
        await receive()
        try:
            await self._add(self._own, self._own_app)
        except Exception as error:  # noqa: BLE001 - handed to the server, which says it and ends
            await send({"type": "lifespan.startup.failed", "message": f"{type(error).__name__}: {error}"})
            return
        await self._look(thoroughly=True)
        watching = asyncio.create_task(self._watch())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        for name in list(self._servings):
            await self._servings.pop(name).lives.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _watch(self) -> None:
        looks = 0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            looks += 1
            await self._look(thoroughly=looks % _LOOKS_FOR_MIGRATION == 0)

    async def _look(self, *, thoroughly: bool) -> None:
        """See where the alias leads; an engine that is away changes nothing."""
        try:
            searched = await asyncio.to_thread(self._searched)
            self._follow(searched)
            if thoroughly or (searched is not None and searched != self._current):
                sight = await asyncio.to_thread(look, self._engine, self._alias)
                await self._prepare(sight)
                self._follow(sight.searched)
                await self._let_go(sight)
        except (VitrineError, ApiException, ValueError) as error:  # ValueError: what is no JSON, of a proxy's
            if not self._troubled:
                _log.warning("cannot see where the alias leads; answering as before", reason=str(error))
            self._troubled = True
        else:
            self._troubled = False

    def _searched(self) -> str | None:
        with outages_named():
            return resolve(self._engine, self._alias)

    def _follow(self, searched: str | None) -> None:
        if searched in self._servings and searched != self._current:
            _log.info("another collection answers from now on", collection=searched, before=self._current)
            self._current = str(searched)

    async def _prepare(self, sight: Sight) -> None:
        """Make the apps that lack, one after the other."""
        for name, models in sight.models.items():
            failed_at = self._failed_at.get(name)
            if name in self._servings or (failed_at and time.monotonic() - failed_at < _RETRY_SECONDS):
                continue
            try:
                await self._add(name, await asyncio.to_thread(self._make, name, models))
            except VitrineError as error:
                self._failed_at[name] = time.monotonic()
                _log.warning("a collection is not followed", collection=name, why=str(error))

    async def _add(self, name: str, app: FastAPI) -> None:
        lives = AsyncExitStack()
        await lives.enter_async_context(app.router.lifespan_context(app))
        self._servings[name] = _Serving(app, lives)
        if self._leaving:
            app.state.readiness.leave()

    async def _let_go(self, sight: Sight) -> None:
        """End the apps of collections that no migration can bring back, once nobody is answered from them."""
        for name, serving in list(self._servings.items()):
            if name not in sight.models and name != self._current and serving.requests == 0:
                del self._servings[name]
                await serving.lives.aclose()
                self._forget(list(sight.models.values()))
