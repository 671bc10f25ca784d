"""GELU and its approximation by tanh: values, slopes and tails against 40 digits, PyTorch and JAX."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from backlit.ops import REGISTRY
from backlit.ops.parse import typed_activation
from ops import samples
from tolerance import EPS, assert_close

POINTS = np.array([-8.0, -5.0, -3.0, -1.0, -0.75, -0.1, 0.0, 0.5, 1.0, 3.0, 6.0])
# o and do/du at POINTS, printed by torch.nn.functional.gelu(…, approximate="none" or "tanh") of PyTorch 2.13.0 in
# float64; jax.nn.gelu(…, approximate=False or True) of JAX 0.10.2 prints the same but for what cancels at -8 and -5.
PRINTED = {
    "gelu": (
        [-4.884981308350689e-15, -1.4332578593401202e-06, -0.00404969409489031, -0.15865525393145702,
         -0.16997051428265111, -0.0460172162722971, 0.0, 0.34573123063700656, 0.841344746068543, 2.99595030590511,
         5.999999994080474],
        [-3.9807546004751306e-14, -7.1469460018034646e-06, -0.01194564720418392, -0.08331547058768635,
         0.0007742782607648158, 0.4204769079752698, 0.5, 0.8674951246561629, 1.0833154705876864, 1.011945647204184,
         1.0000000354687093],
    ),
    "gelu_tanh": (
        [-0.0, -2.2917961972623857e-07, -0.0036373920817729943, -0.15880800939172324, -0.17003944483437966,
         -0.04601724895456484, 0.0, 0.34571400982514394, 0.8411919906082768, 2.996362607918227, 5.9999999999156035],
        [0.0, -1.5463619879596227e-06, -0.011584166630969648, -0.08296408384578252, 0.001061743862585618,
         0.4204782107282433, 0.5, 0.8673699035346424, 1.0829640838457826, 1.0115841666309695, 1.0000000007709977],
    ),
}  # fmt: skip
NAMES = tuple(PRINTED)
both = pytest.mark.parametrize("name", NAMES)
every_engine = pytest.mark.parametrize("engine", ["interpreter", *samples.ENGINES])
both_dtypes = pytest.mark.parametrize("dtype", EPS)


def run(name: str, u: np.ndarray, dtype: str, engine: str) -> tuple[np.ndarray, np.ndarray]:
    """o and do/du as a tape of this engine gives them."""
    tape = samples.tape_of(samples.Case(REGISTRY[name], (u.shape,), {}))
    found = samples.run(tape, {"u": u, "g": np.ones(u.shape)}, 1, dtype, engine)
    return found["y"], found["∂u"]


def exactly(name: str, u: float) -> tuple[mpmath.mpf, mpmath.mpf]:
    """o and do/du by the formulas of the paper, in as many digits as are set; u Φ(u) by erfc, which has tails."""
    u = mpmath.mpf(u)
    if name == "gelu":
        share, density = mpmath.ncdf(u), mpmath.npdf(u)
        return u * share, share + u * density
    c, k = mpmath.mpf("0.044715"), mpmath.sqrt(2 / mpmath.pi)
    t = mpmath.tanh(k * (u + c * u**3))
    return u * (1 + t) / 2, (1 + t) / 2 + u * (1 - t * t) * k * (1 + 3 * c * u * u) / 2


@both
@every_engine
@both_dtypes
def test_values_and_slopes_are_those_that_torch_printed(name, engine, dtype):
    for found, printed in zip(run(name, POINTS, dtype, engine), PRINTED[name], strict=True):
        assert_close(found, printed, dtype, "op", name)


@pytest.mark.oracle
@both
@both_dtypes
def test_values_and_slopes_are_those_of_torch(name, dtype):
    torch = pytest.importorskip("torch")
    u = np.linspace(-12, 12, 2001).astype(dtype)
    theirs = torch.tensor(u, requires_grad=True)
    o = torch.nn.functional.gelu(theirs, approximate="tanh" if name == "gelu_tanh" else "none")
    o.sum().backward()
    for found, wanted in zip(run(name, u, dtype, "compiled"), (o.detach(), theirs.grad), strict=True):
        assert_close(found, wanted.numpy(), dtype, "twin", name)


@pytest.mark.oracle
@both
def test_values_and_slopes_are_those_of_jax(name):
    jax = pytest.importorskip("jax")
    u = np.linspace(-12, 12, 2001).astype(np.float32)

    def theirs(v):
        return jax.nn.gelu(v, approximate=name == "gelu_tanh")

    for found, wanted in zip(
        run(name, u, "float32", "compiled"), (theirs(u), jax.vmap(jax.grad(theirs))(u)), strict=True
    ):
        assert_close(found, np.asarray(wanted), "float32", "twin", name)


@pytest.mark.oracle
@both
@every_engine
@both_dtypes
def test_values_have_their_relative_accuracy_in_the_tail_too(name, engine, dtype, rng):
    """Each number by itself, not by the largest: 1 + erf would have lost all digits from u = -5.6 (-8.3) down."""
    lowest = {"gelu": {"float32": -12.9, "float64": -37.4}, "gelu_tanh": {"float32": -10.0, "float64": -21.0}}[name][
        dtype
    ]
    u = np.concatenate([np.linspace(lowest, -3, 150), rng.uniform(-3, 8, 150), 2.0 ** rng.uniform(-60, 0, 50)])
    u = u.astype(dtype)
    o, slope = run(name, u, dtype, engine)
    with mpmath.workdps(400):  # 40, and those that 1 + tanh loses
        exact = [exactly(name, float(v)) for v in u]
        wrong = [float(abs(mpmath.mpf(float(a)) / e[0] - 1)) for a, e in zip(o, exact, strict=True)]
        wrong_slope = [float(abs(mpmath.mpf(float(a)) - e[1])) for a, e in zip(slope, exact, strict=True)]
    # e^v of a rounded v is off by |v| units; so is SciPy, which rounds u / √2, in Φ
    rounded = 0.0 if name == "gelu" and engine != "interpreter" else 1.0
    size = np.maximum(1.0, rounded * np.maximum(0, -u.astype(np.float64)) ** (3 if name == "gelu_tanh" else 2))
    assert np.all(wrong <= 12 * EPS[dtype] * size)
    assert max(wrong_slope) <= 8 * EPS[dtype]


@every_engine
@both_dtypes
def test_where_nothing_is_left_of_the_tail_the_output_is_minus_zero(engine, dtype):
    for name in NAMES:
        o, slope = run(name, np.array([-50.0, -1e5, -1e12]), dtype, engine)
        assert np.all(o == 0)
        assert np.signbit(o).all()
        assert np.all(slope == 0)
        o, slope = run(name, np.array([50.0, 1e5, 1e12]), dtype, engine)
        assert o.tolist() == np.array([50.0, 1e5, 1e12]).astype(dtype).tolist()
        assert np.all(slope == 1)


@both
@every_engine
@both_dtypes
def test_at_infinity_the_answers_are_nan_where_infinity_meets_zero(name, engine, dtype):
    o, slope = run(name, np.array([-np.inf, np.inf, np.nan]), dtype, engine)
    np.testing.assert_array_equal(o, [np.nan, np.inf, np.nan])
    assert np.isnan(slope).all()


@pytest.mark.oracle
def test_at_minus_infinity_torch_gives_nan_too():
    torch = pytest.importorskip("torch")
    for approximate in ("none", "tanh"):
        assert torch.nn.functional.gelu(torch.tensor(-torch.inf), approximate=approximate).isnan()


@pytest.mark.parametrize("text", ["0.5 * u * (1 + erf(u / sqrt(2)))", "u * ndtr(u)"])
def test_the_typed_formula_is_the_same_function(text):
    u = np.linspace(-6, 6, 501)
    typed, own = typed_activation(text), REGISTRY["gelu"]
    assert_close(typed(u), own(u), "float64", "op")
    assert_close(typed.slope(0).op(u), own.slope(0).op(u), "float64", "op")


def test_the_approximation_is_within_what_its_page_says():
    u = np.linspace(-8, 8, 10_001)
    away = abs(REGISTRY["gelu"](u) - REGISTRY["gelu_tanh"](u)).max()
    assert 0.0004 < away < 0.0005


@both
def test_a_range_that_is_stated_is_reached(name):
    u = np.linspace(-1, -0.5, 100_001)
    assert REGISTRY[name](u).min() == pytest.approx(REGISTRY[name].facts.range[0], abs=1e-12)
