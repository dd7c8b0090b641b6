"""Encoders by the settings that a collection keeps of them: loaded once, whoever asks."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from catalog.errors import Misconfigured
from deploy.settings import EncoderGroup
from encoders.names import SETTINGS, Places

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from deploy.settings import Settings
    from encoders.interface import Encoders
    from encoders.names import EncoderSettings

_OTHERS: Final = Places("the other collection's text encoder", "the other collection's picture encoder")


class EncoderShelf:
    """Holds the encoders of the settings and, while a migration is under way, those of the other collection."""

    def __init__(self, settings: Settings, load: Callable[[EncoderSettings], Encoders] | None = None) -> None:
        self.settings = settings
        self._load = load
        self._held: dict[str, Encoders] = {}
        self._loading = threading.Lock()

    def settings_for(self, models: Mapping[str, Any]) -> Settings:
        """Return the settings with these encoders in the place of their own; the device stays this process's.

        Raises `Misconfigured` where they name what this version does not know.
        """
        try:
            group = EncoderGroup.model_validate({**models, "device": self.settings.encoders.device})
        except ValidationError as error:
            first = error.errors()[0]
            culprit = ".".join(str(part) for part in first["loc"])
            raise Misconfigured(f"the collection's encoders cannot be loaded: {culprit}: {first['msg']}") from error
        return self.settings.model_copy(update={"encoders": group})

    def load(self, models: Mapping[str, Any]) -> Encoders:
        """Return the encoders, loading them the first time: seconds and memory. Raises `Misconfigured`."""
        key = _key(models)
        with self._loading:
            if key not in self._held:
                settings = self.settings_for(models).encoders.settings()
                self._held[key] = self._load(settings) if self._load else _load(settings, self._places(key))
            return self._held[key]

    def own(self) -> Encoders:
        """Return the encoders that the settings name."""
        return self.load(self.settings.encoders.models())

    def put(self, models: Mapping[str, Any], encoders: Encoders) -> None:
        """Take encoders that somebody has loaded already."""
        self._held[_key(models)] = encoders

    def keep_only(self, models: list[Mapping[str, Any]]) -> None:
        """Let go of all others."""
        kept = {_key(each) for each in models}
        self._held = {key: held for key, held in self._held.items() if key in kept}

    def _places(self, key: str) -> Places:
        return SETTINGS if key == _key(self.settings.encoders.models()) else _OTHERS


def _load(settings: EncoderSettings, places: Places) -> Encoders:
    from encoders.registry import load_encoders  # noqa: PLC0415 - models are loaded only when used

    return load_encoders(settings, places)


def _key(models: Mapping[str, Any]) -> str:
    return json.dumps(dict(models), sort_keys=True)
