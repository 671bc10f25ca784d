"""200 random architectures in one process: nothing is compiled for them, and each trains within milliseconds.

A person drags a slider, and a network of another shape has to be training; compiled code can never be freed.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backlit.machine import unit
from backlit.nn import Activation, Add, Concatenate, Dense, Dropout, Input, Layer, Residual
from backlit.training import Network
from backlit.training.loop.fitting import Fitting
from backlit.training.loop.settings import Settings
from nn.nets import SOFTSIGN

ROWS, FEATURES = 200, 20
FUNCTIONS = ["relu", "tanh", "sigmoid", "silu", "leaky_relu", SOFTSIGN, "identity"]
MEDIAN = 0.005  # seconds from the description to the first step done, of this thread: others may be busy, too


def random_layers(rng: np.random.Generator) -> list[Layer]:
    """A chain of one to four hidden layers, two units or 64, with dropout and ways around."""
    layers: list[Layer] = []
    for _ in range(rng.integers(1, 5)):
        width = int(rng.integers(2, 65))
        layers.append(Dense(width, str(rng.choice(FUNCTIONS)), bias=bool(rng.random() < 0.9)))
        if rng.random() < 0.3:
            layers.append(Dropout(0.2))
        if rng.random() < 0.3:
            layers.append(Residual(Dense(width, str(rng.choice(FUNCTIONS)))))
    return layers


def random_settings(rng: np.random.Generator) -> dict[str, Any]:
    return {
        "optimizer": str(rng.choice(["adam", "sgd", "momentum"])),
        "learning_rate": 0.001,
        "batch_size": int(rng.integers(1, 65)),
        "epochs": 3,
        "seed": int(rng.integers(100)),
    }


def described(rng: np.random.Generator, classes: bool) -> Network:
    if rng.random() < 0.3:  # branches that join
        x = Input(FEATURES)()
        left, right = Dense(int(rng.integers(2, 33)), "relu")(x), Dense(6, "tanh")(x)
        joined = Add()(Activation("tanh")(right), Dense(6)(left)) if rng.random() < 0.5 else Concatenate()(left, right)
        return Network(x, Dense(3, "softmax" if classes else None)(joined))
    return Network([*random_layers(rng), Dense(3, "softmax" if classes else None)])


def table() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(ROWS, FEATURES)), np.eye(3)[rng.integers(0, 3, ROWS)]


def begin(rng: np.random.Generator, classes: bool, x: np.ndarray, t: np.ndarray) -> tuple[float, Network, Fitting]:
    """Describe a network, make its tapes and take a first step; the seconds of work that took."""
    settings = Settings.of(loss="cross_entropy" if classes else "squared_error", **random_settings(rng))
    state = rng.bit_generator.state
    described(rng, classes)  # drawing the description is not what is timed
    rng.bit_generator.state = state
    start = time.thread_time()
    net = described(rng, classes)
    net.prepare(FEATURES, seed=settings.seed)
    fitting = Fitting(net, {"x": x, "t": t}, {}, settings)
    assert fitting.loop.run(1) == 1
    return time.thread_time() - start, net, fitting


def two_hundred(seed: int = 0) -> list[float]:
    rng = np.random.default_rng(seed)
    seconds = []
    for number in range(200):
        took, net, fitting = begin(rng, bool(number % 2), *table())
        fitting.run()
        assert fitting.loop.stopped == "epochs"
        assert all(np.isfinite(v).all() for v in net.values.values())
        seconds.append(took)
    return seconds


@pytest.fixture(scope="module")
def kernels() -> None:
    """All of their kind have been met once: compiled, if the cache was cold, and loaded."""
    two_hundred(seed=1)


@pytest.mark.usefixtures("kernels")
def test_after_the_first_of_their_kind_two_hundred_architectures_compile_nothing():
    """Of their kind: the operations and the optimizers. Widths, depths and typed formulas are data."""
    before = len(unit.compiled)
    loaded = unit._kernel.cache_info().currsize
    two_hundred(seed=2)
    assert unit.compiled[before:] == []
    assert unit._kernel.cache_info().currsize == loaded  # not even a kernel more in memory


@pytest.mark.usefixtures("kernels")
def test_a_new_architecture_is_training_five_milliseconds_after_it_is_described():
    seconds = sorted(two_hundred(seed=3))
    print(f"\nmedian {seconds[100] * 1e3:.2f} ms, 90th percentile {seconds[180] * 1e3:.2f} ms")
    assert seconds[100] < MEDIAN


@pytest.mark.usefixtures("kernels")
def test_a_typed_activation_nobody_has_seen_compiles_nothing():
    before, rng = len(unit.compiled), np.random.default_rng(0)
    x, t = table()
    for _ in range(20):
        a, b = rng.integers(2, 99, 2)
        net = Network([Dense(5, f"u / ({a} + abs(u - {b} / 100))"), Dense(3, "softmax")])
        net.fit(x, t, loss="cross_entropy", epochs=1)
    assert unit.compiled[before:] == []


@pytest.mark.slow
@pytest.mark.usefixtures("kernels")
def test_a_fresh_process_with_a_warm_cache_compiles_nothing():
    text = "from training.test_architectures import two_hundred, unit; two_hundred(1); print(len(unit.compiled))"
    tests = Path(__file__).parents[1]
    found = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {[str(tests), str(tests.parent / 'src')]!r}; {text}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout.strip() == "0"
