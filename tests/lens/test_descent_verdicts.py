"""The verdict's rules: a run for each word, kinks, poles, overflow, and what cannot be begun."""

from __future__ import annotations

import numpy as np
import pytest

import backlit
from backlit.errors import ExpressionError, ParameterError
from backlit.lens.descent.flow import flow
from backlit.lens.descent.function import Function, names_in
from backlit.lens.descent.verdict import WORDS

RUNS = [
    ("x**2", 10, 0.2, "gd", "converges"),
    ("x**2", 0, 0.2, "gd", "converges"),
    ("x**2", 1e150, 0.2, "gd", "converges"),
    ("1e-8*(x-3)**2", 1e3, 3e7, "gd", "converges"),
    ("1e8*(x-3)**2", 1e3, 3e-9, "gd", "converges"),
    ("x**4", 1, 0.05, "gd", "too_slow"),
    ("(x+y)**2", (1, 2), 0.1, "gd", "converges"),
    ("x**2", 10, 0.5, "gd", "one_step"),
    ("x**2", 10, 0.499, "gd", "converges"),
    ("x**2", 10, 0.93, "gd", "oscillates"),
    ("x**2", 10, 0.99, "gd", "too_slow"),
    ("x**2", 10, 0.1, "momentum", "too_slow"),
    ("x**2", 10, 0.1, "nesterov", "oscillates"),
    ("x**2", 10, 1.95, "momentum", "diverges"),
    ("x**2", 10, 0.1, "adam", "too_slow"),
    ("abs(x)", 1, 0.3, "gd", "cycles"),
    ("x**4-2*x**2", 1.01, 0.26, "gd", "cycles"),
    ("x**4-2*x**2", 1.1, 0.36, "gd", "wanders"),
    ("x**4-2*x**2", 2, 0.3, "gd", "diverges"),
    ("exp(x**2)", 3, 0.25, "gd", "diverges"),
    ("exp(x)", 800, 0.25, "gd", "diverges"),
    ("-x**2", 1, 0.25, "gd", "diverges"),
    ("x**2-y**2", (1, 0), 0.1, "gd", "stuck"),
    ("relu(x)", -1, 0.1, "gd", "stuck"),
    ("step(x)", 1, 0.1, "gd", "stuck"),
    ("x", 1, 0.1, "gd", "no_minimum"),
    ("exp(-x)", 0, 0.1, "gd", "no_minimum"),
    ("x**3", 1, 0.1, "gd", "no_minimum"),
    ("abs(x)", 1, 0.25, "gd", "no_derivative"),
    ("sqrt(x)", 0, 0.1, "gd", "no_derivative"),
    ("x**0.5", 0, 0.1, "gd", "no_derivative"),
    ("sqrt(x)", 4, 0.25, "gd", "left_domain"),
    ("log(x)", 1, 0.25, "gd", "left_domain"),
    ("log(x)", -1, 0.25, "gd", "left_domain"),
    ("1/x", 0, 0.25, "gd", "left_domain"),
]


@pytest.mark.parametrize(("formula", "start", "rate", "rule", "word"), RUNS)
def test_the_verdict_of_a_run(formula, start, rate, rule, word):
    found = backlit.descend(formula, start, rate, optimizer=rule)
    assert found.verdict == word
    assert found.text().splitlines()[-1].startswith(f"verdict: {word}")
    assert found.text("ja").splitlines()[-1].startswith(f"verdict: {word}")
    assert found.told()["verdict"] == word


# Found by comparing verdicts with runs that were followed for thousands of steps.
BELIED = [
    ("2.58*abs(x-0.43)", -2.15, 0.00442, 200, "cycles"),
    ("0.24*abs(x-1.2)", -3.56, 0.11, 50, "cycles"),
    ("1.38*abs(x-0.35)+0.35*abs(x-2.6)", 1.67, 0.0635, 20, "wanders"),
    ("1.15*abs(x+2.3)+0.21*sin(1.29*x)", -1.65, 0.0474, 20, "wanders"),
    ("2.76*x**2-0.33*exp(-(0.46*x)**2)+0.32*abs(x-0.27)", -3.03, 0.324, 50, "cycles"),
    ("-2.81*exp(-(2.6*x)**2)", -1.86, 0.00435, 20, "too_slow"),
    ("abs(x)", 1, 0.0001, 50, "too_slow"),  # so small a step that it settles, or comes nearer for long
    ("abs(x)", 1, 0.0009, 50, "too_slow"),
]


@pytest.mark.parametrize(("formula", "start", "rate", "steps", "word"), BELIED)
def test_a_forecast_that_the_run_belies_is_not_told(formula, start, rate, steps, word):
    assert backlit.descend(formula, start, rate, steps=steps).verdict == word


def test_every_word_has_a_run():
    assert {*(run[-1] for run in RUNS), "other_minimum"} == set(WORDS)


@pytest.mark.parametrize(
    ("formula", "start", "kind", "x"),
    [
        ("x**2/20+y**2", (-7, 2), "minimum", (0, 0)),
        ("x-log(x)", (5,), "minimum", (1,)),
        ("x*cos(0.15*pi*x)", (10,), "minimum", (7.2693881,)),
        ("100*(y-x**2)**2+(x-1)**2", (-1.2, 1), "minimum", (1, 1)),
        ("abs(x-1)+abs(y)", (3, 2), "kink", (1, 0)),
        ("where(x>0, x, -2*x)", (3.3,), "kink", (0,)),
        ("x**2-y**2", (1, 0), "saddle", (0, 0)),
        ("x**4-2*x**2", (0,), "maximum", (0,)),
        ("x**4", (1,), "minimum", (0,)),
    ],
)
def test_an_infinitely_small_rate_leads_down_to_the_end_of_the_valley(formula, start, kind, x):
    found = flow(Function(formula), np.array(start, float))
    assert found.kind == kind
    np.testing.assert_allclose(found.x, x, atol=2e-5 if formula == "x**4" else 1e-7)


@pytest.mark.parametrize(
    ("formula", "kind"), [("x", "away"), ("log(x)", "edge"), ("x**3", "flat"), ("exp(-x)", "flat")]
)
def test_where_nothing_is_smallest_no_minimum_is_found(formula, kind):
    assert flow(Function(formula), np.array([1.0])).kind == kind
    assert not flow(Function(formula), np.array([1.0])).is_minimum


def test_the_minimum_of_a_fourth_power_has_no_bound():
    found = backlit.descend("x**4", 1, 0.05).runs[0].verdict
    assert (found.rest.curved, found.bound, found.predicted) == (False, None, None)


@pytest.mark.parametrize("start", np.linspace(-9.7, 9.7, 21).tolist())
def test_the_basin_is_the_one_of_many_tiny_steps(start):
    function = Function("x*cos(0.9*x)")
    x = np.array([start])
    for _ in range(40_000 // 20):
        x = x - 0.02 * function.gradient(x)
    assert flow(function, np.array([start])).x[0] == pytest.approx(x[0], abs=1e-6)


def test_a_kink_that_is_visited_is_told_with_its_convention():
    said = backlit.descend("abs(x)+x**2/10", 1, 1.0, steps=3)
    assert said.runs[0].path.kinks == []
    met = backlit.descend("max(x, -x) + x**2", 0, 0.1, steps=3)
    assert "at a tie both sides count half" in met.text()
    assert "|a|" in backlit.descend("abs(x)", 1, 0.25).text()
    smooth = backlit.descend("abs(x)**3 + (x-1)**2", 0, 0.1, steps=3)
    assert smooth.runs[0].path.kinks == []  # |x|³ has a derivative at 0


def test_the_part_of_the_formula_that_has_no_value_is_named():
    stop = backlit.descend("x + log(x - 3)", 4, 1.5).runs[0].path.stop
    assert (stop.what, stop.trouble.kind, stop.trouble.part) == ("value", "domain", "log(x - 3)")
    hidden = backlit.descend("where(x > 0, sqrt(x), x**2) + x**2", -1, 0.1)
    assert hidden.runs[0].path.stop is None  # sqrt of a negative number, in the branch that is not taken


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("x1 + x0", ["x0", "x1"]),
        ("pi*e*w", ["w"]),
        ("elu(u, alpha=2)", ["u"]),
        ("sin x", ["x"]),
        ("3", []),
        ("x = 3", ["x"]),
        ("", []),
    ],
)
def test_the_variables_are_the_names_that_are_nothing_else(formula, names):
    assert names_in(formula) == names


@pytest.mark.parametrize("start", [(-3, 4), [-3, 4], {"y": 4, "x": -3}, "-3,4", "y=4, x=-3", np.array([-3.0, 4.0])])
def test_a_start_by_order_or_by_name(start):
    assert backlit.descend("x**2+y**2", start, 0.1, steps=1).start.tolist() == [-3, 4]


@pytest.mark.parametrize(
    "start", [None, 1, (1, 2, 3), "1", "x=1", "x=1,2", "x=1,x=2", "a,b", {"x": 1, "z": 2}, "1,inf", ""]
)
def test_a_start_that_does_not_fit_is_an_error(start):
    with pytest.raises(ParameterError) as caught:
        backlit.descend("x**2+y**2", start, 0.1)
    assert caught.value.code == "BL365"
    assert "x, y" in str(caught.value)


@pytest.mark.parametrize(
    ("formula", "given", "code"),
    [
        ("3 + pi", {}, "BL405"),
        ("x +", {}, "BL401"),
        ("x = 3", {}, "BL401"),
        ("", {}, "BL401"),
        ("sgimoid(x)", {}, "BL402"),
        ("sin x", {}, "BL402"),
        ("x**2", {"learning_rate": 0}, "BL305"),
        ("x**2", {"learning_rate": -1.0}, "BL305"),
        ("x**2", {"learning_rate": float("nan")}, "BL305"),
        ("x**2", {"steps": 0}, "BL305"),
        ("x**2", {"steps": 2.5}, "BL305"),
        ("x**2", {"steps": 10**6}, "BL305"),
        ("x**2", {"optimizer": "lbfgs"}, "BL366"),
        ("x**2", {"optimizer": "adamm"}, "BL303"),
        ("x**2", {"compare": "adam:x"}, "BL305"),
        ("x**2", {"compare": "foo:1"}, "BL303"),
        ("x**2", {"compare": [-1.0]}, "BL305"),
        ("x**2", {"compare": [0.1 * k for k in range(2, 9)]}, "BL305"),
    ],
)
def test_what_cannot_be_begun_is_an_error(formula, given, code):
    with pytest.raises((ExpressionError, ParameterError)) as caught:
        backlit.descend(formula, 1, **{"learning_rate": 0.1, **given})
    assert caught.value.code == code


def test_comparing_takes_rates_optimizers_and_both():
    found = backlit.descend("x**2", 10, 0.1, compare="0.05, 0.1, momentum, adam(beta1=0.8, eps=1e-7):0.3", steps=7)
    rules = [(run.rule.name, run.rule.learning_rate) for run in found.runs]
    assert rules == [("gradient_descent", 0.1), ("gradient_descent", 0.05), ("momentum", 0.1), ("adam", 0.3)]
    assert found.runs[3].rule.settings["beta1"] == 0.8
    assert {len(run.path.points) for run in found.runs} == {8}
    own = backlit.descend("x**2", 10, compare="adam")
    assert [run.rule.learning_rate for run in own.runs] == [0.1, 0.001]  # each its own
