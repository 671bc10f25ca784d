"""The kinds of columns (numbers, booleans, dates, categories), seen in cells of text and read from them.

A column of text is kept as *words*: each different cell once, and for each row the number of its word.  All that is
asked of a column (is it a number, a date, one of a few names?) is then asked once for each word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import dates

Numbers = NDArray[np.float64]

MISSING = {"", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none", "nil", "?", "-", ".", "欠損", "欠測"}
NO_ANSWER = MISSING - {"none", "nil", "-", "."}  # these may be the names of classes
KINDS = ("number", "boolean", "date", "datetime", "category")
SLIPS = 0.1  # numbers with at most this share of text are numbers with slips in them, not names
UNSEEN = -1.0  # the code of a category that is none of the levels

# Yes and no; a column is boolean when all of its words come from one line.
_PAIRS = (
    ({"true", "t"}, {"false", "f"}),
    ({"yes", "y"}, {"no", "n"}),
    ({"on"}, {"off"}),
    ({"はい"}, {"いいえ"}),
    ({"有", "有り", "あり"}, {"無", "無し", "なし"}),
    ({"○", "〇", "◯"}, {"×", "✕", "☓"}),
    ({"真"}, {"偽"}),
)
TRUTH = {word: truth for yes, no in _PAIRS for words, truth in ((yes, 1.0), (no, 0.0)) for word in words}
TRUTH |= {"1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}

_GROUPED = {mark: re.compile(rf"\s*[+-]?\d{{1,3}}(?:[{mark}]\d{{3}})+(?:[{other}]\d*)?\s*")
            for mark, other in ((",", "."), (".", ","))}  # fmt: skip
COMMA = re.compile(r"\s*[+-]?\d*,\d+(?:[eE][+-]?\d+)?\s*")


@dataclass(frozen=True)
class Kind:
    """What a column of x holds, and what its numbers mean.

    Parameters
    ----------
    name : {"number", "boolean", "date", "datetime", "category"}
        Booleans are 0 and 1.  Dates are days since 1970-01-01, "datetime" with a fraction.
        Categories are places in `levels`, or -1 for one that is not there.  What is missing is NaN in any kind.
    levels : tuple of str
        The names of the categories.
    order : {"", "dmy", "mdy"}
        How dates that do not begin with the year were written.
    """

    name: str = "number"
    levels: tuple[str, ...] = ()
    order: str = ""


class Words(NamedTuple):
    """A column of text: `cells[i]` is `words[codes[i]]`."""

    codes: NDArray[np.int64]
    words: list[str]

    def counts(self) -> NDArray[np.int64]:
        """How often each word occurs."""
        return np.bincount(self.codes, minlength=len(self.words))

    def take(self, rows: Any) -> Words:
        """Some of the rows; words that no longer occur stay in the list."""
        return Words(self.codes[rows], self.words)

    def cells(self) -> list[str]:
        """The cells themselves."""
        return [self.words[code] for code in self.codes.tolist()]


class Numbering(dict[str, int]):
    """Numbers words in the order in which they are first asked for.

    >>> numbers = Numbering()
    >>> [numbers[word] for word in ("a", "b", "a")]
    [0, 1, 0]
    """

    def __missing__(self, word: str) -> int:
        self[word] = number = len(self)
        return number

    def words(self, codes: Sequence[int] | NDArray[np.int64]) -> Words:
        """The column of these codes."""
        return Words(np.asarray(codes, dtype=np.int64), list(self))


def factor(cells: Iterable[str]) -> Words:
    """Cells of text as words.

    >>> factor(["a", "b", "a"])
    Words(codes=array([0, 1, 0]), words=['a', 'b'])
    """
    numbers = Numbering()
    return numbers.words([numbers[cell] for cell in cells])


class Unfit(Exception):
    """A word that a column of its kind cannot have: the number of the word, and the code of the error."""

    def __init__(self, word: int, code: str) -> None:
        super().__init__(word, code)
        self.word, self.code = word, code


def plain_number(cell: str) -> float:
    """`float`, except that 2026_11 is text.

    >>> plain_number(" 1e3")
    1000.0
    """
    if "_" in cell:
        raise ValueError(cell)
    return float(cell)


def comma_number(cell: str) -> float:
    """A number with a decimal comma, and perhaps points between the thousands.

    >>> comma_number("12,5"), comma_number("1.250,5"), comma_number("3")
    (12.5, 1250.5, 3.0)
    """
    if "." in cell:
        if not _GROUPED["."].fullmatch(cell):
            raise ValueError(cell)
        cell = cell.replace(".", "")
    return plain_number(cell.replace(",", "."))


def point_number(cell: str) -> float:
    """A number with a decimal point, and perhaps commas between the thousands.

    >>> point_number("1,250.5")
    1250.5
    """
    return plain_number(cell.replace(",", "") if _GROUPED[","].fullmatch(cell) else cell)


# How numbers are read, by the decimal mark that was asked for or seen.
NUMBER: dict[str, Callable[[str], float]] = {"": plain_number, ",": comma_number, ".": point_number}


def is_missing(word: str) -> bool:
    """Whether a cell stands for nothing."""
    return word.strip().lower() in MISSING


def number_or_nan(word: str, number: Callable[[str], float] = plain_number) -> float:
    """The number in a cell; NaN where it stands for nothing; ValueError for other text."""
    try:
        return number(word)
    except ValueError:
        if is_missing(word):
            return np.nan
        raise


def kind_of(column: Words, number: Callable[[str], float] = plain_number) -> Kind:
    """The kind of a column of text, from its words.

    Raises
    ------
    Unfit
        BL206 for text among numbers; BL229 for what is no date among dates; BL231 for numbers with commas.

    Examples
    --------
    >>> kind_of(factor(["yes", "no", ""])).name, kind_of(factor(["2026-01-31", "2026-02-01"])).name
    ('boolean', 'date')
    >>> kind_of(factor(["cat", "dog", "?"]))
    Kind(name='category', levels=('cat', 'dog'), order='')
    """
    counts = column.counts()
    there = [i for i, word in enumerate(column.words) if counts[i] and not is_missing(word)]
    text = [i for i in there if not is_number(column.words[i], number)]
    if not text:
        return Kind()
    if all(COMMA.fullmatch(column.words[i]) or _GROUPED[","].fullmatch(column.words[i]) for i in text):
        raise Unfit(text[0], "BL231")
    if int(counts[text].sum()) <= SLIPS * int(counts[there].sum()):
        raise Unfit(text[0], "BL206")
    words = [column.words[i] for i in there]
    lowered = {word.strip().lower() for word in words}
    if any(lowered <= yes | no for yes, no in _PAIRS):
        return Kind("boolean")
    like = [i for i in there if dates.looks_like(column.words[i])]
    if int(counts[like].sum()) >= (1 - SLIPS) * int(counts[there].sum()):
        return _dates(column, there, like)
    return Kind("category", levels=tuple(sorted({word.strip() for word in words})))


def _dates(column: Words, there: list[int], like: list[int]) -> Kind:
    order = dates.order_of(column.words[i] for i in like)
    clock = False
    for i in there:
        try:
            clock |= dates.days(column.words[i], order) % 1 != 0
        except ValueError:
            raise Unfit(i, "BL229") from None
    return Kind("datetime" if clock else "date", order=order)


def is_number(word: str, number: Callable[[str], float] = plain_number) -> bool:
    """Whether a cell reads as a number (nan and inf do)."""
    try:
        number(word)
    except ValueError:
        return False
    return True


def values_of(column: Words, kind: Kind, number: Callable[[str], float] = plain_number) -> Numbers:
    """The numbers of a column of text that is known to be of a kind, shape (rows,).

    Raises
    ------
    Unfit
        BL206 for a cell that is no number or neither yes nor no, BL229 for one that is no date.

    Examples
    --------
    >>> values_of(factor(["cat", "cow", "", "dog"]), Kind("category", levels=("cat", "dog")))
    array([ 0., -1., nan,  1.])
    """
    read = _reader(kind, number)
    counts = column.counts()
    found = np.empty(len(column.words))
    for i, word in enumerate(column.words):
        try:
            found[i] = read(word) if counts[i] else np.nan
        except ValueError:
            if not is_missing(word):
                raise Unfit(i, "BL229" if kind.name in ("date", "datetime") else "BL206") from None
            found[i] = np.nan
    return found[column.codes]


def _reader(kind: Kind, number: Callable[[str], float]) -> Callable[[str], float]:
    """From a word to its number; ValueError where there is none."""
    if kind.name == "number":
        return number
    if kind.name == "category":
        place = {name: float(j) for j, name in enumerate(kind.levels)}
        return lambda word: place.get(word.strip(), np.nan if is_missing(word) else UNSEEN)
    if kind.name == "boolean":

        def truth(word: str) -> float:
            try:
                return TRUTH[word.strip().lower()]
            except KeyError:
                raise ValueError(word) from None

        return truth
    return lambda word: dates.days(word, kind.order)
