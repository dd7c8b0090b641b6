"""`vitrine demo` on its own event log, killed while it indexes: nothing is lost, and nothing is there twice."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from deploy.sample.catalogue import products
from deploy.sample.palette import COLOURS
from tests.builders import jpeg
from tests.demo import Demo
from tests.index import MEMORY


@pytest.mark.long
def test_the_sample_catalogue_survives_kill_9() -> None:
    """All its products are there exactly once after a kill in the middle, and a third start adds nothing."""
    catalogue = products()
    with TemporaryDirectory(prefix="vitrine-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        data = Path(folder)
        (data / "images" / "pictures").mkdir(parents=True)
        for number, product in enumerate(catalogue):  # in place of the drawings, which take a while
            colour = (number % 16 * 16, number // 16 % 16 * 16, len(COLOURS))
            (data / "images" / product.picture).write_bytes(jpeg(colour))
        with Demo(data, settings={"VITRINE_INGEST__BATCH_RECORDS": "64"}) as demo:
            demo.wait(lambda: demo.total() > 0, "the first products")
            before = demo.total()
            demo.kill()

            demo.start()
            demo.wait(lambda: demo.total() == len(catalogue), "all products")

            assert before < len(catalogue)
            assert sorted(demo.browsed()) == [product.id for product in catalogue]
            stored = demo.get(f"/v1/products/{catalogue[-1].id}")
            assert stored["product"]["title"] == catalogue[-1].title
            assert [picture["status"] for picture in stored["pictures"]] == ["ok"]
            assert demo.stop() == 0
