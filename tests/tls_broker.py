"""The broker of the tests behind TLS: its own certificate, and users who log in with SCRAM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.kafka_connection import KafkaConnection
from tests.broker import Broker, BrokerMissing, free_ports
from tests.certificates import self_signed

if TYPE_CHECKING:
    from pathlib import Path

MECHANISM = "SCRAM-SHA-512"


@dataclass(frozen=True)
class TlsBroker:
    """A broker with one more listener: SASL_SSL, for the user `vitrine` with the password `right`, who may do all."""

    broker: Broker
    tls_port: int
    certificate: Path

    def connection(self, *, password: str = "right", port: int | None = None) -> KafkaConnection:
        """Return how that user gets in."""
        return KafkaConnection(
            f"127.0.0.1:{port or self.tls_port}",
            security_protocol="SASL_SSL",
            sasl_mechanism=MECHANISM,
            sasl_username="vitrine",
            sasl_password=password,
            ssl_cafile=str(self.certificate),
        )


def tls_broker(jars: Path, folder: Path) -> TlsBroker:
    """Return one that is not started yet."""
    certificate = _certificate(folder)
    port, controller_port, secure_port, tls_port = free_ports(4)
    clients = {"PLAINTEXT": port, "SECURE": secure_port, "TLS": tls_port}
    addresses = ",".join(f"{name}://127.0.0.1:{number}" for name, number in clients.items())
    properties = {
        "listeners": f"{addresses},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": addresses,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SECURE:SASL_PLAINTEXT,TLS:SASL_SSL,CONTROLLER:PLAINTEXT",
        "listener.name.tls.sasl.enabled.mechanisms": MECHANISM,
        "listener.name.tls.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "listener.name.tls.ssl.keystore.type": "PEM",
        "listener.name.tls.ssl.keystore.location": str(folder / "keystore.pem"),
    }
    user = f"{MECHANISM}=[name=vitrine,password=right]"
    ports = (port, controller_port, secure_port)
    broker = Broker(jars, folder, ports=ports, properties=properties, format_arguments=("--add-scram", user))
    return TlsBroker(broker, tls_port, certificate)


def _certificate(folder: Path) -> Path:
    """Make a key and a certificate for 127.0.0.1, and the broker's file of both; return the certificate."""
    try:
        made = self_signed(folder)
    except FileNotFoundError as error:
        raise BrokerMissing(str(error)) from error
    (folder / "keystore.pem").write_text(made.key.read_text() + made.certificate.read_text())
    return made.certificate
