"""A trained network in use: pickled, looked at, changed by hand, trained beside others."""

from __future__ import annotations

import pickle
import threading

import numpy as np
import pytest

import backlit
from backlit.errors import ShapeError
from backlit.nn import Dense, PReLU, SReLU
from backlit.training import Network


@pytest.fixture
def fitted(rng):
    x = rng.normal(size=(20, 2))
    net = Network([Dense(3, "tanh"), Dense(1)])
    net.fit(x, x[:, 0], epochs=3)
    return net, x


def test_a_network_can_be_pickled_after_it_has_predicted(fitted):
    net, x = fitted
    expected = net.predict(x)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(net)).predict(x), expected)


def test_a_view_of_a_weight_stays_true_when_training_goes_on(fitted):
    net, x = fitted
    view = net["dense1.weight"]
    before = view.copy()
    net.fit(x, x[:, 0], epochs=3)
    assert not np.array_equal(view, before)
    np.testing.assert_array_equal(view, net["dense1.weight"])


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_a_weight_that_is_not_finite_is_refused(fitted, value):
    net, x = fitted
    before = net.predict(x)
    with pytest.raises(ShapeError) as told:
        net["0.weight"] = np.full((3, 2), value)
    assert told.value.code == "BL105"
    np.testing.assert_array_equal(net.predict(x), before)


def test_trainings_side_by_side_give_the_bits_they_give_alone():
    def run(seed):
        given = {"seed": seed, "epochs": 5, "threads": 1 + seed % 2, "progress": "none", "baselines": False}
        return backlit.train("iris", **given).network.values

    alone = [run(seed) for seed in range(4)]
    together: dict[int, object] = {}
    threads = [threading.Thread(target=lambda s=seed: together.update({s: run(s)})) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, values in enumerate(alone):
        assert all(np.array_equal(together[seed][n], v) for n, v in values.items())


def test_a_network_with_activations_that_are_trained_is_kept_and_shown(tmp_path):
    layers = [Dense(8), PReLU(), Dense(4), SReLU(), Dense(3, "softmax")]
    run = backlit.train("iris", layers=layers, epochs=3, progress="lines", out=tmp_path)
    known = backlit.load(run.folder / "model.safetensors")
    assert [row.get("activation") for row in known.summary()][1:] == [None, None, None, None, "softmax"]
    assert "PReLU" in (run.folder / "report.html").read_text("utf-8")
    assert "PReLU" in repr(run.network.summary())


def test_a_network_that_has_seen_no_data_gives_its_layers_to_a_training():
    net = Network([Dense(8, "tanh", name="first"), Dense(3, "softmax")])
    run = backlit.train("iris", layers=net, epochs=3, progress="none")
    assert [layer.name for layer in run.network.layers()][1:] == ["first", "dense1"]
    same = backlit.train(
        "iris", layers=[Dense(8, "tanh", name="first"), Dense(3, "softmax")], epochs=3, progress="none"
    )
    assert run.history == same.history
    assert not net.values, "the network that was given stays as it was"


def test_a_network_whose_layers_were_changed_predicts_as_it_is_now(rng):
    x, t = rng.normal(size=(20, 3)), rng.normal(size=20)
    net = Network([Dense(4, "tanh"), Dense(1)])
    net.fit(x, t, epochs=2, dtype="float64")
    before = net.predict(x)
    net.chain[0].activation = "relu"
    values = net.values
    hidden = np.maximum(x @ values["dense1.weight"] + values["dense1.bias"], 0)
    np.testing.assert_allclose(net.predict(x), hidden @ values["dense2.weight"] + values["dense2.bias"], rtol=1e-9)
    net.chain[0].activation = "tanh"
    assert net.predict(x).tobytes() == before.tobytes()
