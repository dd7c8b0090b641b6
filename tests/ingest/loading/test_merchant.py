"""Google Merchant feeds in both forms, and XML that is out to do harm."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from ingest.loading.merchant import MERCHANT, plain, read_merchant
from ingest.loading.rows import BadRow, Row

RSS = """<?xml version="1.0"?>
<rss xmlns:g="http://base.google.com/ns/1.0" xmlns:media="http://search.yahoo.com/mrss/" version="2.0">
<channel><title>Shop</title><link>https://shop.example</link>
<item>
  <g:id>a</g:id>
  <title>Linen dress &amp; belt</title>
  <g:description><![CDATA[Light <b>linen</b>]]></g:description>
  <link>https://shop.example/a</link>
  <media:title>Not this one</media:title>
  <g:image_link>https://img.example/w_800,h_600/a.jpg</g:image_link>
  <g:additional_image_link>https://img.example/b.jpg</g:additional_image_link>
  <g:additional_image_link>https://img.example/c.jpg</g:additional_image_link>
  <g:availability>in_stock</g:availability>
  <g:price>49.90 EUR</g:price>
  <g:google_product_category>2271</g:google_product_category>
  <g:product_type>Women &gt; Dresses</g:product_type>
  <g:product_type>New</g:product_type>
  <g:brand>Alder</g:brand>
  <g:gtin>4006381333931</g:gtin>
  <g:item_group_id>g1</g:item_group_id>
  <g:color>red</g:color>
  <g:shipping><g:country>DE</g:country><g:price>4.90 EUR</g:price></g:shipping>
</item>
<item><g:id>b</g:id><g:title>Hat</g:title></item>
</channel></rss>
"""


def read(text: str | bytes) -> list[Row | BadRow]:
    """Return the rows of a feed."""
    content = text if isinstance(text, bytes) else text.encode()
    return list(read_merchant(io.BufferedReader(io.BytesIO(content)), lambda _: None))


def bad(text: str | bytes) -> BadRow:
    """Return the last row of a feed, which cannot be read."""
    row = read(text)[-1]
    assert isinstance(row, BadRow)
    return row


def test_an_xml_feed_becomes_products() -> None:
    """Repeated pictures add up, the shop's own category counts, other vocabularies and nested elements do not."""
    first, second = read(RSS)

    assert isinstance(first, Row)
    assert first.line == 4
    assert MERCHANT.product(first.fields) == {
        "id": "a",
        "title": "Linen dress & belt",
        "description": "Light <b>linen</b>",
        "url": "https://shop.example/a",
        "images": [
            "https://img.example/w_800,h_600/a.jpg",
            "https://img.example/b.jpg",
            "https://img.example/c.jpg",
        ],
        "in_stock": True,
        "price": 49.9,
        "currency": "EUR",
        "category": "Women > Dresses",
        "brand": "Alder",
        "codes": ["4006381333931"],
        "group_id": "g1",
        "attributes": {"color": "red"},
    }
    assert isinstance(second, Row)
    assert second.fields == {"id": "b", "title": "Hat"}


def test_an_atom_feed_has_its_link_in_an_attribute() -> None:
    """Entries are items there."""
    feed = (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">'
        '<entry><g:id>a</g:id><title>Hat</title><link href="https://shop.example/a"/></entry></feed>'
    )

    (row,) = read(feed)

    assert isinstance(row, Row)
    assert row.fields == {"id": "a", "title": "Hat", "link": "https://shop.example/a"}


def test_a_tab_separated_feed_is_read_alike() -> None:
    """Names may have spaces and capitals."""
    (row,) = read(
        "id\ttitle\tImage Link\tg:price\tgoogle product category\na\tHat\thttps://h/a.jpg\t9 USD\tHats > Sun\n"
    )

    assert isinstance(row, Row)
    assert MERCHANT.product(row.fields) == {
        "id": "a",
        "title": "Hat",
        "images": ["https://h/a.jpg"],
        "price": 9.0,
        "currency": "USD",
        "category": "Hats > Sun",
    }


@pytest.mark.parametrize(
    ("dates", "price"),
    [
        (None, "5 EUR"),
        ("2026-04-01T00:00+02:00/2026-06-01T00:00+02:00", "5 EUR"),
        ("2026-06-01T00:00+02:00/2026-07-01T00:00+02:00", "9 EUR"),
        ("2026-04-01/2026-05-01", "9 EUR"),
        ("soon", "9 EUR"),
    ],
)
def test_the_price_that_holds_now_is_taken(dates: str | None, price: str) -> None:
    """A sale counts while it is on."""
    fields = {"price": "9 EUR", "sale_price": "5 EUR", "sale_price_effective_date": dates}

    assert plain(fields, now=datetime(2026, 5, 15, tzinfo=UTC)) == {"price": price}


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><rss><channel><item><id>&c;</id></item></channel></rss>'
)
FILE = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><rss><channel><item><id>&f;</id></item></channel></rss>'
OUTSIDE = '<!DOCTYPE rss SYSTEM "http://192.0.2.1/evil.dtd"><rss><channel><item><id>a</id></item></channel></rss>'


@pytest.mark.parametrize("feed", [BOMB, FILE, OUTSIDE])
def test_no_entity_is_ever_declared(feed: str) -> None:
    """No billion laughs, no file, no address: the declaration itself ends the reading."""
    rows = read(feed)

    assert len(rows) == 1
    assert bad(feed).reason == "forbidden_xml"


@pytest.mark.parametrize("encoding", ["GBK", "Shift_JIS", "no-such-thing"])
def test_an_encoding_that_expat_lacks_is_told(encoding: str) -> None:
    """It reads UTF-8, UTF-16 and those of one byte a character."""
    row = bad(f'<?xml version="1.0" encoding="{encoding}"?><rss><item><id>a</id></item></rss>')

    assert row.reason == "malformed_xml"
    assert "UTF-8" in row.error


def test_depth_and_size_are_bounded() -> None:
    """Neither a tower of elements nor one endless tag or text is collected."""
    tower = "<rss>" + "<a>" * 100_000
    tag = "<rss><channel><item " + 'a="' + "x" * (17 * 2**20)
    text = "<rss><channel><item><id>" + "x" * (17 * 2**20) + "</id></item><item><id>b</id></item></channel></rss>"

    assert (bad(tower).reason, bad(tag).reason) == ("forbidden_xml", "forbidden_xml")
    large, after = read(text)
    assert isinstance(large, BadRow)
    assert large.reason == "too_large"
    assert isinstance(after, Row)


def test_xml_that_breaks_off_yields_what_came_before() -> None:
    """The last row names the line."""
    rows = read(RSS.replace("</channel>", "<oops>"))

    assert [type(row) for row in rows] == [Row, Row, BadRow]
    assert rows[-1].line == 25
    assert bad("<rss><item><id>&nbsp;</id></item></rss>").reason == "malformed_xml"
