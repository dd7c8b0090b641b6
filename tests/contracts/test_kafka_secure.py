"""A real broker behind TLS and SCRAM, and one that lets a user do only a part of what the worker needs."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

import pytest
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

from catalog.errors import BrokerUnavailable, Misconfigured
from ingest.kafka import KafkaSource
from ingest.kafka_connection import KafkaConnection
from ingest.kafka_dead_letters import KafkaDeadLetters, KafkaLetterStore
from ingest.kafka_producer import KafkaEvents
from ingest.source import DeadLetter
from tests.broker import BrokerMissing, admin, create_topic, jars
from tests.conftest import CACHE, excuse_late_connections, without_broker
from tests.logs import read, values, wait_until
from tests.tls_broker import TlsBroker, tls_broker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.broker import Broker

pytestmark = pytest.mark.kafka

TOLD_SECONDS = 20


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[TlsBroker]:
    """Return a broker behind TLS and SCRAM, for all these tests."""
    try:
        made = tls_broker(jars(CACHE), tmp_path_factory.mktemp("kafka"))
        excuse_late_connections(pytestconfig, [*made.broker.ports, made.tls_port])
        made.broker.start()
    except BrokerMissing as why:
        without_broker(why)
        return
    try:
        yield made
    finally:
        made.broker.stop()


def test_events_and_dead_letters_go_over_tls_and_scram(secured: TlsBroker) -> None:
    """Written, read, committed and sent away, with nothing but the encrypted listener and the user's password."""
    connection, topic = secured.connection(), f"test-{uuid.uuid4().hex[:12]}"
    events = KafkaEvents(connection, topic=topic)
    events.append([(b"k", b"%d" % number) for number in range(3)])
    events.close()
    source, sink = (
        KafkaSource(connection, topic=topic, group=topic),
        KafkaDeadLetters(connection, topic=f"{topic}-dead"),
    )

    records = read(source, 3)
    sink.send([DeadLetter(records[1], "malformed_json", "line 1")])
    source.commit(records)

    assert (values(records), sum(source.lag().values())) == ([0, 1, 2], 0)
    letters = KafkaSource(connection, topic=f"{topic}-dead", group=topic)
    assert values(read(letters, 1)) == [1]
    for one in (source, sink, letters):
        one.close()


def test_a_wrong_scram_password_is_told_soon(secured: TlsBroker) -> None:
    """Reading and writing end with what to check, instead of waiting for ever."""
    connection = secured.connection(password="wrong")
    started = time.monotonic()
    source = KafkaSource(connection, topic="any", group="any")

    _told(lambda: read(source, 1))
    _told(lambda: KafkaEvents(connection, topic="any").append([(b"k", b"v")]))

    source.close()
    assert time.monotonic() - started < TOLD_SECONDS


def _told(attempt: Callable[[], object]) -> None:
    """Try as the loop does: a refusal that comes together with the end of the connection looks like an outage once."""
    deadline = time.monotonic() + TOLD_SECONDS
    while True:
        try:
            with pytest.raises(Misconfigured, match="password"):
                attempt()
        except BrokerUnavailable:
            assert time.monotonic() < deadline
        else:
            return


def test_an_unknown_certificate_is_no_secret(secured: TlsBroker) -> None:
    """The broker's certificate is not one that the system trusts: that is told, and nothing is sent."""
    trusting_nobody = KafkaConnection(
        secured.connection().bootstrap_servers,
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-512",
        sasl_username="vitrine",
        sasl_password="right",
    )
    source = KafkaSource(trusting_nobody, topic="any", group="any")

    with pytest.raises(Misconfigured, match="VITRINE_KAFKA__SSL_CAFILE"):
        wait_until(lambda: bool(source.poll()), "word of the certificate")

    source.close()


def test_a_user_who_may_only_read_stops_at_the_first_dead_letter(shared_broker: Broker) -> None:
    """The broker's own access lists: events are read and committed, the dead letters' topic is refused by name."""
    topic = create_topic(shared_broker.bootstrap)
    create_topic(shared_broker.bootstrap, name=f"{topic}-dead")
    _allow(
        "stranger", ACLOperation.READ, (ResourceType.TOPIC, topic), (ResourceType.GROUP, topic), broker=shared_broker
    )
    events = KafkaEvents(KafkaConnection(shared_broker.bootstrap), topic=topic)
    events.append([(b"k", b"1")])
    events.close()
    connection = _stranger(shared_broker)
    source, sink = (
        KafkaSource(connection, topic=topic, group=topic),
        KafkaDeadLetters(connection, topic=f"{topic}-dead"),
    )

    records = read(source, 1)
    with pytest.raises(Misconfigured, match=f"{topic}-dead.*access"):
        sink.send([DeadLetter(records[0], "malformed_json", "line 1")])
    source.commit(records)

    assert sum(source.lag().values()) == 0
    source.close()
    sink.close()


@pytest.mark.parametrize("readable", [ResourceType.TOPIC, ResourceType.GROUP])
def test_a_refused_read_ends_the_worker(shared_broker: Broker, readable: ResourceType) -> None:
    """Both the topic and the group must be readable; where one is not, that is said, and no outage waited out."""
    topic = create_topic(shared_broker.bootstrap)
    _allow("stranger", ACLOperation.READ, (readable, topic), broker=shared_broker)
    connection = _stranger(shared_broker)
    source = KafkaSource(connection, topic=topic, group=topic)

    with pytest.raises(Misconfigured, match="access"):
        read(source, 1)

    source.close()


def test_dead_letters_that_one_may_not_see_are_not_none(shared_broker: Broker) -> None:
    """The broker shows a stranger no such topic; that nothing was refused would be another answer."""
    topic = create_topic(shared_broker.bootstrap)
    store = KafkaLetterStore(_stranger(shared_broker), topic="any", dead_letter_topic=topic)

    with pytest.raises(Misconfigured, match=f"{topic}.*access"):
        list(store.letters())

    store.close()


def _stranger(broker: Broker) -> KafkaConnection:
    return KafkaConnection(
        broker.secure_bootstrap,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_username="stranger",
        sasl_password="right",
    )


def _allow(user: str, operation: ACLOperation, *resources: tuple[ResourceType, str], broker: Broker) -> None:
    with admin(broker.bootstrap) as client:
        client.create_acls(
            [
                ACL(f"User:{user}", "*", operation, ACLPermissionType.ALLOW, ResourcePattern(kind, name))
                for kind, name in resources
            ]
        )
