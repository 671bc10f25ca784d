"""A card as plain data, for JSON: keys are the names of the card's attributes; ±∞ are "inf" and "-inf", NaN is null."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .card import Card
from .own import Layer
from .vectors import RowCard


def of(card: Card | RowCard) -> dict[str, Any]:
    """All facts of a card."""
    found: dict[str, Any] = {
        "name": card.name, "family": card.family, "formula": card.formula, "derivative": card.derivative,
        "range": card.range, "ends": card.ends, "from_output": card.from_output, "names": card.names,
        "source": card.source,
    }  # fmt: skip
    if isinstance(card, RowCard):
        found |= {"row": card.row, "outputs": card.outputs, "jacobian": card.jacobian}
    else:
        found |= {
            "parameters": card.parameters, "through_output": card.through_output or None, "limits": card.limits,
            "monotone": card.monotone, "parity": card.parity or None, "smoothness": card.smoothness,
            "kinks": [asdict(k) for k in card.kinks], "centre": card.centre, "steepest": asdict(card.steepest),
            "passes": {"below": card.passes[0], "above": card.passes[1]}, "minimum": card.minimum,
            "maximum": card.maximum,
            "dead": card.dead, "saturated": card.saturated, "surrogate": card.surrogate or None,
            "tail": [asdict(p) for p in card.tail], "naive": [asdict(p) for p in card.naive],
            "depth": asdict(card.depth), "initial": card.initial, "differs": card.facts.differs or None,
        }  # fmt: skip
    plain: dict[str, Any] = _plain(found)
    return plain


def of_layer(layer: Layer) -> dict[str, Any]:
    """A layer's u in figures."""
    shown = {name: getattr(layer, name) for name in layer.__dataclass_fields__ if name != "card"}
    plain: dict[str, Any] = _plain({**shown, "function": layer.card.name})
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return value
