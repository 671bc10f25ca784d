"""The comparison table: what is asked of an activation function, and which of them has it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .card import Card
from .told import reach
from .words import Words, number

SORTED_BY = ("name", "family", "steepest", "above", "below", "centre", "kept", "left")


@dataclass(frozen=True)
class Row:
    """One function: its cells, and its place in the table for each way to sort it."""

    card: Card
    cells: list[str]
    places: dict[str, int]


def heads(words: Words) -> list[tuple[str, str]]:
    """(key, heading) of each column."""
    return [(key, words(f"column_{key}")) for key in COLUMNS]


def _steepest(card: Card, words: Words) -> str:
    return number(card.steepest.value, 3)


def _flat(card: Card, words: Words) -> str:
    """Where it is flat: "←" on the far left, "→" on the far right."""
    left, right = card.flat_ends
    return words("flat_both" if left and right else "flat_left" if left else "flat_right" if right else "no")


COLUMNS: dict[str, Callable[[Card, Words], str]] = {
    "name": lambda card, words: card.name,
    "family": lambda card, words: words.of("family_short", card.family) or card.family,
    "range": lambda card, words: reach(card),
    "steepest": _steepest,
    "above": lambda card, words: number(card.passes[1], 2),
    "below": lambda card, words: number(card.passes[0], 2),
    "flat": _flat,
    "centre": lambda card, words: number(round(card.centre, 3) + 0.0, 3),
    "monotone": lambda card, words: words.yes(card.monotone),
    "smooth": lambda card, words: _smooth(card, words),
    "via": lambda card, words: card.from_output,
    "kept": lambda card, words: number(card.depth.kept, 2),
    "left": lambda card, words: number(card.depth.left, 2),
}


def _smooth(card: Card, words: Words) -> str:
    """C⁰ to C^∞, that it jumps, or nothing where it is not known."""
    n = card.smoothness
    if math.isnan(n):
        return "–"
    return words("short_jumps") if n < 0 else words("short_smooth", n="∞" if math.isinf(n) else "⁰¹²"[int(n)])


def rows(cards: Sequence[Card], words: Words) -> list[Row]:
    """All rows, by name, with their places."""
    keys: dict[str, Callable[[Card], tuple[float, str]]] = {
        "name": lambda c: (0.0, c.name),
        "family": lambda c: (0.0, f"{words.of('family_short', c.family)} {c.name}"),
        "steepest": lambda c: (-c.steepest.value, c.name),
        "above": lambda c: (-c.passes[1], c.name),
        "below": lambda c: (-c.passes[0], c.name),
        "centre": lambda c: (round(abs(c.centre), 6), c.name),
        "kept": lambda c: (_from_one(c.depth.kept), c.name),
        "left": lambda c: (_from_one(c.depth.left), c.name),
    }
    order = {key: {c.name: i for i, c in enumerate(sorted(cards, key=of))} for key, of in keys.items()}
    return [
        Row(card, [cell(card, words) for cell in COLUMNS.values()], {key: order[key][card.name] for key in SORTED_BY})
        for card in sorted(cards, key=lambda c: c.name)
    ]


def _from_one(value: float) -> float:
    """How far a ratio is from 1, in powers of ten: what keeps its size stands first, what is lost last."""
    return abs(math.log10(value)) if value > 0 and math.isfinite(value) else math.inf
