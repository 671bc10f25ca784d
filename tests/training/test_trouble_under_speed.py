"""NaN and infinity come through the compiled loop as it is used by default: one thread or two, small sizes or large."""

import numpy as np
import pytest

from backlit import Dense, Network
from backlit.errors import TrainingError
from backlit.training.loop.fitting import Fitting
from backlit.training.loop.settings import Settings

SIZES = {"small": (5, 8, 3, 16), "large": (96, 300, 10, 128)}  # features, units, classes, batch
threads = pytest.mark.parametrize("threads", [1, 2])
sizes = pytest.mark.parametrize("size", SIZES)


def fitting(size, threads, *, activation="relu", bad=None, rate=1e-3, fill=None):
    features, units, classes, batch = SIZES[size]
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4 * batch + batch // 2, features)) if fill is None else np.full((4 * batch, features), fill)
    if bad is not None:
        x[2 * batch + 3, 1] = bad  # in the third batch
    t = np.eye(classes)[rng.integers(0, classes, len(x))]
    net = Network([Dense(units, activation), Dense(classes, "softmax")])
    net.prepare(features)
    settings = Settings.of(
        loss="cross_entropy", batch_size=batch, epochs=4, shuffle=False, threads=threads, learning_rate=rate
    )
    return net, Fitting(net, {"x": x, "t": t}, {}, settings)


@threads
@sizes
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_row_that_is_not_finite_stops_the_run_at_its_step(size, threads, bad):
    net, made = fitting(size, threads, bad=bad)
    with pytest.raises(TrainingError) as told:
        made.run()
    assert told.value.code == "BL601"
    assert told.value.values["step"] == 3
    assert made.loop.threads == threads
    assert all(np.isfinite(v).all() for v in net.values.values())


@threads
@sizes
def test_an_overflow_stops_the_run(size, threads):
    net, made = fitting(size, threads, activation="exp(u)", rate=50.0)
    with pytest.raises(TrainingError) as told:
        made.run()
    assert told.value.code == "BL601"
    assert all(np.isfinite(v).all() for v in net.values.values())


@threads
@sizes
def test_the_logarithm_of_0_is_told_before_anything_is_learned(size, threads):
    _, made = fitting(size, threads, activation="log(abs(u))", fill=0.0)
    with pytest.raises(TrainingError) as told:
        made.run()
    assert told.value.code == "BL604"
    assert told.value.values["value"] == "dense1.o"
