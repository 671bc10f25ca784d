"""Derivatives of derivatives: Hessian times vector, and the orders beyond."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.core.backprop import backprop
from backlit.core.curvature import hessian_vector
from backlit.core.graph import Graph, Node
from backlit.core.interpret import Interpreter
from backlit.core.lowering import lower
from backlit.ops import Rows
from backlit.ops.activation.relu import relu
from backlit.ops.activation.sigmoid import tanh
from backlit.ops.arithmetic import mul, power, where
from backlit.ops.linear import affine
from backlit.ops.loss import cross_entropy
from backlit.ops.reduction import amax, sum_
from tolerance import GRADIENT, assert_close, error


def value(node: Node, x: object) -> np.ndarray:
    """A node's value where the input x is given."""
    run = Interpreter(lower({"found": node, "x": node.graph.names["x"]}))
    run.arena["x"] = x
    run.run()
    return run.arena["found"].copy()


def small_network(graph: Graph) -> tuple[Node, list[Node], dict[str, tuple[int, ...]]]:
    shapes = {"x": (6, 3), "t": (6, 2), "w1": (3, 4), "b1": (4,), "w2": (4, 2), "b2": (2,)}
    x, t = graph.input("x", (Rows(), 3)), graph.input("t", (Rows(), 2))
    w1, b1, w2, b2 = (graph.parameter(n, shapes[n]) for n in ("w1", "b1", "w2", "b2"))
    loss = cross_entropy(affine(tanh(affine(x, w1, b1)), w2, b2), t)
    return loss, [w1, b1, w2, b2], shapes


def run_curvature(values: dict[str, np.ndarray], along: dict[str, np.ndarray]) -> tuple[dict, dict]:
    graph = Graph()
    loss, wrt, _ = small_network(graph)
    gradient = backprop(loss, wrt)
    _, products = hessian_vector(loss, wrt)
    run = Interpreter(lower({f"g {n.name}": gradient[n] for n in wrt} | {f"h {n.name}": products[n] for n in wrt}), 6)
    for name, value in {**values, **{f"v.{n}": a for n, a in along.items()}}.items():
        run.arena[name] = value
    run.run()
    return {n.name: run.arena[f"g {n.name}"].copy() for n in wrt}, {
        n.name: run.arena[f"h {n.name}"].copy() for n in wrt
    }


@pytest.fixture
def drawn(rng) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    _, wrt, shapes = small_network(Graph())
    values = {n: rng.normal(size=s) for n, s in shapes.items()}
    values["t"] = np.eye(2)[rng.integers(0, 2, 6)]
    return values, {n.name: rng.normal(size=n.shape) for n in wrt}


def test_the_hessian_times_a_vector_is_the_difference_of_gradients(drawn):
    values, along = drawn
    h = 1e-5
    moved = [{n: v + s * h * along.get(n, 0.0) for n, v in values.items()} for s in (1, -1)]
    (above, _), (below, _) = (run_curvature(m, along) for m in moved)
    _, found = run_curvature(values, along)
    for n, product in found.items():
        assert error(product, (above[n] - below[n]) / (2 * h)) < GRADIENT, n


@pytest.mark.oracle
@pytest.mark.slow
def test_the_hessian_times_a_vector_is_what_jax_says(drawn):
    jax = pytest.importorskip("jax")
    values, along = drawn
    with jax.enable_x64(True):
        jnp = jax.numpy

        def loss(p):
            u = jnp.tanh(values["x"] @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"]
            return -jnp.sum(values["t"] * jax.nn.log_softmax(u)) / len(u)

        parameters = {n: jnp.asarray(values[n]) for n in along}
        hessian = jax.hessian(loss)(parameters)
        wanted = {n: sum(np.tensordot(hessian[n][m], v, v.ndim) for m, v in along.items()) for n in along}
    _, found = run_curvature(values, along)
    for n in along:
        assert_close(found[n], wanted[n], "float64", "graph", n)


def test_third_derivatives_come_for_free():
    g = Graph()
    x = g.input("x", ())
    y = power(x, 4.0)
    for wanted in (4 * 2.0**3, 12 * 2.0**2, 24 * 2.0, 24.0):
        y = backprop(y, [x])[x]
        assert value(y, 2.0) == pytest.approx(wanted, rel=1e-14)


def test_the_second_derivative_of_straight_lines_is_zero_and_not_nan():
    g = Graph()
    x = g.input("x", (3,))
    first = backprop(sum_(where(x, relu(x), x)), [x])[x]
    second = backprop(sum_(mul(first, first)), [x]).get(x)
    assert second is None or value(sum_(second), [1.0, -1.0, 0.0]) == 0.0
    assert backprop(sum_(amax(mul(x, 2.0), axis=0, keepdims=True)), [x])[x].shape == (3,)
