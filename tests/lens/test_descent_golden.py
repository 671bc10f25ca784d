"""Descents whose numbers are known: by hand, from books, and from PyTorch's optimizers."""

from __future__ import annotations

import math

import numpy as np
import pytest

import backlit
from backlit.lens.descent import theory
from backlit.lens.descent.function import Function
from backlit.lens.descent.run import optimizer

ROSENBROCK = "100*(x1-x0**2)**2+(x0-1)**2"
GOLDSTEIN_PRICE = (
    "(1+(x+y+1)**2*(19-14*x+3*x**2-14*y+6*x*y+3*y**2))*(30+(2*x-3*y)**2*(18-32*x+12*x**2+48*y-36*x*y+27*y**2))"
)


@pytest.mark.parametrize(
    ("rate", "last", "word"),
    [
        (0.05, "3.486784", "too_slow"),
        (0.2, "0.060466", "converges"),
        (0.5, "0.000000", "one_step"),
        (0.9, "1.073742", "oscillates"),
        (1.0, "10.000000", "cycles"),
        (1.1, "61.917364", "diverges"),
    ],
)
def test_ten_steps_down_x_squared_from_ten(rate, last, word):
    found = backlit.descend("x**2", 10, rate, steps=10)
    assert f"{found.points[-1, 0]:.6f}" == last
    assert found.verdict == word
    np.testing.assert_allclose(found.points[:, 0], 10 * (1 - 2 * rate) ** np.arange(11), rtol=1e-13, atol=1e-300)
    assert found.runs[0].verdict.predicted == pytest.approx(abs(1 - 2 * rate))


def test_the_lecture_s_parabola_step_by_step():
    found = backlit.descend("(x-3)**2+1", -4, 0.1)
    x = 3 - 7 * 0.8 ** np.arange(51)
    np.testing.assert_allclose(found.points[:, 0], x, rtol=1e-12)
    np.testing.assert_allclose(found.values, (x - 3) ** 2 + 1, rtol=1e-12)
    np.testing.assert_allclose(found.gradients[:, 0], 2 * (x - 3), rtol=1e-9)
    first = found.table[0]
    assert first == {
        "k": 0,
        "x": -4.0,
        "f": 50.0,
        "df/dx": -14.0,
        "step x": pytest.approx(1.4),
        "next x": pytest.approx(-2.6),
    }
    assert [found.table[k]["next x"] for k in range(50)] == [found.table[k + 1]["x"] for k in range(50)]
    assert found.table[-1]["next x"] is None
    v = found.runs[0].verdict
    assert (v.word, v.bound, v.rest.x.tolist(), v.rest.value) == ("converges", 1.0, [3.0], 1.0)
    assert v.steps_per_digit == pytest.approx(math.log(10) / -math.log(0.8))
    assert v.needed == 31  # the first k with 0.8 ** k ≤ 1/1000
    assert v.measured == pytest.approx(0.8)


def test_a_long_valley_has_the_rates_of_its_two_axes():
    found = backlit.descend("x**2/20+y**2", (-7, 2), 0.95)
    k = np.arange(51)
    np.testing.assert_allclose(found.points[:, 0], -7 * 0.905**k, rtol=1e-12)
    np.testing.assert_allclose(found.points[:, 1], 2 * (-0.9) ** k, rtol=1e-12)
    v = found.runs[0].verdict
    np.testing.assert_allclose(v.rest.eigenvalues, [0.1, 2.0])
    assert (v.predicted, v.bound) == (pytest.approx(0.905), pytest.approx(1.0))
    assert [round(theory.per_digit(r)) for r in (0.905, 0.9)] == [23, 22]
    best = theory.best(v.rest.eigenvalues)
    assert f"{best.rate:.5f} {best.factor:.5f} {best.condition:.0f} {best.momentum:.5f}" == "0.95238 0.90476 20 0.40261"
    assert best.momentum_rate == pytest.approx((2 / (math.sqrt(0.1) + math.sqrt(2))) ** 2)
    assert backlit.descend("x**2/20+y**2", (-7, 2), 0.95, steps=70).verdict == "oscillates"
    assert backlit.descend("x**2/20+y**2", (-7, 2), 1.0).verdict == "cycles"
    assert backlit.descend("x**2/20+y**2", (-7, 2), 1.01).verdict == "diverges"


def test_the_best_momentum_reaches_the_rate_that_is_foretold():
    beta = 0.40260558
    found = backlit.descend("x**2/20+y**2", (-7, 2), 1.33581458, optimizer=f"momentum(momentum={beta})", steps=60)
    assert found.runs[0].verdict.predicted == pytest.approx(math.sqrt(beta), abs=1e-3)
    assert found.verdict == "oscillates"
    assert found.runs[0].verdict.needed < backlit.descend("x**2/20+y**2", (-7, 2), 0.95).runs[0].verdict.needed / 2


def test_a_round_bowl_from_minus_three_four():
    found = backlit.descend("x0**2+x1**2", (-3, 4), 0.1, steps=20)
    np.testing.assert_allclose(found.points[-1], [-3 * 0.8**20, 4 * 0.8**20], rtol=1e-12)
    assert f"{found.points[-1, 0]:.7f} {found.points[-1, 1]:.7f}" == "-0.0345876 0.0461169"
    assert found.verdict == "converges"


def test_rosenbrock_s_valley_is_too_slow_for_one_rate():
    found = backlit.descend(ROSENBROCK, (0, 2), 0.001)
    assert found.points[1].tolist() == [0.002, 1.6]  # by hand: f′ = (-2, 400)
    v = found.runs[0].verdict
    assert v.word == "too_slow"
    np.testing.assert_allclose(v.rest.x, [1, 1], rtol=1e-12)
    np.testing.assert_allclose(v.rest.eigenvalues, [501 - math.sqrt(250601), 501 + math.sqrt(250601)], rtol=1e-9)
    assert backlit.descend(ROSENBROCK, (0, 2), 0.003).verdict in ("wanders", "diverges")


def test_two_minima_and_the_hill_between():
    found = backlit.descend("x**4-2*x**2", 2, 0.05)
    assert (found.verdict, found.points[-1, 0]) == ("converges", pytest.approx(1.0, abs=1e-9))
    assert found.points[1, 0] == pytest.approx(2 - 0.05 * 24)
    other = backlit.descend("x**4-2*x**2", 2, 0.1)
    assert other.verdict == "other_minimum"
    assert (other.runs[0].verdict.rest.x[0], other.home.x[0]) == (pytest.approx(-1.0), pytest.approx(1.0))
    top = backlit.descend("x**4-2*x**2", 0, 0.1)
    assert (top.verdict, top.runs[0].verdict.rest.kind) == ("stuck", "maximum")


def test_a_large_rate_jumps_into_another_valley():
    found = backlit.descend("x*cos(0.15*pi*x)", 10, 2, steps=20)
    assert found.verdict == "other_minimum"
    c = 0.15 * math.pi
    x = 10.0
    for k in range(20):
        assert found.points[k, 0] == pytest.approx(x, rel=1e-12)
        x -= 2 * (math.cos(c * x) - c * x * math.sin(c * x))
    assert found.points[-1, 0] == pytest.approx(x, rel=1e-12)
    assert found.runs[0].verdict.rest.x[0] == pytest.approx(-1.8256846, abs=1e-7)
    assert found.home.x[0] == pytest.approx(7.2693881, abs=1e-7)


def test_goldstein_and_price_at_one_one():
    function = Function(GOLDSTEIN_PRICE)
    assert function.value([1, 1]) == 1876
    assert function.gradient([1, 1]).tolist() == [-5376, 8064]
    assert function.value([0, -1]) == 3
    assert function.gradient([0, -1]).tolist() == [0, 0]
    assert np.linalg.eigvalsh(function.hessian([0, -1])).min() > 0
    found = backlit.descend(GOLDSTEIN_PRICE, (1, 1), 1e-5, steps=1)
    np.testing.assert_allclose(found.points[1], [1 + 0.05376, 1 - 0.08064])


def test_second_derivatives_are_exact():
    function = Function("exp(a*b) + a**3*b - cos(b)")
    a, b = 0.7, -1.3
    e = math.exp(a * b)
    hessian = [[b * b * e + 6 * a * b, e + a * b * e + 3 * a * a], [0, a * a * e + math.cos(b)]]
    hessian[1][0] = hessian[0][1]
    np.testing.assert_allclose(function.hessian([a, b]), hessian, rtol=1e-14)


TORCH = {
    "gd": ("SGD", {}),
    "momentum(momentum=0.8)": ("SGD", {"momentum": 0.8}),
    "nesterov(momentum=0.8)": ("SGD", {"momentum": 0.8, "nesterov": True}),
    "adagrad": ("Adagrad", {}),
    "rmsprop": ("RMSprop", {}),
    "adam": ("Adam", {}),
    "adam(beta1=0.5, weight_decay=0.1)": ("Adam", {"betas": (0.5, 0.999), "weight_decay": 0.1}),
    "nadam": ("NAdam", {}),
    "radam": ("RAdam", {}),
}


@pytest.mark.oracle
@pytest.mark.parametrize("name", TORCH)
def test_the_steps_are_those_of_pytorch_s_optimizers(name):
    torch = pytest.importorskip("torch")
    kind, settings = TORCH[name]
    w = torch.tensor([-1.2, 0.5], dtype=torch.float64, requires_grad=True)
    rule = getattr(torch.optim, kind)([w], lr=0.01, **settings)
    found = backlit.descend("(x-2)**2*y**2 + x**4/4 + exp(y)", (-1.2, 0.5), 0.01, optimizer=name, steps=40)
    for k in range(41):
        np.testing.assert_allclose(found.points[k], w.detach().numpy(), rtol=1e-8, err_msg=str(k))
        rule.zero_grad()
        ((w[0] - 2) ** 2 * w[1] ** 2 + w[0] ** 4 / 4 + torch.exp(w[1])).backward()
        rule.step()


@pytest.mark.parametrize(
    "name", ["gd", "sgd", "momentum(momentum=0.6)", "momentum", "nesterov", "nesterov(momentum=0.3)"]
)
@pytest.mark.parametrize("curvature", [0.3, 2.0, 50.0])
def test_at_the_bound_the_largest_multiplier_has_the_size_one(name, curvature):
    edge = theory.bound(optimizer(name), curvature)
    below, above = (theory.rate(optimizer(name, edge * f), [curvature]) for f in (0.999, 1.001))
    assert below < 1 < above
    assert theory.rate(optimizer(name, edge), [curvature]) == pytest.approx(1)


@pytest.mark.parametrize("name", ["adam", "rmsprop", "adagrad", "lion", "adadelta", "gd_with_decay"])
def test_rules_that_are_not_linear_have_no_bound(name):
    rule = optimizer("sgd(weight_decay=0.1)" if name == "gd_with_decay" else name)
    assert theory.bound(rule, 2.0) is None
    assert theory.rate(rule, [2.0]) is None
    assert theory.zones(rule, np.array([2.0]), 50) == []


def test_the_zones_of_gradient_descent_have_the_ends_that_theory_gives():
    slow = 1 - 10 ** (-3 / 50)
    found = [(z.name, z.low, z.high) for z in theory.zones(optimizer("gd"), np.array([2.0]), 50)]
    names = [name for name, _, _ in found]
    assert names == ["slow", "good", "oscillates", "slow", "diverges"]
    ends = [high for _, _, high in found]
    np.testing.assert_allclose(ends, [slow / 2, 0.5, 1 - slow / 2, 1.0, math.inf], rtol=1e-8)


@pytest.mark.parametrize("name", ["gd", "momentum(momentum=0.5)", "nesterov(momentum=0.5)"])
@pytest.mark.parametrize("share", [0.05, 0.2, 0.45, 0.7, 0.95, 1.02])
def test_the_predicted_rate_is_the_measured_one(name, share):
    rule = optimizer(name)
    edge = theory.bound(rule, 2.0)
    found = backlit.descend("x**2", 5, edge * share, optimizer=name, steps=200).runs[0].verdict
    assert found.measured == pytest.approx(found.predicted, rel=0.05)
