"""One column as it came, of a file or a frame, and how a word of it is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from ..errors import fail
from . import dates
from .answers import name_of
from .checks import Origin, shown
from .kinds import Kind, Numbers, Unfit, Words

LISTED = 12
NUMBERS = Kind()
MANY = 20  # rows from which a column of nothing but different words is taken for names
Number = Callable[[str], float]


@dataclass
class Given:
    """One column as it came: words whose kind is still to be seen, or numbers of a kind that is known."""

    name: str
    values: Numbers | Words
    kind: Kind = NUMBERS

    def __len__(self) -> int:
        return len(self.values.codes if isinstance(self.values, Words) else self.values)

    def words(self) -> Words:
        """The column as text; what is missing is the empty word.

        >>> Given("n", np.array([1.0, np.nan])).words()
        Words(codes=array([0, 1]), words=['1', ''])
        """
        if isinstance(self.values, Words):
            return self.values
        different, codes = np.unique(self.values, return_inverse=True)
        return Words(codes.astype(np.int64), ["" if np.isnan(v) else self._word(float(v)) for v in different])

    def _word(self, value: float) -> str:
        if self.kind.name == "category":
            return self.kind.levels[int(value)] if 0 <= value < len(self.kind.levels) else "–"
        if self.kind.name in ("date", "datetime"):
            return dates.written(value)
        if self.kind.name == "boolean":
            return str(bool(value))
        return name_of(value)

    def take(self, rows: Any) -> Given:
        """Some of the rows."""
        values = self.values.take(rows) if isinstance(self.values, Words) else self.values[rows]
        return Given(self.name, values, self.kind)


def refused(error: Unfit, column: Given, origin: Origin) -> NoReturn:
    """Raise the error of a word, with the place of the first row that holds it."""
    assert isinstance(column.values, Words)
    row = int(np.argmax(column.values.codes == error.word))
    cell = column.values.words[error.word]
    line = origin.number(row)
    facts = {"path": origin.name, "line": line, "place": origin.place(row), "column": column.name}
    raise fail(error.code, **facts, value=shown(cell), count=1) from None
