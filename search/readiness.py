"""Whether this process should be sent requests: its encoders are warm, the index is theirs, and it is not leaving."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from catalog.errors import CollectionMismatch, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from catalog.collection import CollectionStatus


class Readiness:
    """Asks the engine anew at each check: a collection may go away, and come back."""

    def __init__(self, verify: Callable[[], CollectionStatus]) -> None:
        self._verify = verify
        self._warm = False
        self.is_leaving = False

    def warmed_up(self) -> None:
        """Note that the encoders have encoded something."""
        self._warm = True

    def leave(self) -> None:
        """Note that the process ends soon: it answers all the same, until those who send requests have seen it."""
        self.is_leaving = True

    async def check(self) -> dict[str, Any]:
        """Return what is served; raises `CollectionMismatch` or `Unavailable` with the reason why it is not."""
        if self.is_leaving:
            raise Unavailable("this process is shutting down; send requests to another")
        if not self._warm:
            raise CollectionMismatch("the encoders are not warm yet")
        status = await asyncio.to_thread(self._verify)
        return {"status": "ready", "collection": status.physical_name, "points": status.points}
