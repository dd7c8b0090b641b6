"""API keys: what the file of keys says, and which key an offered one is. Pure; the file itself is `key_file`'s.

A key is 256 random bits, so its plain SHA-256 is enough at rest: there is no dictionary to try, and what makes bcrypt
or Argon2 slow for a guesser would make every request slow here, and cheap to flood.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import limits
import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, ValidationError

from catalog.errors import InvalidInput, Misconfigured
from search.access import ADMIN, EVERYTHING, Scope
from search.filter_values import FORMS, Filters
from search.filters import build_filter

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

MAX_KEYS: Final = 1_000
"""Each request is compared with all of them: a thousand take about 0.1 ms."""
_PREFIX: Final = "vitrine_"  # what scanners for leaked secrets look for
_RANDOM_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What whoever has a key may do and see, and how often."""

    name: str
    digest: bytes
    permissions: frozenset[str]
    scope: Scope
    rate: limits.RateLimitItem | None
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys that are valid, but for those that have expired."""

    keys: Sequence[ApiKey]

    def find(self, offered: bytes, now: datetime) -> ApiKey | None:
        """Return the key that was offered, None for one that is unknown or has expired.

        All are compared, each in constant time: how long it takes says nothing of which it was, or how near.
        """
        digest, found = hashlib.sha256(offered).digest(), None
        for key in self.keys:
            if hmac.compare_digest(digest, key.digest):
                found = key
        return found if found is not None and (found.expires is None or now < found.expires) else None


def new_key() -> str:
    """Return a new key; it is nowhere else."""
    return _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def digest_of(key: str) -> str:
    """Return what the file of keys has in a key's place."""
    return hashlib.sha256(key.encode()).hexdigest()


def _rate(value: object) -> limits.RateLimitItem:
    if not isinstance(value, str):
        raise ValueError("takes a number and a time, such as 600/minute")  # noqa: TRY004 - pydantic's kind of refusal
    rate = limits.parse(value)
    if rate.amount < 1:
        raise ValueError("lets nobody in: take the key out of the file instead")
    return rate


def _moment(value: object) -> object:
    """Return what YAML or JSON may have for a time; a day begins at midnight, and without a zone it is UTC."""
    if isinstance(value, int | float):
        raise ValueError("takes a time in ISO 8601, such as 2027-01-31 or 2027-01-31T12:00:00Z")  # noqa: TRY004
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


class _Entry(BaseModel):
    """One key in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    scopes: Annotated[frozenset[Literal["search", "admin"]], Field(min_length=1)]
    filter: Annotated[Filters, Field(min_length=1)] = {}  # left out: everything; given, but empty: hardly meant
    rate: Annotated[limits.RateLimitItem | None, PlainValidator(_rate)] = None
    expires: Annotated[datetime | None, BeforeValidator(_moment)] = None


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: Annotated[list[_Entry], Field(max_length=MAX_KEYS)]


class _Loader(yaml.SafeLoader):
    """YAML, and so JSON, that refuses a name given twice: the second `filter` of a key would silently win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - as its parent has it
        """Return a mapping; raises `yaml.YAMLError` where one of its names is there before."""
        names = [name.value for name, _ in node.value]
        twice = sorted({str(name) for name in names if names.count(name) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"{twice[0]} is given twice", node.start_mark)
        return super().construct_mapping(node, deep=deep)


def read_keys(text: bytes, numbers: Sequence[str], source: str) -> KeyRing:
    """Return the keys of a file's text; `numbers` are the attributes that take ranges, `source` is what errors name.

    Raises `Misconfigured` with the key and the field that cannot be used.
    """
    try:
        said = _File.model_validate(yaml.load(text, _Loader))  # noqa: S506 - a safe loader
        keys = tuple(_key(entry, numbers) for entry in said.keys)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{source} is no YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        raise Misconfigured(f"{source}: {_said(error)}") from error
    except InvalidInput as error:
        raise Misconfigured(f"{source}: {error}") from error
    for what, values in (("name", [key.name for key in keys]), ("sha256", [key.digest.hex() for key in keys])):
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise Misconfigured(f"{source}: two keys have the same {what} {twice[0]}")
    return KeyRing(keys)


def _key(entry: _Entry, numbers: Sequence[str]) -> ApiKey:
    if entry.filter and ADMIN in entry.scopes:
        raise InvalidInput(f"a key that sends events ({ADMIN}) sends any: it cannot have a filter", field=entry.name)
    try:
        scope = Scope(EVERYTHING.filter & build_filter(entry.filter, {}, numbers))
    except InvalidInput as error:
        raise InvalidInput(error.message, field=f"{entry.name}.{error.field}") from error
    digest = bytes.fromhex(entry.sha256)
    return ApiKey(entry.name, digest, frozenset(entry.scopes), scope, entry.rate, entry.expires)


def _said(error: ValidationError) -> str:
    """Return what is wrong and where, without the values: one may be a key that was pasted in its digest's place."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(
        f"{'.'.join(str(part) for part in one['loc'] if part not in FORMS)}: {one['msg']}" for one in found[:5]
    )
