"""What the template shows, as plain values: cards, chips, choices and pages, made from an answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from catalog.product import CATEGORY_SEPARATOR
from search.page.money import price_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from search.page.address import Address
    from search.page.notices import Notice
    from search.service import Answer

_AROUND: Final = 1
_WEB: Final = {"http", "https"}


@dataclass(frozen=True, slots=True)
class Card:
    """One product. `picture` is empty where it has none, `link` unless the shop gave an address on the web."""

    id: str
    title: str
    language: str
    brand: str
    category: str
    price: str
    link: str
    sold_out: bool
    similar: str
    picture: str


BLANK_CARD: Final = Card("", "", "", "", "", "", "", sold_out=False, similar="/", picture="")


@dataclass(frozen=True, slots=True)
class Chip:
    """Something that narrows what is shown, and the address without it; `picture` is that of a product, or empty."""

    label: str
    url: str
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value to filter by, and how many it finds; `depth` is how far down a category lies."""

    value: str
    label: str
    depth: int
    chosen: bool
    count: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """The least and the greatest price of what is found, as the page writes them; empty where none has one."""

    low: str = ""
    high: str = ""


@dataclass(frozen=True, slots=True)
class PageLink:
    """One place in the row of pages: a number, or a gap (0)."""

    number: int
    url: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class Pager:
    """The row of pages, and the addresses before and after (empty at the ends)."""

    links: Sequence[PageLink] = ()
    previous: str = ""
    next: str = ""


@dataclass(frozen=True, slots=True)
class Corrected:
    """The words that were searched for, those that were typed, and the address that searches for the latter."""

    text: str
    original: str
    url: str


@dataclass(frozen=True, slots=True)
class View:
    """Everything on the page. `count` says how much the whole catalogue holds, where the answer tells it."""

    address: Address
    heading: str
    chips: Sequence[Chip]
    categories: Sequence[Choice]
    brands: Sequence[Choice]
    prices: Span = Span()
    cards: Sequence[Card] = ()
    summary: str = ""
    pager: Pager = Pager()
    count: str = ""
    corrected: Corrected | None = None
    notice: Notice | None = None


def answered(address: Address, answer: Answer, like: Mapping[str, Any]) -> View:
    """Return the view of an answer; `like` is the product whose like was looked for, if any."""
    body = answer.body
    products = [hit["product"] for hit in body["hits"]]
    total, page = body["total"], body["page"]
    milliseconds = max(1, round(1000 * sum(answer.stages.seconds.values())))
    title = like.get("title") or address.similar
    return View(
        address=address,
        heading=_heading(address, title),
        chips=list(_chips(address, title, picture_path(address.similar))),
        categories=_category_choices(_counts(body, "category"), address.values("category")),
        brands=_brand_choices(_counts(body, "brand"), address.values("brand")),
        prices=_span(body["facets"]["price"]),
        cards=[_card(item, address) for item in products],
        summary=f"{_products(total['value'], exact=total['exact'])} · {milliseconds} ms",
        pager=_pager(address, page["number"], page["pages"]),
        count=_products(total["products"], exact=True) if address.shows_everything else "",
        corrected=Corrected(**body["corrected"], url=address.as_typed().url) if body["corrected"] else None,
    )


def unanswered(address: Address, notice: Notice) -> View:
    """Return the view of a search that was not answered."""
    return View(
        address=address,
        heading=_heading(address, address.similar),
        chips=list(_chips(address, address.similar)),
        categories=_category_choices({}, address.values("category")),
        brands=_brand_choices({}, address.values("brand")),
        notice=notice,
    )


def picture_path(product_id: str) -> str:
    """Return where the first picture of a product is."""
    return f"/v1/pictures/0/{quote(product_id, safe='')}"


def web_link(url: str | None) -> str:
    """Return an address that may be linked to: one on the web, written out; anything else is refused."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return ""
    return url or "" if parts.scheme in _WEB and parts.netloc and (url or "").lower().startswith("http") else ""


def _card(product: Mapping[str, Any], address: Address) -> Card:
    return Card(
        id=product["id"],
        title=product.get("title") or product["id"],
        language=product.get("language") or "",
        brand=product.get("brand") or "",
        category=(product.get("category") or "").rsplit(CATEGORY_SEPARATOR, 1)[-1],
        price=price_text(product.get("price"), product.get("currency")),
        link=web_link(product.get("url")),
        sold_out=_sold_out(product),
        similar=address.like(product["id"]).url,
        picture=picture_path(product["id"]) if product.get("images") else "",
    )


def _sold_out(product: Mapping[str, Any]) -> bool:
    stock = product.get("stock")
    return bool(stock <= 0) if stock is not None else product.get("in_stock") is False


def _heading(address: Address, similar_title: str) -> str:
    parts = [f"Like {similar_title}"] if address.similar else []
    parts += [f"“{address.value('q')}”"] if address.value("q") else []
    return ", ".join(parts) or "In the window"


def _chips(address: Address, similar_title: str, picture: str = "") -> Iterable[Chip]:
    if address.similar:
        yield Chip(f"Like {similar_title}", address.without("similar").url, picture)
    for name in ("category", "brand"):
        for value in address.values(name):
            yield Chip(value, address.without(name, value=value).url)
    low, high = address.value("price_min"), address.value("price_max")
    if low or high:
        label = f"Price {low} – {high}" if low and high else f"Price from {low}" if low else f"Price up to {high}"
        yield Chip(label, address.without("price_min", "price_max").url)
    if address.value("in_stock"):
        yield Chip("In stock" if address.in_stock_only else "Out of stock", address.without("in_stock").url)


def _counts(body: Mapping[str, Any], name: str) -> dict[str, int]:
    return {one["value"]: one["count"] for one in body["facets"][name]["values"]}


def _span(prices: Mapping[str, Any]) -> Span:
    return Span() if prices["min"] is None else Span(f"{prices['min']:g}", f"{prices['max']:g}")


def _category_choices(counts: Mapping[str, int], chosen: Sequence[str]) -> list[Choice]:
    """Return the categories of what is found, and those that are chosen, in the order of a tree."""
    paths = sorted(tuple(category.split(CATEGORY_SEPARATOR)) for category in {*counts, *chosen})
    values = [(CATEGORY_SEPARATOR.join(path), path) for path in paths]
    return [
        Choice(value, path[-1], len(path) - 1, value in chosen, f"{counts.get(value, 0):,}") for value, path in values
    ]


def _brand_choices(counts: Mapping[str, int], chosen: Sequence[str]) -> list[Choice]:
    brands = sorted({*counts, *chosen}, key=lambda brand: (-counts.get(brand, 0), brand.casefold()))
    return [Choice(brand, brand, 0, brand in chosen, f"{counts.get(brand, 0):,}") for brand in brands]


def _pager(address: Address, current: int, last: int) -> Pager:
    """Return the first page, the last one, and those around the current one."""
    if last <= 1 or current > last:
        return Pager()
    links: list[PageLink] = []
    for number in sorted({1, last, *range(max(1, current - _AROUND), min(last, current + _AROUND) + 1)}):
        if links and number - links[-1].number > 1:
            links.append(PageLink(0))
        links.append(PageLink(number, address.at_page(number).url, number == current))
    return Pager(
        links,
        previous=address.at_page(current - 1).url if current > 1 else "",
        next=address.at_page(current + 1).url if current < last else "",
    )


def _products(number: int, *, exact: bool) -> str:
    return f"{number:,}{'' if exact else '+'} product{'' if number == 1 and exact else 's'}"
