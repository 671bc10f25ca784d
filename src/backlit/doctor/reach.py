"""What the outputs of a network can be at all: the ranges of activation functions that stand behind each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..nn.objective import what_it_reads
from ..ops import REGISTRY
from ..ops import formula as fm
from ..ops.declare import Elementwise
from ..ops.normalized import softmax

if TYPE_CHECKING:
    from ..core.graph import Node
    from .patient import Patient

Range = tuple[float, float]
EVERYTHING = (-math.inf, math.inf)
POINTS = 2001  # at which an interval is looked at
# An unbounded side is looked at closely up to 30, where most functions have become flat or straight, then ever wider.
FAR = np.concatenate([np.linspace(0.0, 30.0, POINTS), np.geomspace(31.0, 1e6, 200)])


def reach(node: Node) -> Range:
    """The closed range of a node's values: of an activation function over what can come in, else everything.

    >>> import backlit
    >>> net = backlit.Network([backlit.Dense(1, "relu"), backlit.Activation("sigmoid")])
    >>> net.prepare(2)
    >>> reach(net.build().output)
    (0.5, 1.0)
    """
    op = node.op
    if op is softmax:
        return _softmax(reach(node.args[0]), _width(node))
    if isinstance(op, Elementwise) and op.facts.role == "activation" and len(op.inputs) == 1:
        return _function(op, reach(node.args[0]), node.attrs)
    return EVERYTHING


def answers(patient: Patient) -> tuple[Range, Node, str]:
    """The range of what the loss compares with the targets, the node it is a function of, and that function's name.

    A loss that reads u of a sigmoid or a softmax applies it by itself, to the outputs where they are not its own.
    """
    built, kind = patient.built, patient.aim.kind
    if not kind.reads:
        output = built.output
        return reach(output), output.args[0] if output.args else output, output.op.name if output.op else ""
    read = what_it_reads(built, kind)
    op, within = REGISTRY[kind.reads], reach(read)
    if op is softmax:
        return _softmax(within, _width(read)), read, kind.reads
    assert isinstance(op, Elementwise)
    return _function(op, within, {}), read, kind.reads


def _width(node: Node) -> int:
    width = node.shape[-1]
    assert isinstance(width, int)
    return width


def _softmax(within: Range, classes: int) -> Range:
    """Of sums between a and b: the least and the largest share."""
    low, high = within
    if classes == 1:
        return 1.0, 1.0
    if not (math.isfinite(low) and math.isfinite(high)):
        return 0.0, 1.0
    apart = math.exp(min(high - low, 700.0))
    return 1 / (1 + (classes - 1) * apart), apart / (apart + classes - 1)


def _function(op: Elementwise, within: Range, attrs: dict[str, object]) -> Range:
    """Of what a function gives over an interval: its declared range, or less where the interval is bounded.

    A function that rises is bounded by its values at the ends; of others a bounded interval is looked at closely.
    """
    low, high = within
    declared = op.facts.range
    if not (math.isfinite(low) or math.isfinite(high)):
        return declared
    if math.isfinite(low) and math.isfinite(high):
        u = np.linspace(low, high, POINTS)
    else:
        u = low + FAR if math.isfinite(low) else high - FAR[::-1]
    numbers = {k: float(v) for k, v in attrs.items() if isinstance(v, (int, float))}
    with np.errstate(all="ignore"):
        y = np.broadcast_to(fm.evaluate([op.formula], {op.inputs[0]: u, **numbers}, np.float64)[0], u.shape)
    steps = np.diff(y)
    if (steps >= 0).all():
        begin, end = float(y[0]), float(y[-1])
        return (begin if math.isfinite(low) else declared[0]), (end if math.isfinite(high) else declared[1])
    if math.isfinite(low) and math.isfinite(high):
        slack = float(np.abs(steps).max(initial=0.0))  # what may lie between two points
        return max(float(y.min()) - slack, declared[0]), min(float(y.max()) + slack, declared[1])
    return declared
