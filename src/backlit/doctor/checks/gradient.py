"""Whether the derivatives of a person's own operations and layers are right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...core.graph import Graph, Node
from ...errors import BacklitError
from ...ops import Elementwise, activation_named, formula
from ...ops.arithmetic import mul
from ...ops.reduction import sum_
from ..differences import ALLOWED, Difference, differences
from ..finding import Finding, check
from ..forward import compute, some_rows
from ..patient import Patient
from ..trial import Change
from .direction import foreign, uphill
from .output import STUCK

Array = np.ndarray[Any, Any]
ROWS = 4  # a few: a derivative that is wrong is wrong in all


@check(
    "DR110",
    number=27,
    category="other",
    stage="structure",
    explains=(*STUCK, "DR111", "DR302", "DR305", "DR401", "DR404", "DR206"),
)
def wrong_gradient(patient: Patient) -> Iterator[Finding]:
    """An operation or a layer of one's own whose gradient is not the one that central differences measure.

    First each such operation by itself, so that it can be named; then the loss, by all parameters.  For an activation
    function the derivative that follows from its formula is tried; for a rule of an operation that moves or mixes
    elements there is none that could be put in its place.  And steps of a rule of one's own that go up.
    """
    wrong = list(_of_own(patient))
    yield from wrong or uphill(patient)


def _of_own(patient: Patient) -> Iterator[Finding]:
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
                assert node.op is not None
                yield _finding(one, node.op.name, "operation", node.name.rpartition(".")[0], derived(patient, node.op))
                return
    patient.ask()
    for one in differences(built.loss, built.trained, values, count):
        if one.wrong:
            yield _finding(one, ", ".join(type(layer).__name__ for layer in layers), "layer", layers[0].name)
            return


def of_operation(node: Node, values: dict[str, Array], rows: int) -> list[Difference]:
    """An operation by itself, at the values that it meets: Σ g · op(…) by each argument, for a g drawn at random."""
    assert node.op is not None
    met = compute({str(i): a for i, a in enumerate(node.args)}, values, rows)
    graph = Graph()
    inputs: tuple[str, ...] = getattr(node.op, "inputs", ())
    names = [inputs[i] if i < len(inputs) else f"argument{i}" for i in range(len(node.args))]
    args = [
        graph.constant(a.value) if a.kind == "constant" and a.value is not None else graph.input(names[i], a.shape)
        for i, a in enumerate(node.args)
    ]
    y = node.op(*args, **node.attrs)
    g = graph.input("∂E/∂y", y.shape)
    given: dict[str, Array] = {name: met[str(i)] for i, name in enumerate(names)}
    given["∂E/∂y"] = np.asarray(np.random.default_rng(0).normal(size=compute({"y": y}, given, rows)["y"].shape))
    left_out = getattr(node.op, "constant", ())
    asked = [a for a, name in zip(args, node.op.inputs, strict=False) if a.kind == "input" and name not in left_out]  # type: ignore[attr-defined]
    return differences(sum_(mul(y, g)), asked, given, rows)


def derived(patient: Patient, op: Any) -> tuple[Change, ...]:
    """The same activation function as a typed formula, whose derivative is found by symbols."""
    if not isinstance(op, Elementwise) or len(op.inputs) != 1:
        return ()
    text = str(formula.substitute(op.formula, {**op.defaults, op.inputs[0]: formula.symbol("u")}))
    layers = {n: patient.with_activation(n, text) for n, (name, _) in patient.units.items() if name == op.name}
    try:
        activation_named(text)
    except BacklitError:
        return ()
    return (Change("derived", layers=layers, facts={"what": op.name, "formula": text}),) if layers else ()


def _finding(one: Difference, what: str, how: str, layer: str, changes: tuple[Change, ...] = ()) -> Finding:
    facts = {
        "what": what, "name": one.name, "at": list(one.at), "stated": one.stated, "measured": one.measured,
        "relative": one.relative, "allowed": ALLOWED, "checked": one.checked, "kinks": one.kinks, "how": how,
        "factor": one.stated / one.measured if one.measured else float("nan"), "layer": layer or "-",
    }  # fmt: skip
    return Finding("DR110", "proved", facts, changes)
