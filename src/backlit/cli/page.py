"""Text on a terminal: laid out by the width that letters have there, where a Japanese one takes two places."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterable

from ..messages import places as width

WIDEST, NARROWEST = 100, 40
TERM = 30  # the widest first column; a longer term stands on a line of its own

# A line may break after a blank and on both sides of a wide letter, but not before closing and after opening marks.
_PIECE = re.compile(r" +|[（「『]*(?:[^\x00-\u2fff]|[\x21-\u2fff]+)[、。，．：；！？ーっゃゅょッャュョ）」』]*")


def out(text: str = "") -> None:
    """Print on stdout, at once: what is said on stderr meanwhile keeps its place."""
    print(text, flush=True)


def err(text: str) -> None:
    """Print on stderr."""
    print(text, file=sys.stderr, flush=True)


def columns() -> int:
    """The width of a help page: the terminal's, within reason."""
    return max(NARROWEST, min(shutil.get_terminal_size().columns, WIDEST))


def wrap(text: str, room: int) -> list[str]:
    """A paragraph in lines of at most `room` places (a longer word overhangs).

    >>> wrap("the loss of the network", 12)
    ['the loss of', 'the network']
    >>> wrap("損失が減らない。", 8)
    ['損失が減', 'らない。']
    """
    lines, line = [], ""
    for piece in _PIECE.findall(text):
        if line and width(line) + width(piece) > room:
            lines.append(line.rstrip())
            line = ""
        if line or piece.strip():
            line += piece
    return [*lines, line.rstrip()]


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
