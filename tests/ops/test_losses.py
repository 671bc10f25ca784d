"""Every declared loss: its kinks, its reductions, the weights of rows, and what a typed formula becomes."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from backlit.core.backprop import backprop
from backlit.core.graph import Graph
from backlit.core.interpret import Interpreter
from backlit.core.lowering import lower
from backlit.errors import BacklitError, ExpressionError, ParameterError
from backlit.machine.runner import Machine
from backlit.ops import REGISTRY, Elementwise, formula
from backlit.ops.loss import LOSSES, REDUCTIONS, Loss, called, loss_named
from backlit.ops.loss.declare import Targets
from tolerance import assert_close

EVERY_LOSS = sorted(LOSSES)
TERMS = [n for n in EVERY_LOSS if isinstance(LOSSES[n].op, Elementwise)]
every_loss = pytest.mark.parametrize("name", EVERY_LOSS)
SHAPE = (6, 3)


def answers(kind: Loss, rng: np.random.Generator, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    """Targets of the loss's kind."""
    if kind.targets.only:
        return rng.choice(kind.targets.only, shape)
    if kind.by == "rows":
        return rng.dirichlet(np.ones(shape[1]), shape[0])
    low, high = max(kind.targets.low, -2.0), min(kind.targets.high, 2.0)
    return rng.uniform(low, high, shape)


def outputs(kind: Loss, rng: np.random.Generator, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    low, high = (max(kind.outputs[0], -2.0) + 0.05, min(kind.outputs[1], 2.0) - 0.05)
    return rng.uniform(low, high, shape)


def measured(
    kind: Loss, o: np.ndarray, t: np.ndarray, w: np.ndarray | None = None, engine: str = "interpreter",
    dtype: str = "float64", **options: object,
) -> tuple[float, np.ndarray]:  # fmt: skip
    """E and ∂E/∂o by the graph that trains; o is what the loss reads (u or o)."""
    graph = Graph()
    nodes = [graph.input("o", o.shape), graph.input("t", t.shape)]
    if w is not None:
        nodes.append(graph.input("w", (len(o), 1)))
    read = REGISTRY[kind.through](nodes[0]) if kind.through else nodes[0]
    e = kind.total(read, *nodes[1:], **options)
    tape = lower({"E": e, "∂o": backprop(e, [nodes[0]])[nodes[0]]})
    made = Interpreter(tape, 1, dtype) if engine == "interpreter" else Machine(tape, 1, dtype, engine=engine)
    made.arena["o"], made.arena["t"] = o, t
    if w is not None:
        made.arena["w"] = np.reshape(w, (-1, 1))
    made.run()
    return float(made.arena["E"]), made.arena["∂o"].copy()


# ---- declarations ----------------------------------------------------------------------------------------


@every_loss
def test_a_loss_is_an_operation_with_a_page(name):
    kind = LOSSES[name]
    assert REGISTRY[name] is kind.op
    page = kind.op.__doc__ or ""
    assert "Derivative" in page
    assert "Examples" in page
    assert not kind.on_outputs or loss_named(kind.on_outputs).reads == ""
    assert not kind.reads or kind.reads in REGISTRY
    assert kind.smoothing in ("", "classes", "half")
    assert kind.op.facts.names or kind.op.facts.differs


def test_every_operation_with_the_role_of_a_loss_is_declared_as_one():
    assert {n for n, op in REGISTRY.items() if op.facts.role == "loss"} == set(LOSSES)


@pytest.mark.parametrize("name", [n for n in EVERY_LOSS if LOSSES[n].kinks])
def test_at_a_kink_the_slope_is_the_one_that_is_stated(name):
    kind = LOSSES[name]
    seen = 0
    for attrs in (dict(kind.op.defaults), dict.fromkeys(kind.op.defaults, 0.0)):
        for t in kind.targets.only or (-1.5, 0.0, 2.0):
            for o, slope in kind.kinks(t, **attrs).items():
                value, found = measured(kind, np.array([[o]]), np.array([[t]]), reduction="sum", **attrs)
                assert np.isfinite(value)
                assert found[0, 0] == slope
                h = 1e-6
                e = [float(kind.op(o + side * h, t, **attrs)) for side in (-1, 0, 1)]
                left, right = (e[1] - e[0]) / h, (e[2] - e[1]) / h
                assert abs(left - right) > 0.1, "no kink"
                assert min(left, right) - 1e-6 <= slope <= max(left, right) + 1e-6
                seen += 1
    assert seen


@pytest.mark.parametrize("name", TERMS)
def test_the_lowest_value_is_where_it_should_be(name, rng):
    """At the target itself the slope is 0 (to the right side, for a hinge), and everywhere else E is larger."""
    kind = LOSSES[name]
    if kind.reads or kind.targets.only or kind.by == "rows" or name == "quantile":
        return
    t = answers(kind, rng)
    exact = {n: 0.0 for n in kind.op.defaults if n == "offset"}
    best, slope = measured(kind, t.copy(), t, **exact)
    assert_close(slope, np.zeros_like(t), "float64", "op", name, 1.0)
    for _ in range(20):
        assert measured(kind, outputs(kind, rng), t, **exact)[0] > best


# ---- reductions and weights ----------------------------------------------------------------------------------


@every_loss
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_the_reductions_divide_by_what_they_say(name, reduction, rng):
    kind = LOSSES[name]
    o, t = outputs(kind, rng), answers(kind, rng)
    total, slope = measured(kind, o, t, reduction="sum")
    n = {"sum": 1, "rows": 6, "mean": 6 if kind.by == "rows" else 18}[reduction]
    found, part = measured(kind, o, t, reduction=reduction)
    assert_close(found, total / n, "float64", "op")
    assert_close(part, slope / n, "float64", "op")


@every_loss
def test_weights_of_one_give_the_loss_without_weights(name, rng):
    kind = LOSSES[name]
    o, t = outputs(kind, rng), answers(kind, rng)
    for one, other in zip(measured(kind, o, t, np.ones(6)), measured(kind, o, t), strict=True):
        assert_close(one, other, "float64", "op", name)


@every_loss
@pytest.mark.parametrize("engine", ["interpreter", "compiled", "plain"])
def test_a_row_of_weight_two_counts_twice_and_one_of_weight_zero_not_at_all(name, engine, rng):
    kind = LOSSES[name]
    o, t = outputs(kind, rng), answers(kind, rng)
    w = np.array([0.0, 1.0, 2.0, 1.0, 0.0, 3.0])
    rows = np.repeat(np.arange(6), w.astype(int))
    e, slope = measured(kind, o, t, w, engine, reduction="sum")
    expected, single = measured(kind, o[rows], t[rows], engine=engine, reduction="sum")
    assert_close(e, expected, "float64", "op", name)
    together = np.zeros_like(o)
    np.add.at(together, rows, single)
    assert_close(slope, together, "float64", "op", name)


# ---- numbers in 40 digits ------------------------------------------------------------------------------------

EXTREME = [-1000.0, -40.0, -3.0, -1e-3, -1e-8, 0.0, 1e-8, 1e-3, 3.0, 40.0, 1000.0]


def in_forty_digits(name: str, u: float, t: float) -> mpmath.mpf:
    """The terms of losses that have trouble with large or small numbers."""
    u, t = mpmath.mpf(u), mpmath.mpf(t)
    d = u - t
    return {
        "log_cosh": lambda: mpmath.log(mpmath.cosh(d)),
        "binary_cross_entropy": lambda: mpmath.log(1 + mpmath.exp(-u)) + (1 - t) * u,
        "poisson": lambda: mpmath.exp(u) - t * u,
        "quantile": lambda: max(-d / 2, d / 2),
        "hinge": lambda: max(mpmath.mpf(0), 1 - t * u),
        "squared_hinge": lambda: max(mpmath.mpf(0), 1 - t * u) ** 2,
        "huber": lambda: d * d / 2 if abs(d) <= 1 else abs(d) - 0.5,
        "smooth_l1": lambda: d * d / 2 if abs(d) <= 1 else abs(d) - 0.5,
        "absolute_error": lambda: abs(d),
    }[name]()


@pytest.mark.parametrize(
    "name",
    ["log_cosh", "binary_cross_entropy", "poisson", "quantile", "hinge", "squared_hinge", "huber", "smooth_l1",
     "absolute_error"],
)  # fmt: skip
@pytest.mark.parametrize("engine", ["interpreter", "compiled"])
def test_extreme_outputs_give_what_forty_digits_give(name, engine):
    kind = LOSSES[name]
    targets = kind.targets.only or ((0.0, 1.0, 0.25) if kind.classes else (0.0, 1.0))
    with mpmath.workdps(40):
        for u in EXTREME:
            for t in targets:
                expected = in_forty_digits(name, u, t)
                slope = mpmath.diff(lambda v, t=t: in_forty_digits(name, v, t), u, h=mpmath.mpf("1e-15"))
                found, derivative = measured(kind, np.array([[u]]), np.array([[t]]), engine=engine)
                if expected > 1e308:
                    assert found == np.inf
                    continue
                assert abs(found - expected) <= 1e-15 * max(abs(expected), abs(t * u), 1e-300), (u, t)
                if kind.kinks is None or u not in kind.kinks(t, **kind.op.defaults):
                    assert abs(derivative[0, 0] - slope) <= 1e-12 * max(abs(slope), 1), (u, t)


def test_log_cosh_keeps_all_digits_near_the_target():
    for d in (1e-12, 1e-8, 1e-4, 0.1, 0.999999, 1.0, 1.5):
        with mpmath.workdps(60):
            expected = mpmath.log(mpmath.cosh(mpmath.mpf(d)))
        assert abs(float(REGISTRY["log_cosh"](d, 0.0)) / float(expected) - 1) < 1e-15


@pytest.mark.parametrize("name", ["cross_entropy", "kl_divergence"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_logits_of_a_thousand_are_no_trouble_for_losses_of_classes(name, dtype):
    z, t = np.array([[1000.0, -1000.0, 0.0], [-1000.0, 1000.0, 1000.0]]), np.array([[0, 1, 0], [0, 0.5, 0.5]])
    for engine in ("interpreter", "compiled"):
        e, slope = measured(LOSSES[name], z, t, engine=engine, dtype=dtype)
        entropy = np.log(2) / 2 if name == "kl_divergence" else 0.0
        assert e == pytest.approx((2000 + np.log(2)) / 2 - entropy, rel=1e-6)
        np.testing.assert_allclose(slope, [[0.5, -0.5, 0], [0, 0, 0]], atol=1e-7)


@pytest.mark.parametrize("name", [n for n in EVERY_LOSS if n.endswith("from_probabilities")])
def test_zero_times_the_logarithm_of_zero_is_zero_and_a_wrong_zero_is_infinite(name):
    kind = LOSSES[name]
    o, t = np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]])
    e, slope = measured(kind, o, t)
    assert e == 0
    assert np.isfinite(slope).all()
    assert measured(kind, o, t[:, ::-1])[0] == np.inf
    clipped, slope = measured(kind, o, t[:, ::-1], clip=1e-7, reduction="sum")
    assert clipped == pytest.approx(-np.log(1e-7) * (2 if "binary" in name else 1))
    assert not slope.any()


@pytest.mark.parametrize("name", TERMS)
def test_a_nan_in_an_output_or_a_target_makes_e_nan(name, rng):
    kind = LOSSES[name]
    for spoilt in (0, 1):
        given = [outputs(kind, rng), answers(kind, rng)]
        given[spoilt][2, 1] = np.nan
        for w in (None, np.ones(6)):
            assert np.isnan(measured(kind, *given, w)[0])


# ---- by name, with options, typed -----------------------------------------------------------------------------


def test_a_typed_loss_is_what_it_writes(rng):
    o, t = rng.normal(size=SHAPE), rng.normal(size=SHAPE)
    pairs = [
        ("abs(t - o)", "absolute_error"),
        ("(o - t) ^ 2", "squared_error"),
        ("huber(o, t)", "huber"),
        ("where(abs(o - t) <= 1, 0.5 * (o - t)**2, abs(o - t) - 0.5)", "huber"),
        ("max(o, 0) - t * o + log1p(exp(-abs(o)))", "binary_cross_entropy"),
        ("0.5 * abs(t - o) + 0.4 * (t - o)", "quantile(q=0.9)"),
    ]
    for text, known in pairs:
        name, options = called(known)
        assert called(text) == (text, {})
        typed = measured(loss_named(text), o, t)
        for one, other in zip(typed, measured(loss_named(name), o, t, **options), strict=True):
            assert_close(one, other, "float64", "op", text)


def test_a_typed_loss_has_the_derivative_that_forty_digits_give(rng):
    kind = loss_named("abs(t - o)**1.5")
    o, t = rng.normal(size=(1, 1)), rng.normal(size=(1, 1))
    with mpmath.workdps(40):
        slope = mpmath.diff(lambda v: abs(mpmath.mpf(float(t[0, 0])) - v) ** mpmath.mpf(1.5), float(o[0, 0]))
    assert measured(kind, o, t)[1][0, 0] == pytest.approx(float(slope), rel=1e-13)
    assert measured(kind, t, t) == (0.0, np.zeros((1, 1)))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("mse", "BL302"), ("hubert", "BL302"), (3, "BL302"), (None, "BL302"),
        ("abs(t)", "BL331"), ("t", "BL331"), ("1 + 1", "BL331"),
        ("abs(t - o", "BL401"), ("abs(y - o)", "BL402"), ("squared_error(o, t)", "BL402"), ("huber(o)", "BL404"),
        ("", "BL401"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_loss_is_told(text, code):
    with pytest.raises((ParameterError, ExpressionError)) as caught:
        loss_named(text)
    assert caught.value.code == code


def test_names_of_other_libraries_lead_to_ours():
    for other, ours in {"MSELoss": "squared_error", "mean_absolute_error": "absolute_error", "hingé": "hinge"}.items():
        with pytest.raises(ParameterError) as caught:
            loss_named(other)
        assert ours in caught.value.values["nearest"]


def test_options_stand_in_parentheses():
    assert called("huber(delta=2)") == ("huber", {"delta": 2.0})
    assert called(" quantile ( q = 0.9 , reduction = sum ) ") == ("quantile", {"q": 0.9, "reduction": "sum"})
    assert called("squared_error(half=True)") == ("squared_error", {"half": True})
    assert called("huber()") == ("huber", {})
    for formula_text in ("abs(o == t)", "huber(o, t)", "o", "(o - t)**2"):
        assert called(formula_text) == (formula_text, {})


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("huber", {"beta": 1.0}, "BL304"), ("huber", {"reduction": "average"}, "BL304"),
        ("huber", {"delta": 0.0}, "BL305"), ("huber", {"delta": "2"}, "BL305"), ("huber", {"delta": np.nan}, "BL305"),
        ("quantile", {"q": 1.5}, "BL305"), ("smooth_l1", {"beta": -1}, "BL305"), ("hinge", {"half": True}, "BL304"),
        ("cross_entropy_from_probabilities", {"clip": 0.6}, "BL305"),
    ],
)  # fmt: skip
def test_an_option_that_does_not_exist_or_fit_is_told(name, options, code):
    with pytest.raises(BacklitError) as caught:
        LOSSES[name].check(options)
    assert caught.value.code == code


def test_targets_say_which_is_the_first_wrong_one():
    t = np.array([[0.0, 1.0], [0.5, -0.1], [2.0, 0.0]])
    assert Targets(0.0, 1.0).wrong(t) == (1, 1)
    assert Targets(-1.0).wrong(t) is None
    assert Targets(only=(-1.0, 1.0)).wrong(t) == (0, 0)
    assert Targets().wrong(t) is None


def test_a_loss_can_stand_in_a_formula_and_be_differentiated():
    e = LOSSES["huber"].op.inline([formula.symbol("o"), formula.symbol("t")], {"delta": 1.0})
    slope = formula.differentiate(e, "o")
    assert formula.evaluate([slope], {"o": np.array([0.5, 3.0]), "t": np.zeros(2)})[0].tolist() == [0.5, 1.0]
