"""Text in lines of a given width, where a Japanese letter takes two places."""

from __future__ import annotations

import re

from . import places

# A line may break after a blank and on both sides of a wide letter, but not before closing and after opening marks.
_PIECE = re.compile(r" +|[（「『]*(?:[^\x00-\u2fff]|[\x21-\u2fff]+)[、。，．：；！？ーっゃゅょッャュョ）」』]*")


def wrap(text: str, room: int) -> list[str]:
    """A paragraph in lines of at most `room` places (a longer word overhangs).

    >>> wrap("the loss of the network", 12)
    ['the loss of', 'the network']
    >>> wrap("損失が減らない。", 8)
    ['損失が減', 'らない。']
    """
    lines, line = [], ""
    for piece in _PIECE.findall(text):
        if line and places(line) + places(piece) > room:
            lines.append(line.rstrip())
            line = ""
        if line or piece.strip():
            line += piece
    return [*lines, line.rstrip()]


def padded(text: str, wide: int) -> str:
    """Text with blanks behind it, up to so many places.

    >>> padded("損失", 6) + "|"
    '損失  |'
    """
    return text + " " * (wide - places(text))
