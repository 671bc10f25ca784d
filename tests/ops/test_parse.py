"""Formulas typed by a person: what is read, what is refused and where the caret stands, and what they are good for."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backlit.core.backprop import backprop
from backlit.core.gradcheck import check
from backlit.core.graph import Graph
from backlit.errors import ExpressionError, ParameterError
from backlit.ops import REGISTRY, Expr, Rows, activation_named, formula, is_typed, parse, typed_activation
from backlit.ops.linear import affine
from backlit.ops.loss import squared_error
from backlit.ops.parse import DEEPEST, LONGEST, OTHER_NAMES
from ops import samples
from ops.test_every_op_gradient import wrong_derivatives
from tolerance import EPS, assert_close

LINE = 9  # the formula stands so far in, in the third line of the message

TYPED = [
    "u / (1 + abs(u))",
    "u * sigmoid(u)",
    "where(u > 0, u, 0.1 * (exp(u) - 1))",
    "ln(1 + e^u)",
    "tanh(u) + 0.1*u",
    "maximum(u, 0) ** 3 / 6",
    "sin(2*pi*u)",
    "0.5 * u * (1 + erf(u / sqrt(2)))",
    "u * ndtr(u)",
    "u",
]


def value(text: str, **given: float) -> float:
    return float(formula.evaluate([parse(text, tuple(given))], given, np.float64)[0])


# ---- what is read ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("7 - 2 - 1", 4.0),
        ("8 / 4 / 2", 1.0),
        ("2 ** 3 ** 2", 512.0),
        ("2 ^ 3", 8.0),
        ("-2 ** 2", -4.0),
        ("(-2) ** 2", 4.0),
        ("2 ** -1", 0.5),
        ("- - 2", 2.0),
        ("+2", 2.0),
        ("2 * -3", -6.0),
        ("3 > 2", 1.0),
        ("3 > 2 > 1", 0.0),  # (3 > 2) > 1
        ("1 + 1 == 2", 1.0),
        ("1 <= 1", 1.0),
        ("1e-3", 0.001),
        (".5e1", 5.0),
        ("2.", 2.0),
        ("pi", np.pi),
        ("e", np.e),
        ("ln(e)", 1.0),
        ("erf(0.5)", 0.5204998778130465),
        ("ndtr(-1)", 0.15865525393145707),
        ("minimum(3, 2)", 2.0),
        ("max(3, 2)", 3.0),
        ("where(2 > 1, 5, 6)", 5.0),
        (" sqrt\t( 16\n) ", 4.0),
        ("relu(-3) + leaky_relu(-1)", -0.01),
    ],
)
def test_a_formula_means_what_it_means_in_python(text, wanted):
    assert value(text) == pytest.approx(wanted, abs=1e-15)


def test_every_elementwise_operation_can_be_called_in_a_formula():
    for name, op in REGISTRY.items():
        if isinstance(op, type(REGISTRY["add"])):
            e = parse(f"{name}({', '.join(['u'] * len(op.inputs))})")
            assert formula.leaves([e], "uniform") == []
    for other, name in OTHER_NAMES.items():
        count = len(REGISTRY[name].inputs)
        args = ", ".join(["u"] * count)
        assert parse(f"{other}({args})") is parse(f"{name}({args})")


def test_a_variable_may_have_any_name_and_hides_nothing():
    assert value("x_1 * größe - 重み", x_1=2.0, größe=3.0, 重み=1.0) == 5.0
    assert value("e * 2", e=4.0) == 8.0  # a variable goes before a constant


# ---- what is refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "caret"),
    [
        ("", "BL401", 0),
        ("   ", "BL401", 0),
        ("u +", "BL401", 3),
        ("u + * 2", "BL401", 4),
        ("(u + 1", "BL401", 6),
        ("u + 1)", "BL401", 5),
        ("2u", "BL401", 1),
        ("u u", "BL401", 2),
        ("u $ 2", "BL401", 2),
        ("1.2.3", "BL401", 3),
        ("sin u", "BL402", 0),
        ("sin(u", "BL401", 5),
        ("sin(,)", "BL401", 4),
        ("max(u, )", "BL401", 7),
        ("u = 1", "BL401", 2),
        ("u != 1", "BL401", 2),
        ("u; 1", "BL401", 1),
        ("u.real", "BL401", 1),
        ("u[0]", "BL401", 1),
        ("'u'", "BL401", 0),
        ("1 + x", "BL402", 4),
        ("1 + sgimoid(u)", "BL402", 4),
        ("sum(u)", "BL402", 0),  # not element by element
        ("u(2)", "BL402", 0),
        ("__import__('os')", "BL401", 11),
        ("__import__(u)", "BL402", 0),
        ("1 + max(u)", "BL404", 4),
        ("sin(u, u)", "BL404", 0),
        ("where(u > 0, u)", "BL404", 0),
        ("sin()", "BL404", 0),
    ],
)
def test_what_cannot_be_read_is_told_with_a_code_and_a_caret(text, code, caret):
    with pytest.raises(ExpressionError) as told:
        parse(text)
    assert told.value.code == code
    shown, mark = told.value.values["marked"].split("\n")
    assert shown == text.replace("\t", " ").replace("\n", " ")
    assert mark == " " * (LINE + caret) + "^"
    assert told.value.values["position"] == caret + 1


def test_a_name_that_is_nearly_right_is_offered():
    for text, near in [("sgimoid(u)", "sigmoid"), ("u + pie", "pi"), ("lag(u)", "log")]:
        with pytest.raises(ExpressionError) as told:
            parse(text)
        assert near in str(told.value.values["nearest"]).split(", ")


def test_a_function_with_too_few_values_is_told_how_many_it_takes():
    with pytest.raises(ExpressionError) as told:
        parse("where(u)")
    assert told.value.values["name"] == "where"
    assert (told.value.values["expected"], told.value.values["got"]) == (3, "1")


@pytest.mark.parametrize("spaces", [0, 70, 300])
def test_the_caret_stands_under_the_fault_in_a_long_line_too(spaces):
    with pytest.raises(ExpressionError) as told:
        parse(" " * spaces + "u + ? + u")
    shown, mark = told.value.values["marked"].split("\n")
    assert len(shown) <= 100
    assert shown[mark.index("^") - LINE] == "?"


@pytest.mark.parametrize(
    "text",
    [
        "(" * 61 + "u" + ")" * 61,
        "(" * 900,
        "-" * 500 + "u",
        "sin(" * 200 + "u" + ")" * 200,
        "u" + " ** u" * 300,
        "u + " * 5000 + "u",
        "9" * 3000,
        " " * (LONGEST + 1),
    ],
)
def test_deep_nesting_and_long_text_are_refused_by_name(text):
    with pytest.raises(ExpressionError) as told:
        parse(text)
    assert told.value.code == "BL403"


def test_what_is_just_short_and_flat_enough_is_read():
    deep = DEEPEST - 1
    assert parse("(" * deep + "u" + ")" * deep) is formula.symbol("u")
    long = "u" + " + u" * ((LONGEST - 1) // 4)
    assert formula.size([parse(long)]) == (LONGEST - 1) // 4


def test_a_short_text_for_an_astronomically_long_formula_is_no_trap():
    op = typed_activation("(" * 50 + "u" + ")^2" * 50)
    assert formula.size([op.formula]) == 50
    assert len(op.__doc__) < 100_000
    assert op(np.array([1.0])).tolist() == [1.0]


SIGNS = st.sampled_from([*"u+-*/^()<>=,. 0129eE", "sin", "max(", "**", "where(", "abs(", "1e9", "pi"])


@given(st.text(max_size=60) | st.lists(SIGNS, max_size=40).map("".join))
@example("1e999 * u")
@example("0 / 0")
@example("u\x00")
@example("²")
@example("١ + u")
@example("\ud800")
@example("(-8) ** (1/3)")
def test_any_text_gives_a_formula_or_an_expression_error(text):
    said: ExpressionError | None = None
    try:
        e = parse(text)
    except ExpressionError as error:
        said = error
    if said is not None:
        assert said.code in ("BL401", "BL402", "BL403", "BL404")
        assert str(said.values.get("marked", "^")).count("^") >= 1
        assert str(said)
        return
    assert isinstance(e, Expr)
    assert set(formula.leaves([e], "input")) <= {"u"}
    assert len(repr(e)) < 100_000


@given(st.text(max_size=30))
def test_any_name_gives_an_activation_or_an_error_of_ours(text):
    with contextlib.suppress(ExpressionError, ParameterError):
        activation_named(text)


# ---- a typed activation is as good as a built-in one ----------------------------------------------------


def test_a_name_is_told_from_a_formula():
    assert is_typed("u / 2")
    assert is_typed("u")
    assert not is_typed("relu")
    assert not is_typed("no_such_function")
    assert activation_named("relu") is REGISTRY["relu"]
    assert activation_named("u / 2") is activation_named("u / 2")  # so that equal layers are equal nodes
    assert activation_named("u / 2").facts.role == "activation"
    assert "u / 2" not in REGISTRY
    with pytest.raises(ParameterError) as told:
        activation_named("rleu")
    assert told.value.code == "BL301"


@pytest.mark.parametrize("text", TYPED)
@pytest.mark.parametrize("dtype", EPS)
def test_a_typed_activation_runs_on_every_engine(text, dtype, rng):
    case = samples.Case(activation_named(text), ((Rows(), 7),), {}, rows=41)
    tape = samples.tape_of(case)
    inputs = samples.inputs_of(case, rng)
    expected = samples.run(tape, inputs, 41, dtype, "interpreter")
    for engine in samples.ENGINES:
        found = samples.run(tape, inputs, 41, dtype, engine, most=50)
        for name in expected:
            assert_close(found[name], expected[name], dtype, "op", (text, engine, name))


@pytest.mark.parametrize("text", TYPED)
def test_a_typed_activation_has_the_right_derivative(text):
    op = activation_named(text)
    assert wrong_derivatives(op, 0) == []


def test_a_typed_activation_trains_inside_a_network(rng):
    graph = Graph()
    x, t = graph.input("x", (Rows(), 3)), graph.input("t", (Rows(), 2))
    w, b = graph.parameter("w", (3, 2)), graph.parameter("b", (2,))
    loss = squared_error(activation_named("u / (1 + abs(u))")(affine(x, w, b)), t)
    assert set(backprop(loss, [w, b])) >= {w, b}
    values = {
        "x": rng.normal(size=(5, 3)),
        "t": rng.normal(size=(5, 2)),
        "w": rng.normal(size=(3, 2)),
        "b": np.zeros(2),
    }
    for found in check(loss, [w, b, x], values, rows=5):
        assert found.worst < 1e-7, found
