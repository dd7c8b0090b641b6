"""How the index stands to a snapshot: decided by the merge, product by product."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.points import Stored
from ingest.loading.intake import Claim
from ingest.reconciling.compare import Comparison, Standing, compare
from tests.builders import SKU, JsonObject, as_event, bare, deleted, patched, record, upserted
from tests.states import fold

OTHER = bare(price=2)


def claims(*events: JsonObject, versioned: bool = True) -> list[Claim]:
    """Return what rows of a snapshot say."""
    return [Claim(record(event), as_event(event), versioned) for event in events]


def stored(*events: JsonObject) -> Stored:
    """Return the product that the index has after these events."""
    return Stored(SKU, fold([as_event(event) for event in events]))


@pytest.mark.parametrize(
    ("index", "snapshot", "standing"),
    [
        ([], [upserted()], Standing.MISSING),
        ([], [patched(price=1)], Standing.MISSING),
        ([], [deleted()], Standing.EQUAL),
        ([], [upserted(), deleted(version=2)], Standing.EQUAL),
        ([upserted()], [upserted()], Standing.EQUAL),
        ([upserted(version=1)], [upserted(version=2)], Standing.OLD),
        ([upserted(version=2)], [upserted(OTHER, version=1)], Standing.NEWER),
        ([upserted(), patched(version=2, price=1)], [upserted()], Standing.NEWER),
        ([upserted()], [upserted(), patched(version=2, price=1)], Standing.OLD),
        ([upserted(), deleted(version=2)], [upserted()], Standing.NEWER),
        ([upserted(), deleted(version=2)], [upserted(version=3)], Standing.MISSING),
        ([upserted()], [deleted(version=2)], Standing.OLD),
        ([patched(version=2, price=1)], [upserted()], Standing.MISSING),
        ([upserted(bare(price=3))], [upserted(OTHER)], Standing.DIFFERENT),
        ([upserted(bare(price=2, stock=1))], [upserted(OTHER)], Standing.DIFFERENT),
        ([upserted(), deleted()], [upserted()], Standing.DIFFERENT),
    ],
)
def test_versions_are_compared_by_the_merge(
    index: list[JsonObject], snapshot: list[JsonObject], standing: Standing
) -> None:
    """The index is behind exactly where the merge would still change it; only equal versions are looked into."""
    expected = Comparison(standing, curable=standing is not Standing.DIFFERENT)

    assert compare(stored(*index), claims(*snapshot)) == expected


@pytest.mark.parametrize(
    ("index", "snapshot", "expected"),
    [
        ([], [upserted()], Comparison(Standing.MISSING, curable=True)),
        ([upserted(version=9)], [upserted()], Comparison(Standing.EQUAL, curable=True)),
        ([upserted(version=9)], [upserted(OTHER)], Comparison(Standing.DIFFERENT, curable=False)),
        ([upserted(version=9)], [upserted(OTHER, version=10)], Comparison(Standing.DIFFERENT, curable=True)),
        ([upserted(OTHER, version=9)], [patched(price=2)], Comparison(Standing.EQUAL, curable=True)),
        ([upserted(OTHER, version=9)], [patched(price=None)], Comparison(Standing.DIFFERENT, curable=False)),
        ([upserted(), deleted(version=9)], [upserted()], Comparison(Standing.MISSING, curable=False)),
        ([upserted(version=9)], [upserted(OTHER), upserted()], Comparison(Standing.EQUAL, curable=True)),
    ],
)
def test_without_versions_fields_are_compared(
    index: list[JsonObject], snapshot: list[JsonObject], expected: Comparison
) -> None:
    """The last row counts, and what its made-up version could mend is told apart."""
    assert compare(stored(*index), claims(*snapshot, versioned=False)) == expected


EVENTS = st.lists(
    st.one_of(
        st.builds(lambda version, price: upserted(bare(price=price), version=version), st.integers(1, 4), st.just(1)),
        st.builds(lambda version, price: patched(version=version, price=price), st.integers(1, 4), st.integers(1, 2)),
        st.builds(lambda version: deleted(version=version), st.integers(1, 4)),
    ),
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(index=EVENTS, snapshot=EVENTS.filter(bool))
def test_what_was_sent_is_in_step(index: list[JsonObject], snapshot: list[JsonObject]) -> None:
    """Once the rows went through the merge, nothing is missing or old; whatever the two had before."""
    after = stored(*index, *snapshot)

    assert compare(after, claims(*snapshot)).standing not in {Standing.MISSING, Standing.OLD}
