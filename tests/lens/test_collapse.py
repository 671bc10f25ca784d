"""Layers joined by identity units are one."""

from __future__ import annotations

import numpy as np
import pytest

import backlit
from backlit import Activation, Add, Dense, Dropout, Input, Network
from backlit.errors import BacklitError
from backlit.training import collapse


def prepared(layers, features=5, dtype="float32") -> Network:
    net = Network(layers)
    net.prepare(features, dtype=dtype)
    rng = np.random.default_rng(1)
    for name, value in net.values.items():
        if name.endswith("bias"):
            value[...] = rng.normal(size=value.shape)
    return net


def test_the_product_is_the_lecture_s(rng):
    net = prepared([Dense(7), Dense(6, "identity"), Dense(2)], dtype="float64")
    found = collapse(net)
    w1, w2, w3 = (net[f"dense{k}.weight"] for k in (1, 2, 3))
    b1, b2, b3 = (net[f"dense{k}.bias"] for k in (1, 2, 3))
    np.testing.assert_allclose(found.network["dense3.weight"], w3 @ w2 @ w1, rtol=1e-12)
    np.testing.assert_allclose(found.network["dense3.bias"], w3 @ (w2 @ b1 + b2) + b3, rtol=1e-12)
    assert found.chains[0].joined.rank == 2
    assert found.size == (net.size, 5 * 2 + 2)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("layers", "names", "left"),
    [
        ([Dense(8), Dense(3, "tanh"), Dense(2)], [("dense1", "dense2")], 2),
        ([Dense(8, "relu"), Dense(3), Dense(4, bias=False), Dense(2, "softmax")], [("dense2", "dense3", "dense4")], 2),
        ([Dense(8), Activation("identity"), Dense(2, "sigmoid")], [("dense1", "dense2")], 1),
        ([Dense(4), Dense(4, "tanh"), Dense(4), Dense(2)], [("dense1", "dense2"), ("dense3", "dense4")], 2),
        ([Dense(4, "tanh"), Dense(2)], [], 2),
        ([Dense(4), Dropout(0.5), Dense(2)], [("dense1", "dense2")], 1),
    ],
)
def test_the_network_with_fewer_layers_is_the_same_within_the_stated_rounding(layers, names, left, dtype, rng):
    net = prepared(layers, dtype=dtype)
    x = rng.normal(size=(100, 5)) * 10
    found = collapse(net, x)
    assert [c.joined.names for c in found.chains] == names
    assert all(c.within and c.allowed > 0 for c in found.chains)
    assert found.layers[1] == left
    scale = np.abs(net.predict(x)).max()
    assert found.difference == np.abs(net.predict(x) - found.network.predict(x)).max()
    assert found.difference <= 100 * np.finfo(dtype).eps * scale


def test_a_wrong_product_would_be_seen(rng):
    net = prepared([Dense(8), Dense(3)])
    chain = collapse(net).chains[0].joined
    x = rng.normal(size=(50, 5)).astype(np.float32)
    wrong = type(chain)(chain.names, chain.weight * np.float32(1.0001), chain.bias, chain.parts)
    assert (np.abs(chain.layered(x) - chain.at_once(x)) <= chain.allowed(x)).all()
    assert not (np.abs(wrong.layered(x) - wrong.at_once(x)) <= wrong.allowed(x)).all()


def test_a_layer_whose_output_goes_elsewhere_too_stays():
    x = Input(3)()
    one = Dense(3)(x)
    net = Network(x, Add()(one, Dense(3)(one)))
    net.prepare(3)
    assert collapse(net).chains == ()
    layer = Dense(3)
    x = Input(3)()
    twice = Network(x, layer(layer(x)))
    twice.prepare(3)
    assert collapse(twice).chains == ()


def test_in_a_branch_the_chain_is_joined_and_the_rest_stays(rng):
    x = Input(4)()
    net = Network(x, Add()(Dense(3)(Dense(6)(x)), Dense(3, "tanh")(x)))
    net.prepare(4)
    found = collapse(net)
    assert len(found.chains) == 1
    rows = rng.normal(size=(20, 4))
    np.testing.assert_allclose(net.predict(rows), found.network.predict(rows), rtol=1e-4, atol=1e-5)


def test_what_belongs_to_the_network_comes_along_and_it_is_saved(tmp_path):
    run = backlit.train("iris", hidden=[6, 4], activation="identity", epochs=5, progress="none", baselines=False)
    found = collapse(run.network)
    path = found.network.save(tmp_path / "fewer.safetensors")
    again = backlit.load(path)
    x = backlit.data.load("iris").x
    np.testing.assert_allclose(run.network.predict(x), again.predict(x), rtol=1e-4, atol=1e-6)
    assert again.loss == run.network.loss
    assert "dense1" in str(found)


def test_a_run_its_folder_and_its_file_will_do(tmp_path):
    run = backlit.train("iris", hidden=[6], activation="identity", epochs=2, progress="none", out=tmp_path)
    wanted = str(collapse(run.network))
    assert [str(collapse(what)) for what in (run, run.folder, run.folder / "model.safetensors")] == [wanted] * 3
    for wrong in (3.0, backlit.repeat("iris", seeds=2, epochs=1, progress="none", out=tmp_path).folder):
        with pytest.raises(BacklitError, match="BL374"):
            collapse(wrong)
