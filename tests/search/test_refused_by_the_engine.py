"""A server that lets search in no more: whoever asks is told to come back, whoever runs it which setting it is."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from catalog.errors import Misconfigured
from deploy.processes.parts import declare, open_engine, search_app
from deploy.settings import QdrantSettings, Settings
from encoders.fakes import fake_encoders
from encoders.pictures.fetch import FetchSettings, PictureFetcher
from tests.qdrant_http import Raw, qdrant

REVOKED = Raw(401, b"Invalid API key or JWT")


def test_a_key_that_is_revoked_is_an_outage_with_a_name() -> None:
    """503 for searches and for readiness, and the next start ends at once."""
    name = declare(Settings(), fake_encoders()).physical_name
    answers = {f"GET /collections/{name}/exists": {"exists": False}}
    with qdrant(answers) as server, PictureFetcher(FetchSettings()) as fetcher:
        settings = Settings(qdrant=QdrantSettings.model_validate({"url": server.url, "api_key": "old"}))
        engine = open_engine(settings)
        try:
            with TestClient(search_app(settings, engine, fake_encoders(), fetcher)) as http:
                server.results, server.otherwise = {}, REVOKED
                told = {path: http.get(path) for path in ("/readyz", "/v1/search?q=red", "/?q=red")}
            with pytest.raises(Misconfigured, match="VITRINE_QDRANT__API_KEY"):
                search_app(settings, engine, fake_encoders(), fetcher)
        finally:
            engine.close()

    assert {path: answer.status_code for path, answer in told.items()} == dict.fromkeys(told, 503)
    assert all("Retry-After" in answer.headers for answer in told.values())
    for path in ("/readyz", "/v1/search?q=red"):
        assert "VITRINE_QDRANT__API_KEY" in told[path].json()["detail"]
