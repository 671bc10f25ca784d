"""Parameters by the names that PyTorch's nn.Sequential gives them, shown as (out_features, in_features)."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.errors import ParameterError, ShapeError
from backlit.nn import Activation, Concatenate, Dense, Dropout, Input, Residual
from backlit.training import Network, load

MIXED = [Dense(5, "relu"), Dropout(0.2), Dense(4), Activation("tanh"), Dense(3, bias=False), Dense(2, "softmax")]


def prepared(layers, features=3, dtype="float64") -> Network:
    net = Network(layers)
    net.prepare(features, dtype=dtype)
    return net


def test_activations_and_dropout_count_as_modules():
    assert prepared(MIXED).weights().keys() == {
        "0.weight", "0.bias", "3.weight", "3.bias", "5.weight", "6.weight", "6.bias",
    }  # fmt: skip


def test_an_input_layer_does_not_count():
    assert prepared([Input(3), Dense(2)]).weights().keys() == {"0.weight", "0.bias"}


def test_a_network_that_is_no_chain_of_modules_has_its_own_names():
    x = Input(3)()
    for net in (
        Network([Residual(Dense(3, "relu")), Dense(2)]),
        Network(x, Dense(2)(Concatenate()(x, Dense(3)(x)))),
    ):
        net.prepare(3)
        assert net.weights().keys() == {"dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias"}


def test_a_chain_of_links_has_the_keys_of_the_list():
    x = Input(3)()
    net = Network(x, Dense(2)(Dense(4, "relu")(x)))
    net.prepare(3)
    assert net.weights().keys() == {"0.weight", "0.bias", "2.weight", "2.bias"}


def test_weights_are_shown_as_out_by_in_and_kept_as_in_by_out():
    net = prepared([Dense(5, "relu"), Dense(2)])
    assert net["0.weight"].shape == (5, 3)
    assert net.values["dense1.weight"].shape == (3, 5)
    np.testing.assert_array_equal(net["0.weight"], net.values["dense1.weight"].T)


def test_the_display_name_and_the_key_are_the_same_parameter():
    net = prepared([Dense(5, "relu"), Dense(2)])
    net["dense2.weight"] = np.arange(10.0).reshape(2, 5)
    np.testing.assert_array_equal(net["2.weight"], np.arange(10.0).reshape(2, 5))
    np.testing.assert_array_equal(net.values["dense2.weight"], np.arange(10.0).reshape(2, 5).T)
    assert net.find("2.bias") == net.find("dense2.bias") == "dense2.bias"


def test_weights_are_copies_and_a_parameter_by_name_is_not():
    net = prepared([Dense(2)])
    net.weights()["0.bias"][:] = 7
    assert (net["0.bias"] == 0).all()
    net["0.bias"][:] = 7
    assert (net["0.bias"] == 7).all()


def test_an_unknown_parameter_is_told_with_the_nearest_ones():
    with pytest.raises(ParameterError) as caught:
        prepared([Dense(5, "relu"), Dense(2)])["2.wieght"]
    assert caught.value.code == "BL307"
    assert "2.weight" in caught.value.values["nearest"]


@pytest.mark.parametrize("value", [np.zeros((3, 5)), np.zeros(15), 1.0, "text", [["a"] * 3] * 5])
def test_a_parameter_takes_only_its_own_shape(value):
    net = prepared([Dense(5)])
    with pytest.raises(ShapeError) as caught:
        net["0.weight"] = value
    assert caught.value.code == "BL101"


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39])
def test_a_parameter_takes_only_numbers_that_are_finite_in_its_dtype(value):
    net = prepared([Dense(5)], dtype="float32")
    with pytest.raises(ShapeError) as caught:
        net["0.bias"] = [0, 0, value, 0, 0]
    assert caught.value.code == "BL105"
    assert (net["0.bias"] == 0).all()


# --- against PyTorch ------------------------------------------------------------------------------------------


def torch_twin(net: Network):
    """The equivalent nn.Sequential, made from PyTorch's own layers."""
    nn = pytest.importorskip("torch.nn")
    functions = {
        "relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "softmax": lambda: nn.Softmax(dim=1),
        "leaky_relu": nn.LeakyReLU, "silu": nn.SiLU, "identity": nn.Identity, "gelu": nn.GELU,
        "gelu_tanh": lambda: nn.GELU(approximate="tanh"),
    }  # fmt: skip
    modules, width = [], net.features[0]
    for layer in net.chain:
        if isinstance(layer, Dense):
            modules.append(nn.Linear(width, layer.units, bias=layer.bias))
            width = layer.units
            if layer.activation:
                modules.append(functions[layer.activation]())
        elif isinstance(layer, Dropout):
            modules.append(nn.Dropout(layer.rate))
        elif isinstance(layer, Activation):
            modules.append(functions[layer.function]())
    return nn.Sequential(*modules).eval()


CHAINS = [
    MIXED,
    [Dense(2)],
    [Dense(4, name, biases=("normal", 1.0)) for name in ("relu", "tanh", "sigmoid", "leaky_relu", "silu", "identity")],
    [Dense(4, name, biases=("normal", 2.0)) for name in ("gelu", "gelu_tanh")],
]


@pytest.mark.oracle
@pytest.mark.parametrize("layers", CHAINS)
def test_the_weights_load_into_the_equivalent_torch_module_and_give_the_same_outputs(layers, rng):
    torch = pytest.importorskip("torch")
    net = prepared(layers)
    twin = torch_twin(net).double()
    twin.load_state_dict({key: torch.from_numpy(value) for key, value in net.weights().items()}, strict=True)
    x = rng.normal(size=(7, 3))
    with torch.no_grad():
        np.testing.assert_allclose(net.predict(x), twin(torch.from_numpy(x)).numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.oracle
def test_torch_reads_the_saved_file_and_we_read_what_torch_trained(tmp_path, rng):
    torch = pytest.importorskip("torch")
    safetensors = pytest.importorskip("safetensors.torch")
    net = prepared(MIXED, dtype="float32")
    twin = torch_twin(net)
    twin.load_state_dict(safetensors.load_file(net.save(tmp_path / "model.safetensors")), strict=True)
    x = rng.normal(size=(7, 3)).astype(np.float32)
    with torch.no_grad():
        np.testing.assert_allclose(net.predict(x), twin(torch.from_numpy(x)).numpy(), rtol=1e-5, atol=1e-6)
        for parameter in twin.parameters():
            parameter.mul_(2)
        for key, value in twin.state_dict().items():
            net[key] = value.numpy()
        again = load(net.save(tmp_path / "model.safetensors"))
        np.testing.assert_allclose(again.predict(x), twin(torch.from_numpy(x)).numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.oracle
def test_the_derivative_of_a_whole_network_is_torchs(rng):
    torch = pytest.importorskip("torch")
    from nn.nets import fused

    net = prepared([layer for layer in MIXED if not isinstance(layer, Dropout)])
    twin = torch_twin(net).double()
    twin.load_state_dict({key: torch.from_numpy(value) for key, value in net.weights().items()})
    x, t = rng.normal(size=(7, 3)), rng.integers(0, 2, 7)
    logits = twin[:-1](torch.from_numpy(x))
    torch.nn.functional.cross_entropy(logits, torch.from_numpy(t)).backward()
    _, gradients = fused(net, {"x": x, "t": np.eye(2)[t]}, "cross_entropy")
    known = {key: p.grad.numpy() for key, p in twin.named_parameters()}
    for own, key in net.keys().items():
        found = gradients[own].T if own.endswith("weight") else gradients[own]
        np.testing.assert_allclose(found, known[key], rtol=1e-12, atol=1e-15)
