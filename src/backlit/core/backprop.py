"""Backpropagation: from a graph that computes E to a graph that computes ∂E/∂ everything.

This is the chain rule, and it knows no operation: each one brings its own vector-Jacobian product, which returns
nodes of the same graph.  So gradients are lowered, fused, observed and differentiated again like anything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..errors import fail
from ..ops.arithmetic import add
from ..ops.movement import sum_to

if TYPE_CHECKING:
    from .graph import Node


def backprop(output: Node, wrt: Iterable[Node], seed: Node | None = None, *, beyond: bool = True) -> dict[Node, Node]:
    """The gradients ∂output/∂n of every node n between `wrt` and `output`, as nodes of the same graph.

    Parameters
    ----------
    output : Node
        Usually the loss E, one number.  For another shape `seed` must be given.
    wrt : nodes
        The nodes whose gradients are wanted (parameters, an input).
    seed : Node, optional
        What arrives at `output`; 1 for a loss.
    beyond : bool
        Whether a node of `wrt` passes its gradient on to others of `wrt` that it is computed from.

    Returns
    -------
    dict from node to node
        For each node n on a path from `wrt` to `output`: the error signal δ = ∂output/∂n.  A node of `wrt` that
        `output` does not depend on is missing.
    """
    from .graph import reachable

    if seed is None and output.shape != ():
        raise fail("BL705", shape=output.shape)
    nodes, wrt = reachable([output]), set(wrt)
    moving = _depending(nodes, wrt)
    gradient: dict[Node, Node] = {}
    if output in moving:
        gradient[output] = output.graph.constant(1.0) if seed is None else seed
    for node in reversed(nodes):
        g = gradient.get(node)
        if g is None or node.op is None or (node in wrt and not beyond):
            continue
        for argument, part in zip(node.args, node.op.pullback(g, node), strict=True):
            if part is None or argument not in moving:
                continue
            part = sum_to(part, argument.shape)  # the inverse of broadcasting, for every operation, here
            known = gradient.get(argument)
            gradient[argument] = part if known is None else add(known, part)  # a value used twice
    return gradient


def _depending(nodes: list[Node], wrt: Iterable[Node]) -> set[Node]:
    """Those of `nodes` (in order of computation) that depend on a node of `wrt`."""
    moving = set(wrt)
    for node in nodes:
        if any(a in moving for a in node.args):
            moving.add(node)
    return moving
