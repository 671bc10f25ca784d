"""The architecture: one box per layer from left to right, in rows when there are many, and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .facts import finite, items, text
from .numbers import count, percent
from .parts import Figure, Table
from .svg import Raw, drawing, fit, group, label, tag
from .words import Words

WIDE, HIGH, GAP, DROP, PER_ROW = 164, 96, 34, 40, 5
MOST = 40  # boxes; the middle of a longer network is shown by its table only
ROWS = 400  # rows of the table


@dataclass(frozen=True)
class Layer:
    """What a box says; `place` is 0 for the input."""

    place: int
    name: str
    kind: str
    activation: str
    output: str
    parameters: int
    trainable: bool


def layers(architecture: Sequence[Any], features: int, words: Words) -> list[Layer]:
    """The layers of the run, after a box for the input if its width is known."""
    found = [Layer(0, words("input_layer"), "", "", count(features), 0, True)] if features else []
    for place, layer in enumerate((entry for entry in architecture if isinstance(entry, dict)), start=1):
        output = items(layer, "output") or [layer.get("output")]
        sizes = [count(finite(size)) or "?" for size in output if size is not None]
        found.append(
            Layer(
                place,
                text(layer, "name") or f"{place}",
                text(layer, "kind"),
                text(layer, "activation"),
                " × ".join(sizes),
                int(finite(layer.get("parameters")) or 0),
                layer.get("trainable") is not False,
            )
        )
    return found


def figure(found: Sequence[Layer], words: Words) -> Figure:
    """The drawing and its table twin."""
    total = sum(layer.parameters for layer in found)
    shown: list[Layer | int] = list(found)
    if len(found) > MOST:
        left_out = len(found) - (MOST - 1)
        shown = [*found[: MOST - 11], left_out, *found[-10:]]
    rows = -(-len(shown) // PER_ROW)
    wide = min(len(shown), PER_ROW) * (WIDE + GAP) - GAP + 4
    title = words("architecture_title")
    real = [layer for layer in found if layer.place]
    chain = words.listed([layer.name for layer in real[:12]] + ["…"] * (len(real) > 12))
    facts = {"layers": count(len(real)), "parameters": count(total), "chain": chain}
    description = words("architecture_described", **facts)
    parts = []
    for k, layer in enumerate(shown):
        x, y = 2 + k % PER_ROW * (WIDE + GAP), 2 + k // PER_ROW * (HIGH + DROP)
        if k:
            parts.append(_arrow(x, y, wide, turn=k % PER_ROW == 0))
        parts.append(_dots(x, y, layer, words) if isinstance(layer, int) else _box(x, y, layer, total, words))
    size = (wide, rows * (HIGH + DROP) - DROP + 4)
    svg = drawing("figure-architecture", title, description, size, *parts)
    notes = [words("architecture_bars")] if total else []
    return Figure("architecture", title, description, svg, twin(real, total, words), wide, notes)


def _box(x: float, y: float, layer: Layer, total: int, words: Words) -> Raw:
    """Name, kind and activation, output width, parameters; below them a bar: the share of all parameters."""
    room = WIDE - 24
    kind = " · ".join(part for part in (layer.kind, layer.activation) if part)
    output = words("outputs", output=layer.output) if layer.output else ""
    if layer.place == 0:
        kind, output = words("features_in", output=layer.output), ""
    style = "box input" if layer.place == 0 else "box learns" if layer.parameters else "box"
    parts = [tag("rect", x=x, y=y, width=WIDE, height=HIGH, rx=8, class_=style)]
    parts.append(label(x + 12, y + 24, fit(layer.name, room, 16.5), "layer"))
    parts.append(label(x + 12, y + 43, fit(kind, room, 13), "kind"))
    parts.append(label(x + 12, y + 61, fit(output, room, 13), "kind"))
    if layer.parameters:
        key = "parameters_short" if layer.trainable else "parameters_frozen"
        parts.append(label(x + 12, y + 78, fit(words(key, count=count(layer.parameters)), room, 12), "small"))
        parts.append(tag("rect", x=x + 12, y=y + 85, width=room, height=4, rx=2, class_="track"))
        share = max(2.0, room * layer.parameters / total)
        parts.append(tag("rect", x=x + 12, y=y + 85, width=share, height=4, rx=2, class_="bar share"))
    return group(*parts)


def _dots(x: float, y: float, left_out: int, words: Words) -> Raw:
    """The place of the layers that are not drawn."""
    more = words("layers_more", count=count(left_out))
    x, y = x + WIDE / 2, y + HIGH / 2
    return group(label(x, y - 4, "⋯", "layer", "middle"), label(x, y + 16, more, "small", "middle"))


def _arrow(x: float, y: float, wide: float, turn: bool) -> Raw:
    """From the box before to this one: straight, or from the end of the row above to the start of this."""
    if not turn:
        tip, middle = x - 3, y + HIGH / 2
        head = f"M{tip - 8:g} {middle - 5:g}L{tip:g} {middle:g}L{tip - 8:g} {middle + 5:g}"
        return tag("path", d=f"M{x - GAP + 3:g} {middle:g}H{tip:g}{head}", class_="arrow")
    start, down, tip = wide - 2 - WIDE / 2, y - DROP / 2, y - 3
    head = f"M{x + WIDE / 2 - 5:g} {tip - 8:g}L{x + WIDE / 2:g} {tip:g}L{x + WIDE / 2 + 5:g} {tip - 8:g}"
    path = f"M{start:g} {y - DROP + 3:g}V{down:g}H{x + WIDE / 2:g}V{tip:g}"
    return tag("path", d=path + head, class_="arrow")


def twin(found: Sequence[Layer], total: int, words: Words) -> Table:
    """All that the boxes say, as a table; a very deep network is cut in the middle."""
    columns = ("layer", "kind", "activation", "output", "parameters", "share")
    head = [words(f"column_{name}") for name in columns]
    rows = [
        [
            layer.name,
            layer.kind,
            layer.activation or "–",
            layer.output,
            count(layer.parameters) if layer.trainable else words("frozen", count=count(layer.parameters)),
            percent(layer.parameters / total) if total else "–",
        ]
        for layer in found
    ]
    notes = []
    if len(rows) > ROWS:
        notes = [words("table_layers", shown=count(ROWS), total=count(len(rows)))]
        rows = [*rows[: ROWS // 2], ["⋯"] * len(head), *rows[-(ROWS // 2) :]]
    return Table(words("architecture_caption"), head, rows, words=3, notes=notes)
