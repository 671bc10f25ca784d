"""A step of a run, done again under the lens, is the step that the training did: the same bits afterwards."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import backlit
from backlit import BatchNorm, Dense, Dropout, Network
from backlit.errors import BacklitError
from backlit.optim import OPTIMIZERS
from tolerance import same_bits

RUNS = {
    "plain": {"optimizer": "sgd", "learning_rate": 0.1},
    "adam": {"optimizer": "adam", "schedule": "cosine", "warm_up": 1},
    "clipped": {"optimizer": "momentum", "learning_rate": 0.05, "clip_norm": 0.1, "l2": 0.01},
    "nadam": {"optimizer": "nadam"},
    "plateau": {"optimizer": "sgd", "learning_rate": 0.5, "schedule": "plateau(patience=1)"},
    "weighted": {"class_weight": {0: 1.0, 1: 2.0, 2: 3.0}, "label_smoothing": 0.1},
}


def rows(n=50):
    rng = np.random.default_rng(4)
    x = rng.normal(size=(n, 4))
    return x, (x[:, 0] > 0).astype(int) + (x[:, 1] > 0.5)


def network() -> Network:
    return Network([Dense(6, "tanh"), BatchNorm(), Dropout(0.3), Dense(3, "softmax")])


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("step", [1, 4, 18])
def test_after_the_step_stand_the_bits_of_the_training(name, step):
    x, t = rows()
    seen = {}

    def watch(fitting):
        seen[fitting.loop.step] = {n: fitting.loop[n].copy() for n in net.values}

    net = network()
    run = net.fit(x, t, epochs=8, batch_size=16, **RUNS[name], watch=watch)
    steps = len(x) // 16 + 1
    assert run.result["steps"] == 8 * steps
    trace = run.trace(step)
    assert trace.about["same_bits"]
    assert trace.ledger().closes
    assert trace.recording.rows == (2 if step % steps == 0 else 16)
    # the run itself, done by hand up to this step
    again = run.again()
    again.loop.run(step)
    for value in net.values:
        assert same_bits(trace.recording.after[value], np.asarray(again.loop[value])), value
    last = max(seen)
    again.loop.run(last - step)
    for value, known in seen[last].items():
        assert same_bits(known, np.asarray(again.loop[value]))


@pytest.mark.parametrize("name", [n for n in OPTIMIZERS if n not in ("lbfgs", "perceptron")])
def test_the_step_of_every_optimizer_closes(name):
    run = Network([Dense(5, "tanh"), Dense(3, "softmax")]).fit(*rows(), epochs=5, batch_size=25, optimizer=name)
    trace = run.trace(min(5, run.result["steps"]), top=100)
    assert trace.about["same_bits"]
    ledger = trace.ledger()
    assert ledger.closes
    assert all("w′" in line for block in ledger.stage(5) for line in block.lines)


def test_a_recorded_run_is_replayed_from_its_folder(tmp_path):
    run = backlit.train("iris", hidden=[5], epochs=4, out=tmp_path, progress="none")
    trace = backlit.trace(run.folder, step=7, row=2, top=3)
    assert trace.about["same_bits"]
    in_memory = run.trace(7, row=2, top=3)
    assert same_bits(trace.recording["dense1.u"], in_memory.recording["dense1.u"])
    assert trace.text() == in_memory.text()
    chain = trace.parameter("dense1.weight[0,0]")
    assert chain.closes
    assert chain.difference.error < 1e-3


def test_steps_after_a_resumption_and_none_that_was_not_done(tmp_path):
    run = backlit.train("iris", hidden=[5], epochs=4, patience=0, out=tmp_path, progress="none")
    steps = run.result["steps"]
    with pytest.raises(BacklitError) as caught:
        backlit.trace(run.folder, step=steps + 1)
    assert caught.value.code == "BL363"
    more = backlit.resume(run.folder, epochs=6, progress="none")
    trace = backlit.trace(more.folder, step=steps + 3)
    assert trace.about["same_bits"]
    last = backlit.trace(more.folder, step=more.result["steps"])
    for name, value in more.last.values.items():
        assert same_bits(last.recording.after[name], value), name


def test_a_run_that_was_stopped_by_the_clock_ends_where_it_ended():
    def stop(fitting):
        raise KeyboardInterrupt

    left = []
    with pytest.raises(KeyboardInterrupt):
        network().fit(*rows(), epochs=10_000, batch_size=16, watch=stop, left=left)
    run = left[0]
    assert run.trace(run.result["steps"]).about["same_bits"]
    with pytest.raises(BacklitError) as caught:
        run.trace(run.result["steps"] + 1)
    assert caught.value.code == "BL363"


def test_a_change_of_the_data_is_told(tmp_path):
    source = tmp_path / "rows.csv"
    x, t = rows()
    np.savetxt(source, np.column_stack([x, t]), delimiter=",", header="a,b,c,d,t", comments="")
    run = backlit.train(source, epochs=2, out=tmp_path / "runs", task="classification", progress="none")
    backlit.trace(run.folder, step=1)
    np.savetxt(source, np.column_stack([x + 1, t]), delimiter=",", header="a,b,c,d,t", comments="")
    with pytest.raises(BacklitError) as caught:
        backlit.trace(run.folder, step=1)
    assert caught.value.code == "BL509"


@pytest.mark.parametrize("step", [0, 33, True, "2"])
def test_a_step_that_was_not_done_is_told(step):
    run = network().fit(*rows(), epochs=2, batch_size=16)
    with pytest.raises(BacklitError) as caught:
        run.trace(step)
    assert caught.value.code == "BL363"


def test_lbfgs_has_no_steps_of_a_formula():
    run = Network([Dense(3, "tanh"), Dense(3, "softmax")]).fit(*rows(), epochs=2, optimizer="lbfgs")
    with pytest.raises(BacklitError) as caught:
        run.trace(1)
    assert caught.value.code == "BL343"


def test_a_run_is_pickled_without_its_rows():
    run = network().fit(*rows(), epochs=1)
    assert pickle.loads(pickle.dumps(run)).again is None


def test_a_perceptron_is_traced_with_the_derivative_that_it_learns_by():
    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    run = Network([Dense(1, "step")]).fit(
        x, np.array([0, 0, 0, 1]), optimizer="perceptron", epochs=3, loss="squared_error"
    )
    trace = run.trace(5)
    assert trace.about["same_bits"]
    assert trace.ledger().closes
