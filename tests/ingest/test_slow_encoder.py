"""An encoder that takes longer than Kafka's poll interval costs neither the membership nor a second encoding."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from encoders.fakes import HashingTextEncoder
from ingest.message import Message
from tests.builders import as_bytes, bare, upserted
from tests.logs import KafkaLog
from tests.pipeline import ListLetters, consumer_of, new_encoding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from encoders.interface import FloatArray
    from ingest.kafka import KafkaSource
    from tests.index import Index

POLL_INTERVAL_SECONDS = 1.0
ENCODING_SECONDS = 1.6
COUNT = 6


class SleepyEncoder(HashingTextEncoder):
    """A model on a slow machine."""

    def encode_documents(self, texts: Sequence[str]) -> FloatArray:
        """Take longer than a member of the group may stay away."""
        time.sleep(ENCODING_SECONDS)  # the work itself: nothing to wait for
        return super().encode_documents(texts)


def member(source: KafkaSource) -> tuple[str, int]:
    """Return who the group takes this source for: member id and generation."""
    seen = source._reader.call("ask who we are", lambda consumer: consumer.group_metadata(), timeout_seconds=5)
    return seen.member_id, seen.generation_id


def test_the_membership_outlasts_a_sleeping_encoder(kafka_bootstrap: str, index: Index) -> None:
    """Batch after batch: encoding runs beside polling, so the group never puts the worker out."""
    log = KafkaLog(kafka_bootstrap, partitions=1)
    ids = [f"p{number}" for number in range(COUNT)]
    log.append([Message(one.encode(), as_bytes(upserted(bare(one, title=f"Thing {one}")))) for one in ids])
    source = log.source(
        batch_records=COUNT // 2, session_timeout_seconds=6, max_poll_interval_seconds=POLL_INTERVAL_SECONDS
    )
    encoder = SleepyEncoder()
    with new_encoding(text=encoder) as parts:
        consumer = consumer_of(parts, index.store, source, ListLetters())
        done, members = 0, set()
        while done < COUNT:
            done += consumer.turn()
            if done:
                members.add(member(source))

    assert len(members) == 1
    assert (done, encoder.encoded) == (COUNT, COUNT)
    assert not any(source.lag().values())
    assert all(index.store.read([one])[one].state.visible for one in ids)
    log.close()
