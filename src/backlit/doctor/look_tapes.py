"""The tapes of a look: the training's own with what is measured beside it, and a probe of the step."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.backprop import backprop
from ..core.curvature import hessian_vector
from ..core.graph import Node
from ..core.lowering import Update, lower
from ..core.tape import Tape
from ..nn.builder import Built
from ..ops import shapes
from ..ops.arithmetic import add, mul
from ..ops.declare import Elementwise
from ..ops.reduction import sum_
from ..ops.shapes import Rows
from .measures import MOMENTS, SHARES, STEP
from .slopes import largest_slope

# Of its largest slope: below it a unit passes back less than a twentieth.  Sums of mean square 1, for which weights are
# drawn, are below it in 1 of 34 rows with tanh and in 1 of 77 000 with sigmoid: that all rows are there is no chance.
SATURATED = 0.05


def look_tape(
    built: Built, update: Update | None
) -> tuple[Tape, dict[str, tuple[str, tuple[str, ...]]], dict[str, int]]:
    """The training's tape with what is measured beside it.

    Returns with it for each value that holds signs of a layer's units (layer, names of its rows), and for each
    parameter of which changes are measured its number of weights.
    """
    assert built.loss is not None
    named = {n: v for n, v in built.graph.names.items() if n.endswith((".u", ".o"))}
    gradient = backprop(built.loss, [*built.trained, *(v for n, v in named.items() if n.endswith(".u"))])
    keep: dict[str, Node] = {"E": built.loss}
    signs: dict[str, tuple[str, tuple[str, ...]]] = {}

    def measured(layer: str, of: str, node: Node, *rows: str) -> None:
        keep[f"{layer} {of}"], signs[f"{layer} {of}"] = node, (layer, rows)

    for name, node in named.items():
        layer, symbol = name.rsplit(".", 1)
        if len(node.shape) != 2 or not isinstance(node.shape[0], Rows):
            continue
        measured(layer, symbol, MOMENTS(node), f"mean({symbol})", f"mean({symbol}²)")
        if symbol == "u" and node in gradient and gradient[node].shape == node.shape:
            measured(layer, "δᵘ", MOMENTS(gradient[node]), "", "mean(δᵘ²)")
        found = _slope(node, named.get(f"{layer}.u")) if symbol == "o" else None
        if found is not None:
            slope, largest = found
            rows = ("f′=0", "saturated") if largest else ("f′=0",)
            measured(layer, "f′", SHARES(slope, bound=SATURATED * largest), *rows)
    changed = update is not None and bool(built.trained)
    tape = lower(
        keep,
        blocks=built.blocks(),
        gradients={p: gradient[p] for p in built.trained if p in gradient},
        update=update if built.trained else None,
        running=built.updates,
        changes=STEP if changed else None,
    )
    sizes = {p.name: shapes.elements(shapes.resolve(p.shape, 1)) for p in built.trained} if changed else {}
    return tape, signs, sizes


def _slope(o: Node, u: Node | None) -> tuple[Node, float] | None:
    """f′ of a layer's units, and its largest value (0 where it has none)."""
    if u is None or o is u or not isinstance(o.op, Elementwise) or o.args[0] is not u:
        return None
    slope = o.op.local(o)
    if slope is None or slope.shape != o.shape:
        return None
    return slope, largest_slope(o.op, o.attrs)


def places(tape: Tape) -> dict[str, slice]:
    """Where each trained parameter lies in θ."""
    trained = [v for v in tape.values if v.block is not None and tape.values[v.block].name == "θ" and v.name]
    return {v.name: slice(v.place, v.place + shapes.elements(shapes.resolve(v.shape, 1))) for v in trained}


def probe_tape(built: Built) -> Tape | None:
    """gᵀΔ and ΔᵀHΔ for a direction Δ that is given; None where the loss depends on no parameter."""
    assert built.loss is not None
    directions, products = hessian_vector(built.loss, built.trained)
    gradient = backprop(built.loss, built.trained)
    slope, bend = _dot(gradient, directions), _dot(products, directions)
    if slope is None:
        return None
    keep = {"gᵀΔ": slope, "ΔᵀHΔ": slope.graph.constant(0.0) if bend is None else bend}
    return lower(keep)


def _dot(parts: Mapping[Node, Node], directions: Mapping[Node, Node]) -> Node | None:
    total: Node | None = None
    for node, direction in directions.items():
        if node in parts:
            product = sum_(mul(parts[node], direction))
            total = product if total is None else add(total, product)
    return total
