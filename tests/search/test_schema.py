"""The API against its own description: whatever the schema allows, or just not, the answer is one it documents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished

from search.events import MEDIA_TYPES
from tests.builders import as_bytes, bare, deleted, patched, product, upserted
from tests.search.shop import BLUE, NUMBERS, PROBLEM, RED, data_url, encoded, on_the_embedded_engine, png

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis import BaseSchema
    from schemathesis.engine.recorder import ScenarioRecorder
    from starlette.types import ASGIApp, Receive, Scope, Send

    from tests.search.shop import Shop

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "response_headers_conformance", "negative_data_rejection", "unsupported_method", "allow_header_conformance",
)  # fmt: skip
CONFIG: Final = {
    "generation": {"max-examples": 60, "deterministic": True, "database": "none"},
    "checks": {"enabled": False, **{name: {"enabled": True} for name in CHECKS}},
}
TIMES = ("2026-05-01", "2026-05-01T10:00:00+02:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "soon")
PATHS = ("Women", "Women > Shoes", ">", "a>b>c>d>e>f>g>h>i", "\u0000", " ")


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """Return a small shop of products that differ."""
    shop.sell(
        product(images=[data_url(RED)], group_id="shoes", popularity=3),
        product(id="0", brand="0", title="hat", images=[data_url(BLUE), "https://127.0.0.1:9/a.jpg"]),
        bare("a/b"),
    )
    return shop


@on_the_embedded_engine
def test_every_answer_is_one_that_the_schema_documents(stocked: Shop) -> None:
    """No failure, no status, media type or shape that is not written down, and nothing taken that it forbids."""
    config = SchemathesisConfig.from_dict(dict(CONFIG))
    schemathesis.openapi.media_type(MEDIA_TYPES[0], event_lines(), aliases=MEDIA_TYPES[1:])
    schema = schemathesis.openapi.from_asgi("/openapi.json", on_this_machine(stocked.http.app), config=config)

    recorders = list(scenarios(schema))

    assert sum(len(recorder.cases) for recorder in recorders) > 500
    assert [failure for recorder in recorders for failure in failures(recorder)] == []


def event_lines() -> st.SearchStrategy[bytes]:
    """Return bodies of events, good and bad."""
    good = st.sampled_from([as_bytes(upserted()), as_bytes(patched(price=None)), as_bytes(deleted())])
    return st.lists(good | st.binary(max_size=20), max_size=4).map(b"\n".join)


def on_this_machine(app: ASGIApp) -> ASGIApp:
    """Return the app as who is on its own machine sees it: others may not send events."""

    async def local(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "client": ("127.0.0.1", 50_000)}, receive, send)

    return local


def scenarios(schema: BaseSchema) -> Iterator[ScenarioRecorder]:
    """Yield what was sent and answered, route by route."""
    for event in from_schema(schema).execute():
        assert not isinstance(event, FatalError | NonFatalError), event
        if isinstance(event, ScenarioFinished):
            yield event.recorder


def failures(recorder: ScenarioRecorder) -> Iterator[str]:
    """Yield each check that failed, with the request to repeat it by."""
    for checks in recorder.checks.values():
        for check in checks:
            if check.failure_info is not None:
                yield f"{check.failure_info.failure.title}: {check.failure_info.code_sample[:1000]}"


def one_or_more(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Return one value or a list of them."""
    return values | st.lists(values, min_size=1, max_size=3)


def ranges(values: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    """Return ranges between values, some of them empty or the wrong way round."""
    return st.dictionaries(st.sampled_from(["gt", "gte", "lt", "lte"]), values, max_size=3)


def filters() -> st.SearchStrategy[dict[str, object]]:
    """Return filters whose names are right and whose values are at the edge of what such a field may have."""
    numbers: st.SearchStrategy[object] = st.floats(allow_nan=False) | st.integers() | st.sampled_from([0, -0.0, 2**63])
    texts: st.SearchStrategy[object] = st.text(max_size=5) | st.sampled_from(["Alder", "red", "sku-1", "\u0000"])
    times: st.SearchStrategy[object] = st.sampled_from(TIMES)
    by_field: dict[str, st.SearchStrategy[object]] = {
        **dict.fromkeys(("price", "stock", "popularity"), one_or_more(numbers) | ranges(numbers)),
        **dict.fromkeys((f"attributes.{name}" for name in NUMBERS), one_or_more(numbers) | ranges(numbers)),
        **dict.fromkeys(("brand", "id", "group_id", "codes", "attributes.colour"), one_or_more(texts)),
        **dict.fromkeys(("created_at", "updated_at"), one_or_more(times) | ranges(times)),
        "category": one_or_more(st.sampled_from(PATHS) | texts),
        "in_stock": one_or_more(st.booleans()),
        "attributes.": texts,
    }
    return st.lists(st.sampled_from(list(by_field)), max_size=3, unique=True).flatmap(
        lambda names: st.fixed_dictionaries({name: by_field[name] for name in names})
    )


def terms() -> st.SearchStrategy[list[dict[str, object]]]:
    """Return terms of every kind, with weights that cancel, vanish or swamp each other."""
    weight = st.sampled_from([1.0, 1, -1.0, 0, 1e-300, -1e-300, 5e-324, 1000, -1000]) | st.floats(-1, 1)
    edges = st.lists(st.floats(0, 1), min_size=2, max_size=2, unique=True).map(sorted)
    crop = st.tuples(edges, edges).map(lambda sides: [sides[0][0], sides[1][0], sides[0][1], sides[1][1]])
    parts: dict[str, st.SearchStrategy[object]] = {
        "text": st.text(min_size=1, max_size=9),
        "product": st.sampled_from(["sku-1", "0", "a/b", "x"]),
        "image": st.just({"data": encoded(png(RED, size=(3, 2)))}),
    }
    more: dict[str, st.SearchStrategy[object]] = {"weight": weight}
    return st.lists(
        st.one_of(
            [
                st.fixed_dictionaries({name: part}, optional=more | ({"crop": crop} if name == "image" else {}))
                for name, part in parts.items()
            ]
        ),
        max_size=4,
    )


def requests() -> st.SearchStrategy[dict[str, object]]:
    """Return requests of the right shape."""
    arms = st.dictionaries(st.sampled_from(["text", "image", "lexical"]), st.floats(0, 1000))
    return st.fixed_dictionaries(
        {"terms": terms(), "filter": filters(), "exclude": filters()},
        optional={
            "text": st.text(max_size=20),
            "arms": arms,
            "fusion": st.sampled_from(["convex", "rrf"]),
            "limit": st.integers(1, 100),
            "page": st.integers(1, 3),
            "fields": st.lists(st.sampled_from(["id", "title", "attributes"])),
        },
    )


@settings(max_examples=120, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(request=requests())
def test_no_request_is_a_failure(stocked: Shop, request: dict[str, object]) -> None:
    """What has the right shape reaches deeper than what a schema generates: it is answered, or refused in words."""
    body = json.dumps(request).encode()  # with NaN and Infinity, as Python writes them

    answer = stocked.http.post("/v1/search", content=body, headers={"content-type": "application/json"})

    assert answer.status_code in {200, 422}, (answer.text, body)
    assert answer.headers["content-type"] == ("application/json" if answer.status_code == 200 else PROBLEM)
