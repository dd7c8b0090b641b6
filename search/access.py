"""Who may see and do what: a caller's permissions and scope, and who may send events where there are no keys."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from catalog.points import VISIBLE, YES
from search.filters import AnyOf, Filter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http import HTTPStatus

_FORWARDING: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
_HOST: Final = re.compile(r"(\[[^\]]*\]|[^:]*)(:[0-9]*)?")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a caller may see, as a filter that no request can widen; tombstones and waiting patches are in none."""

    filter: Filter


EVERYTHING: Final = Scope(Filter(must=(AnyOf(VISIBLE, (YES,)),)))
"""Every visible product: what a caller sees where there are no keys."""

HIDDEN_TOO: Final = Scope(Filter())
"""What `EVERYTHING` is widened to where it is asked whether a product was deleted; no other scope ever is."""

SEARCH, ADMIN = "search", "admin"
"""What a key may permit: to ask, and to send events. Neither holds the other."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the name of the key, what it permits, and what is seen with it."""

    name: str
    permissions: frozenset[str]
    scope: Scope


ANYBODY: Final = Caller("", frozenset({SEARCH, ADMIN}), EVERYTHING)
"""Whoever asks where there are no keys."""

NO_KEY, WRONG_KEY, AMBIGUOUS, GUESSING, RATE = "no_key", "wrong_key", "ambiguous_key", "guessing", "rate"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a caller comes no further: a countable word, a sentence, the status and headers to say it with."""

    reason: str
    status: HTTPStatus
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)


def refuse_remote(address: str | None, headers: Mapping[str, str]) -> str | None:
    """Return why a caller may not write while there are no keys, None for one on this very machine.

    `address` is the other end of the connection. What a proxy passes on is refused, for its header may say anything,
    and so is what was sent to a name other than this machine's own: a page in somebody's browser can have its name
    resolve to 127.0.0.1.
    """
    if address is None or not _is_loopback(address):
        return "there are no API keys, so events are taken from this machine only (127.0.0.1, ::1)"
    if any(name in headers for name in _FORWARDING):
        return "this came through a proxy; there are no API keys, so events are taken from this machine only"
    named = _HOST.fullmatch(headers.get("host", ""))
    host = named[1].strip("[]").lower() if named else ""
    if host != "localhost" and not _is_loopback(host):
        return "there are no API keys, so events are taken at localhost, 127.0.0.1 or [::1] only, by no other name"
    return None


def _is_loopback(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback
