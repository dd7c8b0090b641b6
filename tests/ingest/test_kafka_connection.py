"""How connection settings become a client, and what is said when they cannot or when nobody answers."""

from __future__ import annotations

import ssl
import time
from typing import TYPE_CHECKING, Any

import pytest

from catalog.errors import BrokerUnavailable, Misconfigured
from ingest.kafka import KafkaSource
from ingest.kafka_connection import KafkaConnection
from ingest.kafka_dead_letters import KafkaDeadLetters
from ingest.source import DeadLetter, Record
from tests.broker import free_ports
from tests.logs import wait_until

if TYPE_CHECKING:
    from pathlib import Path


def test_a_plain_connection_needs_only_its_servers() -> None:
    """Several servers are separated by commas; nothing secret is passed."""
    options = KafkaConnection("a:9092, b:9092").options()

    assert options["bootstrap_servers"] == ["a:9092", "b:9092"]
    assert not {name for name in options if name.startswith(("sasl", "ssl"))}


def test_an_encrypted_connection_checks_the_server() -> None:
    """Without a file of our own the certificates of the system count, and the host's name must fit."""
    options = KafkaConnection(
        "a:9092", security_protocol="SASL_SSL", sasl_mechanism="PLAIN", sasl_username="u", sasl_password="p"
    ).options()

    assert options["ssl_context"].verify_mode == ssl.CERT_REQUIRED
    assert options["ssl_context"].check_hostname
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("u", "p")


def test_a_password_is_not_shown() -> None:
    """Connections are logged; passwords are not."""
    connection = KafkaConnection("a:9092", sasl_password="hush", ssl_password="hush")

    assert "hush" not in repr(connection)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"bootstrap_servers": " "}, "VITRINE_KAFKA__BOOTSTRAP_SERVERS"),
        ({"security_protocol": "TLS"}, "VITRINE_KAFKA__SECURITY_PROTOCOL is .TLS.; it takes .*SASL_SSL"),
        ({"security_protocol": "SASL_SSL"}, "VITRINE_KAFKA__SASL_MECHANISM is not set; it takes .*SCRAM-SHA-512"),
        ({"security_protocol": "SASL_SSL", "sasl_mechanism": "PLAIN", "sasl_username": "u"}, "KAFKA__SASL_PASSWORD"),
    ],
)
def test_values_that_do_not_go_together_are_named(settings: dict[str, Any], said: str) -> None:
    """A wrong setting ends the process at its start, with what it takes."""
    with pytest.raises(Misconfigured, match=said):
        KafkaConnection(**{"bootstrap_servers": "a:9092", **settings})


def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    """A file that is missing or no PEM is no outage."""
    (tmp_path / "ca.pem").write_text("no certificate")

    for name in ("missing.pem", "ca.pem"):
        connection = KafkaConnection("a:9092", security_protocol="SSL", ssl_cafile=str(tmp_path / name))
        with pytest.raises(Misconfigured, match=f"VITRINE_KAFKA__SSL_CAFILE .*{name}"):
            connection.options()


def test_a_broker_that_is_not_there_is_an_outage() -> None:
    """Reading and writing say within a few seconds that nobody answers, and closing does not hang."""
    nowhere = KafkaConnection(f"127.0.0.1:{free_ports(1)[0]}")
    letter = DeadLetter(Record("t", 0, 0, 0, b"k", b"v"), "not-json", "line 1")
    source, sink = KafkaSource(nowhere, topic="t", group="g"), KafkaDeadLetters(nowhere, topic="d")
    started = time.monotonic()

    with pytest.raises(BrokerUnavailable, match="cannot connect to Kafka at 127"):
        sink.send([letter])
    with pytest.raises(BrokerUnavailable, match="cannot connect to Kafka at 127"):
        wait_until(lambda: bool(source.poll()), "an outage")

    source.close()
    sink.close()
    assert time.monotonic() - started < 10
