"""Signals, pace and learning: for each finding one training that is sick with it, and one that is not."""

from __future__ import annotations

import numpy as np
import pytest

from backlit import Dense, Dropout, Network
from backlit.doctor.checks.hidden import dead_units, saturated_units, vanishing
from backlit.doctor.checks.learning import cannot_learn_a_few, nothing_from_the_input, overfit
from backlit.doctor.checks.pace import (
    batch_size,
    oscillation,
    penalty_dominates,
    rate_too_high,
    rate_too_low,
    slope_of,
    too_few_steps,
)
from backlit.doctor.checks.signals import exploding, not_finite
from backlit.doctor.noise import noise_scale
from backlit.errors import BacklitError
from backlit.nn import initial
from backlit.training.clinic.patients import patient_of
from doctor.patients import SEED


def rows(count=200, columns=3, noise=0.0, seed=0):
    """A curve of three columns, standardised."""
    rng = np.random.default_rng(seed + 1000 * SEED)
    x = rng.normal(size=(count, columns))
    t = x[:, 0] + 0.5 * np.sin(2 * x[:, -1]) + noise * rng.normal(size=count)
    return x, (t - t.mean()) / t.std()


def patient(layers=None, x=None, t=None, **settings):
    if x is None:
        x, t = rows()
    net, left = Network(layers or [Dense(16, "tanh"), Dense(1)]), []
    usual = {"optimizer": "adam", "learning_rate": 0.01, "epochs": 60, "batch_size": 32, "patience": 0, "seed": SEED}
    try:
        net.fit(x, t, left=left, **{**usual, **settings})
    except BacklitError:
        if not left:
            raise
    found = patient_of(left[0])
    found.replay = 5.0
    return found


def deep(activation, weights=None, depth=5):
    return [*(Dense(12, activation, weights=weights) for _ in range(depth)), Dense(1)]


def shut():
    """A layer that no row makes fire: the output is the same for all."""
    return [Dense(4, "relu", biases=initial.constant(-50.0)), Dense(1)]


# code: (the check, a sick training, a healthy one)
EXAMPLES = {
    "DR301": (vanishing, lambda: patient(deep("sigmoid"), epochs=5), lambda: patient(deep("relu"), epochs=5)),
    "DR302 layers": (
        exploding,
        lambda: patient(deep("relu", initial.normal(4.0)), epochs=5, learning_rate=1e-6),
        lambda: patient(deep("relu"), epochs=5),
    ),
    "DR302 steps": (
        exploding,
        lambda: patient([Dense(1)], optimizer="sgd", learning_rate=1.5, epochs=20),
        lambda: patient([Dense(1)], optimizer="sgd", learning_rate=0.1, epochs=20),
    ),
    "DR303": (
        dead_units,
        lambda: patient(shut(), epochs=3),
        lambda: patient([Dense(8, "relu"), Dense(1)]),
    ),
    "DR304": (
        saturated_units,
        lambda: patient([Dense(8, "tanh", weights=initial.normal(100.0)), Dense(1)], epochs=3),
        lambda: patient([Dense(8, "tanh"), Dense(1)]),
    ),
    "DR305 forward": (
        not_finite,
        lambda: patient([Dense(1)], optimizer="sgd", learning_rate=1e4),
        lambda: patient(),
    ),
    "DR401": (
        rate_too_high,
        lambda: patient(optimizer="sgd", learning_rate=3.0),
        lambda: patient(optimizer="sgd", learning_rate=0.05),
    ),
    "DR401 steep": (
        rate_too_high,
        lambda: patient([Dense(1)], optimizer="sgd", learning_rate=1e30),
        lambda: patient(optimizer="sgd", learning_rate=0.05),
    ),
    "DR402": (
        rate_too_low,
        lambda: patient([Dense(1)], optimizer="sgd", learning_rate=1e-5),
        lambda: patient([Dense(1)], optimizer="gradient_descent", learning_rate=0.2),
    ),
    "DR403 slope": (
        too_few_steps,
        lambda: patient([Dense(1)], optimizer="sgd", learning_rate=1e-4, epochs=20),
        lambda: patient([Dense(1)], *rows(noise=1.0), optimizer="sgd", learning_rate=0.05, epochs=200),
    ),
    "DR403 few": (
        too_few_steps,
        lambda: patient(epochs=2, learning_rate=0.001),
        lambda: patient(epochs=200, patience=5),
    ),
    "DR404 few": (
        batch_size,
        lambda: patient(batch_size=200, epochs=10),
        lambda: patient(batch_size=32),
    ),
    "DR404 noise": (batch_size, lambda: patient(batch_size=1, epochs=2), lambda: patient(batch_size=32)),
    "DR405": (
        oscillation,
        lambda: patient([Dense(1)], optimizer="gradient_descent", learning_rate=0.95, epochs=30),
        lambda: patient([Dense(1)], optimizer="gradient_descent", learning_rate=0.05, epochs=30),
    ),
    "DR501": (
        overfit,
        lambda: by_heart(40, noise=1.0, columns=20),
        lambda: by_heart(400, noise=0.0, columns=3),
    ),
    "DR502": (penalty_dominates, lambda: patient(l2=1.0), lambda: patient()),
    "DR502 dropout": (
        penalty_dominates,
        lambda: patient([Dense(8, "relu"), Dropout(0.95), Dense(1)]),
        lambda: patient([Dense(8, "relu"), Dense(1)]),
    ),
    "DR503": (nothing_from_the_input, lambda: patient(shut(), epochs=3), lambda: patient()),
    "DR504": (
        cannot_learn_a_few,
        lambda: patient([Dense(4, "relu"), Dense(1, "sigmoid")], rows()[0], 50 + rows()[1], epochs=5),
        lambda: patient(epochs=1, learning_rate=1e-3, optimizer="momentum"),
    ),
}  # fmt: skip


def by_heart(count, noise, columns):
    """Some rows to train on, and others like them held out."""
    x, t = rows(count, columns, noise)
    half = count // 2
    layers = [Dense(64, "relu"), Dense(1)]
    return patient(layers, x[:half], t[:half], validation=(x[half:], t[half:]), epochs=150)


def test_the_chance_of_dead_units_is_that_of_other_first_weights():
    """One ReLU unit of one input that is never negative is dead when its weight is: half of the draws."""
    x = np.linspace(0.1, 1, 50)[:, None]
    for seed in range(20):
        sick = patient([Dense(1, "relu"), Dense(1)], x, x[:, 0], epochs=1, seed=seed)
        if found := list(dead_units(sick)):
            break
    facts = found[0].facts
    assert facts["draws"] == 50
    assert facts["low"] < 0.5 < facts["high"]
    assert facts["chance"] == facts["bad"] / 50


def test_oscillation_is_seen_by_the_angle_between_steps():
    sick = EXAMPLES["DR405"][1]()
    turns = [look.turn for look in sick.course if look.turn == look.turn]
    assert len(turns) > 5
    assert np.median(turns) < -0.9


def test_the_slope_of_a_line_with_noise():
    rng = np.random.default_rng(0)
    slopes = np.array([slope_of(2 - 0.5 * np.arange(10) + rng.normal(size=10)) for _ in range(2000)])
    assert slopes[:, 0].mean() == pytest.approx(-0.5, abs=0.02)
    assert slopes[:, 1].mean() == pytest.approx(slopes[:, 0].std(), rel=0.1)


def test_the_noise_scale_is_that_of_the_gradients_of_single_rows():
    """Of one weight: tr Σ / |G|² is the variance of 2 (o - t) x over the square of its mean."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(4000, 1))
    t = x[:, 0] + rng.normal(size=4000)
    made = patient([Dense(1, weights=initial.constant(0.0), bias=False)], x, t, optimizer="sgd", learning_rate=1e-9,
                   batch_size=200, epochs=1)  # fmt: skip
    single = 2 * (0 - t) * x[:, 0]
    assert noise_scale(made) == pytest.approx(single.var() / single.mean() ** 2, rel=0.7)
    few = patient([Dense(1, weights=initial.constant(1.0), bias=False)], x, t, optimizer="sgd", learning_rate=1e-9,
                  batch_size=200, epochs=1)  # fmt: skip
    assert noise_scale(few) > 20 * single.var() / single.mean() ** 2, "at the minimum it is all noise"


def test_the_step_by_which_units_died_is_told():
    x = np.random.default_rng(1).uniform(0, 1, size=(300, 3))
    t = np.sin(4 * x[:, 0]) + x[:, 1]
    killed = patient([Dense(8, "relu"), Dense(1)], x, t, optimizer="sgd", learning_rate=1.0, epochs=5)
    (found,) = list(dead_units(killed))
    assert found.facts["born"] < found.facts["dead"] == 8
    assert 1 < found.facts["died"] < 10
    assert killed.course[1].units["dense1"]["f′=0"].min() < 1
