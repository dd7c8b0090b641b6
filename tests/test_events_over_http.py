"""Events over real HTTP into a running demo: on its log first, in its answers a little later, also after a kill."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from tests.builders import as_bytes, bare, patched, upserted
from tests.demo import Demo
from tests.index import MEMORY

NDJSON = {"content-type": "application/x-ndjson"}


def test_an_event_that_was_accepted_is_searchable_a_little_later() -> None:
    """It survives a kill right after the answer, for it was on the disk by then."""
    with TemporaryDirectory(prefix="vitrine-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        catalogue = Path(folder) / "shop.jsonl"
        catalogue.write_bytes(as_bytes(bare("a")))
        with Demo(Path(folder), ("--catalogue", str(catalogue))) as demo:
            demo.wait(lambda: demo.total() == 1, "the first product")
            body = b"\n".join(map(as_bytes, [upserted(bare("b")), patched("a", version=2, price=7), {"type": "x"}]))

            url = f"http://127.0.0.1:{demo.port}/v1/events"
            answer = httpx.post(url, content=body, headers=NDJSON)
            through_proxy = httpx.post(url, content=body, headers=NDJSON | {"x-forwarded-for": "127.0.0.1"})
            demo.kill()
            demo.start()

            assert answer.status_code == 200
            assert [line["accepted"] for line in answer.json()["lines"]] == [True, True, False]
            assert through_proxy.status_code == 403
            demo.wait(lambda: demo.total() == 2, "the product that was sent")
            demo.wait(lambda: (demo.get("/v1/products/a") or {}).get("version") == 2, "the new price")
            assert demo.get("/v1/products/a")["product"]["price"] == 7
