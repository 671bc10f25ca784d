"""Whether the derivatives of a person's own operations and layers are right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...core.graph import Graph, Node
from ...ops.arithmetic import mul
from ...ops.reduction import sum_
from ..differences import ALLOWED, Difference, differences
from ..finding import Finding, check
from ..forward import compute, some_rows
from ..patient import Patient
from .output import STUCK

Array = np.ndarray[Any, Any]
ROWS = 4  # a few: a derivative that is wrong is wrong in all
OWN = __name__.partition(".")[0]


@check("DR110", number=27, category="other", stage="structure", explains=(*STUCK, "DR111", "DR401", "DR404", "DR206"))
def wrong_gradient(patient: Patient) -> Iterator[Finding]:
    """An operation or a layer of one's own whose gradient is not the one that central differences measure.

    First each such operation by itself, so that it can be named; then the loss, by all parameters.
    """
    built = patient.build()
    assert built.loss is not None
    if any(n.op is not None and n.op.facts.surrogate for n in built.graph.nodes):
        return  # what is taken for a derivative there is none, on purpose
    own = [n for n in built.graph.nodes if n.op is not None and foreign(n.op.module)]
    layers = [one for one in patient.net.layers() if foreign(type(one).__module__)]
    if not own and not layers:
        return
    rows = some_rows(patient, ROWS)
    count = len(rows["t"])
    values = {**patient.start, **rows}
    for node in own:
        patient.ask()
        for one in of_operation(node, values, count):
            if one.wrong:
                yield _finding(one, node.op.name if node.op else "", "operation")
                return
    patient.ask()
    for one in differences(built.loss, built.trained, values, count):
        if one.wrong:
            yield _finding(one, ", ".join(type(layer).__name__ for layer in layers), "layer")
            return


def foreign(module: str) -> bool:
    """Whether something was declared outside of this package; a typed formula, which has no module, was not."""
    return bool(module) and module.partition(".")[0] != OWN


def of_operation(node: Node, values: dict[str, Array], rows: int) -> list[Difference]:
    """An operation by itself, at the values that it meets: Σ g · op(…) by each argument, for a g drawn at random."""
    assert node.op is not None
    met = compute({str(i): a for i, a in enumerate(node.args)}, values, rows)
    graph = Graph()
    args = [
        graph.constant(a.value)
        if a.kind == "constant" and a.value is not None
        else graph.input(f"argument{i}", a.shape)
        for i, a in enumerate(node.args)
    ]
    y = node.op(*args, **node.attrs)
    g = graph.input("g", y.shape)
    given: dict[str, Array] = {f"argument{i}": met[str(i)] for i in range(len(args))}
    given["g"] = np.asarray(np.random.default_rng(0).normal(size=compute({"y": y}, given, rows)["y"].shape))
    left_out = getattr(node.op, "constant", ())
    asked = [a for a, name in zip(args, node.op.inputs, strict=False) if a.kind == "input" and name not in left_out]  # type: ignore[attr-defined]
    return differences(sum_(mul(y, g)), asked, given, rows)


def _finding(one: Difference, what: str, how: str) -> Finding:
    facts = {
        "what": what, "name": one.name, "at": list(one.at), "stated": one.stated, "measured": one.measured,
        "relative": one.relative, "allowed": ALLOWED, "checked": one.checked, "kinks": one.kinks, "how": how,
        "factor": one.stated / one.measured if one.measured else float("nan"),
    }  # fmt: skip
    return Finding("DR110", "proved", facts)
