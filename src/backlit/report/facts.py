"""Reads what a run hands over, leniently: the report of a half-finished or broken run must still come out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Beyond this size a difference of two values overflows; for a drawing it is as good as infinite.
HUGE = 1e300

# What XML 1.0 forbids (and HTML shows as rubbish): control characters, lone surrogates.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean(value: Any) -> Any:
    """The same data in plain types (dict, list, str, number, bool, None) in characters any parser takes.

    Examples
    --------
    >>> clean({"classes": ("a" + chr(0) + "b", 1), "path": None})
    {'classes': ['a�b', 1], 'path': None}
    """
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return _FORBIDDEN.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {clean(str(key)): clean(item) for key, item in value.items()}
    if hasattr(value, "tolist"):  # NumPy arrays and scalars, without importing NumPy
        return clean(value.tolist())
    if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
        return [clean(item) for item in value]
    return clean(str(value))


def part(facts: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The table `key`, empty when it is missing, None or of another kind."""
    found = facts.get(key)
    return found if isinstance(found, dict) else {}


def items(facts: Mapping[str, Any], key: str) -> list[Any]:
    """The list `key`, empty when it is missing, None or of another kind."""
    found = facts.get(key)
    return found if isinstance(found, list) else []


def text(facts: Mapping[str, Any], key: str) -> str:
    """The value `key` as text; "" when it is missing, None, or a table or a list."""
    found = facts.get(key)
    return "" if found is None or isinstance(found, (dict, list)) else str(found).strip()


def number(value: Any) -> float | None:
    """`value` as a float, which may be NaN or infinite; None when it is no number.

    Examples
    --------
    >>> number(3), number("0.5"), number("many"), number(True), number(10**400)
    (3.0, 0.5, None, None, inf)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None
    except OverflowError:
        return math.inf


def finite(value: Any) -> float | None:
    """`value` as a float that can be drawn; None when it is none.

    Examples
    --------
    >>> finite(0.5), finite(float("nan")), finite(1e305), finite(None)
    (0.5, None, None, None)
    """
    found = number(value)
    return found if found is not None and abs(found) < HUGE else None


@dataclass(frozen=True)
class Series:
    """One quantity over the epochs: what was recorded, finite or not, in the order of the epochs."""

    key: str
    points: tuple[tuple[int, float], ...]

    @property
    def good(self) -> list[tuple[int, float]]:
        """The points that can be drawn."""
        return [(epoch, value) for epoch, value in self.points if abs(value) < HUGE]

    @property
    def bad(self) -> list[int]:
        """The epochs whose value is NaN, infinite or beyond all drawing."""
        return [epoch for epoch, value in self.points if not abs(value) < HUGE]

    def pieces(self) -> list[list[tuple[int, float]]]:
        """The drawable points, cut where a value was not finite: a line must not bridge a NaN.

        Examples
        --------
        >>> Series("loss", ((1, 2.0), (2, float("nan")), (3, 1.0), (4, 0.5))).pieces()
        [[(1, 2.0)], [(3, 1.0), (4, 0.5)]]
        """
        cut: list[list[tuple[int, float]]] = [[]]
        for epoch, value in self.points:
            if abs(value) < HUGE:
                cut[-1].append((epoch, value))
            elif cut[-1]:
                cut.append([])
        return [piece for piece in cut if piece]


def epochs(history: Sequence[Any]) -> list[tuple[int, dict[str, Any]]]:
    """The entries of the history with their epochs, in order; one without gets its place in the list."""
    found = []
    for place, entry in enumerate(history, start=1):
        if isinstance(entry, dict):
            epoch = finite(entry.get("epoch"))
            found.append((place if epoch is None else int(epoch), entry))
    return sorted(found, key=lambda pair: pair[0])


def series(history: Sequence[Any], key: str) -> Series:
    """The values of `key`; None means "not recorded in this epoch" and leaves no gap."""
    pairs = ((epoch, number(entry.get(key))) for epoch, entry in epochs(history))
    return Series(key, tuple((epoch, value) for epoch, value in pairs if value is not None))


def ranges(epochs_: Sequence[int]) -> list[tuple[int, int]]:
    """Runs of consecutive epochs as (first, last).

    Examples
    --------
    >>> ranges([3, 4, 5, 9])
    [(3, 5), (9, 9)]
    """
    found: list[tuple[int, int]] = []
    for epoch in epochs_:
        if found and epoch <= found[-1][1] + 1:
            found[-1] = (found[-1][0], epoch)
        else:
            found.append((epoch, epoch))
    return found


def spread(length: int, most: int, keep: Iterable[int] = ()) -> list[int]:
    """At most `most` places out of range(length), evenly spread, with both ends and those in `keep`.

    Examples
    --------
    >>> spread(100, 5, keep=[7])
    [0, 7, 33, 66, 99]
    >>> spread(3, 20)
    [0, 1, 2]
    """
    if length <= most:
        return list(range(length))
    kept = {place for place in keep if 0 <= place < length}
    even = max(2, most - len(kept))
    return sorted(kept | {round(step * (length - 1) / (even - 1)) for step in range(even)})
