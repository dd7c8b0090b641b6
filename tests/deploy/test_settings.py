"""Settings: read from the environment, refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from catalog.engine import connect
from catalog.errors import Misconfigured
from deploy.processes.parts import qdrant_server
from deploy.settings import load_settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _no_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_defaults_need_no_environment() -> None:
    """Without any variable everything runs embedded, on loopback."""
    settings = load_settings()

    assert qdrant_server(settings) is None
    assert settings.api.host == "127.0.0.1"
    assert settings.kafka.dead_letters == "catalogue.dead-letters"


def test_nested_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two underscores lead into a group, and numbers may be separated by commas."""
    monkeypatch.setenv("VITRINE_QDRANT__URL", "http://qdrant:6333")
    monkeypatch.setenv("VITRINE_QDRANT__GRPC_PORT", "6334")
    monkeypatch.setenv("VITRINE_CATALOGUE__NUMBERS", "weight, length")

    settings = load_settings()

    server = qdrant_server(settings)
    assert server is not None
    assert server.options()["prefer_grpc"]
    assert settings.catalogue.numbers == ("weight", "length")


@pytest.mark.parametrize("url", ["http://qdrant", "https://qdrant.example:443/vectors/", "http://[::1]:6333"])
def test_the_engines_url_may_have_a_port_and_a_prefix(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Or neither."""
    monkeypatch.setenv("VITRINE_QDRANT__URL", url)

    server = qdrant_server(load_settings())
    assert server is not None
    connect(server).close()


def test_an_empty_port_or_file_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a compose file writes a variable that is not set."""
    monkeypatch.setenv("VITRINE_QDRANT__GRPC_PORT", "")
    monkeypatch.setenv("VITRINE_QDRANT__CA_FILE", "")

    qdrant = load_settings().qdrant

    assert (qdrant.grpc_port, qdrant.ca_file) == (None, None)


@pytest.mark.parametrize("url", ["https://user:hush@qdrant/a", "https://qdrant?api_key=hush"])
def test_a_refused_url_tells_nobody_its_secret(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Messages end in logs."""
    monkeypatch.setenv("VITRINE_QDRANT__URL", url)

    with pytest.raises(Misconfigured, match="VITRINE_QDRANT__URL") as refused:
        load_settings()

    assert "hush" not in str(refused.value)


def test_an_empty_url_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a compose file makes of a variable that is not set."""
    monkeypatch.setenv("VITRINE_QDRANT__URL", "")

    assert qdrant_server(load_settings()) is None


def test_dotenv_is_read(tmp_path: Path) -> None:
    """A `.env` file in the folder of the process counts, other programs' variables in it do not."""
    (tmp_path / ".env").write_text("VITRINE_API__PORT=9000\nOTHER=1\n")

    assert load_settings().api.port == 9000


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("VITRINE_API__PORT", "abc"),
        ("VITRINE_API__PORT", "70000"),
        ("VITRINE_COLLECTION", "a/b"),
        ("VITRINE_QDRANT__CA_FILE", "/nowhere/ca.pem"),
        ("VITRINE_QDRANT__URL", "qdrant:6333"),
        ("VITRINE_QDRANT__URL", "qdrant"),
        ("VITRINE_QDRANT__URL", "grpc://qdrant:6334"),
        ("VITRINE_QDRANT__URL", "http://:6333"),
        ("VITRINE_QDRANT__URL", "http://qdrant:port"),
        ("VITRINE_QDRANT__URL", "https://user:word@qdrant"),
        ("VITRINE_QDRANT__URL", "https://qdrant?api_key=secret"),
        ("VITRINE_API__CORS_ORIGINS", "*"),
        ("VITRINE_API__CORS_ORIGINS", "https://shop.example/"),
        ("VITRINE_API__CORS_ORIGINS", "shop.example"),
        ("VITRINE_KAFKA__SECURITY_PROTOCOL", "TLS"),
        ("VITRINE_INGEST__BATCH_RECORDS", "0"),
        ("VITRINE_CATALOGUE__NUMBERS", "[oops"),
        ("VITRINE_CATALOGUE__NUMBERS", 'a"b'),
        ("VITRINE_CATALOGUE__NUMBERS", "a\\b"),
        ("VITRINE_API__PROT", "8000"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    """The error names the variable, so that nobody has to guess."""
    monkeypatch.setenv(variable, value)

    with pytest.raises(Misconfigured, match=variable):
        load_settings()


def test_kafka_needs_a_broker() -> None:
    """Asking for the connection without a broker says which setting is missing."""
    with pytest.raises(Misconfigured, match="VITRINE_KAFKA__BOOTSTRAP_SERVERS"):
        load_settings().kafka.connection()
