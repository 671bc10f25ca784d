"""Text on a terminal: laid out by the width that letters have there, where a Japanese one takes two places."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable

from ..messages import places as width
from ..messages.wrapping import wrap

WIDEST, NARROWEST = 100, 40
TERM = 30  # the widest first column; a longer term stands on a line of its own


def out(text: str = "") -> None:
    """Print on stdout, at once: what is said on stderr meanwhile keeps its place."""
    print(text, flush=True)


def err(text: str) -> None:
    """Print on stderr."""
    print(text, file=sys.stderr, flush=True)


def columns() -> int:
    """The width of a help page: the terminal's, within reason."""
    return max(NARROWEST, min(shutil.get_terminal_size().columns, WIDEST))


def paragraph(text: str, indent: int = 0) -> list[str]:
    """Wrapped lines, moved to the right; lines of the text that are indented stay as they are."""
    found: list[str] = []
    for line in text.strip("\n").splitlines():
        if line[:1].isspace() or not line:
            found.append(" " * indent * bool(line) + line)
        else:
            found += [" " * indent + part for part in wrap(line, columns() - indent)]
    return found


def pairs(rows: Iterable[tuple[str, str]], indent: int = 2) -> list[str]:
    """Terms and what they mean, in two columns."""
    rows = list(rows)
    first = min(max((width(term) for term, _ in rows), default=0), TERM)
    start = indent + first + 2
    found = []
    for term, meaning in rows:
        lines = wrap(meaning, max(columns() - start, 20))
        head = " " * indent + term
        if width(term) > first:
            found.append(head)
            head = ""
        found.append((head + " " * (start - width(head)) + lines[0]).rstrip())
        found += [" " * start + line for line in lines[1:]]
    return found
