"""AdamW, weights and biases: 50 steps against PyTorch's, against the formula in NumPy, and what sets it apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from backlit.nn import Dense
from backlit.optim import Optimizer, adam, adamw
from backlit.training import Network
from backlit.training.loop.fitting import Fitting
from backlit.training.loop.settings import Settings
from tolerance import same_bits

Array = np.ndarray[Any, Any]
STEPS = 50
X = np.array([[1.0, -2.0, 0.5], [0.0, 1.5, 1.0], [-1.0, 0.5, 2.0], [2.0, 1.0, -0.5]])
T = np.array([[1.0, 0.0], [0.5, -1.0], [-2.0, 1.5], [0.25, 3.0]])
WEIGHT = np.array([[0.5, -1.5, 2.0], [-0.25, 0.75, 1.0]])  # a row for each unit
BIAS = np.array([0.3, -0.6])
DEFAULTS: dict[str, float] = {}
STRONG = {"learning_rate": 0.1, "beta1": 0.8, "beta2": 0.99, "eps": 1e-3, "weight_decay": 0.5}
every_setting = pytest.mark.parametrize("settings", [DEFAULTS, STRONG], ids=["defaults", "strong"])

# Printed by PyTorch 2.13.0 in float64: torch.optim.AdamW(linear.parameters(), …) on mse_loss(linear(X), T), all
# parameters in one list; step → weight row by row, then bias.
PRINTED: dict[str, dict[int, list[float]]] = {
    "defaults": {
        1: [0.5009949999903615, -1.4989850000055558, 1.9989800000032587, -0.24899750000397022,
            0.7489925000102565, 0.9989900000087432, 0.2989970000057554, -0.5989940000150944],
        2: [0.5019899520150362, -1.497970028664418, 1.9979600317289428, -0.24799503880235843,
            0.7479850645655228, 0.997980044832867, 0.2979940253419094, -0.5979880297568009],
        10: [0.509944835322194, -1.4898527477939494, 1.9898031246342638, -0.23997901718703657,
            0.739932224170133, 0.9899047602140243, 0.2899723452304946, -0.5899428886447762],
        50: [0.5492916473384021, -1.4494773639539258, 1.9492627365397042, -0.2002232471188084,
            0.7002828626813069, 0.9499186603807926, 0.25003984598011497, -0.5499419836196939],
    },
    "strong": {
        1: [0.5749037072701011, -1.3250555247084952, 1.8000325759426663, -0.137539686476833,
            0.6126024590163933, 0.8500873553177549, 0.18505752085130855, -0.4701507159005275],
        2: [0.6448459354632106, -1.1598715221994171, 1.6109319624274958, -0.03175017755374787,
            0.4851605966265663, 0.7092890795444382, 0.07661183061461245, -0.34716869145536156],
        10: [0.9355292338451315, -0.23610559017012403, 0.5071828867049804, 0.513985911479148,
            0.13889782686381136, 0.029343419436588858, -0.5266189895618782, 0.3830977513857145],
        50: [0.5237394460993167, -0.17075936014074233, -0.1543933538383968, 0.48548787595563203,
            0.2520134735734679, -0.025324167742614433, -0.15613045893824276, 0.5360504421786563],
    },
}  # fmt: skip


def steps(rule: Optimizer, engine: str = "compiled", dtype: str = "float64") -> Iterator[tuple[Array, Array]]:
    net = Network([Dense(2)])
    net.prepare(3, dtype=dtype)
    net["0.weight"], net["0.bias"] = WEIGHT, BIAS
    given = Settings.of(dtype=dtype, batch_size=len(X), epochs=1000, shuffle=False, optimizer=rule, engine=engine)
    fitting = Fitting(net, {"x": X, "t": T}, {}, given)
    for _ in range(STEPS):
        assert fitting.loop.run(1) == 1
        yield fitting.loop["dense1.weight"].T.copy(), fitting.loop["dense1.bias"].copy()


def written_out(learning_rate=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01) -> Iterator[list[Array]]:
    """The same steps in NumPy, from the page of PyTorch's documentation."""
    parameters = [WEIGHT.copy(), BIAS.copy()]
    means, squares = [0.0, 0.0], [0.0, 0.0]
    for k in range(1, STEPS + 1):
        signal = 2 / T.size * (X @ parameters[0].T + parameters[1] - T)
        for i, g in enumerate((signal.T @ X, signal.sum(axis=0))):
            parameters[i] = parameters[i] - learning_rate * weight_decay * parameters[i]
            means[i] = beta1 * means[i] + (1 - beta1) * g
            squares[i] = beta2 * squares[i] + (1 - beta2) * g * g
            m, v = means[i] / (1 - beta1**k), squares[i] / (1 - beta2**k)
            parameters[i] = parameters[i] - learning_rate * m / (np.sqrt(v) + eps)
        yield parameters


def assert_same_steps(found: Iterator[Any], wanted: Iterator[Any], tolerance: float = 1e-12) -> None:
    for k, (ours, theirs) in enumerate(zip(found, wanted, strict=True), start=1):
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance / 10, err_msg=f"step {k}")


@pytest.mark.parametrize("engine", ["compiled", "plain", "interpreter"])
@every_setting
def test_fifty_steps_are_those_of_the_formula(settings, engine):
    assert_same_steps(steps(adamw(**settings), engine), written_out(**settings))


@every_setting
def test_float32_goes_the_same_way(settings):
    assert_same_steps(steps(adamw(**settings), dtype="float32"), written_out(**settings), 1e-4)


@every_setting
def test_some_steps_are_those_that_torch_printed(settings, request):
    printed = PRINTED[request.node.callspec.id]
    found = dict(enumerate(steps(adamw(**settings)), start=1))
    for k, numbers in printed.items():
        ours = np.concatenate([part.ravel() for part in found[k]])
        np.testing.assert_allclose(ours, numbers, rtol=1e-12, atol=1e-13, err_msg=f"step {k}")


def by_torch(settings: dict[str, float]) -> Iterator[list[Array]]:
    torch = pytest.importorskip("torch")
    linear = torch.nn.Linear(3, 2, dtype=torch.float64)
    linear.load_state_dict({"weight": torch.tensor(WEIGHT), "bias": torch.tensor(BIAS)})
    given = dict(settings)
    if given:
        given = {
            "lr": given["learning_rate"], "betas": (given["beta1"], given["beta2"]),
            "eps": given["eps"], "weight_decay": given["weight_decay"],
        }  # fmt: skip
    rule = torch.optim.AdamW(linear.parameters(), **given)
    for _ in range(STEPS):
        rule.zero_grad()
        torch.nn.functional.mse_loss(linear(torch.tensor(X)), torch.tensor(T)).backward()
        rule.step()
        yield [p.detach().numpy().copy() for p in linear.parameters()]


@pytest.mark.oracle
@every_setting
def test_fifty_steps_are_those_of_torch(settings):
    assert_same_steps(steps(adamw(**settings)), by_torch(settings))


def test_without_decay_it_is_adam_to_the_bit():
    pairs = zip(steps(adamw(weight_decay=0.0)), steps(adam()), strict=True)
    assert all(same_bits(one, other) for ours, theirs in pairs for one, other in zip(ours, theirs, strict=True))


def test_the_decay_is_a_share_of_every_weight_whatever_its_gradient():
    """Adam's first step is ε · sign(g) for every weight; what is left of the difference is ε λ w."""
    decayed, plain = next(steps(adamw(weight_decay=0.5))), next(steps(adam()))
    for one, other, before in zip(decayed, plain, (WEIGHT, BIAS), strict=True):
        np.testing.assert_allclose(other - one, 1e-3 * 0.5 * before, rtol=1e-9)


@pytest.mark.parametrize("decay", [-0.01, float("inf"), float("nan"), "little"])
def test_a_decay_out_of_range_is_told(decay):
    from backlit.errors import ParameterError

    with pytest.raises(ParameterError) as told:
        adamw(weight_decay=decay)
    assert (told.value.code, told.value.values["name"]) == ("BL305", "weight_decay")


def test_a_decay_may_be_large():
    assert adamw(weight_decay=5).settings["weight_decay"] == 5.0
