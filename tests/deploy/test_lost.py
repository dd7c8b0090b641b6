"""An index that was lost is not made anew by a worker that would go on behind everything it held."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from qdrant_client import models
from structlog.testing import capture_logs

from catalog.collection import Declaration, ensure
from catalog.errors import CollectionMismatch
from catalog.points import point_id
from deploy.processes.logs import FolderLog, KafkaLog
from deploy.processes.lost import group_with_all, require_not_lost
from deploy.processes.parts import declare
from deploy.settings import load_settings
from encoders.fakes import fake_encoders
from tests.index import embedded_engine
from tests.logs import FileLog, messages, read
from tests.logs import KafkaLog as Topic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from catalog.embedded import EmbeddedClient
    from deploy.settings import Settings

pytestmark = pytest.mark.kafka
ENCODERS = fake_encoders()


@pytest.fixture
def engine() -> Iterator[EmbeddedClient]:
    """Open an engine that has nothing."""
    with embedded_engine() as engine:
        yield engine


@pytest.fixture
def settings(kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Return the settings of a worker whose group has read a record, and left one."""
    with closing(Topic(kafka_bootstrap, partitions=1)) as topic:
        topic.append(messages(2))
        with closing(topic.source(batch_records=1)) as source:
            source.commit(read(source, 1))
        monkeypatch.setenv("VITRINE_KAFKA__BOOTSTRAP_SERVERS", kafka_bootstrap)
        monkeypatch.setenv("VITRINE_KAFKA__TOPIC", topic.topic)
        monkeypatch.setenv("VITRINE_KAFKA__GROUP", topic.group)
        yield load_settings()


def asked(settings: Settings, engine: EmbeddedClient) -> list[str]:
    """Ask as a worker does at its start, and return what it warned of."""
    with capture_logs() as lines:
        require_not_lost(settings, engine, ENCODERS, KafkaLog(settings))
    return [line["event"] for line in lines]


def test_a_lost_collection_is_not_made_anew(settings: Settings, engine: EmbeddedClient) -> None:
    """Its server came back without its data, but the group stands behind what was in it."""
    with pytest.raises(CollectionMismatch, match="has already read the topic"):
        asked(settings, engine)

    assert engine.get_collections().collections == []


def test_a_new_group_may_begin_with_nothing(settings: Settings, engine: EmbeddedClient) -> None:
    """The worker makes the collection and reads the topic from its start."""
    kafka = settings.kafka.model_copy(update={"group": f"{settings.kafka.group}-2"})

    assert asked(settings.model_copy(update={"kafka": kafka}), engine) == []


def test_one_that_was_made_on_purpose_is_warned_of_while_it_is_empty(
    settings: Settings, engine: EmbeddedClient
) -> None:
    """Whoever made it may have forgotten where the group stands; with a product in it nothing is said."""
    name = ensure(engine, declare(settings, ENCODERS))
    (warning,) = asked(settings, engine)
    assert "what it has read is not in the index" in warning

    engine.upsert(name, points=models.Batch(ids=[point_id("a")], vectors={}, payloads=[{}]))
    assert asked(settings, engine) == []


def test_other_encoders_are_for_the_collection_to_refuse(settings: Settings, engine: EmbeddedClient) -> None:
    """The alias leads somewhere: nothing was lost, and what is wrong is said with the settings that would fit."""
    specs = fake_encoders().specs
    others = replace(specs, lexical=replace(specs.lexical, average_length=99.0))
    ensure(engine, Declaration(settings.collection, others))

    assert asked(settings, engine) == []


def test_an_index_that_a_process_has_alone_is_filled_anew(settings: Settings, engine: EmbeddedClient) -> None:
    """Its folder was deleted: a group of its own reads the topic from its start, and is kept; the old one stays."""
    log, name = KafkaLog(settings), ensure(engine, declare(settings, ENCODERS))
    with capture_logs() as lines:
        group = group_with_all(engine, name, log)

    assert [line["new_group"] for line in lines] == [group]
    assert group.startswith(f"{log.group}.")
    assert (log.lag(log.group), log.lag(group)) == (1, 2)
    assert group_with_all(engine, name, log) == group


def test_one_that_has_something_goes_on_with_its_group(settings: Settings, engine: EmbeddedClient) -> None:
    """And so does an empty one whose group has read nothing."""
    log, name = KafkaLog(settings), ensure(engine, declare(settings, ENCODERS))
    kafka = settings.kafka.model_copy(update={"group": f"{settings.kafka.group}-2"})
    new = KafkaLog(settings.model_copy(update={"kafka": kafka}))

    assert group_with_all(engine, name, new) == new.group
    engine.upsert(name, points=models.Batch(ids=[point_id("a")], vectors={}, payloads=[{}]))
    assert group_with_all(engine, name, log) == log.group


def test_the_log_in_a_folder_is_read_anew_likewise(engine: EmbeddedClient, tmp_path: Path) -> None:
    """Whoever deletes the index alone leaves a log that was read to its end."""
    written = FileLog(tmp_path)
    written.append(messages(2))
    with closing(written.open()) as source:
        source.commit(read(source, 2))
    written.close()
    settings = load_settings()
    log = FolderLog(settings, tmp_path, batch_records=64)

    group = group_with_all(engine, ensure(engine, declare(settings, ENCODERS)), log)

    assert (log.lag(log.group), log.lag(group)) == (0, 2)
