"""The gallery's sentences in one language, and its numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ... import messages
from ...ops import Op

_KNOWN = {math.pi / 2: "π/2", 1 / 6: "1/6", 1 / math.e: "1/e", math.pi: "π"}


class Words:
    """Looks up `gallery.KEY` in one language; None: the language in force.

    Examples
    --------
    >>> Words("en")("yes"), Words("ja")("yes")
    ('yes', 'はい')
    """

    def __init__(self, language: str | None = None) -> None:
        asked = language or messages.language()
        self.language = asked if asked in messages.LANGUAGES else "en"

    def __call__(self, key: str, **values: object) -> str:
        return messages.say(f"gallery.{key}", self.language, **values)

    def of(self, table: str, key: str) -> str:
        """The sentence of a function or a family: `gallery_TABLE.KEY`, "" where there is none."""
        return str(messages.catalogue(self.language)[f"gallery_{table}"].get(key, ""))

    def title(self, name: str) -> str:
        """What a function is called in this language, besides its name in Backlit."""
        return self.of("names", name) or name

    def use(self, op: Op | str, family: str) -> str:
        """When to use it: its own sentence, else its family's."""
        return self.of("use", op if isinstance(op, str) else op.name) or self.of("family_use", family)

    def listed(self, things: Sequence[str]) -> str:
        """Things in a row."""
        return ("、" if self.language == "ja" else ", ").join(things)

    def one_by_one(self, things: Sequence[str]) -> str:
        """Things that hold commas themselves, in a row."""
        return ("；" if self.language == "ja" else "; ").join(things)

    def yes(self, holds: bool) -> str:
        """Yes or no."""
        return self("yes" if holds else "no")


def number(value: float, digits: int = 4) -> str:
    """A number as a page shows it: few digits, π/2 and 1/6 as such, ASCII "-" so that it can be copied.

    >>> number(0.25), number(-math.inf), number(math.pi / 2), number(1e-7), number(math.nan)
    ('0.25', '-∞', 'π/2', '1e-7', 'NaN')
    """
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    for known, text in _KNOWN.items():
        if abs(abs(value) - known) < 1e-9:
            return text if value > 0 else f"-{text}"
    text = f"{value + 0.0:.{digits}g}"
    head, sign, tail = text.partition("e")
    return f"{head}e{int(tail)}" if sign else text


def interval(low: float, high: float, ends: str = "()") -> str:
    """An interval with its ends: [0, ∞)."""
    left = "(" if math.isinf(low) else ends[0]
    right = ")" if math.isinf(high) else ends[1]
    return f"{left}{number(low)}, {number(high)}{right}"


def stretch(low: float, high: float) -> str:
    """A stretch of u as an inequality: u < -1, 0 < u < 6.

    >>> stretch(-math.inf, 0.0), stretch(0.0, 6.0), stretch(-math.inf, math.inf)
    ('u < 0', '0 < u < 6', '-∞ < u < ∞')
    """
    if math.isinf(low) and not math.isinf(high):
        return f"u < {number(high)}"
    if math.isinf(high) and not math.isinf(low):
        return f"u > {number(low)}"
    return f"{number(low)} < u < {number(high)}"
