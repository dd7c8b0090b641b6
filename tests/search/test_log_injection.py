"""What a caller writes never becomes a line of the log of its own, nor a command to the terminal that shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from catalog.embedded import EmbeddedClient
from deploy.processes.parts import search_app
from encoders.fakes import fake_encoders
from encoders.pictures.fetch import FetchSettings, PictureFetcher
from tests.search.keyed import SEARCHER, bearer, entry, write_keys
from tests.search.shop import problem

if TYPE_CHECKING:
    from pathlib import Path

    from tests.search.shop import Shop

HOSTILE = "%0D2026-01-01 [error] forged%0D%1B[2J%1B]0;owned%07%C2%9B31m%E2%80%A8%F0%9F%92%A5?a=b%23"


class FailingEngine(EmbeddedClient):
    """An engine with a fault that nobody foresaw."""

    def query_batch_points(self, *_arguments: Any, **_keywords: Any) -> NoReturn:  # noqa: ANN401 - whatever it is asked
        """Fail."""
        raise ZeroDivisionError

    scroll = query_batch_points


@pytest.mark.parametrize("path", [f"/v1/products/{HOSTILE}", f"/v1/pictures/0/{HOSTILE}"])
def test_a_path_is_logged_as_one_printable_word(shop: Shop, tmp_path: Path, path: str) -> None:
    """Where a request fails for a reason nobody foresaw; neither its key nor its query is logged with it."""
    keys = write_keys(tmp_path / "keys.yaml", entry(SEARCHER))
    api = shop.settings.api.model_copy(update={"keys_file": keys})
    settings = shop.settings.model_copy(update={"api": api})
    engine = FailingEngine(tmp_path / "index")
    try:
        with PictureFetcher(FetchSettings()) as fetcher, capture_logs() as logs:
            app = search_app(settings, engine, fake_encoders(), fetcher)
            http = TestClient(app, raise_server_exceptions=False)
            answer = http.get(path, headers=bearer(SEARCHER) | {"User-Agent": "a\x1b[2J"})
    finally:
        engine.close()

    problem(answer, 500)
    (log,) = [log for log in logs if log["log_level"] == "error"]
    assert log["path"].isascii()
    assert log["path"].isprintable()
    assert " " not in log["path"]
    assert SEARCHER not in str({**log, "exc_info": None})
