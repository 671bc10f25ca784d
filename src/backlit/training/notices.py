"""What can be said of a network before it trains, from the graph alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.graph import Node
from ..nn import Structure
from ..ops import Elementwise
from .perceptron import learning
from .settings import Settings


def before_training(net: Structure, settings: Settings) -> list[dict[str, Any]]:
    """Notices as {"code", facts …}: BL603, weights that backpropagation cannot reach."""
    built = learning(net, settings).build(training=True, loss=settings.loss, **settings.loss_options)
    assert built.loss is not None
    reached = _reached(built.loss)
    lost = [p.name for p in built.trained if p not in reached]
    if not lost:
        return []
    flat = sorted({n.op.name for n in built.graph.nodes if n.op is not None and _is_flat(n)})
    return [{"code": "BL603", "activation": ", ".join(flat) or "-", "parameters": ", ".join(lost)}]


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
    u = np.linspace(-6.0, 6.0, 1201) + 0.00031
    attrs = {n: node.attrs[n] for n in node.op.defaults}
    slope = node.op.slope(0)
    read = [node.op.compute([u], attrs) if r == "y" else u for r in slope.reads]
    found = slope.op.compute(read, {n: attrs[n] for n in slope.op.defaults})
    return not np.any(found)
