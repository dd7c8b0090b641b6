"""Records of a file onto the topic, a few hundred at a time, each acknowledged before the next are read."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from ingest.message import Message
from ingest.source import DeadLetter

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Sequence

    from ingest.source import DeadLetterSink, Record

_CHUNK_RECORDS: Final = 1_000


def produce(
    records: Iterator[Record],
    deliver: Callable[[Sequence[Message]], list[Message]],
    *,
    refused: DeadLetterSink,
    delivered: Callable[[int], None],
    stopping: threading.Event,
) -> bool:
    """Send everything, keyed by product, and return whether it came to the end before `stopping` was set.

    A record that the topic does not take for its size is refused; `delivered` is told how many are done in all.
    """
    count = 0
    while not stopping.is_set():
        chunk = list(islice(records, _CHUNK_RECORDS))
        messages = [Message(record.key, record.value) for record in chunk]
        too_large = set(deliver(messages)) if messages else set()
        refused.send(
            [_too_large(record) for record, message in zip(chunk, messages, strict=True) if message in too_large]
        )
        count += len(messages)
        delivered(count)
        if len(chunk) < _CHUNK_RECORDS:
            return True
    return False


def _too_large(record: Record) -> DeadLetter:
    return DeadLetter(record, "too_large", "larger than the topic takes; see its max.message.bytes")
