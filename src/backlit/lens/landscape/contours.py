"""Lines of equal height on a grid of numbers (marching squares), and the levels at which to draw them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
SHADES = 8  # steps of colour: between them 7 levels


def levels(losses: Array) -> list[float]:
    """Heights that part the numbers into `SHADES` steps: even, or even in their logarithm where they span decades.

    >>> levels(np.array([[0.0, 8.0]]))
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    """
    finite = losses[np.isfinite(losses)]
    if not finite.size or finite.max() == finite.min():
        return []
    low, high = float(finite.min()), float(finite.max())
    if low > 0 and high / low > 10:
        return [float(v) for v in np.geomspace(low, high, SHADES + 1)[1:-1]]
    return [float(v) for v in np.linspace(low, high, SHADES + 1)[1:-1]]


def shade(value: float, heights: list[float]) -> int:
    """In which step a number lies, from 0; -1 where it is not finite."""
    return -1 if not math.isfinite(value) else sum(value > height for height in heights)


def lines(x: Array, y: Array, losses: Array, height: float) -> list[tuple[float, float, float, float]]:
    """The pieces (x₁, y₁, x₂, y₂) of the line at this height; none in a cell with a corner that is not finite.

    >>> lines(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([[0.0, 1.0], [0.0, 1.0]]), 0.25)
    [(0.25, 0.0, 0.25, 1.0)]
    """
    found = []
    for j in range(len(y) - 1):
        for i in range(len(x) - 1):
            corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
            values = [float(losses[b, a]) for a, b in corners]
            if not all(map(math.isfinite, values)) or min(values) > height or max(values) <= height:
                continue
            cuts = []
            for k in range(4):
                (a, b), (c, d) = corners[k], corners[(k + 1) % 4]
                one, two = values[k], values[(k + 1) % 4]
                if (one > height) != (two > height):
                    share = (height - one) / (two - one)
                    cuts.append((float(x[a] + share * (x[c] - x[a])), float(y[b] + share * (y[d] - y[b]))))
            if len(cuts) == 4 and (sum(values) / 4 > height) != (values[0] > height):
                cuts = cuts[1:] + cuts[:1]  # a saddle: the middle tells which corners belong together
            found += [(*cuts[k], *cuts[k + 1]) for k in range(0, len(cuts), 2)]
    return found
