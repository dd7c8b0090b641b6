"""What every Kafka client here shares: built without leaving sockets behind, its errors in the words of the house."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from kafka import KafkaAdminClient
from kafka import errors as kafka_errors
from kafka.net.compat import KafkaNetClient
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

from catalog.errors import BrokerUnavailable, Misconfigured
from ingest.kafka_connection import SETTING

if TYPE_CHECKING:
    from collections.abc import Callable

    from kafka import KafkaConsumer

    from ingest.kafka_connection import KafkaConnection

Client = TypeVar("Client")

BOOTSTRAP_TIMEOUT_MS = 3_000

REFUSALS = (
    kafka_errors.AuthorizationError,
    kafka_errors.SaslAuthenticationFailedError,
    kafka_errors.UnsupportedSaslMechanismError,
    kafka_errors.IllegalSaslStateError,
)
WRONG_VALUES = (
    kafka_errors.InvalidTopicError,
    kafka_errors.InvalidGroupIdError,
    kafka_errors.InvalidSessionTimeoutError,
    kafka_errors.InconsistentGroupProtocolError,
    kafka_errors.InvalidReplicationFactorError,
    kafka_errors.KafkaConfigurationError,
)

_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"  # what OpenSSL calls it; the client makes an outage of it


class _Manager(KafkaConnectionManager):  # type: ignore[misc]
    """Remembers why connections failed, and gives up at a refusal: the client takes a wrong password for an outage."""

    failure: kafka_errors.KafkaError | None = None
    is_first_contact = True

    def get_connection(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as the client declares it
        connection = super().get_connection(*arguments, **options)
        connection.init_future.add_errback(self._remember)
        return connection

    def _remember(self, error: kafka_errors.KafkaError) -> None:
        if _is_refusal(self.failure):
            return
        self.failure = error
        if _is_refusal(error) and self.is_first_contact:
            self.call_soon(self.close)


def build(make: Callable[..., Client], connection: KafkaConnection, **options: object) -> Client:
    """Return a client of kafka-python that has spoken to the cluster.

    Raises `BrokerUnavailable` where no broker answers within three seconds, `Misconfigured` where one refuses us, or
    where we have no reason to trust its certificate.
    """
    managers: list[_Manager] = []

    def network(**settings: object) -> KafkaNetClient:
        net = NetworkSelector(**settings)
        managers.append(_Manager(net, **settings))
        return KafkaNetClient(net=net, manager=managers[-1])

    settings = {**connection.options(), "bootstrap_timeout_ms": BOOTSTRAP_TIMEOUT_MS, **options}
    try:
        client = make(kafka_client=network, **settings)
    except kafka_errors.KafkaError as error:
        reason = error
        for manager in managers:  # a constructor that fails leaves its thread and its sockets open
            reason = manager.failure or error
            KafkaNetClient(net=manager._net, manager=manager).close()  # noqa: SLF001 - the only way to it
        if _UNTRUSTED in str(reason):
            raise Misconfigured(
                f"cannot {_attempt(connection)}: {reason}. Give the authority that signed the brokers' certificates in "
                f"{SETTING}SSL_CAFILE, and name the brokers as their certificates do"
            ) from error
        raise translated(reason, _attempt(connection)) from error
    for manager in managers:
        manager.is_first_contact = False
    return client


def ask_again(consumer: KafkaConsumer, *, timeout_ms: int) -> None:
    """Ask the brokers what there is; raises what the client raises, and its refusal of a topic that we may not see.

    The client itself takes such a refusal, which ends each of its attempts, for an outage.
    """
    try:
        consumer.bootstrap(timeout_ms=timeout_ms, refresh=True)
    except kafka_errors.KafkaTimeoutError as error:
        refused = consumer._cluster.unauthorized_topics  # noqa: SLF001 - the only way to it
        if refused:
            raise kafka_errors.TopicAuthorizationFailedError(refused) from error
        raise


def refuse_unseen(connection: KafkaConnection, topic: str) -> None:
    """Raise the client's refusal where `topic` may exist and is not shown to us: a list of all topics lacks it then."""
    admin = build(KafkaAdminClient, connection)
    try:
        (found,) = admin.describe_topics([topic])
    finally:
        admin.close()
    error = kafka_errors.for_code(found["error_code"])
    if issubclass(error, kafka_errors.AuthorizationError):
        raise error(topic)


def _is_refusal(error: kafka_errors.KafkaError | None) -> bool:
    return isinstance(error, REFUSALS) or _UNTRUSTED in str(error)


def _attempt(connection: KafkaConnection) -> str:
    what = f"connect to Kafka at {connection.bootstrap_servers}"
    if connection.security_protocol.startswith("SASL"):
        # The client drops an answer that comes together with the end of the connection, as a refusal does.
        what += f" as {connection.sasl_username!r} (a wrong password may show as a lost connection)"
    return what


def translated(error: kafka_errors.KafkaError, what: str) -> BrokerUnavailable | Misconfigured:
    """Return the error of the house for `error`, met while trying to do `what`."""
    if isinstance(error, REFUSALS):
        return Misconfigured(f"cannot {what}: {error}. Check the user name, the password and what it may access")
    if isinstance(error, kafka_errors.FencedInstanceIdError):
        return Misconfigured(
            f"cannot {what}: another worker of the group has the same instance name; give each its own"
        )
    if isinstance(error, WRONG_VALUES):
        return Misconfigured(f"cannot {what}: {error}")
    reason = "no answer in time" if isinstance(error, kafka_errors.KafkaTimeoutError) else str(error)
    return BrokerUnavailable(f"cannot {what}: {reason}")
