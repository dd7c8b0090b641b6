"""Products whose price says its version, so that every answer can be judged: too old, never sent, or right."""

from __future__ import annotations

import threading
from typing import Any

from tests.builders import JsonObject, bare, patched, upserted

WORDS = ("boot", "shoe", "coat", "hat")


class Goods:
    """What has been sent of each product and what has been seen of it; any thread may ask."""

    def __init__(self, count: int) -> None:
        self.ids = [f"p-{number}" for number in range(count)]
        self._sent = dict.fromkeys(self.ids, 0)
        self._seen = dict.fromkeys(self.ids, 0)
        self._next = 0
        self._lock = threading.Lock()

    def first(self) -> list[JsonObject]:
        """Return each product as it is sent first, at version 1 and so at price 1."""
        self._sent = dict.fromkeys(self.ids, 1)
        return [upserted(bare(one, title=f"{WORDS[len(one) % 4]} {one}", price=1.0)) for one in self.ids]

    def changes(self, count: int) -> list[JsonObject]:
        """Return the next prices of products in turn."""
        with self._lock:
            events = []
            for _ in range(count):
                product_id = self.ids[self._next % len(self.ids)]
                self._next += 1
                self._sent[product_id] += 1
                version = self._sent[product_id]
                events.append(patched(product_id, version=version, price=float(version)))
            return events

    def sent(self, product_id: str) -> int:
        """Return the newest version sent."""
        return self._sent[product_id]

    def seen(self) -> dict[str, int]:
        """Return the newest version of each product that an answer has shown: none that is asked later may be older."""
        with self._lock:
            return dict(self._seen)

    def wrong(self, shown: list[JsonObject], seen: dict[str, int], **price: float) -> list[str]:
        """Say what is wrong about products in an answer to a question asked when `seen` had been shown."""
        found = [one for product in shown for one in self._wrong(product, seen, price)]
        with self._lock:
            for product in shown:
                self._seen[product["id"]] = max(self._seen[product["id"]], int(product["price"]))
        return found

    def _wrong(self, product: dict[str, Any], seen: dict[str, int], price: dict[str, float]) -> list[str]:
        product_id, shown = product["id"], product["price"]
        found = []
        if not price.get("gte", 0) <= shown <= price.get("lte", shown):
            found.append(f"{product_id} at {shown} where {price} was asked for")
        if shown < seen[product_id]:
            found.append(f"{product_id} at {shown}, though {seen[product_id]} had been shown")
        if shown > self._sent[product_id]:
            found.append(f"{product_id} at {shown}, which nobody sent")
        return found
