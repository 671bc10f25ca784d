"""Numbers and columns of text: as many digits as are needed, aligned, within the width of a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...messages import places

WIDE = 96  # columns of a trace in text


def number(value: float, digits: int = 6) -> str:
    """A number with so many digits, as it can be typed again.

    >>> number(0.00043856773), number(-1.0), number(1234567.0), number(float("nan"))
    ('0.000438568', '-1', '1.23457e+06', 'nan')
    """
    if not math.isfinite(value):
        return str(value)
    text = f"{value + 0.0:.{digits}g}"  # -0 is 0
    if "e" in text or not value or abs(value) >= 1e-3:
        return text
    return text if len(text) <= digits + 6 else f"{value:.{digits - 1}e}"


def count(value: float) -> str:
    """How many: a whole number while it can be read as one."""
    return f"{int(value):,}" if value < 1e12 else f"{value:.3g}"


def pad(text: str, width: int, *, left: bool = False) -> str:
    """The text on so many places."""
    room = " " * max(width - places(text), 0)
    return text + room if left else room + text


def columns(rows: Sequence[Sequence[str]], *, left: Sequence[int] = (), indent: int = 2, gap: int = 2) -> list[str]:
    """Rows of cells in columns, each as wide as its widest cell; those in `left` begin at one place.

    >>> columns([["unit", "u"], ["0", "0.25"]])
    ['  unit     u', '     0  0.25']
    """
    count = max((len(row) for row in rows), default=0)
    wide = [max((places(row[j]) for row in rows if j < len(row)), default=0) for j in range(count)]
    lines = []
    for row in rows:
        cells = [pad(cell, wide[j], left=j in left) for j, cell in enumerate(row)]
        lines.append((" " * indent + (" " * gap).join(cells)).rstrip())
    return lines


def broken(parts: Sequence[str], room: int) -> list[str]:
    """Parts joined by blanks, in lines of at most `room` places."""
    lines: list[str] = []
    line = ""
    for part in parts:
        if line and places(line) + 1 + places(part) > room:
            lines.append(line)
            line = part
        else:
            line = f"{line} {part}" if line else part
    return [*lines, line] if line else lines


def bar(share: float, width: int = 20) -> str:
    """A bar for a share from 0 to 1.

    >>> bar(0.5, 4), bar(0.0, 4)
    ('██', '')
    """
    if not math.isfinite(share):
        return ""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
