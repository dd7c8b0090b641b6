"""Search follows the alias: in time, whole, and not where it cannot."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from catalog.collection import ensure, point_alias
from catalog.embedded import EmbeddedClient
from catalog.errors import Misconfigured
from deploy.processes.following import FollowingApp
from deploy.processes.migration import steps
from tests.deploy.migration.test_steps import ALIAS, FROM, TO
from tests.index import embedded_engine, memory_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from catalog.collection import Declaration


class Ready:
    """Stands where an app has its readiness."""

    is_leaving = False

    def leave(self) -> None:
        """Note that the process ends."""
        self.is_leaving = True


def app_of(collection: str) -> FastAPI:
    """Return an app that answers with the name of its collection."""
    app = FastAPI()
    app.state.readiness = Ready()

    @app.get("/")
    async def which() -> str:
        return collection

    return app


class Made:
    """Makes apps, as often as it is asked, unless their encoders are not here."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.here = True

    def __call__(self, collection: str, _models: Mapping[str, Any]) -> FastAPI:
        self.asked.append(collection)
        if not self.here:
            raise Misconfigured("no such folder")
        return app_of(collection)


@asynccontextmanager
async def following(engine: EmbeddedClient, made: Made) -> AsyncIterator[FollowingApp]:
    """Run it as a server would."""
    app = FollowingApp(engine, ALIAS, (FROM.physical_name, app_of(FROM.physical_name)), made)
    come: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    said: asyncio.Queue[Any] = asyncio.Queue()
    living = asyncio.create_task(app({"type": "lifespan"}, come.get, said.put))
    await come.put({"type": "lifespan.startup"})
    assert (await said.get())["type"] == "lifespan.startup.complete"
    try:
        yield app
    finally:
        await come.put({"type": "lifespan.shutdown"})
        await living


async def until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    """Return as soon as the condition holds; fail if it does not in time."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


def answers(app: FollowingApp, declaration: Declaration) -> bool:
    """Say whether a collection answers."""
    return app.collection == declaration.physical_name


def migrating(engine: EmbeddedClient) -> None:
    """Begin a migration."""
    ensure(engine, FROM)
    steps.begin(engine, TO, base_group="")


async def test_it_goes_over_and_back_within_a_second() -> None:
    """The other collection's app is made before it is needed, once."""
    with embedded_engine() as engine:
        migrating(engine)
        made = Made()
        async with following(engine, made) as app:
            assert made.asked == [TO.physical_name]
            for declaration in (TO, FROM, TO):
                point_alias(engine, ALIAS, declaration.physical_name)
                await until(partial(answers, app, declaration), seconds=1.0)
            assert made.asked == [TO.physical_name]


async def test_encoders_that_are_not_here_leave_it_as_it_is() -> None:
    """The old collection answers on: it is fresh until the migration is finished."""
    with embedded_engine() as engine:
        migrating(engine)
        made = Made()
        made.here = False
        async with following(engine, made) as app:
            point_alias(engine, ALIAS, TO.physical_name)
            await asyncio.sleep(0.6)
            assert app.collection == FROM.physical_name
            assert made.asked == [TO.physical_name], "and not tried at every look"


async def test_an_alias_that_cannot_be_asked_changes_nothing() -> None:
    """An outage of the engine is the collections' own affair."""
    with embedded_engine() as engine:
        migrating(engine)
        async with following(engine, Made()) as app:
            engine.close()
            await asyncio.sleep(0.4)
            assert app.collection == FROM.physical_name


class Unclear(EmbeddedClient):
    """An engine before which there stands a proxy that answers by itself while it is `between`."""

    between: Exception | None = None

    def get_aliases(self, *arguments: Any, **keywords: Any) -> Any:  # noqa: ANN401 - passed on as it is
        """Say where aliases lead, or nonsense."""
        if self.between is not None:
            raise self.between
        return super().get_aliases(*arguments, **keywords)


@pytest.mark.parametrize(
    "nonsense",
    [
        JSONDecodeError("Expecting value", "<html>", 0),
        ResponseHandlingException(ValueError("an answer of another form")),
        UnexpectedResponse(401, "Unauthorized", b"Invalid API key or JWT", httpx.Headers()),
    ],
)
async def test_nonsense_is_passed_over(nonsense: Exception) -> None:
    """The alias is looked at on and on: one bad answer must not end it, for nobody would notice."""
    with memory_folder() as folder:
        engine = Unclear(folder)
        migrating(engine)
        async with following(engine, Made()) as app:
            engine.between = nonsense
            await asyncio.sleep(0.4)
            assert answers(app, FROM)
            engine.between = None
            point_alias(engine, ALIAS, TO.physical_name)
            await until(partial(answers, app, TO))
        engine.close()


async def test_what_is_finished_is_let_go() -> None:
    """Its app ends once nobody is answered from it, and its encoders with it."""
    with embedded_engine() as engine:
        migrating(engine)
        async with following(engine, Made()) as app:
            point_alias(engine, ALIAS, TO.physical_name)
            await until(partial(answers, app, TO))
            assert set(app.collections) == {FROM.physical_name, TO.physical_name}
            steps.finish(engine, ALIAS, retire=lambda _name: None, linger_seconds=0.0)
            await until(lambda: len(app.collections) == 1)
            assert app.collections == [TO.physical_name]


async def test_leaving_is_said_by_every_app() -> None:
    """Also by one that is made afterwards."""
    with embedded_engine() as engine:
        ensure(engine, FROM)
        async with following(engine, Made()) as app:
            app.leave()
            steps.begin(engine, TO, base_group="")
            await until(lambda: len(app.collections) == 2)
            leaving = [serving.app.state.readiness.is_leaving for serving in app._servings.values()]
            assert leaving == [True, True]
