"""The manifests as kustomize renders them: valid, locked down, and in step with the code."""

from __future__ import annotations

import ipaddress
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import kubernetes_validate
import pytest
import yaml

from tests.deploy.declared import OTHERS, api_routes, check_command, check_expression, check_settings, worker_routes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Manifest: TypeAlias = dict[str, Any]

FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
OVERLAYS = ("dev", "production")
KUBECTL = Path(sys.executable).with_name("kubectl")
KUBERNETES_VERSION = "1.34"
CUSTOM = {
    "Kafka", "KafkaNodePool", "KafkaTopic", "KafkaUser", "PrometheusRule", "ScaledObject", "ServiceMonitor",
}  # fmt: skip
"""What operators define: valid YAML that kustomize takes, not validated against their schemas here."""


@cache
def rendered(overlay: str) -> tuple[Manifest, ...]:
    """Return what `kubectl kustomize` makes of an environment."""
    command = [str(KUBECTL), "kustomize", str(FOLDER / "overlays" / overlay)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def pods(manifests: Iterable[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Yield every pod's template with the name of what makes it."""
    for manifest in manifests:
        spec = manifest.get("spec", {})
        template = spec.get("template") or spec.get("jobTemplate", {}).get("spec", {}).get("template")
        if manifest["kind"] in {"Deployment", "StatefulSet", "Job", "CronJob"}:
            assert template is not None
            yield manifest["metadata"]["name"], template


def ours(manifests: Iterable[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Yield the container of every pod that runs Vitrine."""
    for name, pod in pods(manifests):
        for container in pod["spec"]["containers"]:
            if container["name"] == "vitrine":
                yield name, container


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_kubernetes_knows_is_valid(overlay: str) -> None:
    """Against its own schemas, strictly: a misspelt field is an error."""
    custom = set()
    for manifest in rendered(overlay):
        if manifest["kind"] in CUSTOM:
            custom.add(manifest["kind"])
        else:
            kubernetes_validate.validate(manifest, KUBERNETES_VERSION, strict=True)

    assert custom == CUSTOM


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_variable_is_a_setting(overlay: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And every value is one that it takes; what comes from secrets stands for itself."""
    manifests = rendered(overlay)
    maps = {one["metadata"]["name"]: one.get("data", {}) for one in manifests if one["kind"] == "ConfigMap"}
    common = next(data for name, data in maps.items() if name.startswith("vitrine-settings"))
    names = set()
    for name, container in ours(manifests):
        own = {one["name"]: one.get("value", "4") for one in container["env"]}
        check_settings(common | own, monkeypatch)
        assert "OMP_NUM_THREADS" in own
        names.add(name)

    assert {"vitrine-search", "vitrine-ingest", "vitrine-create", "vitrine-refetch", "vitrine-load"} <= names


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_command_is_one(overlay: str) -> None:
    """The words after `vitrine` are a command and its options."""
    for _name, container in ours(rendered(overlay)):
        check_command(container["args"])


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_probes_hit_routes_that_there_are(overlay: str) -> None:
    """On a port that the container has, at a path that its process answers; a job needs none."""
    routes = {"vitrine-search": api_routes(), "vitrine-ingest": worker_routes()}
    probed = set()
    for name, container in ours(rendered(overlay)):
        ports = {port["name"] for port in container.get("ports", ())}
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            if kind in container:
                asked = container[kind]["httpGet"]
                assert asked["path"] in routes[name]
                assert asked["port"] in ports
                probed.add((name, kind))

    assert len(probed) == 3 * len(routes)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_workers_are_added_by_a_metric_that_there_is(overlay: str) -> None:
    """Seconds of age, in the namespace that the workers are in; no more workers than partitions."""
    by_kind = {manifest["kind"]: manifest for manifest in rendered(overlay)}
    scaled = by_kind["ScaledObject"]
    (trigger,) = scaled["spec"]["triggers"]
    partitions = max(one["spec"]["partitions"] for one in rendered(overlay) if one["kind"] == "KafkaTopic")

    check_expression(trigger["metadata"]["query"])
    assert f'namespace="{scaled["metadata"]["namespace"]}"' in trigger["metadata"]["query"]
    assert scaled["spec"]["maxReplicaCount"] <= partitions


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pods_keep_to_the_restricted_level(overlay: str) -> None:
    """As the pod security standard has it, with a read-only root besides; and each says what it needs."""
    for _name, pod in pods(rendered(overlay)):
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert spec["automountServiceAccountToken"] is False
        assert not spec.keys() & {"hostNetwork", "hostPID", "hostIPC"}
        assert all("hostPath" not in volume for volume in spec.get("volumes", ()))
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["requests"].keys() >= {"cpu", "memory"}
            assert "memory" in container["resources"]["limits"]
            assert ":" in container["image"]
            assert not container["image"].endswith(":latest")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_brokers_keep_to_it_too(overlay: str) -> None:
    """The operator makes their pods: it is told what each container needs, for the namespace lets no other in."""
    (kafka,) = (manifest["spec"] for manifest in rendered(overlay) if manifest["kind"] == "Kafka")
    broker, entity = kafka["kafka"]["template"], kafka["entityOperator"]["template"]

    for part, container in ((broker, "kafka"), (broker, "init"), (entity, "topicOperator"), (entity, "userOperator")):
        assert part[f"{container}Container"]["securityContext"] == {
            "runAsNonRoot": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        }


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_secrets_are_named_and_not_told(overlay: str) -> None:
    """No manifest holds one, and no variable that is a secret has a value."""
    for manifest in rendered(overlay):
        assert manifest["kind"] != "Secret"
    for _name, pod in pods(rendered(overlay)):
        for container in pod["spec"]["containers"]:
            for variable in container.get("env", ()):
                if any(word in variable["name"] for word in ("PASSWORD", "API_KEY", "TOKEN")):
                    assert "secretKeyRef" in variable["valueFrom"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_selectors_find_pods(overlay: str) -> None:
    """Of services, budgets, policies and spreads: a selector that finds nothing protects nothing."""
    labels = [pod["metadata"]["labels"] for _name, pod in pods(rendered(overlay))]
    for manifest in rendered(overlay):
        spec = manifest.get("spec", {})
        selector = {
            "Service": lambda spec=spec: spec["selector"],
            "PodDisruptionBudget": lambda spec=spec: spec["selector"]["matchLabels"],
            "NetworkPolicy": lambda spec=spec: spec["podSelector"]["matchLabels"],
        }.get(manifest["kind"])
        if selector is not None:
            assert any(selector().items() <= one.items() for one in labels), manifest["metadata"]["name"]


INSIDE = ("10.0.0.1", "10.96.0.10", "172.17.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "127.0.0.1",
          "fd00::1", "fe80::1", "::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::")  # fmt: skip
OUTSIDE = ("93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07::1")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_pictures_are_fetched_from_outside_only(overlay: str) -> None:
    """The one policy with addresses lets nobody reach the cluster, the node or the cloud's metadata by them."""
    blocks = [
        (to["ipBlock"], policy["metadata"]["name"])
        for policy in rendered(overlay)
        if policy["kind"] == "NetworkPolicy"
        for rule in policy["spec"].get("egress", ())
        for to in rule.get("to", ())
        if "ipBlock" in to
    ]

    assert {name for _block, name in blocks} == {"vitrine-pictures"}
    assert not [one for one in INSIDE if any(reaches(block, one) for block, _name in blocks)]
    assert all(any(reaches(block, one) for block, _name in blocks) for one in OUTSIDE)


def reaches(block: Manifest, address: str) -> bool:
    """Whether a block lets an address through."""
    asked = ipaddress.ip_address(address)
    return asked in ipaddress.ip_network(block["cidr"]) and not any(
        asked in ipaddress.ip_network(one) for one in block["except"]
    )


def test_production_asks_for_keys_and_dev_says_that_it_does_not() -> None:
    """Nobody gets an open API by forgetting something."""
    production, dev = (dict(ours(rendered(overlay)))["vitrine-search"] for overlay in ("production", "dev"))

    assert "--insecure" not in production["args"]
    assert "VITRINE_API__KEYS_FILE" in {one["name"] for one in production["env"]}
    assert "--insecure" in dev["args"]


def test_the_two_common_parts_are_one() -> None:
    """A CronJob's pods are set up as all others."""
    of_pods = yaml.safe_load((FOLDER / "base" / "pod.yaml").read_text(encoding="utf-8"))
    of_cronjobs = yaml.safe_load((FOLDER / "base" / "pod-of-cronjob.yaml").read_text(encoding="utf-8"))

    assert of_cronjobs["spec"]["jobTemplate"]["spec"] == of_pods["spec"]


def test_other_programs_settings_are_few() -> None:
    """What is let through by name is named for a reason."""
    assert len(OTHERS) <= 3
