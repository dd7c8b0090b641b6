"""What a file has to stand that a broker does not: torn lines, killed writers, several of them, meddling."""

from __future__ import annotations

import errno
import io
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from catalog.errors import BrokerUnavailable, Misconfigured
from ingest.eventlog import COMMIT_FILE, EVENTS_FILE, EventLog, EventLogSource
from ingest.eventlog_dead_letters import DEAD_LETTERS_FILE, EventLogDeadLetters, read_dead_letters
from ingest.source import DeadLetter, Record

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITER = """
import sys
from pathlib import Path
from ingest.eventlog import EventLog
log = EventLog(Path(sys.argv[1]))
for number in range(100_000):
    log.append([(b"k", b"%d" % number * 2_000)])
    print(number, flush=True)
"""


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    """Return an open, empty log in `tmp_path`."""
    made = EventLog(tmp_path)
    yield made
    made.close()


def pairs(*numbers: int) -> list[tuple[bytes | None, bytes | None]]:
    """Return one pair a number."""
    return [(b"k", b"%d" % number) for number in numbers]


def read_all(folder: Path) -> list[int]:
    """Return the numbers of all records from the last commit on."""
    source = EventLogSource(folder, batch_records=100_000)
    batch = source.poll()
    source.close()
    return [int(record.value or b"") for record in batch]


def test_half_a_line_is_not_read(log: EventLog, tmp_path: Path) -> None:
    """What a writer has not finished does not exist yet for a reader."""
    log.append(pairs(1, 2))
    with (tmp_path / EVENTS_FILE).open("ab") as file:
        file.write(b'0badc0de {"offset":2,"key":"k","val')

    assert read_all(tmp_path) == [1, 2]


def test_half_a_line_is_cut_by_the_next_writer(log: EventLog, tmp_path: Path) -> None:
    """A log that lost its writer in the middle of a line is mended by opening it."""
    log.append(pairs(1, 2))
    whole_bytes = (tmp_path / EVENTS_FILE).stat().st_size
    with (tmp_path / EVENTS_FILE).open("ab") as file:
        file.write(b'0badc0de {"offset":2,"key":"k","val')

    EventLog(tmp_path).close()

    assert (tmp_path / EVENTS_FILE).stat().st_size == whole_bytes


def test_an_open_writer_notices_half_a_line_of_another(log: EventLog, tmp_path: Path) -> None:
    """A second writer that died does not spoil the first one's next line."""
    log.append(pairs(1))
    with (tmp_path / EVENTS_FILE).open("ab") as file:
        file.write(b"0badc0de {")

    log.append(pairs(2))

    assert read_all(tmp_path) == [1, 2]


@pytest.mark.parametrize("garbage", [b"\0" * 5_000, b"garbage\n", b"a\nb\n\n", b"\n", b"x" * 3_000_000])
def test_garbage_at_the_end_is_cut(log: EventLog, tmp_path: Path, garbage: bytes) -> None:
    """A power cut may leave anything behind the last line that was waited for."""
    log.append(pairs(1, 2))
    with (tmp_path / EVENTS_FILE).open("ab") as file:
        file.write(garbage)

    log.append(pairs(3))

    assert read_all(tmp_path) == [1, 2, 3]


def test_a_killed_writer_loses_nothing_that_it_was_promised(tmp_path: Path) -> None:
    """Whatever `append` returned for is there after kill -9, in order, and writing goes on behind it."""
    root = Path(__file__).parent.parent.parent
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, cwd=root) as writer:
        assert writer.stdout is not None
        promised = [int(writer.stdout.readline()) for _ in range(20)]
        writer.kill()
    log = EventLog(tmp_path)
    log.append([(b"k", b"end")])
    log.close()

    source = EventLogSource(tmp_path, batch_records=100_000)
    batch = source.poll()
    source.close()

    assert [record.offset for record in batch] == list(range(len(batch)))
    assert [record.value for record in batch[: len(promised)]] == [b"%d" % number * 2_000 for number in promised]
    assert batch[-1].value == b"end"


def test_two_writers_take_turns(log: EventLog, tmp_path: Path) -> None:
    """Offsets stay dense and nothing is lost when several append at once."""
    other = EventLog(tmp_path)

    def write(one: EventLog, numbers: range) -> None:
        for number in numbers:
            one.append(pairs(number))

    threads = [
        threading.Thread(target=write, args=(one, range(start, start + 25)))
        for one, start in ((log, 0), (log, 100), (other, 200), (other, 300))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()

    source = EventLogSource(tmp_path)
    records = source.poll()
    source.close()
    assert [record.offset for record in records] == list(range(100))
    numbers = [int(record.value or b"") for record in records]
    assert sorted(numbers) == [start + number for start in (0, 100, 200, 300) for number in range(25)]
    assert [number for number in numbers if number >= 300] == list(range(300, 325))


def test_a_line_longer_than_a_block_is_read(log: EventLog, tmp_path: Path) -> None:
    """A record of several megabytes is one record, and is found from the end as well."""
    log.append([(b"k", b"1" * 3_000_000), (b"k", b"2")])
    log.append([(b"k", b"3" * 3_000_000)])
    source = EventLogSource(tmp_path)

    records = source.poll()

    assert [len(record.value or b"") for record in records] == [3_000_000, 1, 3_000_000]
    assert sum(source.lag().values()) == 3
    source.close()


def test_damage_in_the_middle_is_told(log: EventLog, tmp_path: Path) -> None:
    """A log whose inside was changed is not read past the place: somebody has to decide."""
    log.append(pairs(1, 2, 3))
    path = tmp_path / EVENTS_FILE
    path.write_bytes(path.read_bytes().replace(b'"value":"2"', b'"value":"9"'))
    source = EventLogSource(tmp_path, batch_records=1)
    source.poll()

    with pytest.raises(Misconfigured, match="damaged at byte"):
        source.poll()

    source.close()


@pytest.mark.parametrize("commit", [b"", b"{", b"[]", b'{"offset": 2}', b'{"offset": 2, "position_bytes": 7}'])
def test_a_commit_that_does_not_fit_is_not_trusted(log: EventLog, tmp_path: Path, commit: bytes) -> None:
    """Reading everything again is safe; skipping is not."""
    log.append(pairs(1, 2, 3))
    (tmp_path / COMMIT_FILE).write_bytes(commit)

    assert read_all(tmp_path) == [1, 2, 3]


def test_a_commit_of_a_replaced_log_is_not_trusted(log: EventLog, tmp_path: Path) -> None:
    """A fresh log under an old commit file is read from its start."""
    log.append(pairs(1, 2, 3))
    source = EventLogSource(tmp_path)
    source.commit(source.poll())
    source.close()
    (tmp_path / EVENTS_FILE).unlink()
    fresh = EventLog(tmp_path)
    fresh.append(pairs(7))
    fresh.close()

    assert read_all(tmp_path) == [7]


def test_a_commit_is_one_small_file_that_is_replaced_whole(log: EventLog, tmp_path: Path) -> None:
    """Nothing but the commit file is left behind, and it says where to go on."""
    log.append(pairs(1, 2, 3))
    source = EventLogSource(tmp_path, batch_records=2)
    source.commit(source.poll())
    source.close()

    assert {path.name for path in tmp_path.iterdir()} == {EVENTS_FILE, COMMIT_FILE}
    assert json.loads((tmp_path / COMMIT_FILE).read_bytes())["offset"] == 2
    assert read_all(tmp_path) == [3]


def test_a_reader_may_come_before_the_writer(tmp_path: Path) -> None:
    """The two ends of a log start in any order, in folders that do not exist yet."""
    folder = tmp_path / "not" / "yet"
    source = EventLogSource(folder)
    log = EventLog(folder)

    log.append(pairs(1))

    assert [record.value for record in source.poll()] == [b"1"]
    source.close()
    log.close()


def test_a_log_that_cannot_be_opened_is_a_mistake_of_the_setting(tmp_path: Path) -> None:
    """A file where the folder should be is said, not retried."""
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(Misconfigured, match="cannot open"):
        EventLog(tmp_path / "file")


class _FullDisk(io.FileIO):
    """A file that takes ten bytes and no more."""

    has_room = True

    def write(self, data: Any) -> int:  # noqa: ANN401 - as its parent takes it
        if not self.has_room:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.has_room = False
        return super().write(bytes(data)[:10])


def test_a_full_disk_is_an_outage(log: EventLog, tmp_path: Path) -> None:
    """What the disk does not take is told as an outage, and half of it is not left there."""
    log.append(pairs(1))
    whole_bytes = (tmp_path / EVENTS_FILE).stat().st_size
    log._file.close()
    log._file = _FullDisk(tmp_path / EVENTS_FILE, "a+")

    with pytest.raises(BrokerUnavailable, match="No space left"):
        log.append(pairs(2))

    assert (tmp_path / EVENTS_FILE).stat().st_size == whole_bytes
    other = EventLog(tmp_path)
    other.append(pairs(3))
    other.close()
    assert read_all(tmp_path) == [1, 3]


def test_dead_letters_can_be_read_by_people(tmp_path: Path) -> None:
    """Each line is JSON with text as text; half a line of a killed writer is cut."""
    record = Record("catalogue", 0, 5, 1_700_000_000_000, "schlüssel".encode(), b"\xff", (("h", b"w"),))
    first = EventLogDeadLetters(tmp_path)
    first.send([DeadLetter(record, "not-json", "line 1: größer")])
    first.close()
    with (tmp_path / DEAD_LETTERS_FILE).open("ab") as file:
        file.write(b'{"timestamp_ms": 17')

    second = EventLogDeadLetters(tmp_path)
    second.send([DeadLetter(record, "no-version", "say when")])
    second.close()

    lines = [json.loads(line) for line in (tmp_path / DEAD_LETTERS_FILE).read_bytes().splitlines()]
    assert lines[0]["key"] == "schlüssel"
    assert lines[0]["value"] == {"base64": "/w=="}
    assert lines[0]["headers"][:3] == [["h", "w"], ["vitrine-reason", "not-json"], ["vitrine-error", "line 1: größer"]]
    assert [dict(letter.headers)["vitrine-reason"] for letter in read_dead_letters(tmp_path)] == [
        b"not-json",
        b"no-version",
    ]


def test_no_dead_letters_is_an_empty_list(tmp_path: Path) -> None:
    """A folder without the file has none."""
    assert list(read_dead_letters(tmp_path)) == []
