"""What every test may ask for: a Kafka broker, started only when the first test asks for it."""

from __future__ import annotations

import gc
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.broker import Broker

CACHE = Path(__file__).parent.parent / ".cache"


def pytest_configure(config: pytest.Config) -> None:
    """Give torch one thread a process, and excuse kafka-python for two things.

    Threads of several processes on two cores wait for each other by spinning: training tests took five times as long.
    kafka-python reads its own schemas in an old way, and drops sockets when nobody listens.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # read when torch is imported, here and in what tests start
    config.addinivalue_line("filterwarnings", "ignore:(open|read)_text is deprecated:DeprecationWarning")
    never_connected = r"unclosed <socket.* laddr=\('0\.0\.0\.0', \d+\)>"
    config.addinivalue_line("filterwarnings", f"ignore:{never_connected}:ResourceWarning")
    never_trusted = r"unclosed <ssl\.SSLSocket"  # a handshake that failed
    config.addinivalue_line("filterwarnings", f"ignore:{never_trusted}:ResourceWarning")
    warnings.filterwarnings("ignore", never_trusted, ResourceWarning)
    warnings.filterwarnings("ignore", never_connected, ResourceWarning)  # for the very end, when pytest collects all


def pytest_collection(session: pytest.Session) -> None:
    """Look for no garbage while the tests are gathered: almost everything that they import stays to the end."""
    gc.disable()


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


def running(folder: Path, properties: Mapping[str, str] | None = None) -> Iterator[Broker]:
    """Yield a broker on an empty folder, with further properties of its own."""
    from tests.broker import Broker, BrokerMissing, jars  # noqa: PLC0415 - few tests need the Kafka client

    try:
        broker = Broker(jars(CACHE), folder, properties=properties or {})
        broker.start()
    except BrokerMissing as why:
        without_broker(why)
        return
    try:
        yield broker
    finally:
        broker.stop()


@pytest.fixture(scope="session")
def shared_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Return the broker of the whole run, started by its first user: for tests of security; never stop it."""
    yield from running(tmp_path_factory.mktemp("kafka"))


@pytest.fixture(scope="session")
def kafka_bootstrap(request: pytest.FixtureRequest) -> str:
    """Return where a Kafka broker answers: `KAFKA_BOOTSTRAP` if it is set, else the broker of this run."""
    given = os.environ.get("KAFKA_BOOTSTRAP")
    if given:
        return given
    broker: Broker = request.getfixturevalue("shared_broker")
    return broker.bootstrap


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    """Return a broker of this test alone, to be stopped and started at will; its data stays in between."""
    folder = tmp_path / "kafka"
    folder.mkdir()
    yield from running(folder)
