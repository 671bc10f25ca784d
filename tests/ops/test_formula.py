"""Formulas: their derivatives, what may be simplified in them, and how they are shown."""

from __future__ import annotations

import math
import pickle
import re

import mpmath
import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from backlit.machine import unit
from backlit.ops import REGISTRY, Elementwise
from backlit.ops import formula as fm
from backlit.ops.parse import parse
from backlit.ops.printing import latex, machine, plain
from backlit.ops.words import WORDS
from ops import samples
from ops.expressions import EXACT, exactly, trees, word_by_word, written

u, v = fm.symbol("u"), fm.symbol("v")
COMPARISONS = ("gt", "ge", "lt", "le", "eq")
ODD = np.array([0.0, -0.0, 1.0, -1.0, 2.5, -3.5, 1e-300, 1e300, np.inf, -np.inf, np.nan])
ALL_PAIRS = {"u": np.repeat(ODD, len(ODD)), "v": np.tile(ODD, len(ODD))}


# ---- derivatives ----------------------------------------------------------------------------------------


@given(trees(), st.floats(-3, 3), st.floats(-3, 3))
@pytest.mark.oracle
def test_the_derivative_of_a_random_formula_is_what_mpmath_measures(tree, at_u, at_v):
    e = written(tree)
    found = fm.differentiate(e, "u")
    with mpmath.workdps(80):
        point = {"u": mpmath.mpf(at_u), "v": mpmath.mpf(at_v)}

        def measured(h: float) -> mpmath.mpf:
            above, below = (exactly(e, point | {"u": point["u"] + s * mpmath.mpf(h)}) for s in (1, -1))
            return (above - below) / (2 * mpmath.mpf(h))

        try:
            derivative, coarse, wanted = exactly(found, point), measured(1e-18), measured(1e-20)
            turning = turning_points(e, point)
        except (ValueError, ZeroDivisionError, OverflowError):
            assume(False)
        size = max(1, abs(wanted))
        assume(abs(coarse - wanted) < size * 1e-9)  # else a kink or a jump is near
        assume(all(abs(x) > 1e-15 for x in turning))
        assert abs(derivative - wanted) < size * 1e-9


def turning_points(e: fm.Expr, point: dict[str, mpmath.mpf]) -> list[mpmath.mpf]:
    """What has to be other than 0, else the derivative is a matter of choice: that is tested op by op."""
    found = []
    for part in fm.order([e]):
        name = part.label.name if part.kind == "word" else ""
        answer = part.args and part.args[0].kind == "word" and part.args[0].label.name in COMPARISONS
        if name in ("abs", "sign") or (name == "where" and not answer):
            found.append(exactly(part.args[0], point))
        if name == "floor":
            found.append(exactly(part.args[0], point) - mpmath.nint(exactly(part.args[0], point)))
        if name in ("max", "min", *COMPARISONS):
            found.append(exactly(part.args[0], point) - exactly(part.args[1], point))
    return found


def test_every_word_has_an_exact_spelling_for_these_tests():
    assert set(EXACT) == set(WORDS)


def test_a_branch_that_is_not_taken_makes_no_nan():
    e = fm.call("where", u > 0, fm.call("log", u), 0.0)
    found = fm.evaluate([fm.differentiate(e, "u")], {"u": np.array([-1.0, 0.0, 2.0])})[0]
    assert found.tolist() == [0.0, 0.0, 0.5]


def test_the_derivative_of_a_constant_power_has_no_nan_at_zero():
    for text, wanted in [("u ** 0", 0.0), ("u ** 1", 1.0), ("u ** 2", 0.0), ("u ** 3", 0.0), ("u ** 0.5", math.inf)]:
        found = fm.evaluate([fm.differentiate(parse(text), "u")], {"u": np.zeros(1)})[0]
        assert found == wanted, text


def test_a_part_that_does_not_depend_on_the_variable_cannot_spoil_the_derivative():
    e = u + fm.call("log", v)
    assert fm.differentiate(e, "u") is fm.constant(1)
    assert fm.differentiate(fm.call("log", v), "u") is fm.constant(0)


def test_a_shared_part_is_differentiated_once():
    e = u
    for _ in range(200):  # 2²⁰⁰ terms, written out
        e = e * e
    assert fm.size([e]) == 200
    assert fm.size([fm.differentiate(e, "u")]) < 1000


def test_depth_is_no_limit():
    e = u
    for _ in range(20_000):
        e = fm.call("sin", e)
    assert fm.size([fm.differentiate(e, "u")]) > 20_000
    assert np.isfinite(fm.evaluate([e], {"u": np.ones(1)})[0]).all()
    assert fm.substitute(e, {"u": v}) is fm.substitute(e, {"u": v})


# ---- simplification -------------------------------------------------------------------------------------


@given(trees())
@example(("sub", "u", -0.0))
@example(("mul", 0.0, "u"))
@example(("where", "u", "v", "v"))
@example(("pow", "u", 2.0))
@example(("neg", ("neg", "u")))
@example(("mul", -1.0, "u"))
def test_simplifying_changes_no_bit_and_hides_no_nan(tree):
    as_it_stands = np.broadcast_to(word_by_word(tree, ALL_PAIRS), len(ODD) ** 2)
    found = fm.evaluate([written(tree)], ALL_PAIRS)[0]
    found = np.broadcast_to(found, len(ODD) ** 2)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(as_it_stands))
    whole = ~np.isnan(found)
    # NumPy's x ** 2 may differ from x · x in the last place
    np.testing.assert_allclose(found[whole], as_it_stands[whole], rtol=1e-14 if "pow" in str(tree) else 0)
    if "pow" not in str(tree):
        np.testing.assert_array_equal(np.signbit(found[whole]), np.signbit(as_it_stands[whole]))


def test_equal_formulas_are_the_same_object_and_stay_it_through_pickle():
    assert u + 1 is u + 1.0
    assert fm.constant(0.0) is not fm.constant(-0.0)
    assert fm.constant(math.nan) is fm.constant(math.nan)
    e = REGISTRY["sigmoid"].formula
    assert pickle.loads(pickle.dumps(e)) is e


def test_a_formula_cannot_branch_on_a_value():
    with pytest.raises(TypeError, match="where"):
        u if u > 0 else -u  # noqa: B018
    with pytest.raises(TypeError, match="takes 2"):
        fm.call("add", u)


def test_numbering_forgets_names_so_that_equal_kernels_are_shared():
    one = fm.number([fm.uniform("a") * u + v])
    other = fm.number([fm.uniform("rate") * fm.symbol("w") + fm.symbol("x")])
    assert one[0] == other[0]
    assert (one[1], one[2]) == (("u", "v"), ("a",))
    assert (other[1], other[2]) == (("w", "x"), ("rate",))


# ---- printing -------------------------------------------------------------------------------------------


@given(trees())
def test_the_plain_text_reads_back_as_the_same_formula(tree):
    e = written(tree)
    assume(all(math.isfinite(part.label) for part in fm.order([e]) if part.kind == "constant"))  # 0 / 0 has no text
    assert parse(plain(e), ("u", "v")) is e


@given(trees(most=30))
def test_latex_has_no_stray_brace_or_bracket(tree):
    text = latex(written(tree))
    depth = 0
    for sign in re.sub(r"\\[{}]", "", text):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0, text
    assert depth == 0, text
    assert text.count(r"\left") == text.count(r"\right"), text
    assert text.count(r"\begin{cases}") == text.count(r"\end{cases}"), text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("(u ** 3) ** 4", r"{\left({u}^{3}\right)}^{4}"),
        ("u ** 3 ** v", "{u}^{{3}^{v}}"),
        ("(u / 2) ** 3", r"{\left(\frac{u}{2}\right)}^{3}"),
        ("exp(u) ** 3", r"{\left(e^{u}\right)}^{3}"),
        ("u - (v - 1)", r"u - \left(v - 1\right)"),
        ("-(u + v)", r"-\left(u + v\right)"),
        ("sqrt(abs(u))", r"\sqrt{\left|u\right|}"),
        ("where(u >= 0, u, -u)", r"\begin{cases} u & u \ge 0 \\ -u & \text{otherwise} \end{cases}"),
    ],
)
def test_latex_says_what_belongs_together(text, shown):
    assert latex(parse(text, ("u", "v"))) == shown


def test_names_can_be_replaced_when_a_formula_is_shown():
    assert plain(u * v, {"u": "%1", "v": "%2"}) == "%1 * %2"
    assert latex(u / v, {"u": r"\delta"}) == r"\frac{\delta}{v}"


def test_a_formula_that_would_be_astronomically_long_is_shown_shortened():
    e = u
    for _ in range(100):
        e = e * e
    assert len(plain(e)) < 100_000
    assert len(latex(e)) < 100_000
    assert "…" in plain(e)


@given(trees())
def test_the_machines_text_computes_the_formula(tree):
    e = written(tree)
    lines, results = machine([e])
    assert not re.search(r"\d\.\d", re.sub(r"DTYPE\(\S*\)", "", "\n".join(lines))), "a number without its type"
    names = {**unit.plain("", "float64"), "u": np.float64(1.25), "v": np.float64(0.5)}
    with np.errstate(all="ignore"):
        exec("\n".join([*lines, f"result = {results[0]}"]), names)
    wanted = fm.evaluate([e], {"u": np.float64(1.25), "v": np.float64(0.5)})[0]
    np.testing.assert_allclose(float(names["result"]), float(wanted), rtol=1e-12)


@pytest.mark.parametrize("name", [n for n in samples.EVERY_OP if isinstance(REGISTRY[n], Elementwise)])
def test_the_formulas_of_all_operations_can_be_shown_and_read_back(name):
    op = REGISTRY[name]
    for e in [op.formula, *(op.slope(i).op.formula for i in range(len(op.inputs)))]:
        assert "…" not in plain(e)
        assert latex(e).count("{") == latex(e).count("}")
        known = fm.leaves([e], "input") + fm.leaves([e], "uniform")
        as_inputs = {n: fm.symbol(n) for n in fm.leaves([e], "uniform")}
        assert parse(plain(e), tuple(known)) is fm.substitute(e, as_inputs)
