"""The door with the keys, over HTTP: who comes in where, and what is said to those who do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fastapi.routing import APIRoute

from search.locks.credentials import COOKIE
from search.locks.guard import OPEN
from search.locks.rates import WRONG_KEYS
from search.routes import scope_of, sender_of
from tests.builders import as_bytes, bare, deleted
from tests.search.keyed import SEARCHER, SENDER, TENANT, bearer, entry, locked, write_keys
from tests.search.shop import data_url, problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx2 as httpx

    from tests.search.shop import Shop

NDJSON = {"content-type": "application/x-ndjson"}


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Return a file with a key for each kind of caller."""
    return write_keys(
        tmp_path / "keys.yaml",
        entry(SEARCHER),
        entry(SENDER, "admin"),
        entry(TENANT, filter={"brand": "Alder"}),
        entry("both", "search", "admin"),
        entry("expired", expires="2020-01-01"),
        entry("seldom", rate="3/minute"),
    )


@pytest.fixture
def door(shop: Shop, keys: Path) -> Iterator[Shop]:
    """Return a shop of two products behind these keys; its client has none."""
    shop.sell(bare("a", brand="Alder", images=[data_url((1, 2, 3))]), bare("b", brand="Birch"))
    with locked(shop, keys) as opened:
        yield opened


def search(shop: Shop, headers: dict[str, str]) -> httpx.Response:
    """Search for everything."""
    return shop.http.post("/v1/search", json={}, headers=headers)


def send(shop: Shop, headers: dict[str, str]) -> httpx.Response:
    """Send an event."""
    return shop.http.post("/v1/events", content=as_bytes(deleted("c")), headers=NDJSON | headers)


def test_a_key_in_either_header_opens(door: Shop) -> None:
    """And one that is sent twice is one."""
    for headers in (bearer(SEARCHER), {"X-API-Key": SEARCHER}, bearer(SEARCHER) | {"X-API-Key": SEARCHER}):
        answer = search(door, headers)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "private"
        assert "Authorization" in answer.headers["vary"]


@pytest.mark.parametrize("key", ["", "x", "searcher ", "Searcher", "expired", "searchersearcher", "ü", "0" * 5000])
def test_any_other_key_does_not(door: Shop, key: str) -> None:
    """401, with how to do better."""
    answer = search(door, {"X-API-Key": key.encode()} if key.strip() == key else bearer(f"{key}x"))  # type: ignore[dict-item]

    problem(answer, 401)
    assert answer.headers["www-authenticate"] == 'Bearer realm="vitrine", error="invalid_token"'


def test_without_a_key_nothing_opens(door: Shop) -> None:
    """Nor with the credentials of some other scheme."""
    for headers in ({}, {"Authorization": "Basic YTpi"}):
        answer = search(door, headers)
        assert "Authorization: Bearer" in problem(answer, 401)["detail"]
        assert answer.headers["www-authenticate"] == 'Bearer realm="vitrine"'


def test_two_different_keys_are_a_mistake(door: Shop) -> None:
    """Whoever stands between may have read the other one."""
    problem(search(door, bearer(SEARCHER) | {"X-API-Key": SENDER}), 400)


def test_each_key_permits_what_its_scopes_say(door: Shop) -> None:
    """Neither scope holds the other."""
    assert search(door, bearer("both")).status_code == 200
    assert send(door, bearer("both")).status_code == 200
    assert send(door, bearer(SENDER)).status_code == 200
    assert "'search'" in problem(search(door, bearer(SENDER)), 403)["detail"]
    assert "'admin'" in problem(send(door, bearer(SEARCHER)), 403)["detail"]
    problem(send(door, {}), 401)


@pytest.mark.parametrize(
    "path", ["/v1/events", "/v1/events%0A", "/v1/events/", "/v1//events", "//v1/events", "/v1/EVENTS"]
)
def test_no_spelling_of_a_path_gets_around_its_scope(door: Shop, path: str) -> None:
    """The permission hangs on the route that answers, not on how its path was written."""
    answer = door.http.post(path, content=as_bytes(deleted("c")), headers=NDJSON | bearer(SEARCHER))

    assert answer.status_code in {403, 404}
    assert door.http.post(path, content=b"", headers=NDJSON).status_code == 401


def test_every_route_of_the_api_asks_who_calls(door: Shop) -> None:
    """One that is added and forgets to is found here, not by its first thief."""
    routes = [route for route in door.http.app.routes if isinstance(route, APIRoute)]  # type: ignore[attr-defined]
    asking = {
        route.path
        for route in routes
        for dependency in route.dependant.dependencies
        if dependency.call in {scope_of, sender_of}
    }

    assert {route.path for route in routes} - asking <= OPEN
    assert "/v1/search" in asking
    assert "/v1/events" in asking


@pytest.mark.parametrize(
    ("path", "status"),
    [("/livez", 200), ("/readyz", 200), ("/metrics", 200), ("/openapi.json", 200), ("/docs", 200), ("/", 200),
     ("/static/page.css", 200), ("/v1/search", 401), ("/v1/products/a", 401), ("/v1/pictures/0/a", 401),
     ("/v1/nope", 401), ("/nope", 401), ("/static", 401), ("/static/../v1/search", 401), ("/livez/", 401),
     ("/livez%0A", 401), ("/Livez", 401)],
)  # fmt: skip
def test_what_is_open_is_a_short_list(door: Shop, path: str, status: int) -> None:
    """Everything else is closed, what does not exist included."""
    assert door.http.get(path, follow_redirects=False).status_code == status
    assert door.http.head(path, follow_redirects=False).status_code == status


def test_readiness_is_told_to_all_and_the_number_of_products_to_few(door: Shop) -> None:
    """It counts what others have in the index, too."""
    assert door.http.get("/readyz").json() == {"status": "ready"}
    assert door.http.get("/readyz", headers=bearer(TENANT)).json() == {"status": "ready"}
    assert door.http.get("/readyz", headers=bearer(SEARCHER)).json()["points"] == 2


def test_a_key_that_asks_too_often_is_told_when_to_come_back(door: Shop) -> None:
    """It alone; and being alive is answered all the while."""
    answers = [search(door, bearer("seldom")) for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    said = problem(answers[-1], 429)
    assert "3 per 1 minute" in said["detail"]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert search(door, bearer(SEARCHER)).status_code == 200
    assert door.http.get("/livez", headers=bearer("seldom")).status_code == 200
    assert door.http.get("/readyz", headers=bearer("seldom")).status_code == 200
    assert 'refused_callers_total{reason="rate"} 2.0' in door.http.get("/metrics").text


def test_guessing_is_slowed_down_and_shuts_nobody_else_out(door: Shop) -> None:
    """Behind a proxy all have one address: a right key is let in whatever others beside it try."""
    statuses = [search(door, bearer(f"guess-{number}")).status_code for number in range(WRONG_KEYS.amount + 3)]

    assert statuses == [401] * WRONG_KEYS.amount + [429] * 3
    answer = search(door, bearer("another"))
    assert int(answer.headers["retry-after"]) >= 1
    assert search(door, bearer(SEARCHER)).status_code == 200
    assert search(door, {}).status_code == 401
    counted = door.http.get("/metrics").text
    assert f'reason="wrong_key"}} {WRONG_KEYS.amount}.0' in counted
    assert 'reason="guessing"} 4.0' in counted


def test_a_body_is_not_read_before_the_key(door: Shop) -> None:
    """Whoever has none costs nothing: not even one too large is looked at."""
    problem(door.http.post("/v1/search", content=b"x" * (11 * 2**20)), 401)


def test_keys_are_rotated_while_it_runs(door: Shop, keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new file counts at the next look."""
    monkeypatch.setattr("search.locks.key_file.LOOK_SECONDS", 0.0)
    write_keys(keys, entry("new"))

    assert search(door, bearer("new")).status_code == 200
    assert search(door, bearer(SEARCHER)).status_code == 401


def test_no_answer_repeats_a_key(door: Shop) -> None:
    """Neither a right one nor a wrong one, in body or headers."""
    for key in (SEARCHER, "wrong-key-of-mine"):
        answer = search(door, bearer(key))
        assert key not in answer.text + repr(answer.headers)


@pytest.mark.parametrize(
    ("path", "policy"),
    [("/v1/search", "default-src 'none'"), ("/livez", "default-src 'none'"), ("/nope", "default-src 'none'"),
     ("/v1/pictures/0/a", "default-src 'none'"), ("/static/icon.svg", "default-src 'none'"),
     ("/", "default-src 'self'"),
     ("/docs", "default-src 'self'")],
)  # fmt: skip
def test_each_answer_says_what_browsers_may_do_with_it(door: Shop, path: str, policy: str) -> None:
    """Data is run nowhere, and nothing is framed or guessed to be something else."""
    for headers in ({}, bearer(SEARCHER)):
        answer = door.http.get(path, headers=headers)

        assert answer.headers["content-security-policy"].startswith(policy)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"]


def asked_from(shop: Shop, origin: str, method: str = "POST") -> httpx.Response:
    """Ask as a browser does for a page of another origin, before it sends what the page wants sent."""
    named = {"Origin": origin, "Access-Control-Request-Method": method}
    return shop.http.options("/v1/search", headers=named | {"Access-Control-Request-Headers": "authorization"})


def test_pages_of_other_origins_may_not_ask(door: Shop) -> None:
    """Unless somebody named them."""
    answer = search(door, bearer(SEARCHER) | {"Origin": "https://shop.example"})

    assert asked_from(door, "https://shop.example").status_code == 401
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_pages_of_named_origins_may_ask_with_a_key_of_their_own(shop: Shop, keys: Path) -> None:
    """Never with the cookie of our page; and they may read what is refused, too."""
    ours = "https://shop.example"
    with locked(shop, keys, {"cors_origins": (ours,)}) as opened:
        allowed = asked_from(opened, ours)
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == ours
        assert "access-control-allow-credentials" not in allowed.headers
        for headers, status in ((bearer(SEARCHER), 200), ({}, 401)):
            answer = search(opened, headers | {"Origin": ours})
            assert answer.status_code == status
            assert answer.headers["access-control-allow-origin"] == ours
        for other in ("https://evil.example", "https://shop.example.evil.example", "http://shop.example", "null"):
            assert asked_from(opened, other).status_code == 400
            assert "access-control-allow-origin" not in search(opened, bearer(SEARCHER) | {"Origin": other}).headers
        assert asked_from(opened, ours, "DELETE").status_code == 400


class TestPage:
    """The search page behind keys, as a browser without scripts sees it."""

    def test_it_asks_for_a_key_and_then_shows_what_that_key_sees(self, door: Shop) -> None:
        """The key stays in a cookie that no script reads; pictures come with it."""
        first = door.http.get("/")
        assert first.status_code == 200
        assert 'action="/session"' in first.text
        assert "data-id" not in first.text

        opened = door.http.post("/session", data={"key": f" {TENANT} "})
        assert opened.url.path == "/"
        assert 'data-id="a"' in opened.text
        assert 'data-id="b"' not in opened.text
        assert door.http.get("/v1/pictures/0/a").status_code == 200
        assert door.http.post("/v1/search", json={}).json()["total"]["value"] == 1

        assert 'action="/session"' in opened.text  # where the key is forgotten
        assert "data-id" not in door.http.post("/session").text
        assert door.http.get("/v1/pictures/0/a").status_code == 401

    def test_its_cookie_is_kept_from_scripts_and_other_sites(self, door: Shop) -> None:
        """And from plain HTTP, where it came by TLS."""
        plain = door.http.post("/session", data={"key": TENANT}, follow_redirects=False)
        secure = door.http.post(
            "/session", data={"key": TENANT}, headers={"x-forwarded-proto": "https"}, follow_redirects=False
        )

        assert plain.status_code == 303
        assert plain.headers["location"] == "/"
        said = plain.headers["set-cookie"].lower()
        assert "httponly" in said
        assert "samesite=lax" in said
        assert "secure" in secure.headers["set-cookie"].lower()

    def test_a_wrong_key_is_said_on_it(self, door: Shop) -> None:
        """With the field to try another."""
        answer = door.http.post("/session", data={"key": "nonsense"})

        assert answer.status_code == 401
        assert answer.headers["content-type"].startswith("text/html")
        assert "unknown or has expired" in answer.text
        assert 'action="/session"' in answer.text

    @pytest.mark.parametrize("key", ["a\r\nSet-Cookie: evil=1", 'a"; Path=/evil', "a;b", "ü", "x" * 201])
    def test_a_key_writes_no_header_of_its_own(self, door: Shop, key: str) -> None:
        """Whatever is typed into the field."""
        answer = door.http.post("/session", data={"key": key}, follow_redirects=False)

        assert answer.status_code in {303, 422}
        assert len(answer.headers.get_list("set-cookie")) <= 1
        assert "evil" not in dict(door.http.cookies)

    def test_another_site_may_not_sign_anybody_in(self, door: Shop) -> None:
        """A browser says where a form came from."""
        answer = door.http.post("/session", data={"key": TENANT}, headers={"sec-fetch-site": "cross-site"})

        problem(answer, 403)

    def test_its_cookie_never_sends_events(self, door: Shop) -> None:
        """A browser brings it along wherever another site leads it."""
        door.http.cookies.set(COOKIE, "both")

        assert search(door, {}).status_code == 200
        problem(send(door, {}), 403)
