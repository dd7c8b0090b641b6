"""The key that a request brings with it: in one of two headers, or in the page's cookie."""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

COOKIE: Final = "vitrine_key"
_SCHEME: Final = b"bearer"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The keys that a request names, each once; `from_cookie` where the page's cookie brought the only one."""

    keys: tuple[bytes, ...]
    from_cookie: bool = False


def credentials(headers: Iterable[tuple[bytes, bytes]]) -> Credentials:
    """Return the keys in the headers of a request; those of other schemes are a gateway's own business.

    The cookie counts only where no header names a key: a program says what it means.
    """
    named: dict[bytes, None] = {}
    cookies: list[bytes] = []
    for name, value in headers:
        if name == b"x-api-key":
            named[value.strip()] = None
        elif name == b"authorization":
            scheme, _, rest = value.strip().partition(b" ")
            if scheme.lower() == _SCHEME:
                named[rest.strip()] = None
        elif name == b"cookie":
            cookies.append(value)
    if named:
        return Credentials(tuple(named))
    kept = _kept(cookies)
    return Credentials((kept,), from_cookie=True) if kept else Credentials(())


def _kept(cookies: list[bytes]) -> bytes:
    for value in cookies:
        parsed = SimpleCookie()
        try:
            parsed.load(value.decode("latin-1"))
        except CookieError:
            continue
        if COOKIE in parsed:
            return parsed[COOKIE].value.encode("latin-1", "replace")
    return b""
