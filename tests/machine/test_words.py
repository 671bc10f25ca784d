"""The words exp, log, tanh, erf, ndtr, atan … : accuracy, special values, plain = compiled, vector code."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import mpmath
import numpy as np
import pytest
from scipy import special

from backlit.ops.words import WORDS

TEXTS = Path(__file__).parents[2] / "src" / "backlit" / "machine"
NAMES = ("exp", "expm1", "log", "log1p", "tanh", "erf", "ndtr", "atan")
WIDTHS = (32, 64)
MANTISSA = {32: 24, 64: 53}
LOWEST = {32: -149, 64: -1074}  # the exponent of the smallest subnormal number
HIGHEST = {32: 128, 64: 1024}  # the exponent at which inf stands

# What the builder puts in front of the words, as far as they need it.
COMPILED = """
import numpy as np
from numba import njit, types
from numba.extending import intrinsic
inline = njit(error_model="numpy", inline="never", nogil=True)
DTYPE, INT = np.float{width}, np.int{width}

@intrinsic
def bits(typing, x):
    def cast(context, builder, signature, values):
        return builder.bitcast(values[0], context.get_value_type(types.int{width}))
    return types.int{width}(types.float{width}), cast

@intrinsic
def unbits(typing, i):
    def cast(context, builder, signature, values):
        return builder.bitcast(values[0], context.get_value_type(types.float{width}))
    return types.float{width}(types.int{width}), cast
"""
PLAIN = """
import numpy as np
inline = lambda f: f
DTYPE, INT = np.float{width}, np.int{width}
bits = lambda x: x.view(INT)
unbits = lambda i: i.view(DTYPE)
"""
# A word as formulas spell it, over an array.
LOOP = """
@njit(error_model="numpy", nogil=True)
def loop_{name}(x, y):
    for i in range(x.size):
        y[i] = {spelling}

@njit(error_model="numpy", nogil=True, fastmath={{"contract", "reassoc", "nsz", "arcp"}})
def loop_with_flags_{name}(x, y):
    for i in range(x.size):
        y[i] = {spelling}
"""
ONE = """
def one_{name}(x):
    return {spelling}
"""


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int, bool], ModuleType]:
    """The words of one width, compiled (with a loop over each of them) or plain."""
    made: dict[tuple[int, bool], ModuleType] = {}
    folder = tmp_path_factory.mktemp("words")

    def get(width: int, compiled: bool) -> ModuleType:
        if (width, compiled) not in made:
            header = (COMPILED if compiled else PLAIN).format(width=width)
            text, of = (LOOP, "x[i]") if compiled else (ONE, "x")
            loops = "".join(text.format(name=n, spelling=WORDS[n].machine.format(of)) for n in NAMES)
            path = folder / f"words_{width}_{'compiled' if compiled else 'plain'}.py"
            path.write_text(header + text_of(width) + loops, encoding="utf-8")
            spec = importlib.util.spec_from_file_location(path.stem, path)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            made[width, compiled] = module
        return made[width, compiled]

    return get


def text_of(width: int) -> str:
    return (TEXTS / f"words_float{width}.py").read_text(encoding="utf-8")


def stated_error(width: int, name: str) -> float:
    """The bound in the docstring of the text."""
    row = re.search(r"^ +error +(.+)$", text_of(width), re.MULTILINE).group(1).split()
    return float(row[NAMES.index(name)])


def computed(module: ModuleType, name: str, x: np.ndarray) -> np.ndarray:
    """The word over an array: by the compiled loop if there is one, else one scalar after the other."""
    y = np.empty_like(x)
    if hasattr(module, f"loop_{name}"):
        getattr(module, f"loop_{name}")(x, y)
        return y
    word = getattr(module, f"one_{name}")
    with np.errstate(all="ignore"):
        values = [word(v) for v in x]
    assert {type(v) for v in values} <= {x.dtype.type}
    return np.array(values, x.dtype)


def float_type(width: int) -> type[np.floating]:
    return {32: np.float32, 64: np.float64}[width]


def sample(name: str, width: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """About 2 · `count` numbers of the domain: bit patterns of all sizes, more where the methods change."""
    dtype = float_type(width)
    patterns = rng.integers(0, 2**width, count, dtype=np.uint64).astype(f"u{width // 8}").view(dtype)
    k = rng.integers(-60, 61, count // 8)
    spread = rng.normal(0, 1e-3, count // 8)
    small = np.exp2(-rng.uniform(0, 1.2 * MANTISSA[width], count // 8)) * rng.choice([-1, 1], count // 8)
    edges = [0.0, 0.5, 1.0, 2.0, 2.0**-25, 2.0**-54, np.sqrt(0.5), np.sqrt(2), 9.01, 10.0, 17.33, 18.0]
    edges += [19.06, 87.3365, 88.7228, 89.0, 103.972, 104.0, 2.0**-126, 2.0**100]
    edges += [np.tan(np.pi / 8), np.tan(3 * np.pi / 8)]  # where atan turns
    edges += [3.9195, 4.0, 12.98, 14.16, 14.5]  # where erf is 1, where ndtr is subnormal or 0
    if width == 64:
        edges += [
            5.9215,
            37.52,
            38.47,
            39.0,
            37.43,
            40.0,
            708.396,
            709.7827,
            710.0,
            745.133,
            746.0,
            2.0**-1022,
            2.0**1000,
        ]
    near = np.array([s * e for e in edges for s in (1, -1)], dtype)[:, None]
    steps = near.view(f"i{width // 8}") + np.arange(-8, 9).astype(f"i{width // 8}")
    low, high = (-104.0, 89.0) if width == 32 else (-746.0, 710.0)
    dense = [
        small,
        -1 + abs(small),
        rng.uniform(-3, 3, count // 8),
        rng.uniform(low, high, count // 8),
        rng.uniform(-14.5 if width == 32 else -39, 6, count // 8),  # the tail of ndtr; erf
        (k + 0.5) * np.log(2) + spread,  # the edges of the reduction of exp, and half of them: tanh
        (k + 0.5) * np.log(2) / 2 + spread,
        np.exp2(k) * (np.sqrt(0.5) + spread),  # the edges of the reduction of log
    ]
    x = np.concatenate([patterns, steps.view(dtype).ravel(), np.concatenate(dense).astype(dtype)])
    lowest = {"log": 0.0, "log1p": -1.0}.get(name, -np.inf)
    return x[np.isfinite(x) & (x > lowest)]


def errors_by_float64(name: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Errors of float32 results in units in the last place.

    The reference is NumPy and SciPy in float64: off by a unit or two of its own, less than 10⁻⁸ units of float32;
    ndtr, which rounds x / √2, by less than 10⁻⁵.
    An inf counts as the number that would follow the largest.
    """
    with np.errstate(all="ignore"):
        exact = np.clip(
            getattr(np, {"atan": "arctan"}.get(name, name), getattr(special, name, None))(x.astype(np.float64)),
            -(2.0**128),
            2.0**128,
        )
    got = np.clip(y.astype(np.float64), -(2.0**128), 2.0**128)
    exponent = np.where(exact == 0, LOWEST[32], np.frexp(exact)[1] - MANTISSA[32])
    return abs(got - exact) / np.exp2(np.maximum(exponent, LOWEST[32]))


def errors_by_mpmath(name: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Errors in units in the last place, against 40 digits; inf as above."""
    width = x.dtype.itemsize * 8
    top = mpmath.ldexp(1, HIGHEST[width])
    reach = (
        np.inf if name.startswith("log") or name == "atan" else 800
    )  # beyond it the others are inf, 0 or ±1 in any case
    with mpmath.workdps(40):
        errors = []
        for a, b in zip(np.clip(x, -reach, reach), y, strict=True):
            exact = min(getattr(mpmath, {"ndtr": "ncdf"}.get(name, name))(mpmath.mpf(float(a))), top)
            got = top if np.isposinf(b) else mpmath.mpf(float(b))
            exponent = max(mpmath.frexp(exact)[1] - MANTISSA[width], LOWEST[width])
            errors.append(float(mpmath.ldexp(abs(got - exact), -exponent)))
    return np.array(errors)


TRUST = {"ndtr": 1e-5}  # in the reference in float64, in units of float32; 10⁻⁸ else


@pytest.mark.parametrize("name", NAMES)
def test_float32_errors_stay_within_the_stated_units(words, name, rng):
    x = sample(name, 32, 20_000, rng)
    y = computed(words(32, True), name, x)
    errors = errors_by_float64(name, x, y)
    worst = int(errors.argmax())
    assert errors[worst] <= stated_error(32, name), f"{name}({x[worst]!r}) = {y[worst]!r}"


@pytest.mark.oracle
@pytest.mark.parametrize("name", NAMES)
def test_float32_errors_by_mpmath_are_those_by_float64(words, name, rng):
    x = sample(name, 32, 200, rng)
    y = computed(words(32, True), name, x)
    np.testing.assert_allclose(
        errors_by_mpmath(name, x, y), errors_by_float64(name, x, y), rtol=0, atol=TRUST.get(name, 1e-8)
    )


@pytest.mark.oracle
@pytest.mark.parametrize("name", NAMES)
def test_every_exponent_of_float32_gives_what_40_digits_give(words, name, rng):
    """From the smallest subnormal number to the largest, both signs; first, last and drawn fractions of each."""
    fractions = np.array([0, 1, 0x7FFFFE, 0x7FFFFF, *rng.integers(0, 2**23, 4)], np.uint32)
    x = (np.arange(255, dtype=np.uint32)[:, None] << 23 | fractions).ravel()
    x = np.concatenate([x, x | 2**31]).astype(np.uint32).view(np.float32)
    x = x[x > {"log": 0.0, "log1p": -1.0}.get(name, -np.inf)]
    y = computed(words(32, True), name, x)
    errors = errors_by_mpmath(name, x, y)
    worst = int(errors.argmax())
    assert x.size > 1900
    assert errors[worst] <= stated_error(32, name), f"{name}({x[worst]!r}) = {y[worst]!r}"


@pytest.mark.oracle
@pytest.mark.parametrize("name", NAMES)
def test_float64_errors_stay_within_the_stated_units(words, name, rng):
    x = sample(name, 64, 5_000, rng)
    y = computed(words(64, True), name, x)
    errors = errors_by_mpmath(name, x, y)
    worst = int(errors.argmax())
    assert errors[worst] <= stated_error(64, name), f"{name}({x[worst]!r}) = {y[worst]!r}"


@pytest.mark.parametrize("width", WIDTHS)
def test_stated_errors_are_small(width):
    assert all(stated_error(width, name) < {"tanh": 3, "ndtr": 9}.get(name, 2) for name in NAMES)


SPECIAL = {
    "exp": [(np.inf, np.inf), (-np.inf, 0.0), (0.0, 1.0), (-0.0, 1.0), (1e4, np.inf), (-1e4, 0.0)],
    "expm1": [(np.inf, np.inf), (-np.inf, -1.0), (0.0, 0.0), (-0.0, -0.0), (1e4, np.inf), (-1e4, -1.0)],
    "log": [(np.inf, np.inf), (0.0, -np.inf), (-0.0, -np.inf), (1.0, 0.0), (-1.0, np.nan), (-np.inf, np.nan)],
    "log1p": [(np.inf, np.inf), (-1.0, -np.inf), (0.0, 0.0), (-0.0, -0.0), (-1.5, np.nan), (-np.inf, np.nan)],
    "erf": [(np.inf, 1.0), (-np.inf, -1.0), (0.0, 0.0), (-0.0, -0.0), (1e4, 1.0), (-1e4, -1.0)],
    "ndtr": [(np.inf, 1.0), (-np.inf, 0.0), (0.0, 0.5), (-0.0, 0.5), (1e4, 1.0), (-1e4, 0.0)],
    "atan": [
        (np.inf, np.pi / 2),
        (-np.inf, -np.pi / 2),
        (0.0, 0.0),
        (-0.0, -0.0),
        (1e18, np.pi / 2),
        (-1e18, -np.pi / 2),
    ],
    "tanh": [(np.inf, 1.0), (-np.inf, -1.0), (0.0, 0.0), (-0.0, -0.0), (1e4, 1.0), (-1e4, -1.0)],
}


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "plain"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_special_values_are_exact_with_their_signs(words, name, width, compiled):
    x, expected = np.array(SPECIAL[name], float_type(width)).T
    y = computed(words(width, compiled), name, np.ascontiguousarray(x))
    np.testing.assert_array_equal(y, expected)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(y[number]), np.signbit(expected[number]))


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "plain"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_nan_gives_a_nan(words, name, width, compiled):
    first, last = (0x7F800001, 0x7FFFFFFF) if width == 32 else (0x7FF0000000000001, 0x7FFFFFFFFFFFFFFF)
    unsigned = [first, first + 1, (first + last) // 2, (first + last) // 2 + 1, last - 1, last]
    patterns = np.array(unsigned + [p + 2 ** (width - 1) for p in unsigned], f"u{width // 8}")
    assert np.isnan(computed(words(width, compiled), name, patterns.view(float_type(width)))).all()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_plain_python_gives_the_bits_of_the_compiled_words(words, name, width, rng):
    x = rng.permutation(sample(name, width, 4_000, rng))[:2_000]
    plain, compiled = (computed(words(width, way), name, x) for way in (False, True))
    np.testing.assert_array_equal(plain.view(f"u{width // 8}"), compiled.view(f"u{width // 8}"))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_the_flags_of_a_kernel_do_not_reach_into_a_word(words, name, width, rng):
    x = sample(name, width, 4_000, rng)
    y = np.empty_like(x)
    getattr(words(width, True), f"loop_with_flags_{name}")(x, y)
    expected = computed(words(width, True), name, x)
    np.testing.assert_array_equal(y.view(f"u{width // 8}"), expected.view(f"u{width // 8}"))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["expm1", "log1p", "tanh", "atan"])
def test_tiny_numbers_come_back_as_they_are(words, name, width, rng):
    dtype = float_type(width)
    exponents = rng.integers(LOWEST[width], -MANTISSA[width], 5_000)
    tiny = np.ldexp(rng.uniform(-1, 1, 5_000), exponents).astype(dtype)
    y = computed(words(width, True), name, tiny)
    np.testing.assert_allclose(y, tiny, rtol=float(np.finfo(dtype).eps), atol=0)
    subnormal = tiny[abs(tiny) < np.finfo(dtype).smallest_normal]
    assert subnormal.size > 100
    np.testing.assert_array_equal(computed(words(width, True), name, subnormal), subnormal)


@pytest.mark.parametrize("width", WIDTHS)
def test_exp_underflows_gradually(words, width):
    dtype = float_type(width)
    lowest = LOWEST[width] * np.log(2)
    y = computed(words(width, True), "exp", np.linspace(lowest + 20, lowest - 2, 10_000).astype(dtype))
    assert (np.diff(y) <= 0).all()
    assert np.isin(np.arange(9) * np.finfo(dtype).smallest_subnormal, y).all()


@pytest.mark.parametrize("width", WIDTHS)
def test_limits_are_never_overstepped(words, width, rng):
    x = sample("tanh", width, 20_000, rng)
    assert (computed(words(width, True), "expm1", x) >= -1).all()
    assert (abs(computed(words(width, True), "tanh", x)) <= 1).all()
    assert (abs(computed(words(width, True), "erf", x)) <= 1).all()
    assert ((computed(words(width, True), "ndtr", x) >= 0) & (computed(words(width, True), "ndtr", x) <= 1)).all()
    assert (computed(words(width, True), "exp", x) >= 0).all()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_a_loop_over_a_word_becomes_vector_code_of_its_own_width(words, name, width):
    features = pytest.importorskip("llvmlite.binding").get_host_cpu_features()
    if not features.get("avx2"):
        pytest.skip("the width of the vectors is known for AVX2 and later only")
    module = words(width, True)
    computed(module, name, np.ones(1, float_type(width)))
    (code,) = getattr(module, f"loop_{name}").inspect_llvm().values()
    kind, other = ("float", "double") if width == 32 else ("double", "float")
    assert re.search(rf"= fmul <\d+ x {kind}>", code)
    assert not re.search(rf"= f\w+ (<\d+ x )?{other}\b", code)
