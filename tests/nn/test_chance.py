"""Layers that draw: what they draw has the stated distribution, is the same on every engine, and only in training.

Statistical tests use a fixed seed; the bounds are such that with a seed drawn anew each of them would fail by chance
less than once in a million times.
"""

from __future__ import annotations

import numpy as np
import pytest

from backlit.core.interpret import Interpreter
from backlit.core.lowering import lower
from backlit.machine.runner import Machine
from backlit.nn import Activation, AlphaDropout, Dense, Dropout, GaussianDropout, GaussianNoise, Input, RReLU
from backlit.ops.random import random_normal, random_uniform
from backlit.training import Network
from backlit.training.loop.fitting import Fitting
from backlit.training.loop.settings import Settings
from tolerance import EPS, assert_close, same_bits

ENGINES = ("compiled", "plain", "interpreter")
FIVE = 5.0  # standard errors: further away with a chance of 6e-7
CHANCE = [AlphaDropout(0.3), GaussianDropout(0.2), GaussianNoise(0.3), RReLU()]


def disturbed(layer, x, *, seed=1, step=1, engine="interpreter", dtype="float64", threads=1, training=True):
    """What the layer makes of x."""
    net = Network([Input(x.shape[1]), layer])
    built = net.build(training=training)
    tape = lower({"o": built.output})
    made = Interpreter(tape, len(x), dtype) if engine == "interpreter" else Machine(tape, len(x), dtype, engine=engine)
    made.seed, made.step = seed, step
    made.arena["x"] = x
    made.run(rows=len(x), **({} if engine == "interpreter" else {"threads": threads}))
    return made.arena["o"].copy()


def distance(values: np.ndarray, distribution) -> float:
    """Kolmogorov and Smirnov's distance, times √n: above 2.7 with a chance of 2 e^(-2 · 2.7²) = 9e-7."""
    n = values.size
    known = distribution(np.sort(values, axis=None))
    places = np.arange(n + 1) / n
    return float(max(np.max(known - places[:-1]), np.max(places[1:] - known)) * np.sqrt(n))


def test_normal_numbers_are_normal_and_uniform_ones_uniform():
    special = pytest.importorskip("scipy.special")
    x = np.zeros((400, 500))
    n = x.size
    drawn = random_normal(x, key=3, seed=5, step=2)
    assert abs(drawn.mean()) < FIVE / np.sqrt(n)
    assert abs(drawn.var() - 1) < FIVE * np.sqrt(2 / n)  # var(s²) = 2 / n
    assert abs(np.mean(drawn**3)) < FIVE * np.sqrt(15 / n)  # E n⁶ = 15
    assert abs(np.mean(drawn**4) - 3) < FIVE * np.sqrt(96 / n)  # E n⁸ - (E n⁴)² = 105 - 9
    assert distance(drawn, special.ndtr) < 2.7
    assert abs(np.mean(drawn[:, 1:] * drawn[:, :-1])) < FIVE / np.sqrt(n)  # neighbours know nothing of each other
    even = random_uniform(x, key=3, seed=5, step=2)
    assert even.min() > 0
    assert even.max() < 1
    assert distance(even, lambda v: v) < 2.7
    assert abs(np.mean((even[:, 1:] - 0.5) * (even[:, :-1] - 0.5))) < FIVE / 12 / np.sqrt(n)


@pytest.mark.parametrize("layer", CHANCE, ids=repr)
@pytest.mark.parametrize("dtype", EPS)
def test_all_engines_draw_the_same_and_two_threads_the_bits_of_one(layer, dtype, rng):
    x = rng.normal(size=(37, 20))
    expected = disturbed(layer, x, dtype=dtype)
    for engine in ("compiled", "plain"):
        one, two = (disturbed(layer, x, dtype=dtype, engine=engine, threads=threads) for threads in (1, 2))
        assert same_bits(one, two)
        assert_close(one, expected, dtype, "op", engine)
    for other in ({"seed": 2}, {"step": 2}):
        assert not np.array_equal(disturbed(layer, x, dtype=dtype, **other), expected)


@pytest.mark.parametrize("layer", [*CHANCE, Dropout(0.4)], ids=repr)
def test_in_use_nothing_is_drawn(layer, rng):
    x = rng.normal(size=(5, 8))
    used = disturbed(layer, x, training=False)
    assert same_bits(used, disturbed(layer, x, training=False, seed=9))
    middle = (1 / 8 + 1 / 3) / 2  # of RReLU's slopes
    np.testing.assert_allclose(used, np.where(x > 0, x, middle * x) if isinstance(layer, RReLU) else x)


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_alpha_dropout_keeps_mean_and_variance_and_drops_to_one_value(rate, rng):
    x = rng.normal(size=(400, 500))
    o = disturbed(AlphaDropout(rate), x)
    n = x.size
    assert abs(o.mean() - x.mean()) < FIVE / np.sqrt(n) * 2
    assert abs(o.var() - x.var()) < FIVE * np.sqrt(4 / n) * 2  # fourth moments of o are at most about 5
    values, counts = np.unique(o.round(9), return_counts=True)
    dropped = counts.max()
    assert abs(dropped / n - rate) < FIVE * np.sqrt(rate * (1 - rate) / n)
    lower = -1.7580993408473766
    a = ((1 - rate) * (1 + rate * lower**2)) ** -0.5
    assert values[counts.argmax()] == pytest.approx(a * lower * (1 - rate), abs=1e-8)
    kept = ~np.isclose(o, a * lower * (1 - rate))
    np.testing.assert_allclose(o[kept], a * x[kept] - a * lower * rate, atol=1e-12)


@pytest.mark.oracle
def test_alpha_dropout_has_pytorchs_moments():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    x = np.ones((400, 500))
    ours = disturbed(AlphaDropout(0.3), x)
    theirs = torch.nn.AlphaDropout(0.3).train()(torch.from_numpy(x)).numpy()
    # two values each, and the same two
    np.testing.assert_allclose(np.unique(ours.round(6)), np.unique(theirs.round(6)), atol=2e-6)
    share = [np.mean(v < 0) for v in (ours, theirs)]
    assert abs(share[0] - share[1]) < FIVE * np.sqrt(2 * 0.3 * 0.7 / x.size)


def test_gaussian_dropout_and_noise_have_the_stated_mean_and_variance():
    x = np.full((400, 500), 2.0)
    n = x.size
    for layer, variance in ((GaussianDropout(0.2), 4 * 0.25), (GaussianNoise(0.3), 0.09)):
        o = disturbed(layer, x)
        assert abs(o.mean() - 2) < FIVE * np.sqrt(variance / n)
        assert abs(o.var() / variance - 1) < FIVE * np.sqrt(2 / n)


def test_the_slopes_of_rrelu_lie_between_their_bounds_evenly():
    x = np.full((400, 500), -1.0)
    slopes = -disturbed(RReLU(0.1, 0.3), x)
    assert slopes.min() >= 0.1
    assert slopes.max() <= 0.3
    assert distance(slopes, lambda v: (v - 0.1) / 0.2) < 2.7
    assert (disturbed(RReLU(), -x) == 1).all()


@pytest.mark.oracle
def test_rrelu_in_use_is_pytorchs(rng):
    torch = pytest.importorskip("torch")
    x = rng.normal(size=(9, 7))
    np.testing.assert_allclose(
        disturbed(RReLU(), x, training=False), torch.nn.RReLU().eval()(torch.from_numpy(x)).numpy(), rtol=1e-14
    )


def test_a_layer_used_twice_draws_anew_and_a_rate_of_0_is_no_layer():
    x = Input(300)()
    shared = GaussianNoise(1.0)
    built = Network(x, shared(shared(x))).build(training=True)
    names = {n: built.graph.names[n] for n in ("gaussian_noise1.o", "gaussian_noise1#2.o")}
    run = Interpreter(lower(names))
    run.arena["x"] = np.zeros((1, 300))
    run.run()
    first, both = (run.arena[n].copy() for n in names)
    second = both - first
    assert abs(np.corrcoef(first[0], second[0])[0, 1]) < FIVE / np.sqrt(300)
    for layer in (GaussianNoise(0), GaussianDropout(0), AlphaDropout(0)):
        net = Network([Input(3), layer])
        built = net.build(training=True)
        assert built.output is built.inputs[0]


def test_a_nan_is_seen_through_every_one_of_them(rng):
    x = rng.normal(size=(6, 9))
    x[2, 3] = np.nan
    for layer in CHANCE:
        for engine in ENGINES:
            found = np.isnan(disturbed(layer, x, engine=engine, dtype="float32"))
            assert found[2, 3]
            assert found.sum() == 1


def test_a_network_with_noise_at_its_inputs_replays_to_the_bit(rng):
    x, t = rng.normal(size=(50, 4)), rng.normal(size=(50, 1))
    layers = [GaussianNoise(0.1), Dropout(0.1), Dense(8), RReLU(), GaussianDropout(0.1), Dense(8), Activation("silu"),
              AlphaDropout(0.1), Dense(1)]  # fmt: skip
    made = []
    for slices in ([10**9], [7] * 60):
        net = Network(layers)
        net.prepare(4, seed=1)
        fitting = Fitting(net, {"x": x, "t": t}, {}, Settings.of(epochs=9, batch_size=16, seed=4))
        for steps in slices:
            fitting.loop.run(steps)
        made.append(fitting.loop["θ"].copy())
    assert same_bits(*made)
