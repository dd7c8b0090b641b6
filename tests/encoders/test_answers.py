"""What HTTP statuses and `Retry-After` come to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from encoders.pictures.answers import Failure, NotFetched, due_at, not_fetched, refusal

NOW = datetime(2026, 5, 1, 10, tzinfo=UTC)
LATER = NOW + timedelta(minutes=2)


@pytest.mark.parametrize(
    ("retry_after", "due"),
    [
        ("120", LATER),
        (" 120 ", LATER),
        ("Fri, 01 May 2026 10:02:00 GMT", LATER),
        ("Fri, 01 May 2026 12:02:00 +0200", LATER),
        ("Fri, 01 May 2026 10:02:00 -0000", LATER),
        ("0", NOW),
        ("Fri, 01 May 2020 10:00:00 GMT", NOW),
        ("9" * 30, NOW + timedelta(days=1)),
        ("Fri, 01 May 2099 10:00:00 GMT", NOW + timedelta(days=1)),
        (None, None),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("\u0661\u0662", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(retry_after: str | None, due: datetime | None) -> None:
    """Within a day; what says nothing is as if it were not there."""
    assert due_at(retry_after, NOW) == due


@settings(deadline=None)
@given(st.text())
def test_no_retry_after_breaks_anything(text: str) -> None:
    """Whatever a host writes there, it is due within a day."""
    due = due_at(text, NOW)

    assert due is None or NOW <= due <= NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (404, Failure.GONE),
        (410, Failure.GONE),
        (300, Failure.REFUSED),
        (304, Failure.REFUSED),
        (401, Failure.REFUSED),
        (403, Failure.REFUSED),
        (451, Failure.REFUSED),
        (408, Failure.FOR_NOW),
        (425, Failure.FOR_NOW),
        (429, Failure.FOR_NOW),
        (500, Failure.FOR_NOW),
        (503, Failure.FOR_NOW),
        (204, Failure.FOR_NOW),
        (999, Failure.FOR_NOW),
    ],
)
def test_a_status_is_for_good_or_for_now(status: int, failure: Failure) -> None:
    """And only what is for now is due again."""
    found = not_fetched(refusal("http://a/", status, LATER))

    due = LATER if failure is Failure.FOR_NOW else None
    assert found == NotFetched(failure, f"http://a/ answers {status}", due)
