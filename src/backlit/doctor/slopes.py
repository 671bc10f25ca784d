"""How steep an activation function gets, found by looking: whether a slope is small is asked against that."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ops import formula as fm
from ..ops.declare import Elementwise
from ..optim import OPTIMIZERS

if TYPE_CHECKING:
    from ..core.graph import Node
    from .patient import Patient

Array = np.ndarray[Any, Any]
GRID = np.concatenate([np.linspace(-30.0, 30.0, 6001), np.geomspace(1e-6, 0.01, 40), -np.geomspace(1e-6, 0.01, 40)])


def largest_slope(op: Elementwise, attrs: Mapping[str, object]) -> float:
    """The largest |f′| of a function between -30 and 30; 0 where f′ is 0 everywhere.

    >>> from backlit.ops import REGISTRY
    >>> largest_slope(REGISTRY["sigmoid"], {}), largest_slope(REGISTRY["step"], {})
    (0.25, 0.0)
    """
    numbers = {k: float(v) for k, v in attrs.items() if isinstance(v, (int, float))}
    return _largest(op, tuple(sorted(numbers.items())))


@functools.cache
def _largest(op: Elementwise, attrs: tuple[tuple[str, float], ...]) -> float:
    if len(op.inputs) != 1:
        return 0.0
    sizes = np.abs(slopes(op, GRID, dict(attrs)))
    return float(np.max(sizes[np.isfinite(sizes)], initial=0.0))


def slopes(op: Elementwise, u: Array, attrs: Mapping[str, object]) -> Array:
    """f′(u) of a function of one variable, in float64.

    >>> from backlit.ops import REGISTRY
    >>> slopes(REGISTRY["sigmoid"], np.array([0.0]), {}).tolist()
    [0.25]
    """
    numbers = {k: float(v) for k, v in attrs.items() if isinstance(v, (int, float))}
    with np.errstate(all="ignore"):
        slope = op.slope(0)
        o = fm.evaluate([op.formula], {op.inputs[0]: u, **numbers}, np.float64)[0]
        values = {("y" if r == "y" else op.inputs[0]): (o if r == "y" else u) for r in slope.reads}
        given = dict(zip(slope.op.inputs, values.values(), strict=True))
        found = fm.evaluate([slope.op.formula], {**given, **numbers}, np.float64)[0]
    return np.broadcast_to(found, np.shape(u))


def flat(node: Node) -> bool:
    """Whether a node is an activation function whose derivative is exactly 0 everywhere, and no other stands in."""
    op = node.op
    if not isinstance(op, Elementwise) or op.facts.role != "activation" or len(op.inputs) != 1:
        return False
    return not op.facts.surrogate and largest_slope(op, node.attrs) == 0


def surrogate(patient: Patient) -> bool:
    """Whether the optimizer takes another function's derivative for that of the step units (the perceptron's rule)."""
    rule = OPTIMIZERS.get(str(patient.settings.get("optimizer", "")))
    return rule is not None and bool(rule().surrogate)
