"""What a migration stands on, in whichever process has the engine open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from catalog.collection import MODELS, kept, require_own
from catalog.engine import outages_named
from catalog.errors import CollectionMismatch
from deploy.processes.migration import steps
from deploy.processes.migration.filling import Filled
from deploy.processes.parts import declare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.engine import Engine
    from deploy.processes.logs import Log
    from deploy.processes.migration.workers import Workers
    from deploy.processes.shelf import EncoderShelf
    from deploy.settings import Settings
    from encoders.pictures.fetch import PictureFetcher


@dataclass(frozen=True, slots=True)
class Site:
    """What a migration stands on; `workers` are those of this process, None where others write the collections."""

    settings: Settings
    engine: Engine
    shelf: EncoderShelf
    fetcher: PictureFetcher
    log: Log | None
    workers: Workers | None = None
    linger_seconds: float = steps.LINGER_SECONDS

    @property
    def alias(self) -> str:
        """The alias that is moved."""
        return self.settings.collection

    @property
    def workers_here(self) -> Workers:
        """The workers of this process, which must have some."""
        assert self.workers is not None, "others write the collections"
        return self.workers

    def filled(self, models: Mapping[str, Any]) -> Filled:
        """Return what the worker of a collection of these encoders stands on, loading them. Raises `Misconfigured`."""
        settings = self.shelf.settings_for(models)
        return Filled(settings, self.engine, self.shelf.load(models), self.fetcher, self.log)

    def filled_of(self, collection: str) -> Filled:
        """Return what the worker of a collection stands on. Raises `CollectionMismatch` for another layout's."""
        filled = self.filled(self.models_of(collection))
        require_own(declare(filled.settings, filled.encoders), collection)
        return filled

    def models_of(self, collection: str) -> dict[str, Any]:
        """Return the settings of a collection's encoders. Raises `CollectionMismatch` where none are kept."""
        with outages_named():
            found = kept(self.engine, collection, MODELS)
        if not found:
            raise CollectionMismatch(
                f"{collection} does not say which encoders it was made with: run `vitrine collection create` once with "
                "the settings it was made with"
            )
        return dict(found)
