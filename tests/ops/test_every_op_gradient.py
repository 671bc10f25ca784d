"""Every derivative of the registry against differences of the values, and these tests against wrong derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.ops import REGISTRY, Elementwise, Op, formula, shapes
from backlit.ops.arithmetic import mul
from backlit.ops.declare import Slope
from ops import samples
from ops.samples import EVERY_OP
from tolerance import EPS, GRADIENT, assert_close

H = 1e-3  # of a difference over four points: h⁴ and ε/h are both about 1e-13
WRONG = 1.001
every_op = pytest.mark.parametrize("name", EVERY_OP)
# A surrogate is another function's derivative: test_surrogates.py has them.
OWN = [n for n in EVERY_OP if not REGISTRY[n].facts.surrogate]
DERIVED = [(n, i) for n in OWN for i in samples.moving(REGISTRY[n])]


def measured(case: samples.Case, values: list[np.ndarray], i: int) -> np.ndarray:
    """∂y/∂(input i) by differences in float64: one row for each element of y, one column for each of the input."""
    columns = []
    for place in range(values[i].size):
        at = {}
        for steps in (-2, -1, 1, 2):
            moved = [v.copy() for v in values]
            moved[i].reshape(-1)[place] += steps * H
            at[steps] = samples.computed(case, moved).reshape(-1)
        columns.append((8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * H))
    return np.stack(columns, axis=1)


def backpropagated(case: samples.Case, values: list[np.ndarray], i: int) -> np.ndarray:
    """The same matrix, row by row, from the gradients that a 1 at one element of y sends back."""
    tape = samples.tape_of(case)
    rows = []
    for one in np.eye(shapes.elements(case.shape())):
        given = dict(zip(case.op.inputs, values, strict=True)) | {"g": one.reshape(case.shape())}
        found = samples.run(tape, given, 1, "float64", "interpreter")
        rows.append(found.get(f"∂{case.op.inputs[i]}", np.zeros(values[i].shape)).reshape(-1))
    return np.stack(rows)


def wrong_derivatives(op: Op, i: int) -> list[samples.Case]:
    """The small samples on which the derivative by input i is not what differences say."""
    wrong = []
    for case in samples.small_cases(op):
        values = samples.draw(case, np.random.default_rng(1))
        expected, found = measured(case, values, i), backpropagated(case, values, i)
        size = max(1e-3, float(np.max(np.abs(expected))))
        if not np.max(np.abs(found - expected)) <= GRADIENT * size:  # NaN is wrong too
            wrong.append(case)
    return wrong


def is_flat(op: Op, i: int) -> bool:
    """No sample shows any derivative by input i but 0."""
    drawn = [(case, samples.draw(case, np.random.default_rng(1))) for case in samples.small_cases(op)]
    return all(np.max(np.abs(measured(case, values, i))) <= GRADIENT for case, values in drawn)


def is_declared_flat(op: Op, i: int) -> bool:
    """What jumps, answers yes or no, or only chooses has the derivative 0, and says so in its declaration."""
    return op.facts.side == "zero" or op.facts.nan == "false" or samples.is_condition(op, i)


@pytest.mark.parametrize(("name", "i"), DERIVED)
def test_the_derivative_is_what_differences_say(name, i):
    assert wrong_derivatives(REGISTRY[name], i) == []
    assert is_flat(REGISTRY[name], i) == is_declared_flat(REGISTRY[name], i)


@pytest.mark.parametrize(("name", "i"), DERIVED)
def test_a_derivative_that_is_wrong_by_a_thousandth_is_caught(name, i, monkeypatch):
    op = REGISTRY[name]
    if is_declared_flat(op, i):
        return  # excused: 0 × 1.001 is 0, and the test above has seen that it is 0
    if not getattr(op, "kernel", "elementwise"):
        return  # graphs hold the parts that it is made of, and they are tested
    if isinstance(op, Elementwise):
        slopes = list(op._slopes)
        right = slopes[i].op
        wrong = Elementwise(right.name, right.inputs, right.defaults, right.formula * WRONG, right.facts)
        slopes[i] = Slope(wrong, slopes[i].reads)
        monkeypatch.setitem(op.__dict__, "_slopes", tuple(slopes))
    else:
        rule = op.pullback

        def pullback(g, y):
            return [mul(part, WRONG) if k == i else part for k, part in enumerate(rule(g, y))]

        monkeypatch.setattr(op, "pullback", pullback)
    assert wrong_derivatives(op, i) != []


@pytest.mark.parametrize("name", [n for n in OWN if isinstance(REGISTRY[n], Elementwise)])
def test_a_stated_derivative_is_what_symbols_find(name, rng):
    op = REGISTRY[name]
    for input_name, stated in op.stated.items():
        found = formula.differentiate(op.formula, input_name)
        case = samples.Case(op, ((50,),) * len(op.inputs), op.defaults)
        values = dict(zip(op.inputs, samples.draw(case, rng), strict=True)) | op.defaults
        values["y"] = formula.evaluate([op.formula], values)[0]
        one, other = formula.evaluate([stated, found], values)
        assert_close(np.broadcast_to(one, 50), np.broadcast_to(other, 50), "float64", "op", name)


@pytest.mark.parametrize("name", [n for n in OWN if REGISTRY[n].facts.kinks and len(REGISTRY[n].inputs) == 1])
@pytest.mark.parametrize("engine", ["interpreter", *samples.ENGINES])
def test_at_a_kink_the_derivative_is_of_the_stated_side(name, engine):
    op = REGISTRY[name]
    case = samples.Case(op, ((2,),), dict(op.defaults))
    tape = samples.tape_of(case)
    h = 1e-7
    for kink, side in zip(op.facts.kinks, op.facts.sides, strict=True):
        left, right = (
            float(np.diff(samples.computed(case, [np.sort([kink + way * h, kink + 2 * way * h])]))[0] / h)
            for way in (-1, 1)
        )
        wanted = {"left": left, "right": right, "mean": (left + right) / 2, "zero": 0.0}[side]
        for dtype in EPS:
            given = {op.inputs[0]: np.array([kink, -kink]), "g": np.ones(2)}  # 0.0 and -0.0 alike
            found = samples.run(tape, given, 1, dtype, engine)[f"∂{op.inputs[0]}"]
            assert found[0] == pytest.approx(wanted, abs=1e-6)
            if kink == 0.0:
                assert found[1] == pytest.approx(wanted, abs=1e-6)


def test_where_two_values_tie_both_have_half_of_the_gradient():
    for name in ("max", "min"):
        case = samples.Case(REGISTRY[name], ((3,), (3,)), {})
        given = {"a": np.array([1.0, 2.0, 3.0]), "b": np.array([1.0, 3.0, 2.0]), "g": np.ones(3)}
        for engine in ("interpreter", *samples.ENGINES):
            found = samples.run(samples.tape_of(case), given, 1, "float64", engine)
            larger = [0.5, 0.0, 1.0] if name == "max" else [0.5, 1.0, 0.0]
            assert found["∂a"].tolist() == larger
            assert found["∂b"].tolist() == [1 - part for part in larger]


WITH_TWIN = [n for n in EVERY_OP if getattr(REGISTRY[n], "twin", None)]


@pytest.mark.parametrize("name", WITH_TWIN)
def test_an_operation_without_a_rule_is_differentiated_through_its_twin(name, monkeypatch):
    monkeypatch.setattr(REGISTRY[name], "rule_vjp", None)
    for i in samples.moving(REGISTRY[name]):
        assert wrong_derivatives(REGISTRY[name], i) == []
