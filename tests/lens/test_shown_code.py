"""`--show-code`: the lines are run and give the numbers of the ledger."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backlit import Dense, Dropout, Input, LayerNorm, Network
from backlit.errors import BacklitError
from backlit.nn import Activation

LAYERS: dict[str, Any] = {
    "worked": [Dense(2, "sigmoid"), Dense(2, "sigmoid")],
    "deep": [Dense(5, "silu"), Dense(4, bias=False), Activation("elu"), Dense(2)],
    "typed": [Dense(4, "sin(u) + u^2 / 9"), Dense(2, "leaky_relu(u, slope=0.2)")],
    "erf": [Dense(4, "gelu"), Dense(2)],
    "larger": [Dense(4, "hard_tanh"), Dense(2, "tanh")],
}
NAMES = {"u": "u{}", "o": "o{}", "δᵘ": "δu{}"}


def ran(trace) -> dict[str, Any]:
    """What the lines leave behind, without Backlit."""
    code = trace.code()
    assert "backlit" not in code
    found: dict[str, Any] = {}
    exec(compile(code, "shown", "exec"), found)
    return found


def compared(trace, layers: list[str], after: dict[str, str]) -> None:
    found = ran(trace)
    rows = slice(0, None) if trace.recording.rows > 1 else 0
    for number, layer in enumerate(layers, start=1):
        for symbol, name in NAMES.items():
            known = trace.recording[f"{layer}.{symbol}"][rows]
            np.testing.assert_allclose(
                found[name.format(number)], known, rtol=1e-10, atol=1e-13, err_msg=f"{layer}.{symbol}"
            )
    assert found["E"] == pytest.approx(float(trace.E), rel=1e-12)
    for name, key in after.items():
        np.testing.assert_allclose(found[name], trace.after[key], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("rows", [1, 5])
@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("loss", ["squared_error", "huber", "absolute_error"])
def test_the_lines_give_the_numbers_of_the_ledger(name, rows, loss, rng):
    net = Network(LAYERS[name])
    net.prepare(3, seed=1, dtype=np.float64)
    given = {"half": True, "reduction": "sum"} if loss == "squared_error" else {}
    trace = net.trace(rng.normal(size=(rows, 3)), rng.normal(size=(rows, 2)), loss=loss, learning_rate=0.3, **given)
    dense = [layer for layer in net.layers() if isinstance(layer, Dense)]
    after = {f"W{i}": f"{layer.name}.weight" for i, layer in enumerate(dense, start=1)}
    after |= {f"b{i}": f"{layer.name}.bias" for i, layer in enumerate(dense, start=1) if layer.bias}
    compared(trace, ["dense1"] if name == "deep" else [layer.name for layer in dense], after)


@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize(
    ("last", "loss"),
    [("softmax", "cross_entropy"), ("softmax", "squared_error"), ("sigmoid", "binary_cross_entropy"),
     (None, "binary_cross_entropy"), (None, "poisson")],
)  # fmt: skip
def test_losses_that_read_u_too(last, loss, rows, rng):
    net = Network([Dense(4, "tanh"), Dense(3, last)])
    net.prepare(2, seed=2, dtype=np.float64)
    t = np.eye(3)[rng.integers(0, 3, rows)]
    compared(net.trace(rng.normal(size=(rows, 2)), t, loss=loss), ["dense1", "dense2"], {"W1": "dense1.weight"})


def test_a_trained_float32_network_within_its_digits(rng):
    net = Network([Dense(6, "relu"), Dropout(0.3), Dense(3, "softmax")])
    x, t = rng.normal(size=(40, 4)), rng.integers(0, 3, 40)
    net.fit(x, t, epochs=5)
    trace = net.trace(x[:1], t[:1], training=False)
    found = ran(trace)
    for name, key in {"W1": "dense1.weight", "b2": "dense2.bias"}.items():
        np.testing.assert_allclose(found[name], trace.after[key], rtol=1e-5, atol=1e-6)


def test_many_weights_are_loaded_from_the_model(tmp_path, rng):
    net = Network([Dense(40, "relu"), Dense(20)])
    net.prepare(10)
    path = net.save(tmp_path / "model.safetensors")
    trace = net.trace(rng.normal(size=(1, 10)), rng.normal(size=(1, 20)), about={"model": str(path)})
    code = trace.code()
    assert len(code) < 3000
    found: dict[str, Any] = {}
    exec(compile(code, "shown", "exec"), found)
    np.testing.assert_allclose(found["W1"], trace.after["dense1.weight"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layer", [LayerNorm(), Dropout(0.5)], ids=["layer_norm", "dropout"])
def test_a_layer_without_lines_is_told(layer, rng):
    net = Network([Dense(3, "tanh"), layer, Dense(2)])
    net.prepare(2)
    with pytest.raises(BacklitError) as caught:
        net.trace(rng.normal(size=(1, 2)), rng.normal(size=(1, 2))).code()
    assert caught.value.code == "BL364"
    assert layer.name in str(caught.value)


def test_branches_and_penalties_are_told(rng):
    x = Input(2)()
    first = Dense(2)(x)
    from backlit import Add

    branched = Network(x, Dense(2)(Add()(first, Dense(2)(x))))
    branched.prepare(2)
    plain = Network([Dense(2)])
    plain.prepare(2)
    for net, given in ((branched, {}), (plain, {"l2": 0.1})):
        with pytest.raises(BacklitError) as caught:
            net.trace(rng.normal(size=(1, 2)), rng.normal(size=(1, 2)), **given).code()
        assert caught.value.code == "BL364"
