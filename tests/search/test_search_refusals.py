"""Requests that cannot be used: each is answered with a problem that names the culprit, and the next one is served."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from search.body import MAX_VALUES
from search.filter_values import MAX_FILTER_VALUES
from tests.builders import bare
from tests.search.shop import culprits, problem

if TYPE_CHECKING:
    from tests.search.shop import Shop

JSON = {"content-type": "application/json"}
WEIGHT = "terms.0.weight"


@pytest.mark.parametrize(
    ("request_body", "culprit"),
    [
        ({"facets": ["nothing"]}, "facets.0"),
        ({"facets": ["brand", "title"]}, "facets.1"),
        ({"facets": ["attributes."]}, "facets.0"),
        ({"facets": ["brand", "brand"]}, "facets"),
        ({"facets": ["attributes.a"] * 17}, "facets"),
        ({"cut_off": "on"}, "cut_off"),
        ({"cut_off": 0.5}, "cut_off"),
        ({"spelling": True}, "spelling"),
        ({"group_by": "brand"}, "group_by"),
        ({"sort": "-price,title"}, "sort"),
        ({"diversity": 1.01}, "diversity"),
        ({"diversity": True}, "diversity"),
        ({"limit_per": {"brand": 0}}, "limit_per.brand"),
        ({"limit_per": {"title": 2}}, "limit_per.title"),
        ({"explain": 1}, "explain"),
        ({"cursor": ""}, "cursor"),
        ({"cursor": "made up", "page": 2}, "cursor"),
        ({"filter": {"brand": ["A"] * 10_000}}, "filter.brand"),
        ({"cursor": "made up"}, "cursor"),
        ({"cursor": "WyI", "sort": "price"}, "cursor"),
        ({"cursor": "WyI", "text": "by relevance"}, "cursor"),
        ({"query": "shoe"}, "query"),
        ({"Text": "shoe"}, "Text"),
        ({"text": ""}, "text"),
        ({"text": " \t\n\u3000"}, "text"),
        ({"text": 3}, "text"),
        ({"text": ["a"]}, "text"),
        ({"text": "x" * 1001}, "text"),
        ({"terms": [{"text": "x" * 1001}]}, "terms.0.text"),
        ({"terms": [{"text": ""}]}, "terms.0.text"),
        ({"terms": {"text": "a"}}, "terms"),
        ({"terms": ["a"]}, "terms.0"),
        ({"terms": [{}]}, "terms.0"),
        ({"terms": [{"text": "a", "product": "b"}]}, "terms.0"),
        ({"terms": [{"text": "a"}] * 17}, "terms"),
        ({"terms": [{"text": "a"}, {"text": "a", "boost": 2}]}, "terms.1.boost"),
        ({"terms": [{"text": "a", "weight": "2"}]}, WEIGHT),
        ({"terms": [{"text": "a", "weight": True}]}, WEIGHT),
        ({"terms": [{"text": "a", "weight": 1001}]}, WEIGHT),
        ({"terms": [{"text": "a", "weight": None}]}, WEIGHT),
        ({"terms": [{"product": ""}]}, "terms.0.product"),
        ({"terms": [{"product": "x" * 129}]}, "terms.0.product"),
        ({"terms": [{"image": {"url": "file:///a.jpg"}}]}, "terms.0.image.url"),
        ({"terms": [{"image": {}}]}, "terms.0.image"),
        ({"terms": [{"image": {"data": "QQ==", "part": 0}}]}, "terms.0.image"),
        ({"terms": [{"image": {"part": -1}}]}, "terms.0.image.part"),
        ({"terms": [{"image": {"part": 10**20}}]}, "terms.0.image.part"),
        ({"terms": [{"image": "QQ=="}]}, "terms.0.image"),
        ({"terms": [{"text": "a", "crop": [0, 0, 1, 1]}]}, "terms.0"),
        ({"terms": [{"image": {"part": 0}, "crop": [0, 0, 1]}]}, "terms.0.crop"),
        ({"terms": [{"image": {"part": 0}, "crop": [0, 0, 1, 1.1]}]}, "terms.0.crop.3"),
        ({"terms": [{"image": {"part": 0}, "crop": [0.5, 0, 0.5, 1]}]}, "terms.0"),
        ({"arms": {"text": -1}}, "arms.text"),
        ({"arms": {"colour": 1}}, "arms.colour"),
        ({"arms": ["text"]}, "arms"),
        ({"fusion": "sum"}, "fusion"),
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": 2.5}, "limit"),
        ({"limit": True}, "limit"),
        ({"page": 0}, "page"),
        ({"page": 10**30}, "page"),
        ({"fields": ["name"]}, "fields"),
        ({"fields": "title"}, "fields"),
        ({"fields": ["title"] * 30}, "fields"),
        ({"filter": ["brand"]}, "filter"),
        ({"exclude": "brand"}, "exclude"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_refused_by_name(shop: Shop, request_body: dict[str, Any], culprit: str) -> None:
    """Wrong types, values beyond a limit and fields that nobody knows."""
    answer = shop.refused(**request_body)

    assert culprit in culprits(answer)
    assert culprit in answer["detail"]
    assert "function-" not in json.dumps(answer)


@pytest.mark.parametrize(
    ("query", "culprit"),
    [
        ("colour=red", "colour"),
        ("price_min=nan", "price_min"),
        ("price_max=1e999", "price_max"),
        ("price_min=cheap", "price_min"),
        ("in_stock=perhaps", "in_stock"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("page=0", "page"),
        (f"q={'x' * 1001}", "q"),
        ("&".join(f"brand={n}" for n in range(65)), "brand"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(shop: Shop, query: str, culprit: str) -> None:
    """The query string is read as strictly."""
    assert culprits(problem(shop.http.get(f"/v1/search?{query}"), 422)) == [culprit]


@pytest.mark.parametrize(
    "body",
    [
        b"", b" \n", b"{", b"}", b'{"text": }', b"{'text': 'a'}", b'{"text": "a"} x', b'{"text": "a",}', b"nul",
        b"null", b"[]", b'"text"', b"3", b"true",
        b'{"text": "\xff\xfe"}', b'{"text": "\xed\xa0\x80"}', b'{"text": "\\ud800"}', b'{"text": "\\udc00\\ud800"}',
        b'{"filter": {"\\ud800": 1}}', b'{"text": "a\x00b"}', '{"text": "a"}'.encode("utf-16"), b"\x1f\x8b\x08\x00",
        b'{"filter": {"price": NaN}}', b'{"filter": {"price": {"gte": Infinity}}}', b'{"filter": {"price": -Infinity}}',
        b'{"filter": {"price": {"gte": 1e999}}}', b'{"filter": {"price": 1e999}}', b'{"arms": {"text": NaN}}',
        b'{"terms": [{"text": "a", "weight": 1e999}]}', b'{"terms": [{"image": {"part": 0}, "crop": [NaN, 0, 1, 1]}]}',
        b'{"limit": ' + b"9" * 5_000 + b"}", b'{"filter": {"attributes.size": ' + b"9" * 5_000 + b"}}",
        b'{"filter": {"price": {"gte": ' + b"9" * 4_000 + b"}}}",
        b"[" * 100_000, b'{"a":' * 100_000, b'{"filter": {"brand": ' + b"[" * 5_000 + b"]" * 5_000 + b"}}",
        b'{"filter": {"brand": ' + b'{"gte":' * 150 + b"1" + b"}" * 150 + b"}}",
    ],
    ids=lambda body: repr(body[:40]),
)  # fmt: skip
def test_what_is_no_request_is_refused(shop: Shop, body: bytes) -> None:
    """Broken JSON, broken text, numbers that are none and nesting without end."""
    problem(shop.http.post("/v1/search", content=body, headers=JSON), 422)

    shop.sell(bare())
    assert shop.found() == ["sku-1"]


@pytest.mark.parametrize("body", [b'{"text": "\\ud83d\\ude00 \\u0000 \xe9\x9e\x8b"}', b'{"text": "a", "text": "b"}'])
def test_odd_text_is_still_text(shop: Shop, body: bytes) -> None:
    """Pairs of surrogates are one character, NUL is one too, and of two equal names the last one counts."""
    assert shop.http.post("/v1/search", content=body, headers=JSON).status_code == 200


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE products; --", "{{7*7}}", "%s%n", "\u202eevil", "🔥" * 1000, "a" * 1000]
)
def test_any_text_can_be_searched_for(shop: Shop, text: str) -> None:
    """A thousand characters of whatever there is."""
    shop.sell(bare())

    assert shop.found(text=text) == ["sku-1"]


@pytest.mark.parametrize(
    "flood",
    [
        "{%s}",
        '{"filter": {%s}}',
        '{"filter": {"price": {%s}}}',
        '{"arms": {%s}}',
        '{"terms": [{%s}]}',
        '{"terms": [{"image": {%s}}]}',
    ],
)
def test_a_flood_of_wrong_names_costs_little(shop: Shop, flood: str) -> None:
    """Half a megabyte of fields that do not exist is refused as a whole, not one by one."""
    body = flood % ",".join(f'"k{number}":null' for number in range(40_000))

    answer = problem(shop.http.post("/v1/search", content=body, headers=JSON), 422)

    assert f"{MAX_VALUES:,}" in answer["detail"]


@pytest.mark.parametrize("count", [MAX_FILTER_VALUES + 1, MAX_VALUES + 1])
def test_too_many_values_of_a_filter_are_told_their_limit(shop: Shop, count: int) -> None:
    """However many they are."""
    answer = shop.refused(filter={"brand": [f"brand-{number}" for number in range(count)]})

    assert culprits(answer) == ["filter.brand"]
    assert str(MAX_FILTER_VALUES) in answer["detail"]


def test_many_errors_are_reported_as_a_few(shop: Shop) -> None:
    """Twenty culprits are enough to begin with."""
    answer = shop.refused(**{f"k{number}": 1 for number in range(500)})

    assert len(answer["errors"]) == 20


@pytest.mark.parametrize("path", ["/v1/search", "/v1/explain"])
def test_a_packed_body_is_refused(shop: Shop, path: str) -> None:
    """It is not read as JSON that is broken."""
    answer = problem(shop.http.post(path, content=b"\x1f\x8b", headers={**JSON, "content-encoding": "gzip"}), 415)

    assert "content-encoding" in answer["detail"]


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "x", "multipart/mixed; boundary=x"]
)
def test_another_media_type_is_refused(shop: Shop, kind: str) -> None:
    """What is neither JSON nor a form is not guessed at, and the answer says what would do."""
    answer = problem(shop.http.post("/v1/search", content=b"{}", headers={"content-type": kind}), 415)

    assert "application/json or multipart/form-data" in answer["detail"]


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "Application/JSON", "application/vnd.api+json", ""]
)
def test_json_goes_by_several_names(shop: Shop, kind: str) -> None:
    """And without a name a body is taken for JSON."""
    assert shop.http.post("/v1/search", content=b"{}", headers={"content-type": kind}).status_code == 200


FORM_HEAD = b'--x\r\nContent-Disposition: form-data; name="request"\r\n\r\n'


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"{}"),
        ("multipart/form-data; boundary=x", b"{}"),
        ("multipart/form-data; boundary=" + "x" * 500, b"{}"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\n{}\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\n: \r\n\r\n{}\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"a" * 100_000),
    ],
)
def test_a_broken_form_is_refused(shop: Shop, kind: str, body: bytes) -> None:
    """Without boundary, name or end it is a bad request."""
    problem(shop.http.post("/v1/search", content=body, headers={"content-type": kind}), 400)


@pytest.mark.parametrize("body", [b"", b"--x--\r\n", FORM_HEAD, FORM_HEAD + b"{}", b"\r\n" * 1000])
def test_a_form_without_parts_is_refused(shop: Shop, body: bytes) -> None:
    """One that was cut off must not turn into a search for everything."""
    kind = {"content-type": "multipart/form-data; boundary=x"}

    assert "the form has no parts" in problem(shop.http.post("/v1/search", content=body, headers=kind), 422)["detail"]


@pytest.mark.parametrize(
    "charset", ["undefined", "punycode", "idna", "unicode_escape", "utf-16", "utf-7", "no-such", "a\\0b"]
)
@pytest.mark.parametrize("name", [b"request", b"\\ud800"])
def test_a_form_in_another_charset_is_refused(shop: Shop, charset: str, name: bytes) -> None:
    """Python has codecs that fail in ways of their own, and some that make text which cannot be written again."""
    body = FORM_HEAD.replace(b"request", name) + b'{"text": "\\ud800 \xff"}\r\n--x--\r\n'
    kind = f"multipart/form-data; boundary=x; charset={charset}"

    answer = problem(shop.http.post("/v1/search", content=body, headers={"content-type": kind}), 422)

    assert culprits(answer) == ["content-type"]


def test_a_form_of_bytes_that_are_no_text_is_refused(shop: Shop) -> None:
    """In a field's name or in the request."""
    for body in (
        FORM_HEAD + b'{"text": "\xff\r\n--x--\r\n',
        FORM_HEAD.replace(b"request", b"\xff") + b"{}\r\n--x--\r\n",
    ):
        kind = {"content-type": "multipart/form-data; boundary=x; charset=UTF-8"}
        problem(shop.http.post("/v1/search", content=body, headers=kind), 422)
