"""What Backlit says when it cannot go on.

    BacklitError
    ├── ShapeError        BL1xx   sizes that do not fit together          (a ValueError)
    ├── DataError         BL2xx   a file or an array that cannot be used  (a ValueError)
    ├── ParameterError    BL3xx   a name or a value that is not allowed   (a ValueError)
    ├── ExpressionError   BL4xx   a typed formula                         (a ValueError)
    ├── FileError         BL5xx   model files, run folders, the disk      (an OSError)
    ├── TrainingError     BL6xx   a training that had to stop             (an ArithmeticError)
    └── GraphError        BL7xx   a network that is no network            (a ValueError)

Every error has a code, and every code has sentences in `messages/` (English and Japanese) and a page that
`backlit explain CODE` prints.  The text has four lines: what, expected and got, where, try.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from . import messages


class BacklitError(Exception):
    """The base of all errors that Backlit raises on purpose.

    Raise it through `fail("BL205", column="agee", ...)`, which picks the class that belongs to the code.
    `error.code` is the code, `error.values` the facts; `str(error)` is the four-line text in the language in force.

    >>> try:
    ...     raise fail("BL301", name="relo", known="relu, tanh", nearest="relu")
    ... except BacklitError as error:
    ...     print(error.code)
    ...     print(error.text("en"))
    BL301
    ParameterError: there is no activation function of this name: relo  [BL301]
      expected  one of: relu, tanh    got  relo
      try    nearest: relu.  A formula in u works as well: "u / (1 + abs(u))"    more  backlit explain BL301
    """

    def __init__(self, code: str, values: Mapping[str, object]) -> None:
        self.code = code
        self.values = dict(values)
        super().__init__(code, self.values)

    def text(self, language: str | None = None) -> str:
        """The four lines in `language` ("en" or "ja"; by default the language in force)."""
        family = type(self).__name__
        said = messages.entry(self.code, language)

        def part(key: str) -> str:
            return messages.fill(str(said.get(key, "")), self.values, language)

        lines = [f"{family}: {part('what')}  [{self.code}]"]
        if part("expected") or part("got"):
            lines.append(
                f"  {messages.word('expected', language)}  {part('expected')}"
                f"    {messages.word('got', language)}  {part('got')}"
            )
        if part("where"):
            lines.append(f"  {messages.word('where', language)}  {part('where')}")
        more = f"{messages.word('more', language)}  backlit explain {self.code}"
        remedy = part("try")
        lines.append(f"  {messages.word('try', language)}  {remedy + '    ' if remedy else ''}{more}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.text()

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.code, self.values))


class ShapeError(BacklitError, ValueError):
    """Sizes that do not fit together."""


class DataError(BacklitError, ValueError):
    """A file, a table or an array that cannot be used as it is."""


class ParameterError(BacklitError, ValueError):
    """A name that does not exist or a value outside its range."""


class ExpressionError(BacklitError, ValueError):
    """A typed formula that cannot be read."""


class FileError(BacklitError, OSError):
    """A model file, a run folder or a disk that gives trouble."""


class TrainingError(BacklitError, ArithmeticError):
    """A training that had to stop."""


class GraphError(BacklitError, ValueError):
    """A network or a graph that cannot be built."""


FAMILIES: dict[str, type[BacklitError]] = {
    "BL1": ShapeError,
    "BL2": DataError,
    "BL3": ParameterError,
    "BL4": ExpressionError,
    "BL5": FileError,
    "BL6": TrainingError,
    "BL7": GraphError,
}


def fail(code: str, /, **values: object) -> BacklitError:
    """The error of this code, to be raised: `raise fail("BL201", path="a.csv")`.

    >>> try:
    ...     raise fail("BL301", name="rleu", known=["relu", "tanh"], nearest="relu")
    ... except ParameterError as error:
    ...     print(error.code)
    BL301
    """
    return FAMILIES[code[:3]](code, values)


def nearest(name: object, known: Iterable[str]) -> str:
    """The known names closest to `name`, joined by ", " (all of them, when nothing is close).

    >>> nearest("rleu", ["relu", "tanh", "sigmoid"])
    'relu'
    """
    names = sorted(known)
    text = str(name).lower()
    lowered = {n.lower(): n for n in names}
    close = [lowered[k] for k in difflib.get_close_matches(text, list(lowered), n=3, cutoff=0.55)]
    return ", ".join(close or names[:12])
