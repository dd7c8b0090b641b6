"""What becomes of pictures: when they are due again, and what is asked of their host when they are asked for anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from catalog.points import PictureStatus
from catalog.product import iso
from encoders.pictures.answers import Failure, NotFetched
from ingest.pictures import missed

NOW = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)
FOR_NOW = NotFetched(Failure.FOR_NOW, "its host is away")


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(None, 5), (1, 10), (2, 20), (8, 1280), (9, 1440), (2_000_000_000, 1440)]
)
def test_the_wait_doubles_up_to_a_day(attempts: int | None, minutes: int) -> None:
    """Counted by attempts in a row, whatever else happened to the product meanwhile."""
    held = None if attempts is None else PictureStatus("failed", attempts=attempts)

    status = missed(FOR_NOW, held, NOW)

    assert status.due_at == iso(NOW + timedelta(minutes=minutes))
    assert (status.status, status.error, status.attempts) == ("failed", "its host is away", (attempts or 0) + 1)


@pytest.mark.parametrize(("said_seconds", "seconds"), [(0, 60), (59, 60), (7_200, 7_200)])
def test_the_host_says_when(said_seconds: int, seconds: int) -> None:
    """But never at once: a pass over what is due must come to an end."""
    answer = NotFetched(Failure.FOR_NOW, "busy", NOW + timedelta(seconds=said_seconds, microseconds=7))

    assert missed(answer, None, NOW).due_at == iso(NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("failure", [Failure.REFUSED, Failure.GONE])
def test_what_is_refused_or_gone_is_not_due(failure: Failure) -> None:
    """Nobody asks again until the shop names other pictures."""
    status = missed(NotFetched(failure, "no"), PictureStatus("failed", attempts=3, due_at=iso(NOW)), NOW)

    assert status == PictureStatus(failure.value, error="no")
