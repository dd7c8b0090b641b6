"""The file of API keys: what it may say, and which key an offered one is."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import Misconfigured
from catalog.points import VISIBLE, YES
from search.access import EVERYTHING
from search.filters import AnyOf
from search.locks.credentials import COOKIE, credentials
from search.locks.keys import KeyRing, digest_of, new_key, read_keys
from tests.builders import NOW, JsonObject
from tests.search.keyed import entry

DIGEST = digest_of("k")


def ring(*entries: JsonObject) -> KeyRing:
    """Return the keys of a file with these entries."""
    return read_keys(json.dumps({"keys": entries}).encode(), ("size",), "keys.yaml")


def refused(text: str) -> str:
    """Return what is said of a file that cannot be used."""
    with pytest.raises(Misconfigured, match=r"keys\.yaml") as caught:
        read_keys(text.encode(), (), "keys.yaml")
    said = str(caught.value)
    assert "\n" not in said
    return said


def test_a_file_in_yaml_says_what_a_key_may_do() -> None:
    """With everything that a key can have."""
    text = f"""
    # who may come in
    keys:
      - name: de-shop
        sha256: "{DIGEST}"
        scopes: [search]
        filter: {{brand: [Alder], "attributes.size": {{gte: 38}}, price: {{lt: 50}}}}
        rate: 600/minute
        expires: 2027-01-31
    """

    (key,) = read_keys(text.encode(), ("size",), "keys.yaml").keys

    assert key.name == "de-shop"
    assert key.permissions == {"search"}
    assert key.scope.filter.must[0] == EVERYTHING.filter.must[0] == AnyOf(VISIBLE, (YES,))
    assert len(key.scope.filter.must) == 4
    assert str(key.rate) == "600 per 1 minute"
    assert key.expires == datetime(2027, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize("expires", ["2027-01-31T00:00:00Z", "2027-01-31T01:00:00+01:00", "2027-01-31T00:00:00"])
def test_a_time_without_a_zone_is_utc(expires: str) -> None:
    """Whoever writes one means the same everywhere."""
    assert ring(entry("k", expires=expires)).keys[0].expires == datetime(2027, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "valid dictionary"),
        ("keys:", "keys: Input should be a valid list"),
        ("{", "is no YAML"),
        ("\x00", "is no YAML"),
        ("keys: [1]", "keys.0"),
        ("keys: []\nmore: 1", "more: Extra inputs"),
        (json.dumps({"keys": [entry("a"), entry("b") | {"name": "a"}]}), "same name a"),
        (json.dumps({"keys": [entry("a"), entry("a") | {"name": "b"}]}), "same sha256"),
        (json.dumps({"keys": [entry(str(number)) for number in range(1001)]}), "at most 1000"),
    ],
)
def test_a_file_that_is_none_is_refused(text: str, words: str) -> None:
    """In one line that names it."""
    assert words in refused(text)


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("name: b", "name is given twice"),
        ("", "keys.0.scopes: Field required"),
        ("scopes: []", "keys.0.scopes"),
        ("scopes: [root]", "'search' or 'admin'"),
        ("scopes: [search], filters: {brand: a}", "keys.0.filters: Extra inputs"),
        ("scopes: [search], filter: {}", "keys.0.filter"),
        ("scopes: [search], filter: ", "keys.0.filter"),
        ("scopes: [search], filter: {colour: x}", "a.filter.colour"),
        ("scopes: [search], filter: {in_stock: 1}", "a.filter.in_stock"),
        ("scopes: [search], filter: {brand: a}, filter: {id: b}", "filter is given twice"),
        ("scopes: [search], filter: {brand: a, brand: b}", "brand is given twice"),
        ("scopes: [admin], filter: {brand: a}", "cannot have a filter"),
        ("scopes: [search], rate: 5", "600/minute"),
        ("scopes: [search], rate: often", "keys.0.rate"),
        ("scopes: [search], rate: 0/minute", "lets nobody in"),
        ("scopes: [search], expires: 2027", "ISO 8601"),
        ("scopes: [search], expires: soon", "keys.0.expires"),
    ],
)
def test_a_key_that_cannot_be_meant_so_is_refused(rest: str, words: str) -> None:
    """With the key and the field; what would open a door too wide is never let pass."""
    assert words in refused(f"keys: [{{name: a, sha256: '{DIGEST}', {rest}}}]")


@pytest.mark.parametrize("rest", ["name: a b", "name: ''", f"name: {'a' * 65}", 'name: "a\\n"', "name: 1"])
def test_a_name_is_a_word(rest: str) -> None:
    """Logs and counters name it."""
    assert "keys.0.name" in refused(f"keys: [{{{rest}, sha256: '{DIGEST}', scopes: [search]}}]")


def test_a_key_pasted_in_its_digests_place_is_not_repeated() -> None:
    """What is wrong with a file goes into logs."""
    assert "vitrine_secret" not in refused("keys: [{name: a, sha256: vitrine_secret, scopes: [search]}]")


def test_a_file_without_keys_lets_nobody_in() -> None:
    """All of them revoked is something one may mean."""
    assert ring().find(b"k", NOW) is None


def test_several_keys_are_valid_at_once_until_they_expire() -> None:
    """So that one is handed out before the other ends."""
    keys = ring(entry("old", expires=NOW.isoformat()), entry("new"))
    before = NOW - timedelta(microseconds=1)

    assert [key.name for offered in (b"old", b"new") if (key := keys.find(offered, before))] == ["old", "new"]
    assert keys.find(b"old", NOW) is None
    assert keys.find(b"new", NOW) is keys.keys[1]


@given(st.binary(max_size=100))
def test_nothing_else_is_a_key(offered: bytes) -> None:
    """Neither the digest nor a part of the key."""
    assert ring(entry("right")).find(offered, NOW) is None or offered == b"right"


def test_a_new_key_is_long_random_and_found_by_its_digest() -> None:
    """256 bits of it."""
    keys = {new_key() for _ in range(100)}

    assert len(keys) == 100
    for key in keys:
        assert key.startswith("vitrine_")
        assert len(key) == len("vitrine_") + 43
        found = ring({"name": "a", "sha256": digest_of(key), "scopes": ["search"]}).find(key.encode(), NOW)
        assert found is not None


@pytest.mark.parametrize(
    ("headers", "keys", "from_cookie"),
    [
        ([], (), False),
        ([(b"authorization", b"Bearer a")], (b"a",), False),
        ([(b"authorization", b"bEARER  a ")], (b"a",), False),
        ([(b"authorization", b"Bearer")], (b"",), False),
        ([(b"authorization", b"Basic YTpi")], (), False),
        ([(b"x-api-key", b"a")], (b"a",), False),
        ([(b"authorization", b"Basic YTpi"), (b"x-api-key", b"a")], (b"a",), False),
        ([(b"authorization", b"Bearer a"), (b"x-api-key", b"a")], (b"a",), False),
        ([(b"authorization", b"Bearer a"), (b"x-api-key", b"b")], (b"a", b"b"), False),
        ([(b"x-api-key", b"a"), (b"x-api-key", b"b")], (b"a", b"b"), False),
        ([(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")], (b"a", b"b"), False),
        ([(b"cookie", b"a=b; vitrine_key=c")], (b"c",), True),
        ([(b"cookie", b"vitrine_key=c"), (b"x-api-key", b"a")], (b"a",), False),
        ([(b"cookie", b"vitrine_key=c"), (b"x-api-key", b"")], (b"",), False),
        ([(b"cookie", b"\xff\x00=;;;"), (b"cookie", b"vitrine_key=c")], (b"c",), True),
        ([(b"cookie", b"other_vitrine_key=c")], (), False),
    ],
)  # fmt: skip
def test_a_key_comes_in_one_of_two_headers_or_the_pages_cookie(
    headers: list[tuple[bytes, bytes]],
    keys: tuple[bytes, ...],
    from_cookie: bool,  # noqa: FBT001 - a case of the table
) -> None:
    """One that is named twice is one; two different ones are two."""
    found = credentials(headers)

    assert (found.keys, found.from_cookie) == (keys, from_cookie)
    assert COOKIE == "vitrine_key"
