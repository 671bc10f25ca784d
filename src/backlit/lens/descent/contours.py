"""Lines of equal height of a function of two variables, by marching squares."""

from __future__ import annotations

import numpy as np

from .function import Array, Function

CELLS, LEVELS = 90, 14


def grid(function: Function, across: tuple[float, float], up: tuple[float, float]) -> tuple[Array, Array, Array]:
    """(x, y, f) on a grid; f[j, i] belongs to x[i], y[j]."""
    x, y = np.linspace(*across, CELLS + 1), np.linspace(*up, CELLS + 1)
    return x, y, function.values(*np.meshgrid(x, y))


def levels(f: Array) -> Array:
    """Heights from the bottom up: close together near the lowest value, further apart above.

    >>> found = levels(np.linspace(0.0, 100.0, 101))
    >>> len(found), bool((np.diff(found, 2) > 0).all())
    (14, True)
    """
    known = f[np.isfinite(f)]
    if not known.size or np.ptp(known) <= 1e-12 * (1 + abs(float(known.max()))):
        return np.zeros(0)
    low = float(known.min())
    unit = 0.02 * float(np.median(known - low)) or 1e-3 * float(np.ptp(known))
    top = np.log1p((float(np.quantile(known, 0.99)) - low) / unit)
    return np.asarray(low + unit * np.expm1(top * (np.arange(LEVELS) + 0.7) / LEVELS))


def lines(x: Array, y: Array, f: Array, level: float) -> list[tuple[float, float, float, float]]:
    """The pieces (x1, y1, x2, y2) of the line f = level; cells with a value that is not finite have none."""
    corners = [f[:-1, :-1], f[:-1, 1:], f[1:, 1:], f[1:, :-1]]  # around each cell
    above = [c > level for c in corners]
    mixed = (sum(a.astype(int) for a in above) % 4 != 0) & np.isfinite(sum(corners))
    found = []
    for j, i in zip(*np.nonzero(mixed), strict=True):
        places = [(x[i], y[j]), (x[i + 1], y[j]), (x[i + 1], y[j + 1]), (x[i], y[j + 1])]
        heights = [float(c[j, i]) for c in corners]
        cuts = []
        for a in range(4):
            b = (a + 1) % 4
            if (heights[a] > level) != (heights[b] > level):
                share = (level - heights[a]) / (heights[b] - heights[a])
                (ax, ay), (bx, by) = places[a], places[b]
                cuts.append((float(ax + share * (bx - ax)), float(ay + share * (by - ay))))
        # Four cuts: a saddle, whose pieces are joined as the middle of the cell says.
        if len(cuts) == 4 and (sum(heights) / 4 > level) == (heights[0] > level):
            cuts = [cuts[0], cuts[1], cuts[2], cuts[3]]
        elif len(cuts) == 4:
            cuts = [cuts[3], cuts[0], cuts[1], cuts[2]]
        found += [(*cuts[k], *cuts[k + 1]) for k in range(0, len(cuts), 2)]
    return found
