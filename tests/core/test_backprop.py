"""Backpropagation: the chain rule on graphs of every form, once and twice."""

from __future__ import annotations

import ast
import time
from pathlib import Path

import numpy as np
import pytest

from backlit import core
from backlit.core.backprop import backprop
from backlit.core.gradcheck import check
from backlit.core.graph import Graph, Node, reachable
from backlit.core.interpret import Interpreter
from backlit.core.lowering import lower
from backlit.errors import GraphError
from backlit.machine.runner import Machine
from backlit.ops import REGISTRY, Facts, Rows, Structural
from backlit.ops.activation.relu import relu
from backlit.ops.activation.sigmoid import sigmoid, tanh
from backlit.ops.arithmetic import add, div, exp, log, mul, sub
from backlit.ops.linear import affine, matmul
from backlit.ops.reduction import mean, sum_
from tolerance import GRADIENT, assert_close


def gradients(output: Node, values: dict[str, object], rows: int = 1) -> dict[str, np.ndarray]:
    """∂output/∂ of all inputs named in `values`, and the output as "", by the interpreter."""
    nodes = [output.graph.names[n] for n in values]
    found = backprop(output, nodes)
    run = Interpreter(
        lower({"": output} | {n.name: n for n in nodes} | {f"∂{n.name}": found[n] for n in nodes if n in found}), rows
    )
    for name, value in values.items():
        run.arena[name] = value
    run.run()
    return {n.removeprefix("∂"): run.arena[n].copy() for n in run.tape.names if n == "" or n.startswith("∂")}


# ---- forms of graphs ------------------------------------------------------------------------------------


def test_the_gradient_of_a_value_used_twice_is_the_sum():
    g = Graph()
    x = g.input("x", (3,))
    given = np.array([1.0, -2.0, 3.0])
    assert gradients(sum_(mul(x, x)), {"x": given})["x"].tolist() == (2 * given).tolist()
    assert gradients(sum_(add(x, x)), {"x": given})["x"].tolist() == [2.0, 2.0, 2.0]


def test_the_gradient_through_a_diamond_is_the_sum_over_both_ways():
    g = Graph()
    x = g.input("x", (4,))
    top = tanh(x)
    loss = sum_(mul(exp(top), sigmoid(top)))
    given = np.array([-1.0, 0.1, 0.5, 2.0])
    t = np.tanh(given)
    s = 1 / (1 + np.exp(-t))
    wanted = (1 - t * t) * (np.exp(t) * s + np.exp(t) * s * (1 - s))
    assert_close(gradients(loss, {"x": given})["x"], wanted, "float64", "op")


def test_a_branch_that_the_loss_does_not_use_costs_nothing():
    g = Graph()
    x = g.input("x", (3,))
    loss = sum_(mul(x, x))
    unused = exp(log(x))
    found = backprop(loss, [x])
    assert unused not in found
    names = {i.name for i in lower({"E": loss, "∂x": found[x]}).instructions}
    assert names == {"formula", "sum"}
    assert len(lower({"E": loss, "∂x": found[x]}).instructions) == 3


def test_a_node_without_a_path_to_the_loss_has_no_gradient():
    g = Graph()
    x, z = g.input("x", (3,)), g.input("z", (3,))
    found = backprop(sum_(exp(x)), [x, z])
    assert x in found
    assert z not in found
    assert backprop(sum_(exp(x)), [z]) == {}
    assert backprop(sum_(exp(x)), []) == {}


def test_only_what_lies_between_is_differentiated():
    g = Graph()
    x, w = g.input("x", (Rows(), 3)), g.parameter("w", (3, 2))
    loss = mean(tanh(matmul(exp(x), w)))
    before = len(g.nodes)
    found = backprop(loss, [w])
    assert x not in found  # the first layer's ∂E/∂x is not computed
    assert all(n.op is None or "exp" not in n.op.name for n in g.nodes[before:])


def test_the_loss_itself_has_the_gradient_one():
    g = Graph()
    x = g.input("x", ())
    found = backprop(mul(x, 3.0), [x])
    assert found[g.nodes[2]].value == 1.0
    assert backprop(x, [x])[x].value == 1.0


def test_more_than_one_number_needs_a_seed():
    g = Graph()
    x = g.input("x", (3,))
    with pytest.raises(GraphError) as told:
        backprop(exp(x), [x])
    assert told.value.code == "BL705"
    assert x in backprop(exp(x), [x], seed=g.input("seed", (3,)))


@pytest.mark.parametrize("engine", ["interpreter", pytest.param("compiled", marks=pytest.mark.slow)])
def test_a_chain_of_ten_thousand_operations_is_no_deeper_than_one(engine):
    """No recursion, and nothing that looks at each operation for each other one: by processor time."""

    def chain(length: int) -> float:
        began = time.process_time()
        g = Graph()
        x = g.input("x", (2,))
        y = x
        for i in range(length):
            y = (tanh, relu, exp, sigmoid, lambda a: sub(a, 0.1))[i % 5](y)
        loss = sum_(y)
        found = backprop(loss, [x])
        tape = lower({"E": loss, "∂x": found[x]})
        run = Interpreter(tape) if engine == "interpreter" else Machine(tape, 1, "float64", engine=engine)
        run.arena["x"] = [0.3, -0.2]
        run.run()
        assert np.isfinite(run.arena["E"])
        assert np.isfinite(run.arena["∂x"]).all()
        assert len(reachable([loss])) > length
        return time.process_time() - began

    chain(10)  # what is compiled or worked out once
    assert chain(10_000) < 40 * chain(1_000)  # a hundred times, if it grew with the square


def test_a_long_chain_has_the_product_of_its_slopes_as_gradient():
    g = Graph()
    x = g.input("x", (1,))
    y = x
    for _ in range(3000):
        y = mul(y, 1.001)
    assert gradients(sum_(y), {"x": [2.0]})["x"] == pytest.approx(1.001**3000, rel=1e-12)


def test_through_a_twin_arguments_that_depend_on_each_other_are_counted_once(rng):
    op = Structural(lambda a, b: a * b, Facts(), shape=lambda a, b: a)  # of no registry, and without a rule
    op.composed(lambda a, b: mul(exp(a), b))
    op.body = lambda a, b: np.exp(a) * b
    g = Graph()
    x = g.input("x", (3,))
    for first, second in [(x, x), (x, exp(x)), (exp(x), x), (tanh(x), exp(tanh(x)))]:
        (found,) = check(sum_(op(first, second)), [x], {"x": rng.normal(size=3)})
        assert found.worst < GRADIENT, found
    op.constant = ("b",)
    (found,) = check(sum_(op(x, g.input("t", (3,)))), [x], {"x": rng.normal(size=3), "t": np.ones(3)})
    assert found.worst < GRADIENT
    assert op.pullback(g.input("g", (3,)), op(x, exp(x)))[1] is None


# ---- broadcasting ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (1,), (4,), (5, 1), (1, 4), (1, 1), (3, 1, 4), (3, 5, 1), (1, 5, 4), (1, 1, 1)])
@pytest.mark.parametrize("op", [add, mul, div])
def test_gradients_of_repeated_values_are_summed_back_to_their_shape(shape, op, rng):
    g = Graph()
    a, b = g.input("a", (3, 5, 4)), g.input("b", shape)
    loss = sum_(mul(op(a, b), op(a, b)))
    values = {"a": rng.uniform(1, 2, (3, 5, 4)), "b": rng.uniform(1, 2, shape)}
    for found in check(loss, [a, b], values):
        assert found.worst < GRADIENT, found


def test_gradients_are_summed_over_the_rows_of_the_batch(rng):
    g = Graph()
    x, b = g.input("x", (Rows(), 3)), g.parameter("b", (3,))
    found = backprop(sum_(mul(add(x, b), 2.0)), [b])
    run = Interpreter(lower({"∂b": found[b]}), rows=8)
    for rows in (8, 3, 1):
        run.run(rows=rows)
        assert run.arena["∂b"].tolist() == [2.0 * rows] * 3


# ---- the check itself -----------------------------------------------------------------------------------


def test_the_gradient_check_finds_a_derivative_that_is_wrong_by_a_thousandth(monkeypatch, rng):
    g = Graph()
    x, w, b = g.input("x", (Rows(), 3)), g.parameter("w", (3, 2)), g.parameter("b", (2,))
    loss = sum_(affine(x, w, b))
    values = {"x": rng.normal(size=(4, 3)), "w": rng.normal(size=(3, 2)), "b": rng.normal(size=2)}
    assert all(c.worst < GRADIENT for c in check(loss, [x, w, b], values, rows=4))
    rule = affine.rule_vjp
    monkeypatch.setattr(affine, "rule_vjp", lambda *a: [rule(*a)[0], mul(rule(*a)[1], 1.001), rule(*a)[2]])
    found = {c.name: c for c in check(loss, [x, w, b], values, rows=4)}
    assert found["w"].worst == pytest.approx(1e-3, rel=0.01)
    assert found["b"].worst < GRADIENT
    assert "w: 6 entries, relative error 1.0e-03" in str(found["w"])


def test_the_gradient_check_draws_entries_of_large_arrays_and_leaves_the_values_alone(rng):
    g = Graph()
    x = g.input("x", (40, 50))
    given = rng.normal(size=(40, 50))
    before = given.copy()
    (found,) = check(mean(tanh(x)), [x], {"x": given}, most=20)
    assert found.checked == 20
    assert found.worst < 1e-6
    np.testing.assert_array_equal(given, before)


def test_the_gradient_check_says_so_when_a_gradient_is_missing(rng):
    g = Graph()
    x, z = g.input("x", (2,)), g.input("z", (2,))
    found = check(sum_(exp(x)), [x, z], {"x": [1.0, 2.0], "z": [1.0, 2.0]})
    assert found[1].worst == 0.0


# ---- core names no operation ----------------------------------------------------------------------------

# The chain rule adds and multiplies, sums back what was repeated, and repeats.
ALLOWED = {
    "backprop.py": {"add", "sum_to"},
    "curvature.py": {"add", "mul", "sum_"},
    "graph.py": {"spread"},
}


@pytest.mark.parametrize("path", sorted(Path(core.__file__).parent.glob("*.py")), ids=lambda p: p.name)
def test_core_names_no_operation(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    texts = {
        n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in docs and n.value in REGISTRY
    }
    imported = {
        alias.name
        for n in ast.walk(tree)
        if isinstance(n, ast.ImportFrom) and n.level and "ops." in f"{n.module}."
        for alias in n.names
        if getattr(__import__(f"backlit.{n.module}", fromlist=["_"]), alias.name, None) in REGISTRY.values()
        or alias.name == "sum_to"
    }
    assert imported == ALLOWED.get(path.name, set())
    assert texts <= {"step"}  # the number of the step, which a random operation is given
