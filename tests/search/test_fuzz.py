"""A small share of the fuzz: the large one, which watches memory too, is `python -m tests.benchmarks.fuzz`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.fuzz import Chance
from tests.builders import product

if TYPE_CHECKING:
    from tests.search.shop import Shop


def test_random_requests_are_answered_or_refused(shop: Shop) -> None:
    """Whatever is asked, in whatever broken form: never a failure of ours."""
    shop.sell(*(product(id=f"sku-{number}", price=number) for number in range(30)))
    chance = Chance(seed=3)

    for _ in range(400):
        body = chance.body()
        answer = shop.http.post("/v1/search", content=body, headers={"content-type": "application/json"})
        assert answer.status_code in {200, 422}, (body[:500], answer.text[:500])
