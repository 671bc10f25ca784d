"""What can be said of a network before it trains, from the graph alone."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ...core.graph import Node, reachable
from ...nn.builder import Built
from ...ops import REGISTRY, Elementwise, Rows
from ...ops.loss import loss_named
from .settings import Settings


def before_training(built: Built, settings: Settings) -> list[dict[str, Any]]:
    """Notices as {"code", facts …}: BL603, weights that backpropagation cannot reach; BL334, u is squashed twice."""
    assert built.loss is not None
    found = _squashed_twice(built, settings)
    reached = _reached(built.loss)
    lost = [p.name for p in built.trained if p not in reached]
    if not lost:
        return found
    flat = sorted({n.op.name for n in reachable([built.loss]) if n.op is not None and _is_flat(n)})
    return [*found, {"code": "BL603", "activation": ", ".join(flat) or "-", "parameters": ", ".join(lost)}]


def _squashed_twice(built: Built, settings: Settings) -> list[dict[str, Any]]:
    """BL334: the loss takes the outputs for sums u, and they have been through a bounded activation function."""
    kind = loss_named(settings.loss)
    op = built.output.op
    if not kind.reads or op is None or op.facts.role != "activation" or op is REGISTRY[kind.reads]:
        return []
    if not np.isfinite(op.facts.range).all():
        return []
    return [{"code": "BL334", "loss": kind.name, "activation": op.name, "other": kind.reads}]


def _reached(loss: Node) -> set[Node]:
    """The nodes that some error signal reaches: not through a derivative that is 0 everywhere."""
    seen: set[Node] = set()
    stack = [loss]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if not _is_flat(node):
            stack.extend(node.args)
    return seen


def _is_flat(node: Node) -> bool:
    """True for an elementwise operation whose derivative is 0 on a grid of ordinary inputs."""
    if not isinstance(node.op, Elementwise) or len(node.op.inputs) != 1:
        return False
    attrs = tuple((n, node.attrs[n]) for n in node.op.defaults)
    if any(isinstance(value, Rows) for _, value in attrs):
        return False  # a formula of the number of rows is no activation function
    return _has_no_slope(node.op, attrs)


@functools.lru_cache(1024)
def _has_no_slope(op: Elementwise, parameters: tuple[tuple[str, float], ...]) -> bool:
    u, attrs = np.linspace(-6.0, 6.0, 1201) + 0.00031, dict(parameters)
    slope = op.slope(0)
    read = [op.compute([u], attrs) if r == "y" else u for r in slope.reads]
    found = slope.op.compute(read, {n: attrs[n] for n in slope.op.defaults})
    return not np.any(found)
