"""What the page links to."""

from __future__ import annotations

import pytest

from search.page.address import Address
from search.page.view import web_link


@pytest.mark.parametrize("url", [None, "", "https:", "http://", "https://[", "ftp://shop.example/", "shop.example"])
def test_what_is_no_address_on_the_web_is_no_link(url: str | None) -> None:
    """Nor is an address that no browser could open."""
    assert not web_link(url)


def test_an_address_on_the_web_is_a_link_as_it_was_given() -> None:
    """Nothing is added to it or taken away."""
    assert web_link("HTTPS://shop.example/a?b=c&d=%20#e") == "HTTPS://shop.example/a?b=c&d=%20#e"


def test_an_address_reads_back_what_it_wrote() -> None:
    """Whatever the values hold, a link leads to what it says."""
    address = Address.read([("q", "a&b=c #%"), ("category", "Women > Shoes"), ("brand", "Ö"), ("brand", "&")])

    assert address.url == "/?q=a%26b%3Dc+%23%25&category=Women+%3E+Shoes&brand=%C3%96&brand=%26"
    assert address.without("brand", value="&").url == "/?q=a%26b%3Dc+%23%25&category=Women+%3E+Shoes&brand=%C3%96"


def test_what_narrows_differently_starts_at_its_first_page() -> None:
    """A link that changes what is shown does not keep the page number; one to another page keeps all the rest."""
    address = Address.read([("q", "hat"), ("brand", "A"), ("page", "3")])

    assert address.without("brand").url == "/?q=hat"
    assert address.like("sku-1").url == "/?similar=sku-1&brand=A"
    assert address.at_page(4).url == "/?q=hat&page=4&brand=A"
