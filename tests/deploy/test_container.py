"""The image and the compose file: what can be known of them where no container engine runs."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from deploy import health
from deploy.processes.worker_http import answering
from tests.broker import free_ports
from tests.deploy.declared import check_command, check_settings

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "deploy" / "docker" / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "docker" / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: one for name, one in SERVICES.items() if "build" in one}
STAGE = re.compile(r"^FROM (?P<base>\S+) AS (?P<name>\S+)$", re.MULTILINE)


def stages() -> dict[str, str]:
    """Return the instructions of each stage, from its base on."""
    starts = list(STAGE.finditer(DOCKERFILE))
    ends = [start.start() for start in starts[1:]] + [len(DOCKERFILE)]
    texts: dict[str, str] = {}
    for start, end in zip(starts, ends, strict=True):
        before = texts.get(start["base"], "")
        texts[start["name"]] = before + DOCKERFILE[start.end() : end]
    return texts


def test_hadolint_finds_nothing() -> None:
    """The linter of Dockerfiles, which reads the shell in them too."""
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [linter, ROOT / "deploy" / "docker" / "Dockerfile"], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_what_runs_has_no_rights_and_nothing_to_build_with(target: str) -> None:
    """A numeric user, no package manager, nothing but the installed environment, a check of its health."""
    text = stages()[target]

    assert re.findall(r"^USER (.+)$", text, re.MULTILINE) == ["10001:10001"]
    assert "pip uninstall" in text
    assert not re.search(r"apt-get|uv pip|pip install|gcc|curl|wget", text)
    assert re.findall(r"^COPY (.+)$", text, re.MULTILINE) == [f"--from=installed-{target} /opt/vitrine /opt/vitrine"]
    assert 'CMD ["python", "-m", "deploy.health"]' in text
    assert 'VOLUME ["/data", "/tmp"]' in text


def test_the_image_is_set_as_settings_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every variable of ours that the Dockerfile sets is a setting, with a value that it takes."""
    set_here = dict(re.findall(r"\b(VITRINE_\w+)=(\S+)", DOCKERFILE))

    settings = check_settings(set_here, monkeypatch)

    assert (settings.api.host, settings.log.format) == ("0.0.0.0", "json")


def test_images_are_pinned_by_a_full_version() -> None:
    """No `latest`, no bare name, no moving minor version."""
    images = [one["image"] for one in SERVICES.values() if "build" not in one]
    images += re.findall(r"^ARG PYTHON_IMAGE=(.+)$", DOCKERFILE, re.MULTILINE)

    assert all(re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+[\w.-]*", image) for image in images), images


def test_the_wheel_has_what_runs_and_nothing_else(tmp_path: Path) -> None:
    """Weights, page and word lists are inside; tests and manifests are not."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())

    assert names >= {
        "encoders/bundled/weights.safetensors",
        "encoders/glossary/zh-en.tsv",
        "search/page/static/main.js",
        "search/page/templates/page.html",
        "deploy/health.py",
    }
    assert not [name for name in names if re.match(r"tests/|docs/|deploy/(docker|kubernetes|observability)/", name)]
    assert {Path(name).name for name in names if "/licenses/" in name} == {"LICENSE", "NOTICE"}


@pytest.mark.parametrize("name", OURS)
def test_a_service_is_a_command_with_settings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of ours runs a command that there is, with settings that there are, read-only and without rights."""
    service = OURS[name]

    check_command(service["command"])
    check_settings(service["environment"], monkeypatch)
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]


def test_services_start_in_order_of_health() -> None:
    """Whoever is waited for has a check of its health, or ends; ours have the image's own."""
    for name, service in SERVICES.items():
        for other, how in service.get("depends_on", {}).items():
            awaited = SERVICES[other]
            if how["condition"] == "service_healthy":
                assert "healthcheck" in awaited or other in OURS, (name, other)
            else:
                assert how["condition"] == "service_completed_successfully"
                assert awaited["restart"] == "on-failure"


def test_ports_are_open_on_loopback_only() -> None:
    """There are no keys and no TLS in this one."""
    ports = [port for one in SERVICES.values() for port in one.get("ports", ())]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_what_is_mounted_is_there() -> None:
    """Files of the project by their relative paths; what is scraped is a service that runs."""
    folder = ROOT / "deploy" / "docker"
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert (folder / source).is_file() if source.startswith(".") else source in COMPOSE["volumes"]
    scraped = yaml.safe_load((ROOT / "deploy" / "observability" / "prometheus.yml").read_text(encoding="utf-8"))
    targets = [job["static_configs"][0]["targets"][0] for job in scraped["scrape_configs"]]
    assert {target.partition(":")[0] for target in targets} <= SERVICES.keys()


@pytest.mark.parametrize("variable", ["VITRINE_INGEST__HTTP_PORT", "VITRINE_API__PORT"])
def test_health_is_what_readyz_says(
    variable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 once it is ready; before, and where nobody answers, 1 and why."""
    (port,) = free_ports(1)
    monkeypatch.delenv("VITRINE_INGEST__HTTP_PORT", raising=False)
    monkeypatch.setenv(variable, str(port))
    with answering(port, CollectorRegistry()) as ready:
        codes = [health.main()]
        ready.set()
        codes.append(health.main())
    codes.append(health.main())

    assert codes == [1, 0, 1]
    told = capsys.readouterr().err
    assert "starting" in told
    assert f"nobody answers on port {port}" in told
