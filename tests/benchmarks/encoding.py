"""The encoders alone: pictures and texts a second by batch size, beside the bare forward pass of the same rounds."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from PIL import Image

from catalog.text import dense_text
from deploy.processes.search import SWITCH_INTERVAL_SECONDS
from encoders.pictures.decode import PictureLimits, decode
from encoders.shipped import load_minilm
from tests.benchmarks.forward import pictures_forward, texts_forward
from tests.benchmarks.table import Row, Section, verdict
from tests.benchmarks.timing import Samples, per_second, share

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from encoders.interface import Encoders, Picture

BATCHES = (1, 8, 32, 128)
AIM_SHARE = 0.9
AIM_PICTURES = 250
AIM_QUERY_MS = 4.0
ROUNDS = 7
QUERY_ROUNDS = 60
UNPACKED = 16
GROUPS = 4
LIMITS = PictureLimits()
QUERIES = ("red running shoes for women", "black leather wallet", "blue jeans", "summer dress with flowers")
_LOADING = """
import resource, time
started = time.perf_counter()
from encoders.names import EncoderSettings
from encoders.registry import load_encoders
imported = time.perf_counter()
load_encoders(EncoderSettings()).text.encode_queries(["warm"])
loaded = time.perf_counter()
print(imported - started, loaded - imported, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 2**20)
"""


@dataclass(frozen=True, slots=True)
class Beside:
    """Rounds of one batch through an encoder, and through the bare forward pass on input that is ready."""

    batch: int
    encoder: Samples = field(default_factory=Samples)
    bare: Samples = field(default_factory=Samples)

    def row(self, what: str, fewest_per_second: int = 0) -> Row:
        """Return the line of the table."""
        reached = share(self.bare, self.encoder)
        rate = per_second(self.encoder, self.batch)
        aim = f"≥ {AIM_SHARE:.0%}" + (f", ≥ {fewest_per_second} /s" if fewest_per_second else "")
        return Row(
            f"{what}, {self.batch} at once",
            f"{rate:.0f} /s",
            f"bare forward pass {per_second(self.bare, self.batch):.0f} /s",
            f"{reached:.0%}",
            verdict(aim, holds=reached >= AIM_SHARE and rate >= fewest_per_second),
        )


def encoding(encoders: Encoders, products: Sequence[Mapping[str, object]], photos: Sequence[bytes]) -> Section:
    """Measure the shipped pair; `photos` are encoded pictures, at least as many as the largest batch."""
    texts = [dense_text(product) for product in products]
    rows = [_pictures(encoders, photos[:batch]).row("pictures, decoded", AIM_PICTURES) for batch in BATCHES]
    rows.append(_from_bytes(encoders, photos[: BATCHES[-1]]).row("pictures, from JPEG or PNG bytes", AIM_PICTURES))
    rows += [_texts(texts[:batch]).row("product texts") for batch in BATCHES]
    with _python_at_work():
        rows.append(_pictures(encoders, photos[: BATCHES[-1]]).row("pictures, decoded, beside Python at work"))
        rows.append(_texts(texts[: BATCHES[-1]]).row("product texts, beside Python at work"))
    rows += [_unpacking(encoders, photos[:UNPACKED], side) for side in (448, 800, 1_600)]
    return Section([*rows, _query(), _loading()])


def _pictures(encoders: Encoders, photos: Sequence[bytes]) -> Beside:
    pictures = [decode(photo, LIMITS) for photo in photos]
    return _rounds(Beside(len(photos)), lambda: encoders.picture.encode_pictures(pictures), pictures_forward(pictures))


def _from_bytes(encoders: Encoders, photos: Sequence[bytes]) -> Beside:
    """As ingest does it: a thread decodes the next group of pictures while the encoder works on the one before."""
    side = encoders.picture.description.needed_side_px

    def decoded(group: Sequence[bytes]) -> list[Picture]:
        return [decode(photo, LIMITS, needed_side_px=side) for photo in group]

    def overlapped() -> None:
        with ThreadPoolExecutor(1) as ahead:
            for group in ahead.map(decoded, [photos] * GROUPS):
                encoders.picture.encode_pictures(group)

    forward = pictures_forward(decoded(photos) * GROUPS)
    return _rounds(Beside(len(photos) * GROUPS), overlapped, forward)


def _unpacking(encoders: Encoders, photos: Sequence[bytes], side_px: int) -> Row:
    """JPEGs to what the encoder needs, and to all that any encoder could read; and what that does to its vectors."""
    jpegs = [_jpeg(photo, side_px) for photo in photos]
    needed_side_px = encoders.picture.description.needed_side_px
    needed, whole = Samples(), Samples()
    for _ in range(ROUNDS):
        with needed.timed():
            small = [decode(jpeg, LIMITS, needed_side_px=needed_side_px) for jpeg in jpegs]
        with whole.timed():
            large = [decode(jpeg, LIMITS) for jpeg in jpegs]
    cosines = (encoders.picture.encode_pictures(small) * encoders.picture.encode_pictures(large)).sum(axis=1)
    return Row(
        f"decoding a JPEG of {side_px:,} px",
        f"{min(needed.seconds) / len(jpegs) * 1_000:.1f} ms at best",
        f"as large as any encoder reads {min(whole.seconds) / len(jpegs) * 1_000:.1f} ms",
        f"vectors alike to {cosines.min():.4f}",
    )


def _jpeg(photo: bytes, side_px: int) -> bytes:
    file = io.BytesIO()
    with Image.open(io.BytesIO(photo)) as image:
        image.convert("RGB").resize((side_px, side_px)).save(file, "JPEG", quality=90)
    return file.getvalue()


def _texts(texts: Sequence[str]) -> Beside:
    encoder = load_minilm(device="cpu")
    return _rounds(Beside(len(texts)), lambda: encoder.encode_documents(texts), texts_forward(texts))


@contextmanager
def _python_at_work() -> Iterator[None]:
    """Keep a thread busy in Python, as the event loop is in a search, or a worker with what it writes."""
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            sum(range(1_000))

    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        sys.setswitchinterval(before)


def _query() -> Row:
    """One short text on one core: what a search waits for."""
    encoder, found, threads = load_minilm(device="cpu"), Samples(), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for number in range(QUERY_ROUNDS):
            with found.timed():
                encoder.encode_queries([QUERIES[number % len(QUERIES)]])
    finally:
        torch.set_num_threads(threads)
    aim = verdict(f"≤ {AIM_QUERY_MS:.0f} ms p50", holds=found.p50_ms <= AIM_QUERY_MS)
    return Row("one query's text, one core", str(found), "", "", aim)


def _loading() -> Row:
    """In a process of its own, with nothing else in it."""
    said = subprocess.run([sys.executable, "-c", _LOADING], check=True, capture_output=True, text=True).stdout
    imports, loading, mebibytes = map(float, said.split())
    return Row("loading the shipped pair", f"{loading:.1f} s", f"its imports {imports:.1f} s", f"{mebibytes:.0f} MiB")


def _rounds(found: Beside, encode: Callable[[], object], forward: Callable[[], object]) -> Beside:
    """Time both in turn, the first round apart: the first time costs more, whoever it meets."""
    encode()
    forward()
    for number in range(ROUNDS):
        for samples, work in ((found.encoder, encode), (found.bare, forward))[:: 1 if number % 2 else -1]:
            with samples.timed():
                work()
    return found
