"""Settings of what an index is made from: the log, the encoders, the pictures, and the engine that keeps it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, IPvAnyNetwork, SecretStr, field_validator
from pydantic_settings import NoDecode

from catalog.errors import Misconfigured
from catalog.options import IndexOptions
from deploy.settings_group import Group, separated
from encoders.names import DEFAULT_AVERAGE_LENGTH, MINILM, VITRINE_PICTURES, EncoderSettings
from ingest.dead_letter_limit import DEFAULT_SHARE
from ingest.debezium import DEFAULT_VERSION_PATHS
from ingest.kafka_connection import KafkaConnection
from ingest.source import BATCH_RECORDS

_Port = Annotated[int, Field(ge=1, le=65_535)]


class QdrantSettings(Group):
    """The vector engine: a server where `url` is given, else Qdrant Edge in this process."""

    url: str | None = Field(None, description="Qdrant server, such as http://qdrant:6333; absent: the embedded engine")
    api_key: SecretStr | None = Field(None, description="the server's API key")
    grpc_port: Annotated[int, Field(ge=1, le=65_535)] | None = Field(
        None, description="the server's gRPC port, usually 6334: faster under load; absent: REST"
    )
    path: Path = Field(Path(".data/index"), description="folder of the embedded engine; one process at a time")
    timeout_seconds: Annotated[int, Field(ge=1)] = Field(10, description="longest wait for one call to the server")
    ca_file: Path | None = Field(
        None, description="PEM file of the authority that signed an https server's certificate; absent: the public ones"
    )

    @field_validator("grpc_port", "ca_file", mode="before")
    @classmethod
    def _absent(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("url")
    @classmethod
    def _whole(cls, value: str | None) -> str | None:
        if not value:
            return None
        parts = urlsplit(value)
        plain = not ("@" in parts.netloc or parts.query or parts.fragment)
        port = parts.port  # raises for one that is none
        if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0 or not plain:
            raise ValueError("takes http(s)://HOST[:PORT][/PREFIX]; a key goes into VITRINE_QDRANT__API_KEY")
        return value

    @field_validator("ca_file")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError("there is no such file")
        return value


class KafkaSettings(Group):
    """The log that events come from."""

    bootstrap_servers: str | None = Field(None, description="HOST:PORT, several separated by commas")
    topic: str = Field("catalogue", description="topic of product events")
    group: str = Field("vitrine", description="consumer group of the ingest workers")
    instance: str | None = Field(
        None,
        description="name of this worker within its group, its own and the same at each start, such as a StatefulSet's "
        "pod name: killed and started again it goes on at once; absent: the group waits 10 s for the dead one",
    )
    dead_letter_topic: str | None = Field(None, description="topic for refused records; default: TOPIC.dead-letters")
    debezium_version: Annotated[tuple[str, ...], NoDecode, BeforeValidator(separated), Field(min_length=1)] = Field(
        DEFAULT_VERSION_PATHS,
        description="where Debezium's change events have their version: the first of these dotted paths that one has",
    )
    debezium_mapping: Path | None = Field(
        None, description="mapping file for the columns of Debezium's rows (docs/loading.md); absent: named as ours"
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="how to talk to the brokers"
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="how to log in, with a SASL protocol"
    )
    sasl_username: str | None = Field(None, description="user name for SASL")
    sasl_password: SecretStr | None = Field(None, description="password for SASL")
    ssl_cafile: Path | None = Field(None, description="PEM file of the authority that signed the brokers' certificates")
    ssl_certfile: Path | None = Field(None, description="PEM file of our own certificate, for mutual TLS")
    ssl_keyfile: Path | None = Field(None, description="PEM file of its key")

    def connection(self) -> KafkaConnection:
        """Return how to reach the brokers; raises `Misconfigured` where no broker is set."""
        if self.bootstrap_servers is None:
            raise Misconfigured("VITRINE_KAFKA__BOOTSTRAP_SERVERS is not set; it takes HOST:PORT of a Kafka broker")
        return KafkaConnection(
            bootstrap_servers=self.bootstrap_servers,
            security_protocol=self.security_protocol,
            sasl_mechanism=self.sasl_mechanism,
            sasl_username=self.sasl_username,
            sasl_password=self.sasl_password.get_secret_value() if self.sasl_password else None,
            ssl_cafile=str(self.ssl_cafile) if self.ssl_cafile else None,
            ssl_certfile=str(self.ssl_certfile) if self.ssl_certfile else None,
            ssl_keyfile=str(self.ssl_keyfile) if self.ssl_keyfile else None,
        )

    @property
    def dead_letters(self) -> str:
        """The topic for refused records."""
        return self.dead_letter_topic or f"{self.topic}.dead-letters"


class EncoderGroup(Group):
    """Which models turn text and pictures into vectors."""

    text: str = Field(MINILM, description="a name of `vitrine encoders list`, a Hugging Face id, or a folder")
    image: str = Field(VITRINE_PICTURES, description="likewise; a model that reads both may take both places")
    device: str = Field("cpu", description="cpu, cuda, cuda:1, mps")
    lexical_average_length: Annotated[float, Field(gt=0)] = Field(
        DEFAULT_AVERAGE_LENGTH, description="mean tokens of a product's text; part of the collection's identity"
    )
    glossary: Path | None = Field(
        None, description="a word list of your own, Chinese to English, read before the one that minilm comes with"
    )

    def settings(self) -> EncoderSettings:
        """Return them as the registry takes them."""
        return EncoderSettings(self.text, self.image, self.device, self.lexical_average_length, self.glossary)

    def models(self) -> dict[str, Any]:
        """Return what another process needs to load the same, as JSON; the device is each one's own."""
        return self.model_dump(mode="json", exclude={"device"}, exclude_none=True)


class NextEncoders(Group):
    """What `vitrine collection migrate start` goes over to; what is absent stays as it is."""

    text: str | None = Field(None, description="the text encoder to migrate to")
    image: str | None = Field(None, description="the picture encoder to migrate to")
    lexical_average_length: Annotated[float, Field(gt=0)] | None = Field(
        None, description="the mean tokens of a product's text to migrate to"
    )
    glossary: Path | None = Field(None, description="the word list to migrate to")


class IndexSettings(Group):
    """How the collection is kept (docs/sizing.md); but for `optimize_above` it counts when a collection is made."""

    quantization: Literal["none", "int8"] = Field(
        "none", description="int8 keeps vectors in memory a second time at a quarter of the size, to search in"
    )
    vectors_on_disk: bool = Field(default=False, description="whole vectors on the disk instead of in memory")
    payload_on_disk: bool | None = Field(None, description="products on the disk; absent: as the engine does")
    shards: Annotated[int, Field(ge=1)] = Field(1, description="parts of the collection, on a server")
    replicas: Annotated[int, Field(ge=1)] = Field(1, description="nodes that hold each part, on a server")
    nodes: Annotated[int, Field(ge=1)] = Field(
        1, description="nodes that must have joined the cluster before the collection is made; at least the replicas"
    )
    write_consistency: Annotated[int, Field(ge=1)] = Field(
        1, description="replicas that must have a write before it counts, on a server"
    )
    strict: bool = Field(default=True, description="a server refuses filters on what is not indexed")
    optimize_above: Annotated[int, Field(ge=0)] = Field(
        50_000, description="unindexed points above which the embedded engine builds its graph at the start, unready"
    )

    def options(self) -> IndexOptions:
        """Return them as the collection takes them."""
        return IndexOptions(**self.model_dump(exclude={"optimize_above"}))


class ImageSettings(Group):
    """Where pictures come from and what one may cost."""

    root: Path | None = Field(None, description="folder below which local picture paths lie; absent: none are read")
    allowed_ports: Annotated[tuple[_Port, ...], NoDecode, BeforeValidator(separated), Field(min_length=1)] = Field(
        (80, 443), description="ports that pictures are fetched from, separated by commas"
    )
    allowed_networks: Annotated[tuple[IPvAnyNetwork, ...], NoDecode, BeforeValidator(separated)] = Field(
        (),
        description="networks that pictures are fetched from besides public addresses, separated by commas, such as "
        "10.1.2.0/24 for a shop's own picture host",
    )
    timeout_seconds: Annotated[float, Field(gt=0)] = Field(
        10.0, description="longest time that one picture may take, redirects included"
    )
    connect_timeout_seconds: Annotated[float, Field(gt=0)] = Field(
        5.0, description="longest wait for a host's name, and for a connection to it"
    )
    max_redirects: Annotated[int, Field(ge=0, le=20)] = Field(5, description="redirects followed for one picture")
    host_connections: Annotated[int, Field(ge=1, le=32)] = Field(
        8, description="pictures fetched from one host at once"
    )
    host_requests_per_second: Annotated[float, Field(gt=0)] = Field(
        200.0, description="pictures asked of one host a second, on average"
    )
    max_bytes: Annotated[int, Field(gt=0)] = Field(10 * 2**20, description="largest picture, in bytes")
    max_pixels: Annotated[int, Field(gt=0)] = Field(25_000_000, description="largest picture, in pixels")


class CatalogueSettings(Group):
    """What is particular to this shop's catalogue."""

    numbers: Annotated[tuple[str, ...], NoDecode, BeforeValidator(separated)] = Field(
        (), description="attributes that take ranges, separated by commas, such as weight,length"
    )

    @field_validator("numbers")
    @classmethod
    def _plain(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        odd = [name for name in value if not name or set(name) & {'"', "\\"}]
        if odd:
            raise ValueError(f"attribute names without quotation marks and backslashes, not {odd}")
        return value


class IngestSettings(Group):
    """The ingest worker."""

    batch_records: Annotated[int, Field(ge=1, le=1_000)] = Field(
        BATCH_RECORDS, description="records worked on at once, where that many wait"
    )
    http_port: Annotated[int, Field(ge=1, le=65_535)] | None = Field(
        None, description="port of the worker's /livez, /readyz and /metrics, on every address; absent: none"
    )
    encoding_cache: Path | None = Field(
        None, description="file that keeps vectors by what they were made of; safe to delete; absent: none is kept"
    )
    encoding_cache_max_bytes: Annotated[int, Field(ge=2**20)] = Field(
        2 * 2**30, description="about how large that file may be; vectors not used for longest make room"
    )
    tombstone_days: Annotated[float, Field(gt=0)] = Field(
        30.0,
        description="how long tombstones and waiting patches are kept from `vitrine ingest expire`; longer than the "
        "topic's retention",
    )
    dead_letter_share: Annotated[float, Field(ge=0, le=1)] = Field(
        DEFAULT_SHARE,
        description="how many of the last 1,000 records may become dead letters before the worker stops; 1: never",
    )
