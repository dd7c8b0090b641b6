"""The main job on real input: a shop's 38,000 products with photos through Kafka into `vitrine demo --kafka`.

`python -m tests.benchmarks.fashion --data ../shared/data` starts a broker of its own, produces every row of
`fashion.csv` as an upsert (prices are synthetic: the data has none), runs the real command on the topic, and prints how
long it took, how much memory, and the first titles of some queries. The photos go to a temporary folder.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.progress import Progress

from ingest.kafka_connection import KafkaConnection
from ingest.kafka_producer import KafkaEvents
from tests.broker import Broker, create_topic, jars

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT: Final = 8177
INGEST_PORT: Final = PORT + 1
PARTITIONS: Final = 4
TOPIC: Final = "fashion"
CACHE: Final = Path(__file__).parents[2] / ".cache"
WORDS: Final = ("red running shoes", "men black leather wallet")
console = Console()


def event(row: dict[str, str]) -> dict[str, Any]:
    """Return a row as an upsert; its price is made up from its id and article type, and is the same at every run."""
    price = 5 + zlib.crc32(f"{row['articleType']}{row['id']}".encode()) % 14_500 / 100
    attributes = {"gender": row["gender"], "colour": row["baseColour"], "season": row["season"], "usage": row["usage"]}
    product = {
        "id": row["id"],
        "title": row["productDisplayName"],
        "category": " > ".join([row["masterCategory"], row["subCategory"], row["articleType"]]),
        "price": price,
        "currency": "EUR",
        "stock": int(row["id"]) % 7,
        "images": [f"{row['id']}.jpg"],
        "attributes": {name: value for name, value in attributes.items() if value},
    }
    return {"type": "product.upserted", "version": 1, "product": product}


def produce(bootstrap: str, rows: list[dict[str, str]]) -> float:
    """Put every row on the topic; return the seconds it took."""
    start = time.perf_counter()
    events = KafkaEvents(KafkaConnection(bootstrap), topic=TOPIC)
    try:
        events.append((row["id"].encode(), json.dumps(event(row)).encode()) for row in rows)
    finally:
        events.close()
    return time.perf_counter() - start


@contextmanager
def demo(bootstrap: str, folder: Path, images: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the real command on the topic."""
    command = f"vitrine demo --data {folder} --kafka {bootstrap} --topic {TOPIC} --no-open --port {PORT}".split()
    process = subprocess.Popen(
        [Path(sys.executable).with_name(command[0]), *command[1:]],
        env={
            **os.environ,
            "VITRINE_IMAGES__ROOT": str(images),
            "VITRINE_INGEST__HTTP_PORT": str(INGEST_PORT),
        },
        stderr=(folder / "log").open("wb"),
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def wait_until_indexed(process: subprocess.Popen[bytes], count: int) -> None:
    """Wait, with a progress bar, until the index holds every product."""
    with Progress(console=console) as progress:
        task = progress.add_task("products in the index", total=count)
        points = 0
        while points < count:
            assert process.poll() is None, "the demo ended; see its log"
            time.sleep(0.5)
            try:
                answer = httpx.get(f"http://127.0.0.1:{PORT}/readyz", timeout=30).json()
            except httpx.TransportError:
                continue
            points = answer.get("points", points)
            progress.update(task, completed=points)


def memory_bytes(pid: int) -> int:
    """Return the resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def encoded() -> dict[str, int]:
    """Return how many texts and pictures the encoders have read for the index, by vector."""
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(httpx.get(f"http://127.0.0.1:{INGEST_PORT}/metrics", timeout=30).text):
        for sample in family.samples:
            if sample.name == "vitrine_ingest_encodes_total":
                found[sample.labels["vector"]] += int(sample.value)
    return dict(found)


def ask(what: str, body: dict[str, Any], photo: Path | None = None) -> None:
    """Print the first ten titles of a query and how long it took."""
    start = time.perf_counter()
    url = f"http://127.0.0.1:{PORT}/v1/search"
    if photo is None:
        response = httpx.post(url, json={**body, "limit": 10}, timeout=60)
    else:
        form = {"request": json.dumps({**body, "limit": 10})}
        response = httpx.post(url, data=form, files={"image": photo.read_bytes()}, timeout=60)
    milliseconds = 1000 * (time.perf_counter() - start)
    hits = response.raise_for_status().json()["hits"]
    console.print(f"\n[bold]{what}[/bold]  ({milliseconds:.0f} ms; {response.headers['server-timing']})")
    for hit in hits:
        product = hit["product"]
        console.print(f"  {product['title']}  ({product['price']:.2f}, {product['attributes'].get('colour', '–')})")


def main() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with fashion.csv and fashion-60x80.tar")
    parser.add_argument("--rows", type=int, default=None, help="only the first so many rows")
    arguments = parser.parse_args()
    with (arguments.data / "fashion.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[: arguments.rows]
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder, "images")
        with tarfile.open(arguments.data / "fashion-60x80.tar") as photos:
            photos.extractall(images, filter="data")
        broker = Broker(jars(CACHE), Path(folder, "kafka"))
        broker.folder.mkdir()
        broker.start()
        try:
            create_topic(broker.bootstrap, name=TOPIC, partitions=PARTITIONS)
            console.print(f"{len(rows):,} events produced in {produce(broker.bootstrap, rows):.1f} s")
            run(broker.bootstrap, Path(folder), images, rows)
        finally:
            broker.stop()


def run(bootstrap: str, folder: Path, images: Path, rows: list[dict[str, str]]) -> None:
    """Index the topic and ask."""
    start = time.perf_counter()
    with demo(bootstrap, folder, images) as process:
        wait_until_indexed(process, len(rows))
        seconds = time.perf_counter() - start
        console.print(
            f"{len(rows):,} products searchable {seconds:.0f} s after the start ({len(rows) / seconds:.0f}/s), "
            f"{memory_bytes(process.pid) / 2**20:.0f} MiB resident; "
            f"encoded: {', '.join(f'{count:,} for {vector}' for vector, count in encoded().items())}"
        )
        for words in WORDS:
            ask(words, {"text": words})
        ask("blue jeans under 40", {"text": "blue jeans", "filter": {"price": {"lt": 40}}})
        shoe = next(row for row in rows if row["articleType"] == "Casual Shoes")
        photo = images / f"{shoe['id']}.jpg"
        ask(f"the photo of “{shoe['productDisplayName']}”", {}, photo)
        mixed = {"terms": [{"image": {"part": 0}, "weight": 1.0}, {"text": "green shoes", "weight": 1.0}]}
        ask("that photo, but in green", mixed, photo)


if __name__ == "__main__":
    main()
