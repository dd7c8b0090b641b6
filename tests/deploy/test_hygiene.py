"""What a project of many owes to those who use it: workflows without holes, licences told, nothing unpinned."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deploy.notices import PAGE, direct

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yaml"))


def test_zizmor_finds_nothing() -> None:
    """The linter of workflows that looks for holes: injections, stray rights, kept credentials, moving actions."""
    linter = Path(sys.executable).with_name("zizmor")
    command = [str(linter), "--offline", "--no-progress", "--quiet", str(ROOT / ".github")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit(path: Path) -> None:
    """With the version beside it, for people and for dependabot."""
    used = re.findall(r"uses: (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)

    assert used
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one) for one in used)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_run_targets_that_there_are(path: Path) -> None:
    """CI does what a person does: a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    runs = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    targets = {target for run in runs for target in re.findall(r"\bmake ([\w-]+)", run)}

    assert {"check", "test", "check-deploy", "audit"} <= targets
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_every_dependency_has_its_licence_told() -> None:
    """`python -m deploy.notices` was run since the last one was added."""
    told = set(re.findall(r"^\| ([\w.-]+) \*", PAGE.read_text(encoding="utf-8"), re.MULTILINE))

    assert told == {re.sub(r"[-_.]+", "-", name).lower() for name in direct()}


def test_every_dependency_is_pinned() -> None:
    """One of each, so that what was tested is what is installed."""
    pinned = re.findall(r"^([\w.-]+)==\S+$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE)
    normal = [re.sub(r"[-_.]+", "-", name).lower() for name in pinned]

    assert len(normal) == len(set(normal))
    assert {re.sub(r"[-_.]+", "-", name).lower() for name in direct()} <= set(normal)
