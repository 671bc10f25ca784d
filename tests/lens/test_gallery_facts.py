"""What the gallery says of every function of the registry, against 40 digits of the formulas in their papers."""

from __future__ import annotations

import functools
import math
from itertools import pairwise
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from backlit import activations
from backlit.lens.gallery import Card
from backlit.ops import REGISTRY, Elementwise
from backlit.ops import formula as fm
from backlit.ops.meaning import book, derivative
from ops.exact import EXACT

SINGLE = [name for name in activations if isinstance(activations[name], Card)]
TRUE = [name for name in SINGLE if not activations[name].surrogate]  # whose f′ is the derivative of f
PLACES = [k / 8 + 1 / 1024 for k in range(-64, 65)]  # on no kink
every_one = pytest.mark.parametrize("name", SINGLE)
every_true = pytest.mark.parametrize("name", TRUE)


def exact(name: str) -> Any:
    """f in as many digits as mpmath works with."""
    card = activations[name]
    spelling = EXACT["step" if card.surrogate else name]
    given = {} if card.surrogate else {n: mp.mpf(v) for n, v in card.parameters.items()}
    return lambda u: spelling(mp.mpf(u), **given)


@functools.cache
def slopes(name: str) -> tuple[float, ...]:
    with mp.workdps(40):
        return tuple(float(mp.diff(exact(name), mp.mpf(u))) for u in PLACES)


def test_the_gallery_holds_every_activation_function_and_the_layers_that_join_units():
    known = {name for name, op in REGISTRY.items() if op.facts.role == "activation"}
    assert set(activations) == known | {"glu", "maxout", "crelu"}
    assert list(activations) == sorted(activations)
    assert {name for name, op in REGISTRY.items() if op.facts.role == "activation" and isinstance(op, Elementwise)} == {
        *SINGLE
    }


# ---- formulas -------------------------------------------------------------------------------------------


def values(e: fm.Expr, card: Card, u: Any) -> np.ndarray:
    given = {"u": np.asarray(u), "o": card(u), **card.parameters}
    return np.broadcast_to(fm.evaluate([e], given, np.float64)[0], np.shape(u))


@every_one
def test_the_formulas_that_are_shown_are_those_that_are_computed(name):
    card, u = activations[name], np.array(PLACES)
    o, slope = card.curve(u)
    for e, wanted in ((book(card.op), o), (card.book, o), (derivative(card.op), slope), (card.slope_book, slope)):
        np.testing.assert_allclose(values(e, card, u), wanted, rtol=1e-9, atol=1e-9, err_msg=fm.Expr.__repr__(e))


@every_one
def test_the_derivative_through_the_output_alone_is_the_derivative(name):
    card, u = activations[name], np.array(PLACES)
    slope = card.curve(u)[1]
    if card.output_book is None:
        assert card.from_output in ("B", "C")
        return
    assert card.from_output in ("A", "A±")
    assert set(fm.leaves([card.output_book], "input")) <= {"o"}
    inner = ~np.isin(card(u), card.range)  # where o has been rounded to an end of the range, u is forgotten
    u, slope = (
        (u, slope) if card.family in ("relu", "hard", "steps", "surrogate", "shrink") else (u[inner], slope[inner])
    )
    near = np.abs(slope) > 1e-4  # further out the output has not the digits
    np.testing.assert_allclose(values(card.output_book, card, u)[near], slope[near], rtol=1e-7)
    far = values(card.output_book, card, u)[~near]
    np.testing.assert_allclose(far, slope[~near], atol=1e-7)


@every_one
def test_where_no_formula_in_o_exists_two_inputs_show_it_and_else_the_function_rises(name):
    card = activations[name]
    if card.from_output == "C":
        u, v = card.twins
        (a, b), (da, db) = card.curve([u, v])
        assert abs(a - b) < 1e-9 * max(1.0, abs(a))
        assert abs(da - db) > 0.03 * np.max(np.abs(card.curve(np.array(PLACES))[1]))
    if card.from_output == "B":
        with mp.workdps(60):
            found = [exact(name)(u) for u in PLACES]
        assert all(a < b for a, b in pairwise(found))


def test_the_four_ways_to_read_the_derivative_all_occur():
    assert {activations[name].from_output for name in SINGLE} == {"A", "A±", "B", "C"}
    for name, letter in {"sigmoid": "A", "relu": "A±", "erf": "B", "silu": "C", "snake": "B", "absolute": "C"}.items():
        assert activations[name].from_output == letter
    assert activations["smht(u, c=2)"].from_output == "C"
    assert activations["threshold(u, threshold=0, value=20)"].from_output == "C"
    assert activations["srelu(u, a_left=0, a_right=0)"].through_output == ""


# ---- the curve ------------------------------------------------------------------------------------------


@every_one
def test_monotone_and_symmetry(name):
    card = activations[name]
    with mp.workdps(60):
        f = exact(name)
        found = [f(u) for u in PLACES]
        assert all(a <= b for a, b in pairwise(found)) == card.monotone
        mirrored = [f(-mp.mpf(u)) for u in PLACES]
        odd = all(abs(a + b) < 1e-40 for a, b in zip(found, mirrored, strict=True))
        even = all(abs(a - b) < 1e-40 for a, b in zip(found, mirrored, strict=True))
    assert card.parity == ("odd" if odd else "even" if even else "")


@every_one
def test_range_and_which_of_its_ends_are_reached(name):
    card = activations[name]
    low, high = card.range
    turns = [point[0] for point in (card.minimum, card.maximum) if point]
    with mp.workdps(60):
        flat = range(-8, 9) if card.smoothness <= 1 else ()  # e^-e^8 would want 1300 digits
        found = [exact(name)(u) for u in [*(u for u in PLACES if abs(u) < 4), *flat]]
        turned = [float(exact(name)(u)) for u in turns]
    assert all(low - 1e-12 <= v <= high + 1e-12 for v in found)
    for end, mark in ((low, card.ends[0]), (high, card.ends[1])):
        if math.isfinite(end):
            reached = any(v == end for v in found) or any(abs(v - end) < 1e-9 for v in turned)
            assert (mark in "[]") == reached, (end, mark)


@every_one
def test_lowest_and_highest_points_are_those_of_many_digits(name):
    card = activations[name]
    with mp.workdps(40):
        found = [float(exact(name)(u)) for u in PLACES]
        for point, sign, best in ((card.minimum, 1, min(found)), (card.maximum, -1, max(found))):
            if point:
                u, value = point
                assert abs(float(exact(name)(u)) - value) < 1e-9
                assert sign * value <= sign * best + 1e-9
                assert u in card.facts.kinks or abs(float(mp.diff(exact(name), u))) < 1e-4


@every_one
def test_what_the_output_tends_to_far_out(name):
    card = activations[name]
    for limit, sign in zip(card.limits, (-1, 1), strict=True):
        with mp.workdps(60):
            far = [float(exact(name)(sign * mp.mpf(u))) for u in (150, 151, 300, 1e6)]
        if limit is None:
            assert len({round(v, 3) for v in far}) > 2
            assert max(far) - min(far) > 0.3
        elif math.isinf(limit):
            assert np.sign(far[-1]) == np.sign(limit)
            assert abs(far[-1]) > 1e3 * (1 - 1e-9)
            assert abs(far[-1]) > abs(far[0])
        else:
            assert abs(far[-1] - limit) < 1e-5


def _sides(f: Any, u: float, order: int) -> tuple[float, float]:
    """The derivative of this order just left and just right of u."""
    step = mp.mpf("1e-9")
    return tuple(
        float(mp.diff(f, u + s * step, order, h=mp.mpf("1e-14")) if order else f(u + s * step)) for s in (-1, 1)
    )


@every_one
def test_smoothness_is_that_of_the_first_derivative_that_jumps(name):
    card, f = activations[name], exact(name)
    places = sorted({-3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 6.0, *card.facts.kinks})
    jumps = []
    with mp.workdps(60):
        for order in range(4):
            gaps = [abs(b - a) for a, b in (_sides(f, mp.mpf(u), order) for u in places)]
            jumps.append([u for u, gap in zip(places, gaps, strict=True) if gap > 1e-4])
    first = next((order for order, found in enumerate(jumps) if found), math.inf)
    assert card.smoothness == first - 1
    if card.smoothness == 0 or (card.smoothness == -1 and not card.surrogate):
        assert {u for found in jumps[:2] for u in found} == set(card.facts.kinks)


# ---- slopes ---------------------------------------------------------------------------------------------


@every_true
def test_the_largest_slope_and_where_it_is(name):
    card = activations[name]
    top, f = card.steepest, exact(name)
    found = np.abs(slopes(name))
    if math.isinf(top.value):
        with mp.workdps(40):
            assert max(abs(mp.diff(f, mp.mpf(u))) for u in (90, 90.7, 91.5)) > 10 * found.max() > 0
        return
    assert found.max() <= top.value * (1 + 1e-9)
    with mp.workdps(60):
        if top.limit:
            u = mp.mpf(top.low if abs(top.low) < 1e9 else math.copysign(1e4, top.low))
            assert abs(abs(float(mp.diff(f, u))) - top.value) < 1e-6
            assert found.max() < top.value
            return
        low, high = max(top.low, -20.0), min(top.high, 20.0)
        inside = [low - 1e-9, low + 1e-9] if low == high else np.linspace(low + 0.01, high - 0.01, 8)
        reached = max(abs(float(mp.diff(f, mp.mpf(u), h=mp.mpf("1e-14")))) for u in inside)
        assert abs(reached - top.value) < 1e-6
        if low < high:
            beyond = [] if top.both and top.low == 0 else [u for u in (top.low - 0.01, top.high + 0.01) if abs(u) < 20]
            for u in beyond:
                assert abs(float(mp.diff(f, mp.mpf(u)))) < top.value
        if top.both:
            assert abs(abs(float(mp.diff(f, -mp.mpf(max(high - 0.01, 0.0) if low < high else low)))) - top.value) < 1e-4


CENTRES = {
    "relu": 1 / math.sqrt(2 * math.pi), "sigmoid": 0.5, "tanh": 0.0, "exponential": math.exp(0.5), "step": 0.5,
    "absolute": math.sqrt(2 / math.pi), "gaussian": 1 / math.sqrt(3), "cosine": math.exp(-0.5), "identity": 0.0,
    "squared_relu": 0.5, "gelu": 0.5 / math.sqrt(math.pi), "selu": 0.0, "snake": 0.5 * (1 - math.exp(-2)),
}  # fmt: skip


@pytest.mark.parametrize("name", CENTRES)
def test_the_centre_is_the_integral_that_books_have(name):
    assert activations[name].centre == pytest.approx(CENTRES[name], abs=2e-6)


def test_what_passes_above_and_below_zero_is_the_mean_slope():
    assert activations["relu"].passes == (0.0, 1.0)
    assert activations["leaky_relu"].passes == pytest.approx((0.01, 1.0))
    below, above = activations["erf"].passes
    assert below == above == pytest.approx(2 / math.sqrt(3 * math.pi), abs=2e-3)


@every_true
def test_dead_and_saturated_stretches_begin_and_end_where_the_slope_says(name):
    card, f = activations[name], exact(name)
    top = card.steepest.value if math.isfinite(card.steepest.value) else 1.0
    with mp.workdps(200):

        def size(u: float) -> float:
            return abs(float(mp.diff(f, mp.mpf(u), h=mp.mpf("1e-14"))))

        for low, high in card.dead:
            places = np.linspace(max(low, -30.0) + 0.004, min(high, 30.0) - 0.004, 9)
            assert all(size(u) == 0 for u in places if u not in card.facts.kinks)
            if top > 0:
                assert all(size(u) > 0 for u in (low - 0.004, high + 0.004) if abs(u) < 60)
        for low, high in card.saturated:
            a, b = low if math.isfinite(low) else high - 3, high if math.isfinite(high) else low + 3
            assert all(0 < size(u) < 0.0101 * top for u in np.linspace(a + 1e-4, b - 1e-4, 9))
            borders = [u for u in (low, high) if abs(u) < 60 and u not in [e for pair in card.dead for e in pair]]
            assert all(abs(size(u) - 0.01 * top) < 1e-4 * top for u in borders)
    inside = [(s.low, s.high) for s in card.stretches]
    free = [u for u in PLACES if abs(u) < 8 and not any(a - 1 / 64 <= u <= b + 1 / 64 for a, b in inside)]
    small = [u for u in free if abs(slopes(name)[PLACES.index(u)]) < 0.0099 * top]
    for u in small:  # a top or a dip: the slope changes its sign near by
        assert slopes(name)[PLACES.index(u) - 1] * slopes(name)[PLACES.index(u) + 1] < 0


@every_one
def test_slopes_on_both_sides_of_a_kink_and_the_one_that_is_taken(name):
    card, f = activations[name], exact(name)
    for kink, side in zip(card.kinks, card.facts.sides, strict=True):
        if not card.surrogate:
            with mp.workdps(60):
                assert (kink.left, kink.right) == pytest.approx(_sides(f, mp.mpf(kink.u), 1), abs=1e-5)
        means = {"left": kink.left, "right": kink.right, "mean": (kink.left + kink.right) / 2, "zero": kink.taken}
        assert kink.taken == pytest.approx(means[side], abs=1e-5)


# ---- other libraries ------------------------------------------------------------------------------------


@pytest.mark.oracle
@pytest.mark.slow
def test_choices_at_kinks_in_torch():
    torch = pytest.importorskip("torch")
    from ops.test_activations import torch_function

    compared = 0
    for name in TRUE:
        for kink in activations[name].kinks:
            if "torch" in kink.elsewhere:
                u = torch.tensor([kink.u], dtype=torch.float64, requires_grad=True)
                torch_function(activations[name].op, torch)(u).sum().backward()
                assert float(u.grad) == pytest.approx(kink.elsewhere["torch"], abs=1e-7), name
                compared += 1
    assert compared >= 12


@pytest.mark.oracle
@pytest.mark.slow
def test_choices_at_kinks_in_jax():
    jax = pytest.importorskip("jax")
    compared = 0
    for name in TRUE:
        stated = activations[name].names.get("jax", "")
        f = getattr(jax.nn, stated, None) or getattr(jax.numpy, stated, None)
        for kink in activations[name].kinks:
            if "jax" in kink.elsewhere:
                assert float(jax.grad(f)(kink.u)) == pytest.approx(kink.elsewhere["jax"], abs=1e-6), (name, kink.u)
                compared += 1
    assert compared >= 10
