"""The calibration that is kept with the collection, on its way to the encoder of queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from qdrant_client.http.exceptions import UnexpectedResponse

from catalog.calibration import parse_calibration
from catalog.collection import kept_calibration
from catalog.engine import outages_named
from catalog.errors import CollectionMismatch, EngineUnavailable
from search.encoding.nearness import rarity
from search.quality.calibrating import scales

if TYPE_CHECKING:
    from catalog.calibration import Calibration
    from catalog.collection import Declaration
    from catalog.engine import Engine
    from search.encoding.query import QueryEncoder

_log = structlog.get_logger(__name__)


class KeptCalibration:
    """Reads the calibration at start, and again whenever readiness is asked for: a new one needs no restart.

    One that was measured with other vectors is left out with a warning; the encoders' own scales hold then.
    """

    def __init__(self, engine: Engine, declaration: Declaration, encoder: QueryEncoder) -> None:
        self._engine = engine
        self._declaration = declaration
        self._encoder = encoder
        self._seen: object = None
        self.current: Calibration | None = None

    def start(self) -> None:
        """Read it if the engine answers; where it does not, search starts all the same and `refresh` reads it later."""
        try:
            self.refresh()
        except (EngineUnavailable, UnexpectedResponse) as error:
            _log.warning("the calibration is read once the vector engine answers", reason=str(error))

    def refresh(self) -> None:
        """Read it, and use it if it has changed; raises `EngineUnavailable`."""
        with outages_named():
            kept = kept_calibration(self._engine, self._declaration)
        if kept == self._seen:
            return
        self._seen = kept
        self.current = None
        if kept is not None:
            try:
                self.current = parse_calibration(kept, self._declaration.specs)
            except CollectionMismatch as error:
                _log.warning("the encoders' own scales are used", reason=str(error))
        if self.current is None:
            self._encoder.calibrate({})
        else:
            self._encoder.calibrate(scales(self.current), rarity(self.current), self.current.pictures)
