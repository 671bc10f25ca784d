"""Every update rule, step by step, against its formula in NumPy and against PyTorch's optimizer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from backlit.nn import Dense
from backlit.ops import formula as fm
from backlit.ops.random import permutation
from backlit.optim import OPTIMIZERS, optimizer_named
from backlit.training import Network
from backlit.training.loop.fitting import Fitting
from backlit.training.loop.settings import Settings
from optim.test_adamw import steps

STEPS, ROWS = 20, 6
Array = np.ndarray[Any, Any]

# name, settings, PyTorch's class and its settings
CASES = [
    ("gradient_descent", {"learning_rate": 0.3}, "SGD", {"lr": 0.3}),
    ("sgd", {"learning_rate": 0.07}, "SGD", {"lr": 0.07}),
    ("momentum", {"learning_rate": 0.05, "momentum": 0.9}, "SGD", {"lr": 0.05, "momentum": 0.9}),
    ("momentum", {"learning_rate": 0.1, "momentum": 0.0}, "SGD", {"lr": 0.1}),
    ("adam", {"learning_rate": 0.1}, "Adam", {"lr": 0.1}),
    (
        "adam",
        {"learning_rate": 0.02, "beta1": 0.5, "beta2": 0.9, "eps": 0.01},
        "Adam",
        {"lr": 0.02, "betas": (0.5, 0.9), "eps": 0.01},
    ),
    ("adamw", {"learning_rate": 0.05, "weight_decay": 0.3}, "AdamW", {"lr": 0.05, "weight_decay": 0.3}),
    ("nesterov", {"learning_rate": 0.05}, "SGD", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    (
        "nesterov",
        {"learning_rate": 0.1, "momentum": 0.5, "weight_decay": 0.2},
        "SGD",
        {"lr": 0.1, "momentum": 0.5, "nesterov": True, "weight_decay": 0.2},
    ),
    ("adagrad", {}, "Adagrad", {}),
    (
        "adagrad",
        {"learning_rate": 0.3, "lr_decay": 0.1, "eps": 0.01},
        "Adagrad",
        {"lr": 0.3, "lr_decay": 0.1, "eps": 0.01},
    ),
    ("adadelta", {}, "Adadelta", {}),
    ("adadelta", {"learning_rate": 2.0, "rho": 0.5, "eps": 0.01}, "Adadelta", {"lr": 2.0, "rho": 0.5, "eps": 0.01}),
    ("rmsprop", {}, "RMSprop", {}),
    ("rmsprop", {"learning_rate": 0.1, "alpha": 0.8, "eps": 0.01}, "RMSprop", {"lr": 0.1, "alpha": 0.8, "eps": 0.01}),
    ("momentum", {"learning_rate": 0.1, "dampening": 0.4}, "SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.4}),
    ("adagrad", {"initial_accumulator_value": 0.1}, "Adagrad", {"initial_accumulator_value": 0.1}),
    (
        "adagrad",
        {"learning_rate": 0.2, "lr_decay": 0.3, "initial_accumulator_value": 2.0, "weight_decay": 0.1},
        "Adagrad",
        {"lr": 0.2, "lr_decay": 0.3, "initial_accumulator_value": 2.0, "weight_decay": 0.1},
    ),
    ("rmsprop", {"momentum": 0.9}, "RMSprop", {"momentum": 0.9}),
    ("rmsprop", {"centered": True}, "RMSprop", {"centered": True}),
    (
        "rmsprop",
        {"learning_rate": 0.02, "alpha": 0.8, "momentum": 0.5, "centered": True, "weight_decay": 0.1},
        "RMSprop",
        {"lr": 0.02, "alpha": 0.8, "momentum": 0.5, "centered": True, "weight_decay": 0.1},
    ),
    (
        "adam",
        {"learning_rate": 0.2, "beta2": 0.5, "amsgrad": True, "weight_decay": 0.1},
        "Adam",
        {"lr": 0.2, "betas": (0.9, 0.5), "amsgrad": True, "weight_decay": 0.1},
    ),
    (
        "adamw",
        {"learning_rate": 0.2, "beta2": 0.5, "amsgrad": True},
        "AdamW",
        {"lr": 0.2, "betas": (0.9, 0.5), "amsgrad": True},
    ),
    ("nadam", {}, "NAdam", {}),
    (
        "nadam",
        {"learning_rate": 0.1, "beta1": 0.7, "beta2": 0.9, "eps": 0.01, "momentum_decay": 0.5},
        "NAdam",
        {"lr": 0.1, "betas": (0.7, 0.9), "eps": 0.01, "momentum_decay": 0.5},
    ),
    ("radam", {}, "RAdam", {}),
    (
        "radam",
        {"learning_rate": 0.1, "beta1": 0.7, "beta2": 0.9, "eps": 0.01},
        "RAdam",
        {"lr": 0.1, "betas": (0.7, 0.9), "eps": 0.01},
    ),
    ("lion", {"learning_rate": 0.05}, None, None),
    ("lion", {"learning_rate": 0.05, "beta1": 0.8, "beta2": 0.9, "weight_decay": 0.3}, None, None),
]
# Weight decay in the gradient: λ of PyTorch's optimizer of the same name.
CASES += [
    (name, {"learning_rate": 0.05, "weight_decay": 0.3}, cls, {"lr": 0.05, "weight_decay": 0.3, **more})
    for name, cls, more in [
        ("gradient_descent", "SGD", {}), ("sgd", "SGD", {}), ("momentum", "SGD", {"momentum": 0.9}),
        ("adagrad", "Adagrad", {}), ("adadelta", "Adadelta", {}), ("rmsprop", "RMSprop", {}), ("adam", "Adam", {}),
        ("nadam", "NAdam", {}), ("radam", "RAdam", {}),
    ]
]  # fmt: skip
# λ apart from the gradient, where a switch asks for it.
CASES += [
    (
        name,
        {"learning_rate": 0.05, "weight_decay": 0.3, "decoupled_weight_decay": True},
        cls,
        {"lr": 0.05, "weight_decay": 0.3, "decoupled_weight_decay": True},
    )
    for name, cls in [("nadam", "NAdam"), ("radam", "RAdam")]
]
every_case = pytest.mark.parametrize(("name", "settings", "cls", "theirs"), CASES)


def data() -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(ROWS, 3)), rng.normal(size=(ROWS, 2))


def slope(x: Array, t: Array, w: Array) -> Array:
    """The gradient of the mean of (x wᵀ - t)² by w, which is (out, in)."""
    return (2 / t.size) * (x @ w.T - t).T @ x


def start(batch: int = ROWS, **settings: Any) -> tuple[Network, Fitting]:
    net = Network([Dense(2, bias=False)])
    net.prepare(3, seed=1, dtype="float64")
    x, t = data()
    given = Settings.of(dtype="float64", batch_size=batch, epochs=1000, **settings)
    return net, Fitting(net, {"x": x, "t": t}, {}, given)


def sequence(fitting: Fitting) -> Iterator[Array]:
    for _ in range(STEPS):
        assert fitting.loop.run(1) == 1
        yield fitting.loop["dense1.weight"].T.copy()


# --- the formulas, written out --------------------------------------------------------------------------------


def plain(w: Array, g: Array, k: int, kept: dict[str, Array], learning_rate: float) -> Array:
    return w - learning_rate * g


def heavy(
    w: Array, g: Array, k: int, kept: dict[str, Array], learning_rate: float, momentum: float = 0.9, dampening=0.0
) -> Array:
    kept["v"] = momentum * kept["v"] + (1 - dampening) * g if "v" in kept else g
    return w - learning_rate * kept["v"]


def adam(
    w: Array, g: Array, k: int, kept: dict[str, Array],
    learning_rate: float, beta1=0.9, beta2=0.999, eps=1e-8, amsgrad=False,
) -> Array:  # fmt: skip
    kept["m"] = beta1 * kept.get("m", 0) + (1 - beta1) * g
    kept["v"] = beta2 * kept.get("v", 0) + (1 - beta2) * g**2
    kept["top"] = np.maximum(kept.get("top", 0), kept["v"])
    m, v = kept["m"] / (1 - beta1**k), kept["top" if amsgrad else "v"] / (1 - beta2**k)
    return w - learning_rate * m / (np.sqrt(v) + eps)


def adamw(
    w: Array, g: Array, k: int, kept: dict[str, Array], learning_rate: float, weight_decay=0.01, **more: float
) -> Array:
    return adam(w, g, k, kept, learning_rate, **more) - learning_rate * weight_decay * w


def nesterov(w: Array, g: Array, k: int, kept: dict[str, Array], learning_rate: float, momentum: float = 0.9) -> Array:
    kept["v"] = momentum * kept.get("v", 0) + g
    return w - learning_rate * (g + momentum * kept["v"])


def adagrad(
    w: Array, g: Array, k: int, kept: dict[str, Array],
    learning_rate: float = 0.01, lr_decay=0.0, initial_accumulator_value=0.0, eps=1e-10,
) -> Array:  # fmt: skip
    kept["v"] = kept.get("v", initial_accumulator_value) + g**2
    return w - learning_rate / (1 + (k - 1) * lr_decay) * g / (np.sqrt(kept["v"]) + eps)


def adadelta(
    w: Array, g: Array, k: int, kept: dict[str, Array], learning_rate: float = 1.0, rho=0.9, eps=1e-6
) -> Array:
    kept["v"] = rho * kept.get("v", 0) + (1 - rho) * g**2
    d = np.sqrt(kept.get("u", 0) + eps) / np.sqrt(kept["v"] + eps) * g
    kept["u"] = rho * kept.get("u", 0) + (1 - rho) * d**2
    return w - learning_rate * d


def rmsprop(
    w: Array, g: Array, k: int, kept: dict[str, Array],
    learning_rate: float = 0.01, alpha=0.99, eps=1e-8, momentum=0.0, centered=False,
) -> Array:  # fmt: skip
    kept["v"] = alpha * kept.get("v", 0) + (1 - alpha) * g**2
    kept["m"] = alpha * kept.get("m", 0) + (1 - alpha) * g
    size = np.sqrt(kept["v"] - (kept["m"] ** 2 if centered else 0)) + eps
    kept["b"] = momentum * kept.get("b", 0) + g / size
    return w - learning_rate * kept["b"]


def nadam(
    w: Array, g: Array, k: int, kept: dict[str, Array],
    learning_rate: float = 0.002, beta1=0.9, beta2=0.999, eps=1e-8, momentum_decay=0.004,
) -> Array:  # fmt: skip
    now, next_ = (beta1 * (1 - 0.5 * 0.96 ** (i * momentum_decay)) for i in (k, k + 1))
    kept["m"] = beta1 * kept.get("m", 0) + (1 - beta1) * g
    kept["v"] = beta2 * kept.get("v", 0) + (1 - beta2) * g**2
    kept["product"] = kept.get("product", 1) * now
    root = np.sqrt(kept["v"] / (1 - beta2**k)) + eps
    w = w - learning_rate * (1 - now) / (1 - kept["product"]) * g / root
    return w - learning_rate * next_ / (1 - kept["product"] * next_) * kept["m"] / root


def radam(
    w: Array, g: Array, k: int, kept: dict[str, Array], learning_rate: float = 0.001, beta1=0.9, beta2=0.999, eps=1e-8
) -> Array:
    kept["m"] = beta1 * kept.get("m", 0) + (1 - beta1) * g
    kept["v"] = beta2 * kept.get("v", 0) + (1 - beta2) * g**2
    m, most = kept["m"] / (1 - beta1**k), 2 / (1 - beta2) - 1
    length = most - 2 * k * beta2**k / (1 - beta2**k)
    if length <= 5:
        return w - learning_rate * m
    r = np.sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length))
    return w - learning_rate * m * r * np.sqrt(1 - beta2**k) / (np.sqrt(kept["v"]) + eps)


def lion(
    w: Array, g: Array, k: int, kept: dict[str, Array], learning_rate: float, beta1=0.9, beta2=0.99, weight_decay=0.0
) -> Array:
    m = kept.get("m", np.zeros_like(w))
    kept["m"] = beta2 * m + (1 - beta2) * g
    return w - learning_rate * (np.sign(beta1 * m + (1 - beta1) * g) + weight_decay * w)


FORMULAS: dict[str, Callable[..., Array]] = {
    "gradient_descent": plain, "sgd": plain, "momentum": heavy, "nesterov": nesterov, "adagrad": adagrad,
    "adadelta": adadelta, "rmsprop": rmsprop, "adam": adam, "adamw": adamw, "nadam": nadam, "radam": radam,
    "lion": lion,
}  # fmt: skip
ELSEWHERE = {"perceptron", "lbfgs"}  # test_perceptron.py, test_lbfgs.py
DECOUPLED = {"adamw", "lion"}


def step_of(name: str, w: Array, g: Array, k: int, kept: dict[str, Array], **settings: float) -> Array:
    """The formula's step; weight decay that is not decoupled is added to the gradient."""
    if name in DECOUPLED:
        return FORMULAS[name](w, g, k, kept, **settings)
    decay = settings.pop("weight_decay", 0.0)
    if settings.pop("decoupled_weight_decay", False):
        return FORMULAS[name](w, g, k, kept, **settings) - settings["learning_rate"] * decay * w
    return FORMULAS[name](w, g + decay * w, k, kept, **settings)


def test_every_optimizer_is_among_the_cases():
    assert {name for name, *_ in CASES} == set(OPTIMIZERS) - ELSEWHERE == set(FORMULAS)


def test_every_weight_decay_is_among_the_cases():
    have = {name for name in OPTIMIZERS if "weight_decay" in optimizer_named(name).settings}
    assert {name for name, settings, *_ in CASES if settings.get("weight_decay")} == have


def test_every_switch_and_optional_setting_is_among_the_cases():
    used = {(name, setting) for name, settings, *_ in CASES for setting, value in settings.items() if value}
    there = {(name, s) for name in FORMULAS for s, value in optimizer_named(name).settings.items() if value == 0}
    assert there <= used


def test_what_is_left_out_costs_no_memory():
    assert [optimizer_named(n).update.state for n in ("adam", "rmsprop")] == [("m", "v"), ("v",)]
    assert optimizer_named("adam", amsgrad=True).update.state == ("m", "v", "top")
    assert optimizer_named("rmsprop", momentum=0.5).update.state == ("v", "b")
    assert "dampening" not in optimizer_named("momentum").update.scalars


@pytest.mark.parametrize(("alpha", "g"), [(0.5, 7.7), (0.9, 0.1)])
def test_centered_rmsprop_outlives_a_gradient_that_stays_as_it_is(alpha, g):
    """v - m² comes out below 0 by rounding, and its root is NaN in PyTorch."""
    update = optimizer_named("rmsprop", centered=True, alpha=alpha).update
    values = dict.fromkeys("wgvm", np.float32(0)) | {n: np.float32(v) for n, v in update.scalars.items()}
    values["g"], below = np.float32(g), 0
    for _ in range(200):
        values["w"], values["v"], values["m"] = fm.evaluate(update.formulas, values, np.float32)
        below += bool(values["v"] < values["m"] * values["m"])
        assert np.isfinite(values["w"])
    assert below > 10


def test_a_nan_stays_in_centered_rmsprop():
    update = optimizer_named("rmsprop", centered=True).update
    values = {"w": np.ones(1), "g": np.full(1, np.nan), "v": np.zeros(1), "m": np.zeros(1), **update.scalars}
    assert all(np.isnan(found).all() for found in fm.evaluate(update.formulas, values, np.float64))


@pytest.mark.parametrize("engine", ["compiled", "plain", "interpreter"])
@every_case
def test_twenty_steps_are_those_of_the_formula(name, settings, cls, theirs, engine):
    net, fitting = start(optimizer=optimizer_named(name, **settings), shuffle=False, engine=engine)
    w, kept = net["0.weight"].copy(), {}
    for k, found in enumerate(sequence(fitting), start=1):
        w = step_of(name, w, slope(*data(), w), k, kept, **settings)
        np.testing.assert_allclose(found, w, rtol=1e-12, atol=1e-15, err_msg=f"step {k}")


@pytest.mark.oracle
@pytest.mark.parametrize(("name", "settings", "cls", "theirs"), [case for case in CASES if case[2]])
def test_twenty_steps_are_those_of_torch(name, settings, cls, theirs):
    torch = pytest.importorskip("torch")
    net, fitting = start(optimizer=optimizer_named(name, **settings), shuffle=False)
    tolerance = 1e-6 if name == "nadam" else 1e-12  # PyTorch keeps the product of the μ in float32
    twin = torch.nn.Linear(3, 2, bias=False, dtype=torch.float64)
    twin.load_state_dict({"weight": torch.from_numpy(net["0.weight"].copy())})
    rule = getattr(torch.optim, cls)(twin.parameters(), **theirs)
    x, t = map(torch.from_numpy, data())
    for k, found in enumerate(sequence(fitting), start=1):
        rule.zero_grad()
        torch.nn.functional.mse_loss(twin(x), t).backward()
        rule.step()
        theirs_now = twin.weight.detach().numpy()
        np.testing.assert_allclose(found, theirs_now, rtol=tolerance, atol=tolerance / 1e3, err_msg=f"step {k}")


@pytest.mark.parametrize("name", [name for name in FORMULAS if name != "gradient_descent"])
def test_minibatches_go_through_the_shuffled_rows_and_the_last_one_is_smaller(name):
    """6 rows in batches of 4 and 2; the order is that of the counter-based shuffle."""
    net, fitting = start(4, optimizer=name, seed=3)
    w, kept = net["0.weight"].copy(), {}
    x, t = data()
    for k, found in enumerate(sequence(fitting), start=1):
        order = permutation(3, (k - 1) // 2, ROWS)
        rows = order[:4] if k % 2 else order[4:]
        settings = dict(optimizer_named(name).settings)
        w = step_of(name, w, slope(x[rows], t[rows], w), k, kept, **settings)
        np.testing.assert_allclose(found, w, rtol=1e-12, atol=1e-15, err_msg=f"step {k}")


def test_gradient_descent_takes_all_rows_at_once_whatever_the_batch_size():
    net, fitting = start(2, optimizer="gradient_descent", learning_rate=0.3)
    assert fitting.loop.steps_per_epoch == 1
    w = net["0.weight"].copy()
    for k, found in enumerate(sequence(fitting), start=1):
        w = w - 0.3 * slope(*data(), w)
        np.testing.assert_allclose(found, w, rtol=1e-12, err_msg=f"step {k}")
    assert fitting.loop.epoch == STEPS


def test_one_step_of_gradient_descent_is_one_of_sgd_with_all_rows():
    _, descent = start(2, optimizer="gradient_descent", learning_rate=0.3)
    _, batch = start(ROWS, optimizer="sgd", learning_rate=0.3, shuffle=False)
    for one, other in zip(sequence(descent), sequence(batch), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_large_rate_does_not_converge_and_a_small_one_takes_long():
    """The lecture's sentence, on a bowl whose largest curvature is known: 2 / λ is the limit."""
    x, t = data()
    curvature = np.linalg.eigvalsh((2 / t.size) * x.T @ x).max()
    best = np.linalg.lstsq(x, t, rcond=None)[0].T

    def away(rate: float) -> float:
        _, fitting = start(optimizer="gradient_descent", learning_rate=rate)
        return float(np.abs(list(sequence(fitting))[-1] - best).max())

    before = float(np.abs(start(optimizer="sgd")[0]["0.weight"] - best).max())
    assert away(2.2 / curvature) > before > away(0.01 / curvature) > away(1 / curvature)


def test_adams_first_step_has_the_length_of_the_rate_whatever_the_gradient():
    net, fitting = start(optimizer="adam", learning_rate=0.01)
    first = next(sequence(fitting))
    np.testing.assert_allclose(abs(first - net["0.weight"]), 0.01, rtol=1e-6)


# Printed by Optax 0.2.6 in float64 (`optax.lion`) on the problem of test_adamw.py: step → weight row by row, bias.
LION = {
    1: [0.5425, -1.4275, 1.92, -0.19625, 0.68875, 0.935, 0.2455, -0.5409999999999999],
    2: [0.5843625, -1.3560875, 1.8412, -0.14330625, 0.62841875, 0.870975, 0.1918175, -0.4828849999999999],
    10: [0.8974304135990946, -0.8220304709191913, 1.2518956920487632, 0.25263258190473736,
         0.17723263922483418, 0.3921652497896201, -0.2096460597917802, -0.04827307288596262],
    50: [0.714194232525506, -0.20409561258736114, 0.011702361855994797, 1.106259449986889,
         0.320351666207574, 0.668534968856909, -0.40850342087235064, -0.30479134113084416],
}  # fmt: skip


def test_steps_of_lion_are_those_that_optax_printed():
    rule = optimizer_named("lion", learning_rate=0.05, beta1=0.8, beta2=0.9, weight_decay=0.3)
    found = dict(enumerate(steps(rule), start=1))
    for k, numbers in LION.items():
        ours = np.concatenate([part.ravel() for part in found[k]])
        np.testing.assert_allclose(ours, numbers, rtol=1e-12, atol=1e-13, err_msg=f"step {k}")


@pytest.mark.parametrize("name", FORMULAS)
def test_a_weight_without_gradient_stays_and_makes_no_nan(name):
    """The places between two parameters in memory have the gradient 0 for ever."""
    _, fitting = start(optimizer=name)
    fitting.loop.run(STEPS)
    used = fitting.loop["dense1.weight"].size
    assert np.isfinite(fitting.loop.arena.kept()).all()
    assert not fitting.loop["θ"][used:].any()
