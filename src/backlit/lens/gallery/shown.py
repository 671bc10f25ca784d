"""How a card shows itself: as HTML without scripts in a notebook, and as text with the same facts."""

from __future__ import annotations

from typing import Any

from ...messages import places
from .words import Words


class Shown:
    """The base of cards: `_told` gives a heading and rows of facts."""

    name: str

    def _told(self, words: Words) -> tuple[str, list[tuple[str, str]]]:
        raise NotImplementedError

    def text(self, language: str | None = None) -> str:
        """The facts in lines, in a language ("en", "ja"; by default the one in force)."""
        title, rows = self._told(Words(language))
        wide = max(places(label) for label, _ in rows)
        return "\n".join([title, "", *(f"{label}{' ' * (wide - places(label))}  {value}" for label, value in rows)])

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<activation {self.name}>"

    def _repr_html_(self) -> str:
        from .page import alone

        return alone(self, Words())

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        found = {"text/plain": self.text(), "text/html": self._repr_html_()}
        wanted = {k: v for k, v in found.items() if include is None or k in include}
        return {k: v for k, v in wanted.items() if exclude is None or k not in exclude}
