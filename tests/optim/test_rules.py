"""Every update rule, step by step, against its formula in NumPy and against PyTorch's optimizer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from backlit.nn import Dense
from backlit.ops.random import permutation
from backlit.optim import OPTIMIZERS, optimizer_named
from backlit.training import Network
from backlit.training.fitting import Fitting
from backlit.training.settings import Settings

STEPS, ROWS = 20, 6
Array = np.ndarray[Any, Any]

# name, settings, PyTorch's class and its settings
CASES = [
    ("gradient_descent", {"learning_rate": 0.3}, "SGD", {"lr": 0.3}),
    ("sgd", {"learning_rate": 0.07}, "SGD", {"lr": 0.07}),
    ("momentum", {"learning_rate": 0.05, "momentum": 0.9}, "SGD", {"lr": 0.05, "momentum": 0.9}),
    ("momentum", {"learning_rate": 0.1, "momentum": 0.0}, "SGD", {"lr": 0.1}),
    ("adam", {"learning_rate": 0.1}, "Adam", {"lr": 0.1}),
    ("adam", {"learning_rate": 0.02, "beta1": 0.5, "beta2": 0.9, "eps": 0.01}, "Adam",
     {"lr": 0.02, "betas": (0.5, 0.9), "eps": 0.01}),
    ("adamw", {"learning_rate": 0.05, "weight_decay": 0.3}, "AdamW", {"lr": 0.05, "weight_decay": 0.3}),
]  # fmt: skip
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


def heavy(w: Array, g: Array, k: int, kept: dict[str, Array], learning_rate: float, momentum: float = 0.9) -> Array:
    kept["v"] = momentum * kept.get("v", 0) + g
    return w - learning_rate * kept["v"]


def adam(
    w: Array, g: Array, k: int, kept: dict[str, Array], learning_rate: float, beta1=0.9, beta2=0.999, eps=1e-8
) -> Array:
    kept["m"] = beta1 * kept.get("m", 0) + (1 - beta1) * g
    kept["v"] = beta2 * kept.get("v", 0) + (1 - beta2) * g**2
    m, v = kept["m"] / (1 - beta1**k), kept["v"] / (1 - beta2**k)
    return w - learning_rate * m / (np.sqrt(v) + eps)


def adamw(
    w: Array, g: Array, k: int, kept: dict[str, Array], learning_rate: float, weight_decay=0.01, **more: float
) -> Array:
    return adam(w, g, k, kept, learning_rate, **more) - learning_rate * weight_decay * w


FORMULAS: dict[str, Callable[..., Array]] = {
    "gradient_descent": plain, "sgd": plain, "momentum": heavy, "adam": adam, "adamw": adamw,
}  # fmt: skip


def test_every_optimizer_is_among_the_cases():
    assert {name for name, *_ in CASES} == set(OPTIMIZERS) == set(FORMULAS)


@pytest.mark.parametrize("engine", ["compiled", "plain", "interpreter"])
@every_case
def test_twenty_steps_are_those_of_the_formula(name, settings, cls, theirs, engine):
    net, fitting = start(optimizer=optimizer_named(name, **settings), shuffle=False, engine=engine)
    w, kept = net["0.weight"].copy(), {}
    for k, found in enumerate(sequence(fitting), start=1):
        w = FORMULAS[name](w, slope(*data(), w), k, kept, **settings)
        np.testing.assert_allclose(found, w, rtol=1e-12, atol=1e-15, err_msg=f"step {k}")


@pytest.mark.oracle
@every_case
def test_twenty_steps_are_those_of_torch(name, settings, cls, theirs):
    torch = pytest.importorskip("torch")
    net, fitting = start(optimizer=optimizer_named(name, **settings), shuffle=False)
    twin = torch.nn.Linear(3, 2, bias=False, dtype=torch.float64)
    twin.load_state_dict({"weight": torch.from_numpy(net["0.weight"].copy())})
    rule = getattr(torch.optim, cls)(twin.parameters(), **theirs)
    x, t = map(torch.from_numpy, data())
    for k, found in enumerate(sequence(fitting), start=1):
        rule.zero_grad()
        torch.nn.functional.mse_loss(twin(x), t).backward()
        rule.step()
        np.testing.assert_allclose(found, twin.weight.detach().numpy(), rtol=1e-12, atol=1e-15, err_msg=f"step {k}")


@pytest.mark.parametrize("name", ["sgd", "momentum", "adam", "adamw"])
def test_minibatches_go_through_the_shuffled_rows_and_the_last_one_is_smaller(name):
    """6 rows in batches of 4 and 2; the order is that of the counter-based shuffle."""
    net, fitting = start(4, optimizer=name, seed=3)
    w, kept = net["0.weight"].copy(), {}
    x, t = data()
    for k, found in enumerate(sequence(fitting), start=1):
        order = permutation(3, (k - 1) // 2, ROWS)
        rows = order[:4] if k % 2 else order[4:]
        rate = optimizer_named(name).learning_rate
        w = FORMULAS[name](w, slope(x[rows], t[rows], w), k, kept, rate)
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
