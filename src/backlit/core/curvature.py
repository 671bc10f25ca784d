"""Curvature without the Hessian: H v, the gradient of the number gᵀv.

As every derivative rule returns graph, the gradient is a graph too, and can be differentiated once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..ops.arithmetic import add, mul
from ..ops.reduction import sum_
from .backprop import backprop
from .graph import Node


def hessian_vector(output: Node, wrt: Sequence[Node]) -> tuple[dict[Node, Node], dict[Node, Node]]:
    """Nodes for the product of the Hessian of `output` (by all of `wrt` together) with a direction v.

    Returns
    -------
    directions : node → input node
        For each node of `wrt` an input "v.NAME" of its shape: the direction's part.
    products : node → node
        For each node of `wrt` its part of H v; a node that the gradient does not depend on is missing.
    """
    graph = output.graph
    gradient = backprop(output, wrt)
    directions = {n: graph.names.get(f"v.{n.name}") or graph.input(f"v.{n.name}", n.shape) for n in wrt}
    along: Node | None = None
    for n in wrt:
        if n in gradient:
            part = sum_(mul(gradient[n], directions[n]))
            along = part if along is None else add(along, part)
    products: Mapping[Node, Node] = {} if along is None else backprop(along, wrt)
    return directions, {n: products[n] for n in wrt if n in products}
