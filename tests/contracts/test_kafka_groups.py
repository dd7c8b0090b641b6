"""A second group's place on a real topic: it begins where the first one has committed, once and for all."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from catalog.errors import BrokerUnavailable
from ingest.kafka import KafkaSource
from ingest.kafka_groups import has_read, lag, note_place
from tests.logs import KafkaLog, messages, read, values

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.kafka


@pytest.fixture
def log(kafka_bootstrap: str) -> Iterator[KafkaLog]:
    """Return a fresh topic of four partitions, and a group."""
    made = KafkaLog(kafka_bootstrap, partitions=4)
    yield made
    made.close()


def test_a_group_begins_where_another_has_committed(log: KafkaLog) -> None:
    """What that one has done is in the states that are copied; only what follows is read again."""
    connection = log.connection
    log.append(messages(20))
    source = log.source()
    source.commit(read(source, 20))
    note_place(connection, topic=log.topic, of_group=log.group, for_group="next")
    log.append(messages(5))
    assert lag(connection, topic=log.topic, group="next") == 5

    note_place(connection, topic=log.topic, of_group=log.group, for_group="next")
    with closing(KafkaSource(connection, topic=log.topic, group="next")) as source:
        batch = read(source, 5)
        assert len(values(batch)) == 5
        source.commit(batch)
    assert lag(connection, topic=log.topic, group="next") == 0
    assert lag(connection, topic=log.topic, group=log.group) == 5


def test_a_group_that_has_done_nothing_is_followed_from_the_start(log: KafkaLog) -> None:
    """A partition in which nothing is committed is read from its beginning, as by any new group."""
    connection = log.connection
    log.append(messages(8))
    note_place(connection, topic=log.topic, of_group="nobody", for_group="next")

    assert lag(connection, topic=log.topic, group="next") == 8
    with pytest.raises(BrokerUnavailable, match="there is no topic"):
        note_place(connection, topic="nowhere", of_group="nobody", for_group="next")


def test_a_group_has_read_once_it_has_committed(log: KafkaLog) -> None:
    """Not where it is unknown, nor where its topic is; nor by having polled."""
    connection = log.connection
    log.append(messages(3))
    source = log.source()
    batch = read(source, 3)
    assert not has_read(connection, topic=log.topic, group=log.group)
    assert not has_read(connection, topic="nowhere", group=log.group)

    source.commit(batch)

    assert has_read(connection, topic=log.topic, group=log.group)
