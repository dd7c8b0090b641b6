"""Header names that are no UTF-8, as a producer in another language may write them, on a real broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from kafka import KafkaProducer

from tests.logs import KafkaLog, messages, read, values

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kafka


class RawName(str):
    """A header's name whose bytes are no text."""

    __slots__ = ()

    def encode(self, *_: object) -> bytes:
        """Return what goes onto the wire."""
        return super().encode("latin-1")


@pytest.fixture
def log(kafka_bootstrap: str) -> Iterator[KafkaLog]:
    """Return a fresh topic of one partition, and a group."""
    made = KafkaLog(kafka_bootstrap, partitions=1)
    yield made
    made.close()


@pytest.mark.parametrize("codec", [None, "gzip", "zstd"])
def test_a_header_name_that_is_no_text_stops_nobody(log: KafkaLog, codec: str | None) -> None:
    """Its record is read with the rest of it whole, and so are those around it in the same batch."""
    producer = KafkaProducer(bootstrap_servers=log.bootstrap, compression_type=codec, linger_ms=200)
    for message in messages(3):
        odd = [("version", b"1"), (RawName("caf\xe9 \xff"), b"caf\xe9"), (RawName("na\xefve"), None), ("trace", b"t")]
        headers = [pair for pair in odd if pair[1] is not None] if message.value == b"1" else []
        producer.send(log.topic, key=message.key, value=message.value, headers=headers)
    producer.close(timeout=5)
    source = log.source()

    records = read(source, 3)
    source.commit(records)

    assert values(records) == [0, 1, 2]
    assert records[1].headers == (("version", b"1"), ("caf? ?", b"caf\xe9"), ("trace", b"t"))
    assert (records[0].headers, records[2].headers, sum(source.lag().values())) == ((), (), 0)
