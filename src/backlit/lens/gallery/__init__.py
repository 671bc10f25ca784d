"""The gallery: every activation function with its page; see `activations`.

card.py        one function: the declaration, and what is measured on it when it is asked for
measure.py     the curve: parity, limits, the largest slope, where it is flat
precision.py   float32: the tail that is lost, the naive spelling
depth.py       ten random layers, run by the machine
vectors.py     functions of a whole row, with their Jacobian
own.py         where the user's own u fall on the curve
told.py, table.py, draw.py, page.py    the views
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...ops import REGISTRY, Elementwise, activation_named
from . import vectors
from .card import Card
from .vectors import RowCard


class Gallery(Mapping[str, "Card | RowCard"]):
    """All activation functions by name, in alphabetical order; also by their names elsewhere, and as typed formulas.

    Examples
    --------
    >>> import backlit
    >>> backlit.activations["sigmoid"].steepest.value
    0.25
    >>> backlit.activations["elu(u, alpha=2)"].range
    (-2.0, inf)
    >>> len(backlit.activations) > 70, "softmax" in backlit.activations
    (True, True)

    Raises
    ------
    ParameterError
        BL301 for a name that does not exist; the nearest names are offered.
    """

    def __init__(self) -> None:
        self._made: dict[str, Card | RowCard] = {}

    def __getitem__(self, name: str) -> Card | RowCard:
        text = str(name).strip()
        known = text.lower()
        if known in vectors.LAYERS:
            return self._kept(known, lambda: RowCard(known))
        op = activation_named(text)
        if not isinstance(op, Elementwise):
            return self._kept(op.name, lambda: RowCard(op.name))
        return self._kept(op.name, lambda: Card(op))

    def _kept(self, name: str, make: Any) -> Card | RowCard:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        single = [n for n, op in REGISTRY.items() if op.facts.role == "activation" and isinstance(op, Elementwise)]
        return iter(sorted([*single, *vectors.names()]))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        return name in list(iter(self))

    def get(self, name: str, default: Any = None) -> Any:
        """The card of a name of the gallery, else `default`."""
        if name not in self:
            return default
        return self[name]

    def __repr__(self) -> str:
        return f"<{len(self)} activation functions: {', '.join(self)}>"


activations = Gallery()

__all__ = ["Card", "Gallery", "RowCard", "activations"]
