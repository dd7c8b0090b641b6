"""Outlines on a 100 by 100 drawing board: a few SVG path commands and the plain figures, as arrays of points (n, 2)."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]

CURVE_STEPS: Final = 14
_TOKEN: Final = re.compile(r"[MLQC]|-?\d+(?:\.\d+)?(?:e-?\d+)?")
_NUMBERS_PER_STEP: Final = {"M": 2, "L": 2, "Q": 4, "C": 6}


@lru_cache(maxsize=4)
def _bernstein(degree: int) -> Points:
    """Weights of a Bézier curve's control points, (steps, degree + 1), without the start of the curve."""
    at = np.linspace(0, 1, CURVE_STEPS + 1)[1:]
    return np.stack([math.comb(degree, i) * at**i * (1 - at) ** (degree - i) for i in range(degree + 1)], axis=1)


def path(description: str) -> Points:
    """Points along an SVG-like path of absolute M, L, Q and C commands; one subpath, curves flattened."""
    tokens = _TOKEN.findall(description)
    parts: list[Points] = []
    command, at = "M", 0
    here = np.zeros((1, 2))
    while at < len(tokens):
        if tokens[at] in _NUMBERS_PER_STEP:
            command, at = tokens[at], at + 1
        count = _NUMBERS_PER_STEP[command]
        control = np.array(tokens[at : at + count], dtype=np.float64).reshape(-1, 2)
        at += count
        curve = control if len(control) == 1 else _bernstein(len(control)) @ np.concatenate([here, control])
        parts.append(curve)
        here = curve[-1:]
    return np.concatenate(parts)


def mirror(points: Points) -> Points:
    """The same outline on the other side of the board's middle."""
    return np.array((100.0, 0.0)) + points * (-1, 1)


def symmetric(description: str) -> Points:
    """A closed outline from its right half, given from the top middle to the bottom middle."""
    half = path(description)
    return np.concatenate([half, mirror(half)[::-1]])


def move(points: Points, right: float, down: float) -> Points:
    """The outline elsewhere."""
    return np.add(points, (right, down))


def scale(points: Points, wide: float, high: float, centre: tuple[float, float] = (50, 50)) -> Points:
    """The outline stretched about `centre`."""
    return (points - centre) * (wide, high) + centre


def rotate(points: Points, degrees: float, centre: tuple[float, float] = (50, 50)) -> Points:
    """The outline turned clockwise about `centre`."""
    angle = math.radians(degrees)
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    turned: Points = (points - centre) @ turn
    return turned + centre


def ellipse(x: float, y: float, wide: float, high: float | None = None) -> Points:
    """An ellipse by its centre and half axes; a circle where the second is left out."""
    angle = np.linspace(0, 2 * math.pi, 49)[:-1]
    return np.stack([x + wide * np.cos(angle), y + (wide if high is None else high) * np.sin(angle)], axis=1)


def arc(centre: tuple[float, float], radius: tuple[float, float], start: float, end: float) -> Points:
    """Part of an ellipse, open, from `start` to `end` in degrees clockwise from three o'clock."""
    angle = np.radians(np.linspace(start, end, 25))
    return np.stack([centre[0] + radius[0] * np.cos(angle), centre[1] + radius[1] * np.sin(angle)], axis=1)


def box(left: float, top: float, right: float, bottom: float, radius: float = 0) -> Points:
    """A rectangle, its corners rounded by `radius`."""
    if radius <= 0:
        return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.float64)
    inner = (left + radius, top + radius, right - radius, bottom - radius)
    corners = ((inner[2], inner[1], -90), (inner[2], inner[3], 0), (inner[0], inner[3], 90), (inner[0], inner[1], 180))
    return np.concatenate([arc((x, y), (radius, radius), at, at + 90)[::4] for x, y, at in corners])


def ring(points: Points) -> Points:
    """The outline with its first point again at the end, to be stroked all the way round."""
    return np.concatenate([points, points[:1]])


def ribbon(line: Points, width: float) -> Points:
    """A closed band of `width` along an open line."""
    slope = np.gradient(line, axis=0)
    length = np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-9)
    normal = np.stack([-slope[:, 1], slope[:, 0]], axis=1) / length * (width / 2)
    return np.concatenate([line + normal, (line - normal)[::-1]])
