"""Whether this process should be sent requests: its encoders are warm and the index is the one they belong to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from catalog.errors import CollectionMismatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from catalog.collection import CollectionStatus


class Readiness:
    """Asks the engine anew at each check: a collection may go away, and come back."""

    def __init__(self, verify: Callable[[], CollectionStatus]) -> None:
        self._verify = verify
        self._warm = False

    def warmed_up(self) -> None:
        """Note that the encoders have encoded something."""
        self._warm = True

    async def check(self) -> dict[str, Any]:
        """Return what is served; raises `CollectionMismatch` or `EngineUnavailable` with the reason why it is not."""
        if not self._warm:
            raise CollectionMismatch("the encoders are not warm yet")
        status = await asyncio.to_thread(self._verify)
        return {"status": "ready", "collection": status.physical_name, "points": status.points}
