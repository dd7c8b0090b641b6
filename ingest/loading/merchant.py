"""Google Merchant feeds, TSV or XML: what their columns mean here, and which of two prices holds now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ingest.loading.merchant_xml import read_xml
from ingest.loading.rows import Row
from ingest.loading.tables import read_table
from ingest.mapping import FieldMapping

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO

    from catalog.product import Json
    from ingest.loading.rows import CheckHeader, Rows

_ATTRIBUTES: Final = ("age_group", "color", "condition", "gender", "material", "pattern", "size", "size_system")
_CATEGORIES: Final = ("product_type", "google_product_category")
_SALE, _SALE_DATES = "sale_price", "sale_price_effective_date"
_REPEATED: Final = frozenset({"additional_image_link"})

MERCHANT: Final = FieldMapping(
    columns={
        "link": "url",
        "image_link": "images",
        "additional_image_link": "images",
        "availability": "in_stock",
        "gtin": "codes",
        "mpn": "codes",
        "item_group_id": "group_id",
        "product_type": "category",
        "google_product_category": "category",
        **{name: f"attributes.{name}" for name in _ATTRIBUTES},
    }
)


def read_merchant(content: IO[bytes], check_header: CheckHeader) -> Rows:
    """Yield the products of a feed; the first character tells XML from TSV."""
    start = content.peek(64).removeprefix(b"\xef\xbb\xbf")  # type: ignore[attr-defined]  # it is buffered
    is_xml = start.lstrip()[:1] == b"<" or start[:2] in {b"\xff\xfe", b"\xfe\xff"}
    rows = read_xml(content) if is_xml else read_table(content, _named_by_google(check_header), delimiter="\t")
    now = datetime.now(UTC)
    for row in rows:
        yield replace(row, fields=plain(row.fields, now=now)) if isinstance(row, Row) else row


def plain(fields: Mapping[str, Json], *, now: datetime) -> dict[str, Json]:
    """Return a feed's row with one value a column, the price that holds now and the shop's own category."""
    row: dict[str, Json] = {}
    for column, value in fields.items():
        name = _name(column)
        row[name] = value[0] if isinstance(value, list) and name not in _REPEATED else value
    if row.get(_SALE) and _holds(row.get(_SALE_DATES), now):
        row["price"] = row[_SALE]
    row.pop(_SALE, None)
    row.pop(_SALE_DATES, None)
    shop_category, google_category = (row.get(name) for name in _CATEGORIES)
    if shop_category or (isinstance(google_category, str) and google_category.strip().isdecimal()):
        row.pop("google_product_category", None)
    return row


def _named_by_google(check_header: CheckHeader) -> CheckHeader:
    return lambda columns: check_header([_name(column) for column in columns])


def _name(column: str) -> str:
    return column.strip().lower().removeprefix("g:").replace(" ", "_")


def _holds(dates: Json, now: datetime) -> bool:
    """Return whether a sale is on: without dates always, with dates that nobody can read never."""
    if not isinstance(dates, str) or not dates.strip():
        return True
    try:
        begin, end = (datetime.fromisoformat(part.strip()) for part in dates.split("/"))
    except ValueError:
        return False
    begin, end = (moment if moment.tzinfo else moment.replace(tzinfo=UTC) for moment in (begin, end))
    return begin <= now < end
