"""Every activation function: values and slopes against 40 digits, PyTorch and JAX; its stated facts; its names."""

from __future__ import annotations

import functools
import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from backlit import Dense
from backlit.errors import ExpressionError, ParameterError
from backlit.ops import REGISTRY, Elementwise, activation_named
from backlit.ops.declare import LIBRARIES
from ops import samples
from ops.exact import EXACT
from tolerance import EPS

# Steps with another function's derivative are tested in test_surrogates.py.
NAMES = sorted(
    n for n, op in REGISTRY.items()
    if op.facts.role == "activation" and isinstance(op, Elementwise) and not op.facts.surrogate
)  # fmt: skip
# Parameters other than the defaults, where a formula has some.
OTHERS: list[tuple[str, dict[str, float]]] = [
    ("threshold", {"threshold": 0.125, "value": 20.0}),
    ("threshold", {"threshold": 1.0, "value": -2.0}),
    ("thresholded_relu", {"theta": 0.25}),
    ("scaled_tanh", {"a": 3.0, "b": 0.25}),
    ("smht", {"a": 0.5, "b": 1.0, "c": 2.0, "d": 1.5}),
    ("isru", {"alpha": 0.75}),
    ("isru", {"alpha": 3.0}),
    ("softclip", {"alpha": 3.0}),
    ("softclip", {"alpha": 50.0}),
    ("hardtanh", {"min_val": -0.5, "max_val": 2.0}),
    ("hardsigmoid_onnx", {"alpha": 0.5, "beta": 0.25}),
    ("leaky_relu", {"slope": 0.25}),
    ("srelu", {"t_left": -1.0, "a_left": 0.5, "t_right": 2.0, "a_right": 3.0}),
    ("apl", {"slope1": -0.25, "hinge1": -2.0, "slope2": 0.5, "hinge2": 3.0}),
    ("elu", {"alpha": 1.25}),
    ("elu", {"alpha": 0.0}),
    ("celu", {"alpha": 1.25}),
    ("isrlu", {"alpha": 0.75}),
    ("softplus", {"beta": 2.5}),
    ("squareplus", {"b": 0.5}),
    ("soft_exponential", {"alpha": -0.5}),
    ("soft_exponential", {"alpha": 0.0}),
    ("soft_exponential", {"alpha": 0.75}),
    ("swish_beta", {"beta": 2.5}),
    ("softshrink", {"lambd": 2.0}),
    ("hardshrink", {"lambd": 0.0}),
    ("multiquadric", {"a": 0.25}),
    ("snake", {"a": 3.0}),
]
CASES = [(n, dict[str, float]()) for n in NAMES] + OTHERS
every_name = pytest.mark.parametrize("name", NAMES)
every_case = pytest.mark.parametrize(("name", "given"), CASES, ids=[f"{n}{v or ''}" for n, v in CASES])
both_dtypes = pytest.mark.parametrize("dtype", EPS)


def variant(name: str, given: dict[str, float]) -> Elementwise:
    """The function with these parameters, as a person gets it by typing."""
    return activation_named(f"{name}(u, {', '.join(f'{k}={v!r}' for k, v in given.items())})" if given else name)


def run(op: Elementwise, u: np.ndarray, dtype: str, engine: str) -> tuple[np.ndarray, np.ndarray]:
    """o and do/du as a tape of this engine gives them."""
    tape = samples.tape_of(samples.Case(op, (u.shape,), dict(op.defaults)))
    found = samples.run(tape, {"u": u, "g": np.ones(u.shape)}, 1, dtype, engine)
    return found["y"], found.get("∂u", np.zeros(u.shape))


# ---- against many digits --------------------------------------------------------------------------------

DIGITS = 340  # what is below 10⁻³⁰⁸ is 0 in float64; so many digits that naive formulas lose nothing above that
# Their slope is read from the output, as on their page: where 1 - o² cancels it is right to a unit of 1.
FROM_OUTPUT = ("sigmoid", "tanh", "bipolar_sigmoid", "scaled_tanh")
# u³ and u² overflow, as in PyTorch: told on its page.
OVERFLOWS = ("gelu_tanh",)
LARGEST = float(np.finfo(np.float32).max)


def places(op: Elementwise, rng: np.random.Generator) -> np.ndarray:
    """Numbers of float32, small to huge, none nearer than 0.001 to a kink, all in the function's domain."""
    sizes = [2.0**-140, 1e-30, 1e-10, 1e-5, 1e-3, 0.01, 0.1, 0.4999, 0.99, 1.01, 3.5, 5.5, 7.0, 9.5, 13.0, 17.5, 21.0]
    sizes += [40.0, 60.0, 87.0, 90.0, 104.0, 150.0, 500.0, 720.0, 1e3, 1e5, 1e10, 2e19, 1e30, LARGEST]
    drawn = np.concatenate([rng.uniform(-8, 8, 24), rng.normal(0, 1, 12)])
    u = np.concatenate([sizes, np.negative(sizes), [0.0], drawn]).astype(np.float32).astype(np.float64)
    for kink in op.facts.kinks:
        u = u[abs(u - kink) > 1e-3]
    if op.name.startswith("soft_exponential") and op.defaults["alpha"] < 0:
        u = u[u > 1 / op.defaults["alpha"] - op.defaults["alpha"] + 1e-3]
    if op.name in OVERFLOWS:
        u = u[abs(u) < 1e12]
    return u[abs(u) * op.defaults.get("a", 1.0) <= LARGEST]  # of snake: a wave of a u


@functools.cache
def exactly(case: int) -> tuple[np.ndarray, list[tuple[Any, Any, Any]]]:
    """The places of a case, and f, f′, f″ there."""
    name, given = CASES[case]
    op = variant(name, given)
    u = places(op, np.random.default_rng(case))
    values = {n: mp.mpf(v) for n, v in op.defaults.items()}

    def f(x: Any) -> Any:
        return EXACT[name](x, **values)

    with mp.workdps(DIGITS):
        return u, [tuple(mp.diff(f, mp.mpf(x), n) if n else f(mp.mpf(x)) for n in (0, 1, 2)) for x in u]


def excess(found: np.ndarray, u: np.ndarray, exact: list[tuple[Any, Any]], dtype: str, more: float) -> float:
    """The largest error in units of what rounding explains: 1 eps of the value, and of u on the way to it."""
    kind = np.finfo(dtype)
    worst = 0.0
    with mp.workdps(50):
        for got, x, (value, slope) in zip(found, u, exact, strict=True):
            if abs(value) > kind.max:
                assert abs(got) >= kind.max * 0.999, (x, got)
                continue
            assert np.isfinite(got), (x, got, float(value))
            allowed = EPS[dtype] * (abs(value) + abs(mp.mpf(x) * slope) + more) + float(kind.smallest_normal)
            worst = max(worst, float(abs(mp.mpf(float(got)) - value) / allowed))
    return worst


def test_every_activation_has_an_exact_spelling():
    assert sorted(EXACT) == NAMES
    assert {n for n, _ in OTHERS} == {n for n in NAMES if REGISTRY[n].defaults}


@pytest.mark.oracle
@pytest.mark.slow
@pytest.mark.parametrize("case", range(len(CASES)), ids=[f"{n}{v or ''}" for n, v in CASES])
def test_values_and_slopes_are_right_to_some_units_from_tiny_to_huge_inputs(case):
    name, given = CASES[case]
    op = variant(name, given)
    u, exact = exactly(case)
    for dtype in EPS:
        for engine in ("interpreter", "compiled"):
            o, slope = run(op, u, dtype, engine)
            assert excess(o, u, [(f, d) for f, d, _ in exact], dtype, 0.0) < 8, (dtype, engine)
            more = 1.0 if name in FROM_OUTPUT else 0.0
            assert excess(slope, u, [(d, dd) for _, d, dd in exact], dtype, more) < 8, (dtype, engine)


# ---- against other libraries ----------------------------------------------------------------------------

ODD = [-np.inf, np.inf, np.nan, 0.0, -0.0]
OFTEN = np.concatenate([np.linspace(-25, 25, 401), [-1e5, -100.0, 100.0, 1e5]])
# PyTorch's softplus is linear from 20 on, its 1/6 is one of float32, and its gelu is 1 + erf (see test_gelu.py).
LOOSE = {"softplus": 2.1e-9, "hardsigmoid": 5e-9, "gelu": 1e-13, "gelu_tanh": 1e-13}
NAN_IS_ZERO = ("sign",)  # in PyTorch, as the page says


def torch_function(op: Elementwise, torch: Any) -> Any:
    """PyTorch's function of the name that is declared: a module, made with its defaults, or a function."""
    if op.name == "threshold":
        return torch.nn.Threshold(0.0, 0.0)
    if op.name == "gelu_tanh":
        return torch.nn.GELU(approximate="tanh")
    name = op.facts.names["torch"]
    return getattr(torch.nn, name)() if hasattr(torch.nn, name) else getattr(torch, name)


@pytest.mark.oracle
@pytest.mark.parametrize("name", [n for n in NAMES if "torch" in REGISTRY[n].facts.names])
def test_values_and_slopes_are_those_of_torch_at_kinks_and_infinities_too(name):
    torch = pytest.importorskip("torch")
    op = REGISTRY[name]
    u = np.concatenate([ODD, op.facts.kinks, OFTEN])
    theirs = torch.tensor(u, requires_grad=True)
    o = torch_function(op, torch)(theirs)
    o.sum().backward()
    wanted, wanted_slope = o.detach().numpy(), theirs.grad.numpy()
    found, slope = run(op, u, "float64", "compiled")
    number = ~np.isnan(u)
    loose = LOOSE.get(name, 0.0)
    np.testing.assert_allclose(found[number], wanted[number], rtol=1e-13, atol=loose)
    assert np.isnan(found[~number]).all()
    assert np.isnan(wanted[~number]).all() or name in NAN_IS_ZERO
    known = number & ~np.isnan(wanted_slope)  # where theirs is 0 · ∞ or ∞ - ∞, ours may be the limit
    np.testing.assert_allclose(slope[known], wanted_slope[known], rtol=1e-13, atol=max(loose, 1e-15))
    assert known.sum() >= u.size - 3


def test_every_name_in_torch_is_compared():
    assert len([n for n in NAMES if "torch" in REGISTRY[n].facts.names]) >= 25


@pytest.mark.oracle
def test_values_and_slopes_are_those_of_jax_off_the_kinks():
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        for name in NAMES:
            op = REGISTRY[name]
            stated = op.facts.names.get("jax", "").partition("(")[0]
            theirs = getattr(jax.nn, stated, None) or getattr(jax.scipy.special, stated, None) or getattr(
                jax.numpy, stated, None
            )  # fmt: skip
            if not stated:
                continue
            assert theirs is not None, f"{name}: there is no {stated} in JAX"
            more = {"approximate": name == "gelu_tanh"} if stated == "gelu" else {}
            u = OFTEN[np.all([abs(OFTEN - k) > 1e-3 for k in [np.inf, *op.facts.kinks]], axis=0) & (abs(OFTEN) <= 100)]
            wanted, pull = jax.vjp(lambda v, f=theirs, more=more: f(v, **more), u)
            (wanted_slope,) = pull(np.ones(u.shape))
            found, slope = run(op, u, "float64", "compiled")
            near = 1e-13 if stated == "gelu" else 1e-14
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=near, err_msg=name)
            np.testing.assert_allclose(slope, wanted_slope, rtol=1e-12, atol=near, err_msg=name)


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("name", "kink", "theirs"),
    [
        ("leaky_relu", 0.0, 1.0),
        ("absolute", 0.0, 1.0),
        ("hardtanh", 1.0, 1.0),
        ("hardtanh", -1.0, 1.0),
        ("sparse_sigmoid", 1.0, 0.25),
    ],
)
def test_where_a_page_says_that_jax_differs_at_a_kink_it_does(name, kink, theirs):
    jax = pytest.importorskip("jax")
    stated = REGISTRY[name].facts.names["jax"]
    f = getattr(jax.nn, stated, None) or getattr(jax.numpy, stated)
    assert float(jax.grad(f)(kink)) == theirs
    _, slope = run(REGISTRY[name], np.array([kink]), "float64", "interpreter")
    assert slope[0] != theirs
    assert "JAX" in REGISTRY[name].facts.differs


# ---- what is stated -------------------------------------------------------------------------------------

WIDE = np.concatenate([np.linspace(-12, 12, 120_001), [s * 10.0**k for s in (-1, 1) for k in np.arange(1.2, 6.1, 0.2)]])


def valid(op: Elementwise, u: np.ndarray) -> np.ndarray:
    """The numbers at which the function has a value, and does not overflow."""
    return u[np.isfinite(op(u))]


@every_case
def test_the_stated_range_holds_and_is_reached(name, given):
    op = variant(name, given)
    low, high = op.facts.range
    o = op(valid(op, WIDE))
    assert o.min() >= low - 4e-16 * abs(low)
    assert o.max() <= high + 4e-16 * abs(high)
    if (name, bool(given)) != ("smht", True):  # with other parameters ±1 are bounds, no more
        assert o.min() < -5 if low == -math.inf else o.min() < low + 3e-4
        assert o.max() > 5 if high == math.inf else o.max() > high - 3e-4


@every_case
def test_a_function_falls_nowhere_or_is_declared_to_fall(name, given):
    op = variant(name, given)
    o = op(valid(op, np.sort(WIDE)))
    falls = np.diff(o) < -1e-12 * np.maximum(1, abs(o[1:]))
    assert falls.any() == (not op.facts.monotone)


@every_case
def test_the_derivative_is_the_central_difference_at_random_places_off_the_kinks(name, given, rng):
    op = variant(name, given)
    low, high = op.facts.domain
    u, h = valid(op, rng.uniform(low, high, 3_000)), 1e-4
    joints = [*op.facts.kinks, *JOINTS.get(name, ())]
    u = u[np.all([abs(u - k) > 1e-3 for k in joints], axis=0)] if joints else u
    slope = op.slope(0)
    known: dict[int | str, np.ndarray] = {"y": op(u), 0: u}
    parameters = {n: op.defaults[n] for n in slope.op.defaults}
    found = np.broadcast_to(slope.op.compute([known[r] for r in slope.reads], parameters), u.shape)
    near, far = op(u + h) - op(u - h), op(u + 2 * h) - op(u - 2 * h)
    good = np.isfinite(near + far)
    measured = (8 * near - far) / (12 * h)
    size = 1 + abs(found) + abs(known["y"])
    assert np.all(abs(found - measured)[good] <= 1e-9 * size[good])
    assert good.sum() > 1_000


@every_case
def test_the_second_derivative_is_the_difference_of_the_first(name, given, rng):
    """What Hessian-vector products are made of: the stated slope, differentiated by symbols."""
    op = variant(name, given)
    slope = op.slope(0)
    joints = [*op.facts.kinks, *JOINTS.get(name, ())]
    u, h = valid(op, rng.uniform(*op.facts.domain, 1_000)), 1e-5
    u = u[np.all([abs(u - k) > 1e-3 for k in joints], axis=0)] if joints else u
    parameters = {n: op.defaults[n] for n in slope.op.defaults}

    def read(at: np.ndarray) -> list[np.ndarray]:
        return [op(at) if r == "y" else at for r in slope.reads]

    def first(at: np.ndarray) -> np.ndarray:
        return np.broadcast_to(slope.op.compute(read(at), parameters), at.shape)

    found = np.zeros(u.shape)
    for i, r in enumerate(slope.reads):
        inner = slope.op.slope(i)
        values = dict(zip(range(len(slope.reads)), read(u), strict=True)) | {"y": first(u)}
        own = inner.op.compute([values[k] for k in inner.reads], {n: parameters[n] for n in inner.op.defaults})
        found = found + own * (first(u) if r == "y" else 1.0)
    measured = (first(u + h) - first(u - h)) / (2 * h)
    good = np.isfinite(measured)
    assert good.sum() > 300
    assert np.all(abs(found - measured)[good] <= 1e-6 * (1 + abs(found[good]) + abs(first(u))[good]))


# Where f′ is continuous but bends: a central difference is not so exact there.
JOINTS: dict[str, tuple[float, ...]] = {
    "celu": (0.0,),
    "elu": (0.0,),
    "elish": (0.0,),
    "isrlu": (0.0,),
    "softsign": (0.0,),
    "squared_relu": (0.0,),
    "sparse_plus": (-1.0, 1.0),
    "sqnl": (-2.0, 0.0, 2.0),
    "sq_rbf": (-2.0, -1.0, 1.0, 2.0),
}


@every_name
def test_at_both_zeros_the_function_and_its_slope_are_the_same(name):
    o, slope = run(REGISTRY[name], np.array([0.0, -0.0]), "float64", "interpreter")
    assert o[0] == o[1]
    assert slope[0] == slope[1]


@every_name
def test_a_page_has_what_the_table_of_all_functions_is_made_of(name):
    page = REGISTRY[name].__doc__
    first, _, rest = page.partition("\n")
    assert "o = " in first
    assert first.endswith((".", ":"))
    assert "do/du = " in rest


# ---- names and parameters -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("swish", "silu"),
        ("SiLU", "silu"),
        ("Leaky ReLU", "leaky_relu"),
        ("leaky-relu", "leaky_relu"),
        ("LeakyReLU", "leaky_relu"),
        ("GELU", "gelu"),
        ("GELU(approximate='tanh')", "gelu_tanh"),
        ("hard_swish", "hardswish"),
        ("hard_silu", "hardswish"),
        ("Hardtanh", "hardtanh"),
        ("linear", "identity"),
        ("logistic", "sigmoid"),
        ("log_sigmoid", "logsigmoid"),
        ("soft sign", "softsign"),
        ("abs", "absolute"),
        ("sin", "sine"),
        ("cos", "cosine"),
        ("atan", "arctan"),
        ("exp", "exponential"),
        ("heaviside", "step"),
        ("Soft Thresholding", "softshrink"),
        ("  relu  ", "relu"),
        ("ReLU6", "relu6"),
        ("Softmax", "softmax"),
    ],
)
def test_a_function_is_found_as_a_person_writes_it(typed, name):
    assert activation_named(typed) is REGISTRY[name]
    assert Dense(3, typed).activation == name  # what is stored in a model file


def test_no_two_functions_claim_one_name():
    claimed: dict[str, str] = {}
    for name in NAMES:
        facts = REGISTRY[name].facts
        assert set(facts.names) <= set(LIBRARIES), name
        for other in {name, *facts.also}:
            key = "".join(c for c in other.lower() if c not in " _-")
            assert claimed.setdefault(key, name) == name, f"{other}: {claimed[key]} and {name}"


def test_a_slip_in_a_name_is_told_with_the_nearest_names():
    for typed, near in [("swihs", "swish"), ("sofplus", "softplus"), ("hardsigmod", "hardsigmoid"), ("rleu", "relu")]:
        with pytest.raises(ParameterError) as told:
            activation_named(typed)
        assert told.value.code == "BL301"
        assert near in str(told.value.values["nearest"]).split(", ")


@every_case
def test_a_function_typed_with_its_parameters_is_that_function(name, given, rng):
    op = variant(name, given)
    assert op.stated is REGISTRY[name].stated
    assert op.formula is REGISTRY[name].formula
    u = valid(op, rng.uniform(-5, 5, 20))
    np.testing.assert_array_equal(op(u), REGISTRY[name](u, **given))


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("elu(u, alpha=-1)", "BL305"),
        ("elu(u, alpha=1e999)", "BL305"),
        ("hardtanh(u, min_val=2)", "BL305"),
        ("hardtanh(u, min_val=3, max_val=2)", "BL305"),
        ("smht(u, a=2)", "BL305"),
        ("softplus(u, beta=0)", "BL305"),
        ("elu(u, alpah=2)", "BL402"),
        ("sin(u, a=2)", "BL402"),
        ("elu(u, alpha=u)", "BL401"),
        ("elu(u, alpha=)", "BL401"),
        ("elu(u, alpha=1, alpha=2)", "BL401"),
        ("elu(alpha=2)", "BL404"),
        ("elu(u, 2)", "BL404"),
    ],
)
def test_a_parameter_that_cannot_be_is_told(typed, code):
    with pytest.raises((ExpressionError, ParameterError)) as told:
        activation_named(typed)
    assert told.value.code == code


def test_facts_follow_the_parameters():
    facts = activation_named("elu(u, alpha=2)").facts
    assert (facts.range, facts.kinks, facts.sides) == ((-2.0, math.inf), (0.0,), ("left",))
    assert REGISTRY["elu"].facts.kinks == ()
    assert activation_named("hardtanh(u, min_val=-2, max_val=3 / 2)").facts.kinks == (-2.0, 1.5)


def test_a_function_with_parameters_inside_a_formula():
    u = np.linspace(-3, 3, 31)
    op = activation_named("1 + 2 * leaky_relu(u, slope=1/4)")
    np.testing.assert_allclose(op(u), 1 + 2 * np.where(u > 0, u, u / 4), rtol=1e-15)
    assert activation_named("swish(u)").formula is REGISTRY["silu"].formula
