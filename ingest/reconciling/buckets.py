"""The rows of a snapshot on disk, in buckets by product: so all rows of one come together in little memory."""

from __future__ import annotations

from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Final, Self
from zlib import crc32

from ingest.decode import decode
from ingest.loading.intake import PARTITION, Claim
from ingest.source import Record

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from ingest.loading.intake import Intake

BUCKET_BYTES: Final = 8 * 2**20
MAX_BUCKETS: Final = 128
"""Each is an open file; beyond a gigabyte of snapshot the buckets grow instead."""


def bucket_count(file_bytes: int, *, packed: bool) -> int:
    """Return how many buckets a file of this size is sorted into; a packed one is about ten times its size."""
    return min(MAX_BUCKETS, 1 + file_bytes * (10 if packed else 1) // BUCKET_BYTES)


class Buckets:
    """Rows in files below `folder`, which belongs to whoever made it; used as a context."""

    def __init__(self, folder: Path, count: int) -> None:
        self._stack = ExitStack()
        self._files: list[IO[bytes]] = [
            self._stack.enter_context((folder / f"bucket-{number}").open("w+b")) for number in range(count)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def __len__(self) -> int:
        return len(self._files)

    def add(self, claim: Claim) -> None:
        """Keep a row with the others of its product; raises `OSError` where the disk is full."""
        record = claim.record
        file = self._files[crc32(record.key or b"") % len(self._files)]
        file.write(b"%d %d %s\n" % (record.offset, claim.versioned, record.value or b""))

    def products(self, number: int, intake: Intake) -> dict[str, list[Claim]]:
        """Return the rows of one bucket by product, in the order of the file; `intake` is what they were read with."""
        file = self._files[number]
        file.seek(0)
        found: dict[str, list[Claim]] = {}
        for line in file:
            claim = _claim(line, intake)
            found.setdefault(claim.event.product_id, []).append(claim)
        return found


def _claim(line: bytes, intake: Intake) -> Claim:
    offset, versioned, value = line.rstrip(b"\n").split(b" ", 2)
    record = Record(intake.name, PARTITION, int(offset), intake.loaded_at_ms, None, value)
    (event,) = decode([record], intake.tables).events
    keyed = Record(intake.name, PARTITION, int(offset), intake.loaded_at_ms, event.product_id.encode(), value)
    return Claim(keyed, event, versioned == b"1")
