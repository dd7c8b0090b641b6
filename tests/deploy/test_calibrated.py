"""The kept calibration on its way to search: used at start and when it changes, left out where it does not hold."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from qdrant_client import QdrantClient
from structlog.testing import capture_logs

from catalog.calibration import Calibration, Level, Pictures
from catalog.collection import Declaration, ensure, keep_calibration
from catalog.errors import EngineUnavailable
from catalog.vectors import TEXT, VectorSpecs
from deploy.processes.calibrated import KeptCalibration
from deploy.processes.parts import declare
from deploy.settings import QdrantSettings
from encoders.fakes import fake_encoders
from encoders.interface import TEXT_QUERY, Unrelated
from search.encoding.query import QueryEncoder
from search.schemas import Term
from tests.builders import bare
from tests.index import embedded_engine
from tests.search.shop import RED, data_url, open_shop, shop_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from catalog.embedded import EmbeddedClient

OWN = fake_encoders().scale(TEXT_QUERY, TEXT)
KEPT = Unrelated(0.31, 0.07)


def calibration(specs: VectorSpecs, scale: Unrelated = KEPT) -> Calibration:
    """Return a calibration of text alone."""
    return Calibration(specs, (Level(TEXT_QUERY, TEXT, scale.mean, scale.deviation, 99),), "2026-05-01", 50, 0)


@contextmanager
def made() -> Iterator[tuple[EmbeddedClient, Declaration, QueryEncoder]]:
    """Make a collection, and an encoder of its queries."""
    with ExitStack() as stack:
        engine = stack.enter_context(embedded_engine())
        declaration = Declaration("products", fake_encoders().specs)
        ensure(engine, declaration)
        encoder = QueryEncoder(fake_encoders())
        stack.callback(encoder.close)
        yield engine, declaration, encoder


async def scale_of(encoder: QueryEncoder) -> Unrelated:
    """Return the scale on which a query in words is read in the text arm."""
    return (await encoder.encode([Term(text="red")], (), {}, {TEXT: 1.0}))[TEXT].scale


async def test_search_reads_scores_on_the_kept_scale() -> None:
    """From the start, and on the encoders' own where nothing is kept or it is forgotten."""
    with made() as (engine, declaration, encoder):
        reader = KeptCalibration(engine, declaration, encoder)
        reader.start()
        assert await scale_of(encoder) == OWN

        keep_calibration(engine, declaration, calibration(declaration.specs))
        reader.refresh()
        assert await scale_of(encoder) == KEPT
        assert reader.current == calibration(declaration.specs)

        keep_calibration(engine, declaration, None)
        reader.refresh()
        assert await scale_of(encoder) == OWN


async def test_one_of_other_vectors_is_left_out_and_said_once() -> None:
    """A warning names the encoder that changed; it is not repeated at each check."""
    with made() as (engine, declaration, encoder):
        other = replace(declaration.specs, text=replace(declaration.specs.text, revision="0"))
        keep_calibration(engine, declaration, calibration(other))
        reader = KeptCalibration(engine, declaration, encoder)

        with capture_logs() as logs:
            reader.start()
            reader.refresh()

        assert await scale_of(encoder) == OWN
        assert [log["log_level"] for log in logs] == ["warning"]
        assert "encoder of text" in logs[0]["reason"]


def test_search_starts_although_the_engine_is_away() -> None:
    """It says that the calibration is read later; later it tells the outage."""
    away = QdrantClient(url="http://127.0.0.1:9", check_compatibility=False)
    reader = KeptCalibration(away, Declaration("products", fake_encoders().specs), QueryEncoder(fake_encoders()))

    with capture_logs() as logs:
        reader.start()

    assert [log["log_level"] for log in logs] == ["warning"]
    with pytest.raises(EngineUnavailable):
        reader.refresh()
    away.close()


def test_a_running_search_takes_a_new_calibration() -> None:
    """The next check of readiness brings it, and scores are read by it; the order of one arm stays."""
    with embedded_engine() as engine:
        settings = shop_settings(QdrantSettings())
        with open_shop(engine, settings) as shop:
            shop.sell(bare("a", title="red shoe"), bare("b", title="red shoe of canvas"))
            asked = {"text": "red shoe", "arms": {"text": 1.0}}
            before = shop.search(**asked)["hits"]

            declaration = declare(settings, fake_encoders())
            keep_calibration(engine, declaration, calibration(declaration.specs))
            assert shop.http.get("/readyz").status_code == 200
            after = shop.search(**asked)["hits"]

            for old, new in zip(before, after, strict=True):
                assert old["product"] == new["product"]
                raw = old["score"] * OWN.deviation + OWN.mean
                assert new["score"] == pytest.approx(KEPT.normalise(raw), rel=1e-3)


def test_what_the_pictures_tell_weighs_the_arms_of_a_running_search() -> None:
    """Once more where nothing else says what products are, not at all by chance; weights that were sent stay."""
    with embedded_engine() as engine:
        settings = shop_settings(QdrantSettings())
        with open_shop(engine, settings) as shop:
            shop.sell(*(bare(name, title="red shoe", images=[data_url(RED)]) for name in "ab"))
            declaration = declare(settings, fake_encoders())

            def weights(pictures: Pictures | None, **request: object) -> dict[str, float]:
                kept = replace(calibration(declaration.specs), pictures=pictures)
                keep_calibration(engine, declaration, kept)
                assert shop.http.get("/readyz").status_code == 200
                arms = shop.search(text="red", explain=True, **request)["hits"][0]["explanation"]["arms"]
                return {arm: round(one["weight"] / arms["lexical"]["weight"], 4) for arm, one in arms.items()}

            alone, strange = Pictures(told=0.95, alone=1.0), Pictures(told=0.5, alone=1.0)
            assert weights(None) == {"text": 0.6, "image": 0.6, "lexical": 1.0}
            assert weights(alone) == {"text": 0.6, "image": 1.2, "lexical": 1.0}
            assert weights(strange) == {"text": 1.2, "lexical": 1.0}
            sent = {"text": 0.5, "image": 0.3, "lexical": 1.0}
            assert weights(alone, arms=sent) == sent
