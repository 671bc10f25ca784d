"""Numbers as people read them: few digits, never a rounding that tells a lie, ASCII where they are copied."""

from __future__ import annotations

import math
import re

NBSP = "\u00a0"
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def measured(value: float | None, digits: int = 3) -> str:
    """A measured value with a fixed number of significant digits; "" when there is none.

    Examples
    --------
    >>> [measured(v) for v in (0.08, 2.302585, 54.16, 12345.6, 1e-7, float("nan"), float("-inf"), 0.0, None)]
    ['0.0800', '2.30', '54.2', '12,346', '1.00e-7', 'NaN', '-∞', '0', '']
    """
    if value is None:
        return ""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if not -5 <= magnitude < 7:
        mantissa, _, exponent = f"{value:.{digits - 1}e}".partition("e")
        return f"{mantissa}e{int(exponent)}"
    return f"{value:,.{max(0, digits - 1 - magnitude)}f}"


def percent(share: float | None) -> str:
    """A share as a percentage with one decimal, more where one would round an imperfect score to perfect.

    Examples
    --------
    >>> [percent(v).replace(NBSP, " ") for v in (0.978, 1.0, 0.9999, 0.0, 0.0004)]
    ['97.8 %', '100.0 %', '99.99 %', '0.0 %', '0.04 %']
    """
    if share is None:
        return ""
    if not math.isfinite(share):
        return measured(share)
    decimals = 1
    while decimals < 5 and share not in (0, 1) and float(f"{100 * share:.{decimals}f}") in (0, 100):
        decimals += 1
    return f"{100 * share:.{decimals}f}{NBSP}%"


def count(value: float | None) -> str:
    """A whole number with thousands marked: 1797 -> "1,797".

    Examples
    --------
    >>> count(1797), count(12), count(2.5), count(None)
    ('1,797', '12', '2.50', '')
    """
    if value is None:
        return ""
    return f"{int(value):,}" if math.isfinite(value) and value == int(value) else measured(value)


def duration(seconds: float | None) -> str:
    """A time with the unit that fits it.

    Examples
    --------
    >>> [duration(s).replace(NBSP, " ") for s in (0.0312, 0.8, 75.0, 4000.0)]
    ['31.2 ms', '0.800 s', '1 min 15 s', '1 h 6 min']
    """
    if seconds is None:
        return ""
    if not math.isfinite(seconds) or seconds < 60:
        small = math.isfinite(seconds) and 0 < seconds < 0.1
        return f"{measured(1000 * seconds if small else seconds)}{NBSP}{'ms' if small else 's'}"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes}{NBSP}min {int(seconds % 60)}{NBSP}s"
    return f"{minutes // 60:,}{NBSP}h {minutes % 60}{NBSP}min"


def power_of_ten(exponent: int) -> str:
    """A label of a logarithmic axis: plain near one, else as a power.

    Examples
    --------
    >>> [power_of_ten(e) for e in (-6, -3, 0, 2, 9)]
    ['10⁻⁶', '0.001', '1', '100', '10⁹']
    """
    if -3 <= exponent <= 4:
        return f"{10.0**exponent:,.{max(0, -exponent)}f}"
    return "10" + str(exponent).translate(_SUPERSCRIPT)


def prose(sentence: str) -> str:
    """A sentence with real minus signs before its numbers; in tables they stay ASCII, and can be copied.

    Examples
    --------
    >>> prose("R² -0.5 (1e-05) on data-2")
    'R² −0.5 (1e-05) on data-2'
    """
    return re.sub(r"(?<![\w.-])-(?=\d)", "\u2212", sentence)


def wilson(share: float, rows: float, z: float = 1.959964) -> tuple[float, float]:
    """The 95 % interval of a share that was measured on `rows` rows (Wilson's score interval).

    Examples
    --------
    >>> [round(end, 3) for end in wilson(0.978, 360)]
    [0.957, 0.989]
    """
    centre = share + z * z / (2 * rows)
    half = z * math.sqrt(max(0.0, share * (1 - share)) / rows + z * z / (4 * rows * rows))
    scale = 1 + z * z / rows
    return (centre - half) / scale, (centre + half) / scale
