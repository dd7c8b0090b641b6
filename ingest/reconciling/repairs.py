"""The events that would bring the index in step: on disk until the comparison is done, then sent like any others."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import pydantic_core

from ingest.loading.intake import PARTITION
from ingest.source import Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ingest.loading.intake import Claim


class Repairs:
    """Events in a file below `folder`, which belongs to whoever made it."""

    def __init__(self, folder: Path) -> None:
        self._file: IO[bytes] = (folder / "repairs").open("w+b")
        self.count = 0

    def add(self, claim: Claim) -> None:
        """Keep a row of the snapshot to be sent as it is."""
        self._write(claim.event.product_id, claim.record.value or b"")

    def delete(self, product_id: str, version: int) -> None:
        """Keep a deletion as of `version`, the newest that the index has seen: whatever is newer stands against it."""
        event = {"type": "product.deleted", "version": version, "product_id": product_id}
        self._write(product_id, pydantic_core.to_json(event))

    def records(self, name: str, timestamp_ms: int) -> Iterator[Record]:
        """Yield the events as records keyed by product, numbered from 0."""
        self._file.seek(0)
        for number, line in enumerate(self._file):
            key, value = line.rstrip(b"\n").split(b"\t", 1)
            product_id: str = pydantic_core.from_json(key)
            yield Record(name, PARTITION, number, timestamp_ms, product_id.encode(), value)

    def close(self) -> None:
        """Free the file."""
        self._file.close()

    def _write(self, product_id: str, value: bytes) -> None:
        self._file.write(b"%s\t%s\n" % (pydantic_core.to_json(product_id), value))  # JSON has no bare tab
        self.count += 1
