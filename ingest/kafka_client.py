"""What every Kafka client here shares: built without leaving sockets behind, its errors in the words of the house."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from kafka import errors as kafka_errors
from kafka.net.compat import KafkaNetClient
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

from catalog.errors import BrokerUnavailable, Misconfigured

if TYPE_CHECKING:
    from collections.abc import Callable

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


class _Manager(KafkaConnectionManager):  # type: ignore[misc]
    """Remembers why the last connection failed: the client itself takes a wrong password for a broker that is away."""

    failure: kafka_errors.KafkaError | None = None

    def get_connection(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as the client declares it
        connection = super().get_connection(*arguments, **options)
        connection.init_future.add_errback(self._remember)
        return connection

    def _remember(self, error: kafka_errors.KafkaError) -> None:
        self.failure = error


def build(make: Callable[..., Client], connection: KafkaConnection, **options: object) -> Client:
    """Return a client of kafka-python that has spoken to the cluster.

    Raises `BrokerUnavailable` where no broker answers within three seconds, `Misconfigured` where one refuses us.
    """
    managers: list[_Manager] = []

    def network(**settings: object) -> KafkaNetClient:
        net = NetworkSelector(**settings)
        managers.append(_Manager(net, **settings))
        return KafkaNetClient(net=net, manager=managers[-1])

    settings = {**connection.options(), "bootstrap_timeout_ms": BOOTSTRAP_TIMEOUT_MS, **options}
    try:
        return make(kafka_client=network, **settings)
    except kafka_errors.KafkaError as error:
        reason = error
        for manager in managers:  # a constructor that fails leaves its thread and its sockets open
            reason = manager.failure or error
            KafkaNetClient(net=manager._net, manager=manager).close()  # noqa: SLF001 - the only way to it
        raise translated(reason, f"connect to Kafka at {connection.bootstrap_servers}") from error


def translated(error: kafka_errors.KafkaError, what: str) -> BrokerUnavailable | Misconfigured:
    """Return the error of the house for `error`, met while trying to do `what`."""
    if isinstance(error, REFUSALS):
        return Misconfigured(f"cannot {what}: {error}. Check the user name, the password and what it may access")
    if isinstance(error, WRONG_VALUES):
        return Misconfigured(f"cannot {what}: {error}")
    reason = "no answer in time" if isinstance(error, kafka_errors.KafkaTimeoutError) else str(error)
    return BrokerUnavailable(f"cannot {what}: {reason}")
