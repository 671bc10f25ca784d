"""The trained soft exponential on both sides of a = 0, and right beside it, against forty digits."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from backlit.nn import Dense, SoftExponential
from backlit.ops.trained import trained_soft_exponential
from backlit.training import Network
from backlit.training.looks.gradients import gradient_check
from tolerance import EPS

U = np.array([-3.0, -0.7, -1e-3, 0.0, 0.02, 1.0, 2.5])
A = np.array([0.3, 0.06, 1e-2, 1e-3, 1e-5, 1e-9, 1e-30, 0.0, -1e-30, -1e-9, -1e-5, -1e-3, -1e-2, -0.05, -0.3])


def exact(u, a):
    if a == 0:
        return u
    return (mp.exp(a * u) - 1) / a + a if a > 0 else -mp.log(1 - a * (u + a)) / a


def exact_by_u(u, a):
    return mp.diff(lambda at: exact(at, a), u)


def exact_by_a(u, a):
    if a == 0:
        return 1 + u * u / 2
    return mp.diff(lambda at: exact(u, at), a, h=abs(a) * mp.mpf(10) ** -30)


def computed(op, u, a):
    return op.compute([{"u": u, "a": a}[name] for name in op.inputs], {})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("a", A)
def test_values_and_both_derivatives_are_exact_near_and_far_from_zero(a, dtype):
    u, at = U.astype(dtype), np.full(len(U), a, dtype)
    if dtype == "float32":
        at = np.where(np.abs(at) < 1e-20, 0, at).astype(dtype)
    ops = [trained_soft_exponential, *(trained_soft_exponential.slope(i).op for i in (0, 1))]
    for op, number in zip(ops, (exact, exact_by_u, exact_by_a), strict=True):
        with mp.workdps(80):
            wanted = np.array([float(number(mp.mpf(float(x)), mp.mpf(float(y)))) for x, y in zip(u, at, strict=True)])
        found = computed(op, u, at)
        np.testing.assert_allclose(found, wanted, rtol=300 * EPS[dtype], atol=4 * EPS[dtype])


def test_a_nan_in_either_stays_one():
    slopes = [trained_soft_exponential.slope(i).op for i in (0, 1)]
    for u, a in [(np.nan, 0.3), (np.nan, 0.0), (np.nan, -0.3), (0.5, np.nan)]:
        for op in (trained_soft_exponential, *slopes):
            assert np.isnan(computed(op, np.array([u]), np.array([a]))).all(), (op, u, a)


@pytest.mark.parametrize("alpha", [-0.1, 0.0, 0.4])
def test_the_gradient_of_a_layer_is_that_of_differences(alpha, rng):
    net = Network([Dense(3), SoftExponential(alpha), Dense(1)])
    x = rng.normal(size=(8, 2))
    checks = gradient_check(net, x, x[:, :1])
    assert max(check.worst for check in checks) < (1e-6 if alpha else 1e-5)  # at 0 the second derivative jumps


def test_alpha_is_learned(rng):
    """exp is learned from a start as identity; a linear network could not."""
    u = rng.uniform(-1.5, 1.5, size=(200, 1))
    t = np.exp(u)
    net = Network([Dense(1), SoftExponential(), Dense(1)])
    run = net.fit(u, t, epochs=200, learning_rate=0.02, seed=0, batch_size=20)
    line = np.c_[u, np.ones(len(u))]
    least = np.mean((t - line @ np.linalg.lstsq(line, t, rcond=None)[0]) ** 2)
    assert run.history[-1]["train_loss"] < least / 8
    assert abs(net.values[next(n for n in net.values if n.endswith("alpha"))][0]) > 0.3  # either way up
