"""A topic that turns bad stops the worker; a few bad records do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ingest.dead_letter_limit import DeadLetterLimit, TooManyDeadLetters
from tests.builders import bare, records, upserted
from tests.pipeline import ListLetters, ListSource, Parts, consumer_of

if TYPE_CHECKING:
    from tests.index import Index


def test_a_share_of_the_last_thousand_is_let_through() -> None:
    """Up to it, in whatever batches they come; one more is too many."""
    limit = DeadLetterLimit(0.1)
    for _ in range(10):
        limit.admit(100, 10)

    with pytest.raises(TooManyDeadLetters, match=r"101 of the last 1001 .* 10%"):
        limit.admit(1, 1)


def test_a_quiet_topic_may_be_all_bad_for_a_while() -> None:
    """The first hundred records count as though nine hundred good ones had gone before."""
    limit = DeadLetterLimit(0.1)
    for _ in range(100):
        limit.admit(1, 1)

    with pytest.raises(TooManyDeadLetters):
        limit.admit(1, 1)


def test_old_letters_are_forgotten() -> None:
    """Only the last thousand records count."""
    limit = DeadLetterLimit(0.1)
    limit.admit(500, 100)
    for _ in range(10):
        limit.admit(100, 0)

    limit.admit(100, 100)


@pytest.mark.parametrize(("share", "letters", "stops"), [(0.0, 0, False), (0.0, 1, True), (1.0, 5_000, False)])
def test_the_ends_of_the_share(share: float, letters: int, *, stops: bool) -> None:
    """None at all, and as many as there are."""
    limit = DeadLetterLimit(share)
    for _ in range(4):
        limit.admit(1_000, 0)

    if stops:
        with pytest.raises(TooManyDeadLetters):
            limit.admit(1_000, letters)
    else:
        limit.admit(5_000, letters)


def test_a_bad_deploy_does_not_drain_the_topic(index: Index, parts: Parts) -> None:
    """Of a batch beyond the limit no letter is sent and nothing committed; the good records of it are applied."""
    bad = records(upserted(bare("good")), *[b"{"] * 150)
    source, letters = ListSource([bad]), ListLetters()

    with pytest.raises(TooManyDeadLetters, match="VITRINE_INGEST__DEAD_LETTER_SHARE"):
        consumer_of(parts, index.store, source, letters).run()

    assert (letters.letters, source.committed) == ([], [])
    assert index.product("good") == {"title": "Thing"}
