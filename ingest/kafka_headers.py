"""Records whose header names are no UTF-8: Kafka takes them, and the client would stop before one for ever.

The bytes that are no text become `?` in the name; the record is read like any other. The name of a header that is
damaged so is none that we look at, and the record's key, value and other headers are as they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from kafka.consumer.fetcher import Fetcher
from kafka.record.default_records import DefaultRecordBatch
from kafka.record.util import decode_varint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kafka import KafkaConsumer

log = structlog.get_logger(__name__)

_ASCII_END = 0x80
_BEFORE_KEY = 4  # length, attributes, time, offset


def read_any_header(consumer: KafkaConsumer) -> None:
    """Let a consumer read records with such headers; call it before the first poll."""
    consumer._fetcher.PartitionRecords = _TolerantRecords  # noqa: SLF001 - the client offers no way to it


class _TolerantBatch(DefaultRecordBatch):  # type: ignore[misc]
    """A batch that mends a header's name where it cannot be read."""

    __slots__ = ()

    def _read_msg(self, *arguments: Any) -> Any:  # noqa: ANN401 - as the client declares it
        try:
            return super()._read_msg(*arguments)
        except UnicodeDecodeError:
            self._mend()
            return super()._read_msg(*arguments)

    def _mend(self) -> None:
        """Overwrite what is no UTF-8 in the header names of the record that is next."""
        place = self._pos
        for _ in range(_BEFORE_KEY):
            _, place = decode_varint(self._buffer, place)
        for _ in ("key", "value"):
            place = self._behind(place)
        count, place = decode_varint(self._buffer, place)
        for _ in range(count):
            length, start = decode_varint(self._buffer, place)
            self._mend_name(start, start + length)
            place = self._behind(start + length)

    def _mend_name(self, start: int, end: int) -> None:
        name = self._buffer[start:end]
        try:
            name.decode()
        except UnicodeDecodeError:
            log.warning("kafka.header_name_mended", name=repr(bytes(name)))
            self._buffer[start:end] = bytes(byte if byte < _ASCII_END else ord("?") for byte in name)

    def _behind(self, place: int) -> int:
        length, start = decode_varint(self._buffer, place)
        return int(start + max(0, length))


class _Batches:
    """The batches of a fetch, those of today's format tolerant."""

    def __init__(self, records: Any) -> None:  # noqa: ANN401 - the client's `MemoryRecords`; untyped
        self._records = records

    def next_batch(self) -> Any:  # noqa: ANN401 - as above
        batch = self._records.next_batch()
        return _TolerantBatch(batch._buffer) if isinstance(batch, DefaultRecordBatch) else batch  # noqa: SLF001


class _TolerantRecords(Fetcher.PartitionRecords):  # type: ignore[misc]
    """The records of a partition, read by way of tolerant batches."""

    def _unpack_records(self, place: Any, records: Any, *deserializers: Any) -> Iterator[Any]:  # noqa: ANN401 - as above
        yield from super()._unpack_records(place, _Batches(records), *deserializers)
