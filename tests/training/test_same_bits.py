"""The same seed gives the same bits: twice in a process, in two processes, in slices of any size."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import backlit
from backlit.nn import Dense, Dropout, Residual
from backlit.training import Network, Run
from backlit.training.loop import fitting
from backlit.training.loop.fitting import Fitting
from backlit.training.loop.settings import Settings

SOURCE = Path(backlit.__file__).parents[1]


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(103, 5)), rng.integers(0, 3, 103)


def trained(seed: int = 0, **settings) -> tuple[Network, Run]:
    net = Network(
        [
            Dense(16, "silu"),
            Dropout(0.3),
            Residual(Dense(16, "u / (1 + abs(u))")),
            Dense(8, "relu"),
            Dense(3, "softmax"),
        ]
    )
    x, t = data()
    held = (x[:23], t[:23])
    given = {"epochs": 20, "batch_size": 16, "patience": 15, **settings}
    return net, net.fit(x[23:], t[23:], validation=held, seed=seed, **given)


def digest(net: Network, run: Run) -> str:
    """The weights, the history and the predictions in one number."""
    total = hashlib.sha256()
    for key, value in net.weights().items():
        total.update(key.encode() + value.tobytes())
    total.update(repr(run.history).encode())
    total.update(net.predict(data()[0]).tobytes())
    return total.hexdigest()


every_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


@every_dtype
@pytest.mark.parametrize("engine", ["compiled", "interpreter"])
@pytest.mark.parametrize("optimizer", ["adam", "adamw", "momentum", "sgd", "gradient_descent"])
def test_twice_in_one_process(optimizer, engine, dtype):
    settings = {"optimizer": optimizer, "engine": engine, "dtype": dtype, "seed": 7, "epochs": 6}
    (one, first), (other, second) = trained(**settings), trained(**settings)
    for key, value in one.weights().items():
        assert (value == other[key]).all(), key
    assert first.history == second.history
    assert digest(one, first) == digest(other, second)


@pytest.mark.parametrize("threads", [1, 2])
def test_twice_with_a_given_number_of_threads(threads):
    assert digest(*trained(threads=threads)) == digest(*trained(threads=threads))


def test_another_seed_gives_other_weights_another_order_and_another_mask():
    assert digest(*trained(seed=1)) != digest(*trained(seed=2))


@every_dtype
def test_in_two_processes(dtype, tmp_path):
    text = f"from training.test_same_bits import digest, trained; print(digest(*trained(seed=5, dtype={dtype!r})))"
    places = os.pathsep.join([str(SOURCE), str(Path(__file__).parents[1])])
    found = subprocess.run(
        [sys.executable, "-c", text], env={**os.environ, "PYTHONPATH": places, "PYTHONHASHSEED": "123"}, cwd=tmp_path,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert found.stdout.strip() == digest(*trained(seed=5, dtype=dtype))


@pytest.mark.parametrize("seconds", [0, 0.0005, 10.0])
def test_in_slices_of_any_size(seconds, monkeypatch):
    known = digest(*trained())
    monkeypatch.setattr(fitting, "SLICE", seconds)
    assert digest(*trained()) == known


@pytest.mark.parametrize("at", [0, 1, 4, 5, 33, 61])
def test_resumed_from_a_snapshot_at_any_step(at):
    """Steps 5 and 33 are in the middle of an epoch of 7 steps, 61 after the best one perhaps."""
    x, t = data()
    rows = {"x": x, "t": np.eye(3)[t]}
    settings = Settings.of(loss="cross_entropy", epochs=10, batch_size=16, seed=2)

    def start() -> Fitting:
        net = Network([Dense(8, "tanh"), Dropout(0.2), Dense(3, "softmax")])
        net.prepare(5, seed=1)
        return Fitting(net, rows, {k: v[:30] for k, v in rows.items()}, settings)

    whole, forked = start(), start()
    whole.loop.run(10**9)
    forked.loop.run(at)
    snapshot = forked.loop.snapshot()
    forked.loop.run(17)  # somewhere else
    other = start()  # another run, as after --resume
    other.loop.restore(snapshot)
    forked.loop.restore(snapshot)
    for fit in (forked, other):
        fit.loop.run(10**9)
        fit.finish()
        whole.finish()
        assert fit.history() == whole.history()
        for name, value in whole.net.values.items():
            assert value.tobytes() == fit.net.values[name].tobytes()


def test_the_data_set_by_name_trains_to_the_same_bits():
    runs = [backlit.train("wine", seed=3, epochs=40, progress="none", baselines=False) for _ in range(2)]
    for key, value in runs[0].network.weights().items():
        assert (value == runs[1].network[key]).all()
    assert runs[0].result["test"] == runs[1].result["test"]


def test_watching_changes_nothing():
    def watch(fit):
        fit.best_network().predict(data()[0])
        fit.history()

    x, t = data()
    nets = [Network([Dense(8, "tanh"), Dense(3, "softmax")]) for _ in range(2)]
    for net, look in zip(nets, (None, watch), strict=True):
        net.fit(x, t, epochs=200, watch=look)
    for key, value in nets[0].weights().items():
        assert (value == nets[1][key]).all()
