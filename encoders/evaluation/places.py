"""Where a table's pictures lie: in a folder, in a tar, or in tars within a folder; never outside of it."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

from catalog.errors import Misconfigured

TAR: Final = ".tar"


@dataclass(frozen=True, slots=True)
class Place:
    """A picture's bytes: a file, or `length_bytes` of a tar from `start` on."""

    path: Path
    start: int = 0
    length_bytes: int | None = None

    def read(self, most_bytes: int) -> bytes:
        """Return its bytes, at most so many; raises OSError."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            return file.read(most_bytes if self.length_bytes is None else min(most_bytes, self.length_bytes))


class Source(Protocol):
    """Something that holds pictures by name."""

    def find(self, image: str) -> Place | None:
        """Return where a picture lies, None where it is not in here."""
        ...


class Tar:
    """The files of an uncompressed tar, by their names in it, or by their last part where that is unambiguous."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, Place] = {}
        short: dict[str, Place | None] = {}
        try:
            with tarfile.open(path, "r:") as archive:
                for member in archive:
                    if member.isreg() and not member.issparse():
                        name = PurePosixPath(member.name)
                        place = Place(path, member.offset_data, member.size)
                        self._places[str(name)] = place
                        short[name.name] = None if name.name in short else place
        except (OSError, tarfile.TarError) as error:
            raise Misconfigured(f"{path} is no readable .tar ({error}); a compressed one must be unpacked") from error
        self._places = {name: place for name, place in short.items() if place is not None} | self._places

    def __str__(self) -> str:
        return str(self._path)

    def find(self, image: str) -> Place | None:
        """Return where a picture lies, None where it is not in here."""
        return self._places.get(str(PurePosixPath(image)))


class Folder:
    """The files below a folder, and those in tars below it (`photos.tar/1.jpg`); links that lead out do not count."""

    def __init__(self, path: Path) -> None:
        self._shown = path
        self._path = path.resolve()
        self._tars: dict[str, Tar | None] = {}

    def __str__(self) -> str:
        return f"{self._shown}/"

    def find(self, image: str) -> Place | None:
        """Return where a picture lies, None where it is not in here."""
        parts = PurePosixPath(image).parts
        inside = next((n for n, part in enumerate(parts[:-1], start=1) if part.endswith(TAR)), None)
        if inside is not None:
            tar = self._tar("/".join(parts[:inside]))
            return tar.find("/".join(parts[inside:])) if tar else None
        path = self._below(image)
        return Place(path) if path else None

    def _tar(self, name: str) -> Tar | None:
        if name not in self._tars:
            path = self._below(name)
            self._tars[name] = Tar(path) if path else None
        return self._tars[name]

    def _below(self, name: str) -> Path | None:
        try:
            path = (self._path / name).resolve()
            return path if path.is_relative_to(self._path) and path.is_file() else None
        except (OSError, ValueError):  # a name too long, a loop of links, a null byte
            return None


def sources_beside(table: Path, pictures: Path | None) -> list[Source]:
    """Return where a table's pictures are looked for, in this order; raises `Misconfigured` for a wrong `pictures`."""
    if pictures is not None:
        if pictures.is_dir():
            return [Folder(pictures)]
        if pictures.is_file():
            return [Tar(pictures)]
        raise Misconfigured(f"{pictures} is neither a folder nor a .tar: name where the pictures of {table} lie")
    beside = [table.parent / "pictures", table.with_suffix(""), table.parent]
    found: list[Source] = [Folder(path) for path in beside if path.is_dir()]
    tar = table.with_suffix(TAR)
    if tar.is_file():
        found.insert(-1, Tar(tar))
    return found
