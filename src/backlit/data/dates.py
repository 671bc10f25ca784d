"""Dates and times as they are written, and as days since 1970-01-01."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta

FIRST, LAST = 1000, 2999  # years; 0001-01-01 and 9999-12-31 stand for "never", and would outweigh all others
EPOCH = date(1970, 1, 1).toordinal()
DAY = 86400.0

_TIME = r"(?:[T\s]\s*(\d{1,2})[:時](\d{1,2})(?:分|:(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|[+-]\d{2}:?\d{2})?)?"
_FORMS = (
    re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + _TIME),  # 2026-11-25, 2026/11/25
    re.compile(r"(\d{4})(年)(\d{1,2})月(\d{1,2})日" + _TIME),
    re.compile(r"((?:明治|大正|昭和|平成|令和)(?:\d{1,2}|元))(年)(\d{1,2})月(\d{1,2})日" + _TIME),
    re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})" + _TIME),  # 25.11.2026, 11/25/2026
)
_ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}  # the year before the first


def looks_like(text: str) -> bool:
    """Whether a text is written like a date, be it one or not (2026-02-31).

    >>> looks_like("2026-02-31"), looks_like("令和8年11月25日"), looks_like("12-34")
    (True, True, False)
    """
    return _match(text) is not None


def _match(text: str) -> re.Match[str] | None:
    return next((found for form in _FORMS if (found := form.fullmatch(text.strip()))), None)


def order_of(texts: Iterable[str]) -> str:
    """Whether day or month comes first, where the year comes last: "dmy", "mdy", or "" if no date is written so.

    A part above 12 is a day.  Where there is none: with points the day comes first, with strokes the month
    (`is_open` tells that it was a guess).

    >>> order_of(["03/04/2026", "25/04/2026"]), order_of(["03.04.2026"]), order_of(["2026-04-03"])
    ('dmy', 'dmy', '')
    """
    short = [found for text in texts if (found := _match(text)) and len(found[1]) <= 2]
    if not short:
        return ""
    if any(int(found[1]) > 12 for found in short):
        return "dmy"
    if any(int(found[3]) > 12 for found in short):
        return "mdy"
    return "dmy" if all(found[2] == "." for found in short) else "mdy"


def is_open(texts: Iterable[str]) -> bool:
    """Whether nothing says if day or month comes first.

    >>> is_open(["03/04/2026", "05/06/2026"]), is_open(["03/14/2026"]), is_open(["2026/3/4"])
    (True, False, False)
    """
    short = [found for text in texts if (found := _match(text)) and len(found[1]) <= 2]
    told = any(int(found[1]) > 12 or int(found[3]) > 12 or found[2] == "." for found in short)
    return bool(short) and not told


def days(text: str, order: str = "") -> float:
    """Days since 1970-01-01, with a fraction where there is a time; times with a zone are taken to UTC.

    Raises
    ------
    ValueError
        When the text is no date, the day does not exist, or the year is not in 1000 … 2999.

    Examples
    --------
    >>> days("1970-01-02"), days("1970/1/1 18:00"), days("昭和45年1月3日"), days("01/02/1970", "dmy")
    (1.0, 0.75, 2.0, 31.0)
    """
    found = _match(text)
    if found is None:
        raise ValueError(text)
    year, month, day = found[1], int(found[3]), found[4]
    if len(day) == 4:  # the year comes last
        year, day, month = day, found[3], int(found[1])
        if order == "dmy":
            day, month = found[1], int(found[3])
    number = _ERAS[year[:2]] + (1 if year[2:] == "元" else int(year[2:])) if year[:2] in _ERAS else int(year)
    if not FIRST <= number <= LAST:
        raise ValueError(text)
    whole = date(number, month, int(day)).toordinal() - EPOCH
    return whole + _clock(found) if found[5] else float(whole)


def written(number: float) -> str:
    """The date of a number of days, in the form of ISO 8601.

    >>> written(1.0), written(0.75)
    ('1970-01-02', '1970-01-01T18:00:00')
    """
    moment = datetime.fromordinal(EPOCH) + timedelta(days=number)
    return moment.date().isoformat() if number % 1 == 0 else moment.isoformat(timespec="seconds")


def _clock(found: re.Match[str]) -> float:
    """The fraction of a day."""
    hour, minute, second = (int(found[k] or 0) for k in (5, 6, 7))
    time = datetime(2000, 1, 1, hour, minute, second)  # ValueError for 25:00
    seconds = time.hour * 3600 + time.minute * 60 + time.second + float(f"0.{found[8] or 0}")
    zone = found[9] or "Z"
    if zone != "Z":
        offset = 3600 * int(zone[1:3]) + 60 * int(zone[-2:])
        seconds += offset if zone[0] == "-" else -offset
    return seconds / DAY
