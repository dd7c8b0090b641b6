"""How to reach Kafka, as plain values: settings build it without importing a Kafka client."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from catalog.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Sequence

SETTING: Final = "VITRINE_KAFKA__"
"""What the settings of a connection begin with: a value that cannot work is told by the name under which it was set."""

RECONNECT_BACKOFF_MAX_MS = 1_000  # the client's own 30 s turns a short outage into a long one
SECURITY_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
SASL_MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True, slots=True)
class KafkaConnection:
    """Where the brokers are and how to prove who we are.

    `bootstrap_servers` is `host:port`, several separated by commas. `security_protocol` is `PLAINTEXT`, `SSL`,
    `SASL_PLAINTEXT` or `SASL_SSL`; `sasl_mechanism` is `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`. The `ssl_…` files
    are PEM; without `ssl_cafile` the certificates of the system count. Raises `Misconfigured` for values that do not
    go together.
    """

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    ssl_cafile: str | None = None
    ssl_certfile: str | None = None
    ssl_keyfile: str | None = None
    ssl_password: str | None = field(default=None, repr=False)
    client_id: str = "vitrine"

    def __post_init__(self) -> None:
        if not self.bootstrap_servers.strip():
            raise Misconfigured(f"{SETTING}BOOTSTRAP_SERVERS is empty; it takes HOST:PORT, several separated by commas")
        if self.security_protocol not in SECURITY_PROTOCOLS:
            raise Misconfigured(_none_of("SECURITY_PROTOCOL", self.security_protocol, SECURITY_PROTOCOLS))
        if self.security_protocol.startswith("SASL"):
            if self.sasl_mechanism not in SASL_MECHANISMS:
                raise Misconfigured(_none_of("SASL_MECHANISM", self.sasl_mechanism, SASL_MECHANISMS))
            if self.sasl_username is None or self.sasl_password is None:
                raise Misconfigured(f"{self.security_protocol} needs {SETTING}SASL_USERNAME and {SETTING}SASL_PASSWORD")

    def options(self) -> dict[str, Any]:
        """Return the keyword arguments that every client of kafka-python needs.

        Raises `Misconfigured` where a certificate or key file cannot be used.
        """
        options: dict[str, Any] = {
            "bootstrap_servers": [server.strip() for server in self.bootstrap_servers.split(",")],
            "client_id": self.client_id,
            "reconnect_backoff_max_ms": RECONNECT_BACKOFF_MAX_MS,
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol.startswith("SASL"):
            options["sasl_mechanism"] = self.sasl_mechanism
            options["sasl_plain_username"] = self.sasl_username
            options["sasl_plain_password"] = self.sasl_password
        if self.security_protocol.endswith("SSL"):
            options["ssl_context"] = self._ssl_context()
        return options

    def _ssl_context(self) -> ssl.SSLContext:
        # Built here because the client would meet an unreadable file as an outage, and retry it for ever.
        try:
            context = ssl.create_default_context(cafile=self.ssl_cafile)
            if self.ssl_certfile is not None:
                context.load_cert_chain(self.ssl_certfile, self.ssl_keyfile, self.ssl_password)
        except OSError as error:
            files = {"CAFILE": self.ssl_cafile, "CERTFILE": self.ssl_certfile, "KEYFILE": self.ssl_keyfile}
            named = ", ".join(f"{SETTING}SSL_{name} {file!r}" for name, file in files.items() if file is not None)
            raise Misconfigured(f"cannot use {named}: {error}; they must be PEM") from error
        return context


def _none_of(setting: str, value: str | None, known: Sequence[str]) -> str:
    said = "is not set" if value is None else f"is {value!r}"
    return f"{SETTING}{setting} {said}; it takes {', '.join(known)}"
