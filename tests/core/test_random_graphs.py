"""1,000 random graphs: the compiled machine, the interpreter and JAX give the same values and gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from backlit.core.backprop import backprop
from backlit.core.graph import reachable
from backlit.core.interpret import Interpreter
from backlit.core.lowering import lower
from backlit.machine.runner import Machine
from backlit.ops import REGISTRY, Elementwise, random, shapes
from backlit.ops.words import WORDS
from core import random_graphs
from core.in_jax import of_rows
from core.random_graphs import ROOM, ROWS, SEED, STEP, Drawn, written_in
from tolerance import EPS, assert_close

EACH = 50  # graphs in a test
# JAX compiles the graphs of a test together, and as little as it can: it is asked once.
HASTY = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


def chunks(quick: int) -> pytest.MarkDecorator:
    """All graphs in tests of a few; `make quick` runs the first ones."""
    marks = [[pytest.mark.slow] if i >= quick else [] for i in range(1000 // EACH)]
    return pytest.mark.parametrize("chunk", [pytest.param(i, marks=m) for i, m in enumerate(marks)])


SIZE = 1.0  # E and its gradients are sums that may cancel: an error is not measured against less


def draw(number: int) -> Drawn:
    """Graph number 0 … 999; each operation that has a derivative is the last one of every n-th graph."""
    firsts = random_graphs.differentiable()
    return random_graphs.draw(number, firsts[number % len(firsts)])


def outcome(drawn: Drawn, runner: Any) -> dict[str, np.ndarray]:
    """E, all gradients and the values between, after a run on fewer rows than there is room for."""
    runner.seed, runner.step = SEED, STEP
    with runner.arena.batch(ROWS):
        for name, value in drawn.values.items():
            if name in runner.tape.names:
                runner.arena[name] = value
        runner.run(rows=ROWS)
        return {n: runner.arena[n].copy() for n in runner.tape.names if n not in drawn.values}


def tape_of(drawn: Drawn) -> Any:
    found = backprop(drawn.loss, drawn.leaves)
    keep = {"E": drawn.loss} | {f"∂{n.name}": found[n] for n in drawn.leaves if n in found}
    return lower(keep | {f"inner {i}": n for i, n in enumerate(drawn.inner[::3])})


@chunks(quick=4)
def test_the_machine_and_the_interpreter_agree(chunk):
    for number in range(chunk * EACH, (chunk + 1) * EACH):
        drawn = draw(number)
        tape = tape_of(drawn)
        for dtype in EPS:
            expected = outcome(drawn, Interpreter(tape, ROOM, dtype))
            found = outcome(drawn, Machine(tape, ROOM, dtype))
            for name in expected:
                assert_close(found[name], expected[name], dtype, "graph", (number, name), SIZE)


@chunks(quick=0)
@pytest.mark.oracle
def test_the_machine_and_jax_agree(chunk):
    jax = pytest.importorskip("jax")
    all_drawn, skipped = [draw(number) for number in range(chunk * EACH, (chunk + 1) * EACH)], 0
    for number, (drawn, (value, gradient)) in enumerate(zip(all_drawn, by_jax(all_drawn, jax), strict=True)):
        expected = {"E": value} | {f"∂{n}": g for n, g in gradient.items()}
        if at_a_kink(drawn):  # rounding says on which side it lies
            skipped += 1
            continue
        tape = tape_of(drawn)
        for dtype in EPS:
            found = outcome(drawn, Machine(tape, ROOM, dtype))
            for name in expected:
                measured = found.get(name, np.zeros(expected[name].shape))  # no gradient: it is 0
                assert_close(measured, expected[name], dtype, "graph", (chunk * EACH + number, name), SIZE)
    assert skipped <= EACH // 10


# Formulas with a kink or a gap at 0 that is none of the function's own: there we state the slope.
AT_ZERO = ("binary_cross_entropy", "trained_soft_exponential")


def at_a_kink(drawn: Drawn) -> bool:
    """Whether some input of a function with kinks elsewhere than at 0, which drawn numbers avoid, is all but on one."""
    found: dict[Any, Any] = {}
    for node in drawn.graph.nodes:
        if node.op is None:
            found[node] = np.asarray(drawn.values.get(node.name, node.value), np.float64)
            continue
        given = [found[a] for a in node.args]
        kinks = [k for k in node.op.facts.kinks if k != 0]
        if kinks and np.min(np.abs(given[0][..., None] - kinks)) < 1e-5:
            return True
        bends = 0.0 in node.op.facts.kinks or node.op.name in AT_ZERO
        if bends and any(np.any(a == 0) for a in given):  # the output of a step
            return True
        found[node] = run_alone(node, given)
    return False


def run_alone(node: Any, given: list[Any]) -> Any:
    """One operation by its NumPy body, as the interpreter calls it."""
    attrs = dict(node.attrs)
    if getattr(node.op, "random", False):
        attrs |= {"seed": SEED, "step": STEP}
    return node.op.compute(given, attrs)


def test_the_graphs_together_hold_every_differentiable_operation():
    firsts = random_graphs.differentiable()
    used = set().union(*(draw(i).used for i in range(len(firsts))))
    assert {op.name for op in firsts} <= used
    losses = {n for n, op in REGISTRY.items() if op.facts.role == "loss"}
    assert losses <= used
    assert len(firsts) < 1000


def test_the_same_seed_gives_the_same_graph():
    one, other = draw(7), draw(7)
    assert [repr(n) for n in one.graph.nodes] == [repr(n) for n in other.graph.nodes]
    assert all(np.array_equal(one.values[n], other.values[n]) for n in one.values)


# ---- the oracle -----------------------------------------------------------------------------------------


@pytest.mark.oracle
def test_every_operation_has_a_spelling_in_jax():
    jax = pytest.importorskip("jax")
    table = oracles(jax)
    assert set(WORDS) <= set(table)
    without = [n for n, op in REGISTRY.items() if n not in table and spelling(op, table, jax) is None]
    assert not without, f"{without}: give names={{'jax': …}} in the declaration, or a line in the table here"


def spelling(op: Any, table: Mapping[str, Any], jax: Any) -> Any:
    """The operation in JAX: by this table, by the name that it states, or by its formula in JAX's words."""
    if op.name in table:
        return table[op.name]
    stated = op.facts.names.get("jax", "")
    known = getattr(jax.nn, stated, None) or getattr(jax.numpy, stated, None) if stated else None
    if known is None and isinstance(op, Elementwise):
        return lambda *args, **attrs: written_in(op.formula, dict(zip(op.inputs, args, strict=True)) | attrs, table)
    return known


def by_jax(all_drawn: list[Drawn], jax: Any) -> list[tuple[Any, dict[str, Any]]]:
    """E and its gradients of each graph, in float64."""
    table = oracles(jax)

    def everything(values: list[dict[str, Any]]) -> list[Any]:
        return [
            jax.value_and_grad(lambda v, d=drawn: in_jax(d, v, table, jax))(given)
            for drawn, given in zip(all_drawn, values, strict=True)
        ]

    values = [drawn.values for drawn in all_drawn]
    with jax.enable_x64(True):
        return jax.jit(everything).lower(values).compile(HASTY)(values)


def in_jax(drawn: Drawn, values: Mapping[str, Any], table: Mapping[str, Any], jax: Any) -> Any:
    """E of the graph, computed by JAX."""
    made: dict[Any, Any] = {}
    for node in reachable([drawn.loss]):
        if node.kind == "constant":
            made[node] = node.value if isinstance(node.value, float) else float(node.value.factor * ROWS)
        elif node.op is None:
            made[node] = values[node.name]
        else:
            attrs = {k: shapes.resolve(v, ROWS) if isinstance(v, tuple) else v for k, v in node.attrs.items()}
            constant = getattr(node.op, "constant", ())
            args = [
                jax.lax.stop_gradient(made[a]) if name in constant else made[a]
                for name, a in zip(node.op.inputs, node.args, strict=True)
            ]
            made[node] = spelling(node.op, table, jax)(*args, **attrs)
    return made[drawn.loss]


def oracles(jax: Any) -> dict[str, Any]:
    """What the operations mean, said independently.  Where libraries differ at a kink, the side is ours."""
    jnp = jax.numpy

    def answer(test: Any) -> Any:
        return lambda a, b: jnp.where(test(a, b), 1.0, 0.0)

    def squared_error(o: Any, t: Any, half: bool, reduction: str) -> Any:
        n = {"mean": o.size, "sum": 1, "rows": o.shape[0] if o.ndim else 1}[reduction]
        return (0.5 if half else 1.0) * jnp.sum((o - t) ** 2) / n

    def cross_entropy(z: Any, t: Any, reduction: str) -> Any:
        n = 1 if reduction == "sum" else z.size // z.shape[-1]
        return jnp.sum(t * (jax.nn.logsumexp(z, axis=-1, keepdims=True) - z)) / n

    def dropout(x: Any, rate: float, key: int, **_: Any) -> Any:
        drawn = random.bits(SEED, STEP, key, x.size).reshape(x.shape)
        return x * (drawn >= rate * 2**32) / (1 - rate)

    def amax(x: Any, axis: int | None, keepdims: bool) -> Any:
        # XLA may compute x twice with other roundings: what is largest but for rounding counts as a tie
        hit = jax.lax.stop_gradient(jnp.where(x >= jnp.max(x, axis, keepdims=True) - 1e-12, 1.0, 0.0))
        return jnp.sum(x * hit, axis, keepdims=keepdims) / jnp.sum(hit, axis, keepdims=keepdims)

    def cut(x: Any, axis: int, start: int, length: int) -> Any:
        return jax.lax.slice_in_dim(x, start, start + length, axis=axis)

    def pad(x: Any, axis: int, before: int, total: int) -> Any:
        shape = (*x.shape[:axis], total, *x.shape[axis + 1 :])
        return jax.lax.dynamic_update_slice_in_dim(jnp.zeros(shape), x, before, axis)

    def spread(x: Any, shape: tuple[int, ...], axis: int | None) -> Any:
        return jnp.broadcast_to(x if axis is None else jnp.expand_dims(x, axis), shape)

    def answers(u: Any) -> Any:
        return jnp.where(u >= 0, 1.0, 0.0)

    def surrogate(f: Any) -> Any:
        """The step's values with f's derivative."""
        return lambda u, **scale: answers(u) + (f(u, **scale) - jax.lax.stop_gradient(f(u, **scale)))

    def triangle(u: Any, scale: Any) -> Any:
        left, right = jnp.maximum(scale * u + 1, 0) ** 2 / 2, 1 - jnp.maximum(1 - scale * u, 0) ** 2 / 2
        return jnp.where(u < 0, left, right)

    def soft_exponential(u: Any, alpha: float) -> Any:
        if alpha == 0:
            return u
        return jnp.expm1(alpha * u) / alpha + alpha if alpha > 0 else -jnp.log1p(-alpha * (u + alpha)) / alpha

    return of_rows(jax) | {
        "add": jnp.add, "sub": jnp.subtract, "mul": jnp.multiply, "div": jnp.divide, "neg": jnp.negative,
        "pow": jnp.power, "abs": jnp.abs, "sign": jnp.sign, "exp": jnp.exp, "expm1": jnp.expm1, "log": jnp.log,
        "log1p": jnp.log1p, "sqrt": jnp.sqrt, "tanh": jnp.tanh, "atan": jnp.arctan, "sin": jnp.sin, "cos": jnp.cos,
        "max": jnp.maximum, "min": jnp.minimum, "where": lambda c, a, b: jnp.where(c != 0, a, b),
        "erf": jax.lax.erf, "ndtr": jax.scipy.special.ndtr,
        "gt": answer(jnp.greater), "ge": answer(jnp.greater_equal), "lt": answer(jnp.less),
        "le": answer(jnp.less_equal), "eq": answer(jnp.equal),
        "identity": lambda u: u,
        "leaky_relu": lambda u, slope: jnp.where(u > 0, u, slope * u),
        "hardtanh": lambda u, min_val, max_val: jnp.clip(u, min_val, max_val),
        "softplus": lambda u, beta: jax.nn.softplus(beta * u) / beta,
        "step": answers, "floor": jnp.floor,
        "step_identity": surrogate(lambda u: u),
        "step_sigmoid": surrogate(lambda u, scale: jax.nn.sigmoid(scale * u)),
        "step_triangle": surrogate(triangle),
        # Naive formulas: JAX would differentiate the branches that ours do not take, and |u| at 0 by a choice.
        "isru": lambda u, alpha: u / jnp.sqrt(1 + alpha * u * u),
        "isrlu": lambda u, alpha: jnp.where(u >= 0, u, u / jnp.sqrt(1 + alpha * u * u)),
        "multiquadric": lambda u, a: jnp.sqrt(u * u + a * a),
        "bent_identity": lambda u: (jnp.sqrt(u * u + 1) - 1) / 2 + u,
        "sinc": lambda u: jnp.sinc(u / jnp.pi),
        "smht": lambda u, a, b, c, d: (jnp.exp(a * u) - jnp.exp(-b * u)) / (jnp.exp(c * u) + jnp.exp(-d * u)),
        "swish_beta": lambda u, beta: u * jax.nn.sigmoid(beta * u),
        "quick_gelu": lambda u: u * jax.nn.sigmoid(1.702 * u),
        "elish": lambda u: jnp.where(u >= 0, u, jnp.expm1(u)) * jax.nn.sigmoid(u),
        "soft_exponential": soft_exponential,
        "smish": lambda u: u * jnp.tanh(jnp.log1p(jax.nn.sigmoid(u))),
        "spread": spread, "transpose": lambda x: x.T, "cut": cut, "pad": pad,
        "concatenate": lambda a, b, axis: jnp.concatenate([a, b], axis),
        "matmul": lambda a, b, ta, tb: (a.T if ta else a) @ (b.T if tb else b),
        "affine": lambda x, w, b: x @ w + b,
        "sum": jnp.sum, "mean": jnp.mean, "amax": amax,
        "squared_error": squared_error, "cross_entropy": cross_entropy,
        "cross_entropy_slope": lambda z, t, reduction: jax.grad(cross_entropy)(z, t, reduction),
        "hits": lambda z, t: jnp.sum(jnp.where(jnp.argmax(z, -1) == jnp.argmax(t, -1), 1.0, 0.0)),
        "dropout": dropout,
        "variance": lambda x, m: jnp.mean((x - m) ** 2, axis=0),
        "centered_sum": lambda d, x, m: jnp.sum(d * (x - m), axis=0),
        "batch_norm": lambda x, m, r, w, b: (x - m) * r * w + b,
        "batch_norm_slope": lambda d, x, m, s, p, q: d * s + (x - m) * p + q,
    }  # fmt: skip
