"""What every test may ask for: a Kafka broker, started only when the first test asks for it."""

from __future__ import annotations

import gc
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.broker import Broker

CACHE = Path(__file__).parent.parent / ".cache"


def pytest_configure(config: pytest.Config) -> None:
    """Give torch one thread a process, and excuse kafka-python for two habits.

    Threads of several processes on two cores wait for each other by spinning: training tests took five times as long.
    kafka-python reads its own schemas in an old way, and drops sockets: when nobody listens, or waits no more.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported, here and in what tests start
    config.addinivalue_line("filterwarnings", "ignore:(open|read)_text is deprecated:DeprecationWarning")
    excuse_unclosed(config, r"<socket.* laddr=\('0\.0\.0\.0', \d+\)>")  # never connected
    excuse_unclosed(config, r"<ssl\.SSLSocket")  # a handshake that failed


def excuse_unclosed(config: pytest.Config, socket: str) -> None:
    """Let sockets that look like this be dropped without being closed, from the next step of a test on."""
    config.addinivalue_line("filterwarnings", f"ignore:unclosed {socket}:ResourceWarning")
    warnings.filterwarnings("ignore", f"unclosed {socket}", ResourceWarning)  # for the end, when pytest collects all


def excuse_late_connections(config: pytest.Config, ports: Sequence[int]) -> None:
    """Let a connection to a broker at one of these ports be dropped: it was made when nobody waited any more."""
    for port in ports:
        excuse_unclosed(config, rf"<socket.* raddr=\('127\.0\.0\.1', {port}\)>")


def pytest_collection(session: pytest.Session) -> None:
    """Look for no garbage while the tests are gathered: almost everything that they import stays to the end."""
    gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long ones, in whatever order the others are: a run that ends with one waits for it alone."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Look for it from here on, in what the tests make: going through half a million old objects takes 0.3 s."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    gc.enable()


def without_broker(why: Exception) -> None:
    """Skip on a laptop; fail where the tests must all run."""
    if os.environ.get("CI", "").lower() in {"true", "1"}:
        pytest.fail(f"no Kafka broker: {why}", pytrace=False)
    pytest.skip(f"no Kafka broker: {why}")


def running(folder: Path, config: pytest.Config, properties: Mapping[str, str] | None = None) -> Iterator[Broker]:
    """Yield a broker on an empty folder, with further properties of its own."""
    from tests.broker import Broker, BrokerMissing, jars  # noqa: PLC0415 - few tests need the Kafka client

    try:
        broker = Broker(jars(CACHE), folder, properties=properties or {})
        excuse_late_connections(config, broker.ports)
        broker.start()
    except BrokerMissing as why:
        without_broker(why)
        return
    try:
        yield broker
    finally:
        broker.stop()


@pytest.fixture(scope="session")
def shared_broker(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[Broker]:
    """Return the broker of the whole run, started by its first user: for tests of security; never stop it."""
    yield from running(tmp_path_factory.mktemp("kafka"), pytestconfig)


@pytest.fixture(scope="session")
def kafka_bootstrap(request: pytest.FixtureRequest) -> str:
    """Return where a Kafka broker answers: `KAFKA_BOOTSTRAP` if it is set, else the broker of this run."""
    given = os.environ.get("KAFKA_BOOTSTRAP")
    if given:
        return given
    broker: Broker = request.getfixturevalue("shared_broker")
    return broker.bootstrap


@pytest.fixture
def own_broker(tmp_path: Path, pytestconfig: pytest.Config) -> Iterator[Broker]:
    """Return a broker of this test alone, to be stopped and started at will; its data stays in between."""
    folder = tmp_path / "kafka"
    folder.mkdir()
    yield from running(folder, pytestconfig)
