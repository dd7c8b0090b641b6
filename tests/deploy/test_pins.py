"""The pinned set: whole, single-minded, and what these tests really run on."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from importlib.metadata import requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
OURSELVES = "vitrine"


def pins() -> dict[str, str]:
    """Return the pinned versions by name."""
    lines = (ROOT / "constraints.txt").read_text().split()
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[^=]+", line)] == []
    assert [name for name, count in Counter(line.split("==")[0] for line in lines).items() if count > 1] == []
    return dict(line.split("==") for line in lines)


def needed() -> dict[str, set[str]]:
    """Return what our own requirements need on this machine, each with the extras asked for, and theirs, and so on."""
    found: dict[str, set[str]] = {OURSELVES: set()}
    pending = [Requirement(f"{OURSELVES}[test]")]
    seen: set[tuple[str, frozenset[str]]] = set()
    while pending:
        one = pending.pop()
        name = canonicalize_name(one.name)
        if (name, frozenset(one.extras)) in seen:
            continue
        seen.add((name, frozenset(one.extras)))
        found.setdefault(name, set()).update(one.extras)
        for line in _requires(name):
            more = Requirement(line)
            extras = one.extras or {""}
            if more.marker is None or any(more.marker.evaluate({"extra": extra}) for extra in extras):
                pending.append(more)
    return found


def _requires(name: str) -> list[str]:
    """Return what a package needs; ours as it stands here, and not as it stood when it was installed."""
    if name != OURSELVES:
        return requires(name) or []
    said = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    more = [f"{line} ; extra == '{extra}'" for extra, lines in said["optional-dependencies"].items() for line in lines]
    return [*said["dependencies"], *more]


def test_all_that_is_needed_is_pinned() -> None:
    """A version that nobody chose may come with any install."""
    assert sorted(needed().keys() - pins().keys() - {OURSELVES}) == []


def test_what_is_pinned_is_what_runs() -> None:
    """Or these tests would say nothing of it."""
    installed = {name: version(name) for name in needed() if name != OURSELVES}

    assert {name: found for name, found in installed.items() if pins()[name] != found} == {}
