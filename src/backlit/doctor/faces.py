"""How a diagnosis shows itself: as plain data, as text, as a page, in a notebook, in a terminal."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..messages import language as chosen

if TYPE_CHECKING:
    from .diagnosis import Diagnosis
    from .finding import Finding
    from .trial import Change, Outcome


class Faces:
    """The base of `Diagnosis`."""

    def told(self) -> dict[str, Any]:
        """As plain data, which JSON can hold: what is not finite is None."""
        plain: dict[str, Any] = _plain(_diagnosis(self))  # type: ignore[arg-type]
        return plain

    def text(self, language: str | None = None, columns: int = 96) -> str:
        """As text of at most so many columns."""
        from .text import text

        return text(self.told(), language or chosen(), columns)

    def html(self, language: str | None = None) -> str:
        """As one page of HTML that needs no script and no network."""
        from ..report.diagnosis import page

        return page(self.told(), language or chosen())

    def json(self) -> str:
        """As JSON."""
        return json.dumps(self.told(), ensure_ascii=False, indent=1)

    def _repr_html_(self) -> str:
        """For a notebook: HTML and SVG, no script."""
        from ..report.diagnosis import card

        return card(self.told(), chosen())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """The same for whoever asks: text/html, and text/plain with the same words."""
        found = {"text/plain": self.text(), "text/html": self._repr_html_()}
        wanted = {k: v for k, v in found.items() if include is None or k in include}
        return {k: v for k, v in wanted.items() if exclude is None or k not in exclude}

    def __rich__(self) -> Any:
        """For `rich.print`."""
        from rich.text import Text

        return Text(self.text())

    def __str__(self) -> str:
        return self.text()


def _diagnosis(found: Diagnosis) -> dict[str, Any]:
    return {
        "healthy": found.healthy, "quick": found.quick, "skill": found.skill,
        "reference": _outcome(found.reference) if found.reference else None,
        "findings": [_finding(f) for f in found.findings], "repair": _outcome(found.repair) if found.repair else None,
        "notes": [_finding(f) for f in found.notes], "passed": found.passed,
        "others": [f.code for f in found.others],
        "left_out": [list(pair) for pair in found.left_out], "seconds": round(found.seconds, 4),
        "about": dict(found.about), "signs": found.signs,
    }  # fmt: skip


def _finding(found: Finding) -> dict[str, Any]:
    return {
        "code": found.code, "grade": found.grade, "category": found.category, "facts": dict(found.facts),
        "changes": [_change(c) for c in found.changes], "tried": [_outcome(o) for o in found.tried],
        "consequences": [_finding(f) for f in found.consequences], "command": found.command, "python": found.python,
    }  # fmt: skip


def _change(change: Change) -> dict[str, Any]:
    """What a change is, and how a person makes it."""
    return {**change.told(), "facts": dict(change.facts)}


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "change": _change(outcome.change), "skill": outcome.skill, "error": outcome.error, "steps": outcome.steps,
        "parts": [part.name for part in outcome.change.parts],
        "broken": outcome.broken, "cut": outcome.cut, "fresh": outcome.fresh, "seconds": round(outcome.seconds, 4),
    }  # fmt: skip


def _plain(value: Any) -> Any:
    """Only what JSON knows."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, (np.generic, np.ndarray)):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, (str, bool, int)) or value is None else str(value)
