"""Pictures below one folder: no path leads out of it, and nothing but a plain file is opened for reading.

A path is resolved first, so that links inside the folder work, and then opened step by step without following any
link: what changes in between is noticed by the system and not by us.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from catalog.errors import InvalidPicture, PictureUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_STEP: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LAST: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe would wait for its writer


class PictureFolder:
    """Reads files below `root`; may be called from several threads at once."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def read(self, reference: str, *, max_bytes: int) -> bytes:
        """Return a file's bytes.

        Raises `InvalidPicture` for a path that leads elsewhere or can be none and for a file that is too large,
        `PictureUnavailable` where there is no such file: it may yet be copied there.
        """
        try:
            with self._opened(self._steps(reference)) as handle:
                return _read(handle, reference, max_bytes)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise InvalidPicture(f"{reference:.200} is too long for a path") from error
            raise PictureUnavailable(f"{reference:.200} cannot be read: {error.strerror}") from error
        except (ValueError, RuntimeError) as error:  # a NUL byte, a loop of links
            raise InvalidPicture(f"{reference:.200} is no path: {error}") from error

    def _steps(self, reference: str) -> Sequence[str]:
        """Return a path's parts below the root, links followed."""
        path = (self._root / reference).resolve()
        if not path.is_relative_to(self._root):
            raise InvalidPicture(f"{reference:.200} leads out of the images folder")
        if not path.is_file():  # to open a device can have effects; what it becomes after this is judged once open
            raise PictureUnavailable(f"there is no file {reference:.200} in the images folder")
        return path.relative_to(self._root).parts

    @contextmanager
    def _opened(self, steps: Sequence[str]) -> Iterator[int]:
        """Open a file from the root downwards, following no link any more."""
        handle = os.open(self._root, _STEP)
        try:
            for step, flags in zip(steps, [_STEP] * (len(steps) - 1) + [_LAST], strict=True):
                handle, above = os.open(step, flags, dir_fd=handle), handle
                os.close(above)
            yield handle
        finally:
            os.close(handle)


def _read(handle: int, reference: str, max_bytes: int) -> bytes:
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        raise PictureUnavailable(f"{reference:.200} is not a plain file")
    if found.st_size <= max_bytes:
        with os.fdopen(handle, "rb", closefd=False) as file:
            data = file.read(max_bytes + 1)  # it may be growing
        if len(data) <= max_bytes:
            return data
    raise InvalidPicture(f"the picture has more than {max_bytes:,} bytes")
