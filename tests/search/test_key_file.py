"""The file of API keys while the process runs: who is added may come in, who is gone may not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from catalog.errors import Misconfigured
from search.locks.key_file import LOOK_SECONDS, MAX_BYTES, KeyFile
from search.metrics import SearchMetrics
from tests.builders import NOW
from tests.search.keyed import entry, write_keys

if TYPE_CHECKING:
    from pathlib import Path


class Clock:
    """A clock that is set by hand, in seconds."""

    now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def wait(self) -> None:
        """Let the time pass after which the file is looked at again."""
        self.now += LOOK_SECONDS


class Opened:
    """A file of keys that is being read, with its clock and its metrics."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = Clock()
        self.metrics = SearchMetrics()
        self.file = KeyFile(path, (), self.metrics, self.clock)

    def lets_in(self, key: str) -> bool:
        """Say whether a key is valid after the next look."""
        self.clock.wait()
        return self.file.current().find(key.encode(), NOW) is not None

    def is_broken(self) -> bool:
        """Say whether the metrics have the file as broken."""
        return b"vitrine_search_keys_file_broken 1.0" in self.metrics.exposition()


def test_keys_are_rotated_without_a_restart(tmp_path: Path) -> None:
    """Old, both, new: nobody is shut out in between, and the old key ends with the file."""
    opened = Opened(write_keys(tmp_path / "keys.yaml", entry("old")))
    assert opened.lets_in("old")
    assert not opened.lets_in("new")

    write_keys(opened.path, entry("old"), entry("new"))
    assert opened.lets_in("old")
    assert opened.lets_in("new")

    write_keys(opened.path, entry("new"))
    assert not opened.lets_in("old")
    assert opened.lets_in("new")


def test_the_file_is_looked_at_once_a_second_at_most(tmp_path: Path) -> None:
    """However many requests there are."""
    opened = Opened(write_keys(tmp_path / "keys.yaml", entry("old")))
    write_keys(opened.path, entry("new"))

    opened.clock.now += LOOK_SECONDS / 2
    assert opened.file.current().find(b"old", NOW)
    opened.clock.now += LOOK_SECONDS / 2
    assert opened.file.current().find(b"new", NOW)


def test_a_change_that_the_clock_of_the_disk_does_not_show_is_seen(tmp_path: Path) -> None:
    """Same size, same time of change: a key revoked within a tick of the clock is revoked."""
    opened = Opened(write_keys(tmp_path / "keys.yaml", entry("old")))
    times = opened.path.stat()
    write_keys(opened.path, entry("new"))
    os.utime(opened.path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert opened.path.stat().st_size == times.st_size

    assert not opened.lets_in("old")


def test_a_link_that_leads_elsewhere_is_followed(tmp_path: Path) -> None:
    """As Kubernetes changes what it mounts."""
    for name in ("old", "new"):
        write_keys(tmp_path / f"{name}.yaml", entry(name))
    link = tmp_path / "keys.yaml"
    link.symlink_to(tmp_path / "old.yaml")
    opened = Opened(link)
    other = tmp_path / "link"
    other.symlink_to(tmp_path / "new.yaml")

    other.replace(link)

    assert opened.lets_in("new")
    assert not opened.lets_in("old")


@pytest.mark.parametrize("broken", [b"", b"keys:\n  - name: half", b"\xff\xfe", b"x" * (MAX_BYTES + 1)])
def test_a_broken_file_leaves_the_keys_as_they_were(tmp_path: Path, broken: bytes) -> None:
    """It is said once, and in the metrics until it is mended."""
    opened = Opened(write_keys(tmp_path / "keys.yaml", entry("old")))
    assert not opened.is_broken()

    with capture_logs() as logs:
        opened.path.write_bytes(broken)
        assert opened.lets_in("old")
        assert opened.lets_in("old")
    assert [log["event"] for log in logs] == ["keys.broken"]
    assert opened.is_broken()

    write_keys(opened.path, entry("new"))
    assert opened.lets_in("new")
    assert not opened.lets_in("old")
    assert not opened.is_broken()


def test_a_file_that_goes_away_leaves_the_keys_as_they_were(tmp_path: Path) -> None:
    """And comes back as it was, or with others."""
    opened = Opened(write_keys(tmp_path / "keys.yaml", entry("old")))

    opened.path.unlink()
    assert opened.lets_in("old")
    assert opened.is_broken()

    write_keys(opened.path, entry("old"))
    assert opened.lets_in("old")
    assert not opened.is_broken()


def test_a_broken_file_at_start_ends_it(tmp_path: Path) -> None:
    """With the file's name; the setting's, where there is none."""
    with pytest.raises(Misconfigured, match=r"VITRINE_API__KEYS_FILE.*No such file"):
        Opened(tmp_path / "none.yaml")
    (tmp_path / "keys.yaml").write_text("keys: 1")
    with pytest.raises(Misconfigured, match=r"keys\.yaml: keys: Input should be a valid list"):
        Opened(tmp_path / "keys.yaml")
