"""Rows that are kept: as good as read anew, whatever is written, and never more than there is room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.kept_rows import KeptRows
from search.rows import Row
from tests.builders import bare, deleted, patched, upserted

if TYPE_CHECKING:
    from tests.search.shop import Shop


PATHS = frozenset({"product.id", "product.brand"})


def row(point_id: str, brand: str) -> Row:
    """Return a row with a brand."""
    return Row(point_id, {"id": point_id, "brand": brand})


def counted(shop: Shop) -> dict[str, int]:
    """Return how many things each brand has."""
    values = shop.search(text="thing", facets=["brand"])["facets"]["brand"]["values"]
    return {one["value"]: one["count"] for one in values}


def test_counts_follow_every_kind_of_write(shop: Shop) -> None:
    """A patch, a new product, a deleted one and one that comes back: each is counted as it stands."""
    shop.sell(*(bare(f"p-{number}", title="thing", brand="A") for number in range(4)))
    assert counted(shop) == counted(shop) == {"A": 4}

    shop.hear(patched("p-1", version=2, brand="B"))
    assert counted(shop) == {"A": 3, "B": 1}
    shop.hear(deleted("p-2", version=2), upserted(bare("p-9", title="thing", brand="B")))
    assert counted(shop) == {"A": 2, "B": 2}
    shop.hear(upserted(bare("p-2", title="thing", brand="C"), version=3))
    assert counted(shop) == {"A": 2, "B": 2, "C": 1}


def test_counts_and_orders_follow_what_writes_no_vector(shop: Shop) -> None:
    """A price and a stock go into parts of a payload, and their points' versions rise all the same."""

    def seen() -> tuple[dict[bool, int], list[str]]:
        answer = shop.search(text="thing", facets=["in_stock"], sort="price")
        stocks = {one["value"]: one["count"] for one in answer["facets"]["in_stock"]["values"]}
        return stocks, [hit["product"]["id"] for hit in answer["hits"]]

    shop.sell(*(bare(f"p-{number}", title="thing", price=float(number), stock=1) for number in range(3)))
    assert seen() == seen() == ({True: 3}, ["p-0", "p-1", "p-2"])

    shop.hear(patched("p-1", version=2, stock=0))
    assert seen() == ({True: 2, False: 1}, ["p-0", "p-1", "p-2"])
    shop.hear(patched("p-0", version=2, price=9))
    assert seen() == ({True: 2, False: 1}, ["p-1", "p-2", "p-0"])
    shop.hear(patched("p-1", version=3, stock=None))
    assert seen() == ({True: 2}, ["p-1", "p-2", "p-0"])


def test_another_order_finds_what_it_needs_in_each_row(shop: Shop) -> None:
    """Rows that were read for a facet do not serve an order by price."""
    shop.sell(*(bare(f"p-{number}", title="thing", brand="A", price=float(9 - number)) for number in range(4)))
    assert counted(shop) == {"A": 4}

    assert shop.found(text="thing", sort="price") == ["p-3", "p-2", "p-1", "p-0"]
    assert counted(shop) == {"A": 4}


def test_pages_follow_every_kind_of_write(shop: Shop) -> None:
    """A product that was shown before is shown as it stands: after a patch of any part, deleted, and come back."""

    def shown(**request: object) -> list[dict[str, object]]:
        return [hit["product"] for hit in shop.search(text="thing", **request)["hits"]]

    shop.sell(bare("p-0", title="thing", price=1.0, stock=3))
    assert shown() == shown() == [{"id": "p-0", "title": "thing", "price": 1.0, "stock": 3}]
    assert shown(fields=["price"]) == [{"id": "p-0", "price": 1.0}]

    shop.hear(patched("p-0", version=2, price=2))
    assert shown(fields=["price"]) == [{"id": "p-0", "price": 2}]
    assert shown() == shown() == [{"id": "p-0", "title": "thing", "price": 2, "stock": 3}]
    shop.hear(patched("p-0", version=3, title="another thing", brand="B"))
    assert shown() == [{"id": "p-0", "title": "another thing", "brand": "B", "price": 2, "stock": 3}]
    shop.hear(deleted("p-0", version=4))
    assert shown() == []
    shop.hear(upserted(bare("p-0", title="thing"), version=5))
    assert shown() == shown() == [{"id": "p-0", "title": "thing"}]


def test_a_row_is_known_at_its_version_only() -> None:
    """After a write its point says another, and then it is to be read."""
    kept = KeptRows()
    kept.keep({"a": row("a", "A"), "b": row("b", "B")}, {"a": 1}, PATHS)

    assert kept.known(["a", "b"], {"a": 1, "b": 1}, PATHS) == {"a": row("a", "A")}
    assert kept.known(["a"], {"a": 2}, PATHS) == {}
    assert kept.known(["a"], {}, PATHS) == {}


def test_a_row_serves_what_it_was_read_for() -> None:
    """All paths that were asked for so far are read together, so that one search after another finds what it needs."""
    kept = KeptRows()
    paths = kept.widened(["product.brand"])
    kept.keep({"a": row("a", "A")}, {"a": 1}, paths)

    assert kept.widened(["price"]) == {"product.brand", "price"} == kept.widened([])
    assert kept.known(["a"], {"a": 1}, paths) == {"a": row("a", "A")}
    assert kept.known(["a"], {"a": 1}, frozenset({"price"})) == {}


def test_what_is_asked_for_stays_and_the_rest_makes_room() -> None:
    """However many are read, there are never more than twice the half."""
    kept = KeptRows(8)
    for number in range(40):
        name = str(number)
        kept.keep({name: row(name, "A")}, {name: 1}, PATHS)
        assert kept.known(["0"], {"0": 1}, PATHS)

    known = kept.known(map(str, range(40)), {str(number): 1 for number in range(40)}, PATHS)
    assert 1 < len(known) <= 8 + 1


def test_more_than_there_is_room_for_is_not_kept() -> None:
    """However many are read or asked for at once."""
    kept = KeptRows(8)
    names = [str(number) for number in range(40)]
    for _ in range(2):
        kept.keep({name: row(name, "A") for name in names}, dict.fromkeys(names, 1), PATHS)
        assert 0 < len(kept.known(names, dict.fromkeys(names, 1), PATHS)) <= 8


def test_memory_is_bounded_whatever_rows_hold() -> None:
    """Rows of a kilobyte, nested as attributes are: those that stay are no more than there is room for.

    What is derived from them takes as much again.
    """
    kept = KeptRows(10_000, most_bytes=60_000)
    names = [str(number) for number in range(100)]
    wide = {
        name: Row(name, {"id": name, "attributes": {"colour": ["x" * 500]}}, {"attributes": ("x" * 500,)})
        for name in names
    }
    for _ in range(2):
        for name in names:
            kept.keep({name: wide[name]}, {name: 1}, PATHS)
        assert 10 < len(kept.known(names, dict.fromkeys(names, 1), PATHS)) <= 40


def test_one_huge_row_is_read_each_time_and_the_others_stay() -> None:
    """It would be all that is kept."""
    kept, versions = KeptRows(100, most_bytes=40_000), {"a": 1, "huge": 1, "c": 1}
    kept.keep({"a": row("a", "A"), "huge": row("huge", "B" * 30_000), "c": row("c", "C")}, versions, PATHS)

    assert set(kept.known(versions, versions, PATHS)) == {"a", "c"}
