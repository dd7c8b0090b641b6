"""What watches Vitrine asks only for what it exports, and whoever is woken finds what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.reference import DOCS
from tests.deploy.declared import check_expression

FOLDER = Path(__file__).parents[2] / "deploy" / "observability"
KUBERNETES = FOLDER.parent / "kubernetes"
GROUPS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
RULES = {rule["alert"]: rule for group in GROUPS for rule in group["rules"]}
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "vitrine.json").read_text(encoding="utf-8"))
PANELS = {panel["title"]: panel for panel in DASHBOARD["panels"] if panel["type"] != "row"}


@pytest.mark.parametrize("name", RULES)
def test_a_rule_asks_for_what_is_exported(name: str) -> None:
    """Its series are exported, with the labels that it selects and groups by."""
    check_expression(RULES[name]["expr"])


@pytest.mark.parametrize("title", PANELS)
def test_a_panel_asks_for_what_is_exported(title: str) -> None:
    """Likewise; and what it draws is named by labels that are there."""
    for target in PANELS[title]["targets"]:
        check_expression(target["expr"])
        for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
            assert re.search(rf"\b{label}\b", target["expr"]) or label == "instance"


@pytest.mark.parametrize("name", RULES)
def test_a_rule_says_what_to_do(name: str) -> None:
    """How bad it is, what it is, and a line of the runbook."""
    rule = RULES[name]

    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert rule["annotations"]["summary"]
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (DOCS.parent / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}


def test_every_rule_is_tried_silent_and_sounding() -> None:
    """`promtool test rules` (make check-deploy) tries each where all is well and where it is not."""
    tried = yaml.safe_load((FOLDER / "alerts_test.yml").read_text(encoding="utf-8"))["tests"]
    silent = {one["alertname"] for test in tried for one in test["alert_rule_test"] if not one["exp_alerts"]}
    sounding = {one["alertname"] for test in tried for one in test["alert_rule_test"] if one["exp_alerts"]}

    assert silent == sounding == set(RULES)


def test_the_operator_gets_the_same_rules() -> None:
    """Prometheus by itself and the Prometheus operator wake for the same."""
    manifest = yaml.safe_load((KUBERNETES / "base" / "alerts.yaml").read_text(encoding="utf-8"))

    assert manifest["spec"]["groups"] == GROUPS


def test_panels_neither_overlap_nor_share_an_id() -> None:
    """A dashboard that was put together by hand and by merge is still one that can be read."""
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + right, place["y"] + down) for right in range(place["w"]) for down in range(place["h"])}
        assert not cells & taken
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
