"""The confusion matrix: which class was taken for which, as a map of heat cells and as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .facts import finite
from .numbers import count, percent
from .parts import Figure, Table
from .svg import Raw, drawing, fit, label, number, tag, width
from .words import Words

MOST = 50  # classes; beyond that no cell can hold its number, and the page would grow with the square
PAIRS = 10


@dataclass(frozen=True)
class Matrix:
    """Counts by true class (rows) and predicted class (columns); `total` is the number of all classes."""

    classes: list[str]
    counts: list[list[float]]
    totals: list[float]
    total: int

    def right(self, k: int) -> float | None:
        """The share of class k that was recognised; None for a class without rows."""
        return self.counts[k][k] / self.totals[k] if self.totals[k] > 0 else None


def matrix(classes: Sequence[object], counts: Sequence[object]) -> Matrix | None:
    """The matrix if it is one (square, one name per class), cut to the classes with the most mistakes.

    Examples
    --------
    >>> matrix(["a", "b"], [[8, 2], [0, 10]]).right(0)
    0.8
    >>> matrix(["a", "b"], [[8, 2]]) is None
    True
    """
    size = len(counts)
    if size == 0 or any(not isinstance(row, list) or len(row) != size for row in counts):
        return None
    table = [[max(0.0, finite(value) or 0.0) for value in row] for row in counts if isinstance(row, list)]
    names = [str(name) for name in classes] if len(classes) == size else [str(k) for k in range(size)]
    totals = [sum(row) for row in table]
    kept = list(range(size))
    if size > MOST:
        wrong = [totals[k] + sum(row[k] for row in table) - 2 * table[k][k] for k in kept]
        kept = sorted(sorted(kept, key=lambda k: -wrong[k])[:MOST])
    cut = [[table[a][b] for b in kept] for a in kept]
    return Matrix([names[k] for k in kept], cut, [totals[k] for k in kept], size)


def figure(found: Matrix, words: Words) -> Figure:
    """The heat map and its table twin."""
    title = words("confusion_title")
    pairs = mixed_up(found)
    size, colours = count(len(found.classes)), words("confusion_colours")
    description = words("confusion_described", classes=size, caption=colours)
    if pairs:
        a, b, times = pairs[0]
        most = words("confusion_most", true=found.classes[a], predicted=found.classes[b], count=count(times))
        description = words.join([description, most])
    notes = [colours]
    if found.total > len(found.classes):
        notes.append(words("confusion_cut", shown=size, total=count(found.total)))
    parts, (wide, high) = _map(found, words)
    svg = drawing("figure-confusion", title, description, (wide, high), *parts)
    return Figure("confusion", title, description, svg, twin(found, words), wide, notes)


def _map(found: Matrix, words: Words) -> tuple[list[Raw], tuple[float, float]]:
    """The drawing and its size: labels first, to know their room; then grid, cells, shares."""
    size = len(found.classes)
    cell = float(min(46, max(16, 720 // size)))
    font = min(13.0, max(9.0, cell - 6))
    names = [fit(name, 130, font) for name in found.classes]
    if size <= 8:  # few classes: there is room for cells as wide as their names
        cell = max(cell, min(88.0, 8 + max(width(name, font) for name in names)))
    upright = all(width(name, font) <= cell - 2 for name in names)
    left = max(width(words("confusion_true"), 12), *(width(name, font) for name in names)) + 14
    top = 26 + (font + 8 if upright else max(width(name, font) for name in names) + 12)
    side = cell * size
    share = words("confusion_share")
    rights = [percent(found.right(k)) for k in range(size)]
    wide = left + side + 14 + max(width(share, 12), *(width(right, font) for right in rights))
    parts = [label(left + side / 2, 12, words("confusion_predicted"), "name", "middle")]
    parts.append(label(left - 8, top - 8, words("confusion_true"), "name", "end"))
    parts.append(label(wide - 2, top - 8, share, "name", "end"))
    parts.append(tag("path", d=_grid(left, top, cell, size), class_="grid"))
    for k, name in enumerate(names):
        middle = top + (k + 0.5) * cell + 0.35 * font
        parts.append(_text(left - 8, middle, name, font, "end"))
        parts.append(_text(wide - 2, middle, rights[k], font, "end"))
        parts.append(_column(left + (k + 0.5) * cell, top - 8, name, font, upright))
    parts += _cells(found, left, top, cell)
    return parts, (wide, top + side + 6)


def _cells(found: Matrix, left: float, top: float, cell: float) -> list[Raw]:
    """A square and its count wherever there is one; an empty cell is faster to read than 0."""
    parts = []
    for a, row in enumerate(found.counts):
        for b, value in enumerate(row):
            if value > 0:
                x, y, text = left + b * cell, top + a * cell, count(value)
                kind = "hit" if a == b else "miss"
                shade = f"{kind} h{level(value / found.totals[a])}"
                parts.append(tag("rect", x=x + 1, y=y + 1, width=cell - 2, height=cell - 2, class_=shade))
                font = min(13.0, cell - 6, (cell - 3) / max(1, len(text)) / 0.56)
                parts.append(_text(x + cell / 2, y + cell / 2 + 0.35 * font, text, max(6.0, font), "middle"))
    return parts


def level(share: float) -> int:
    """One of the shades 3 to 10: the square root lets a few mistakes among many rows be seen.

    Examples
    --------
    >>> [level(share) for share in (0.01, 0.1, 0.5, 1.0)]
    [4, 5, 8, 10]
    """
    return min(10, 3 + round(7 * math.sqrt(share)))


def _grid(left: float, top: float, cell: float, size: int) -> str:
    at = [(left + k * cell, top + k * cell) for k in range(size + 1)]
    side = number(cell * size)
    down = "".join(f"M{number(x)} {number(top)}v{side}" for x, _ in at)
    return down + "".join(f"M{number(left)} {number(y)}h{side}" for _, y in at)


def _text(x: float, y: float, text: str, font: float, anchor: str | None) -> Raw:
    return tag("text", text, x=x, y=y, font_size=font, text_anchor=anchor, class_="cell")


def _column(x: float, y: float, name: str, font: float, upright: bool) -> Raw:
    """A column's name, standing on its end when the column is too narrow for it."""
    if upright:
        return _text(x, y, name, font, "middle")
    x += 0.35 * font
    turn = f"rotate(-90 {number(x)} {number(y)})"
    return tag("text", name, x=x, y=y, font_size=font, transform=turn, class_="cell")


def mixed_up(found: Matrix) -> list[tuple[int, int, float]]:
    """The mistakes made most often as (true, predicted, count), the worst first."""
    size = range(len(found.classes))
    wrong = [(a, b, found.counts[a][b]) for a in size for b in size if a != b and found.counts[a][b] > 0]
    return sorted(wrong, key=lambda pair: -pair[2])[:PAIRS]


def pairs_table(found: Matrix, words: Words) -> Table | None:
    """The mistakes made most often; None when there are none."""
    pairs = mixed_up(found)
    if not pairs:
        return None
    head = [words("pair_true"), words("pair_predicted"), words("rows"), words("pair_share")]
    rows = [
        [found.classes[a], found.classes[b], count(times), percent(times / found.totals[a])] for a, b, times in pairs
    ]
    return Table(words("pairs_caption"), head, rows, words=2)


def twin(found: Matrix, words: Words) -> Table:
    """The matrix as a table, zeros included, with the share of right answers per class."""
    head = [words("confusion_corner"), *found.classes, words("confusion_share")]
    rows = [
        [name, *(count(value) for value in row), percent(found.right(k))]
        for k, (name, row) in enumerate(zip(found.classes, found.counts, strict=True))
    ]
    return Table(words("confusion_caption"), head, rows)
