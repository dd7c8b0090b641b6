"""The course of a run as a picture: the loss by step, and what is found in the held-out rows by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

EVALUATED = "eval_"


def draw_curve(history: Sequence[Mapping[str, float]], before: Mapping[str, float], path: Path, title: str) -> None:
    """Draw what the trainer logged; `before` are the base's figures, the curve's beginning.

    Raises `Misconfigured` where matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise Misconfigured("the curve needs matplotlib: pip install 'vitrine[train]'") from error
    figure = Figure(figsize=(10.0, 4.5), layout="constrained")
    figure.suptitle(title)
    left, right = figure.subplots(1, 2)
    losses = [entry for entry in history if "loss" in entry]
    left.plot([entry["step"] for entry in losses], [entry["loss"] for entry in losses])
    left.set(xlabel="step", ylabel="loss")
    for name, start in before.items():
        points = [(0.0, start)]
        points += [(entry["epoch"], entry[EVALUATED + name]) for entry in history if EVALUATED + name in entry]
        right.plot([epoch for epoch, _ in points], [value for _, value in points], marker=".", label=name)
    right.set(xlabel="epoch", ylabel="held-out rows", ylim=(0, 1))
    right.legend(fontsize="small")
    figure.savefig(path, dpi=120, metadata={"Software": None})
