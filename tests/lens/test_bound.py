"""The bound of the learning rate: closed forms, and trainings just below and just above it."""

from __future__ import annotations

import numpy as np
import pytest

from backlit import Network
from backlit.lens.landscape import bound_of
from backlit.lens.landscape.bound import _step, held_state
from backlit.machine.state import PLACE
from backlit.nn import Dense
from backlit.optim import OPTIMIZERS, optimizer_named
from backlit.training.loop.fitting import Fitting
from backlit.training.loop.settings import Settings

STEP = 10**6  # after so many, what is corrected by the number of steps is corrected no more


def bound(name, h, *, state=None, step=STEP, **settings):
    rule = optimizer_named(name, **settings)
    return bound_of(lambda v: h @ v, rule, state=state, step=step, size=len(h))


# λ of the Hessian, λ̃ of the preconditioned one: both 4
CLOSED = [
    ("gradient_descent", {}, 2 / 4),
    ("sgd", {}, 2 / 4),
    ("sgd", {"weight_decay": 1.0}, 2 / 5),
    ("momentum", {"momentum": 0.9}, 2 * 1.9 / 4),
    ("momentum", {"momentum": 0.0}, 2 / 4),
    ("momentum", {"momentum": 0.5, "weight_decay": 1.0}, 2 * 1.5 / 5),
    ("nesterov", {"momentum": 0.9}, 2 * 1.9 / (2.8 * 4)),
    ("nesterov", {"momentum": 0.0}, 2 / 4),
    ("adagrad", {}, 2 / 4),
    ("rmsprop", {}, 2 / 4),
    ("adam", {}, 2 * 1.9 / (0.1 * 4)),
    ("adam", {"beta1": 0.5}, 2 * 1.5 / (0.5 * 4)),
    ("adam", {"beta1": 0.0}, 2 / 4),
    ("adamw", {"weight_decay": 0.0}, 2 * 1.9 / (0.1 * 4)),
    ("adamw", {"weight_decay": 0.3}, 2 / (4 * 0.1 / 1.9 + 0.3)),
    ("radam", {}, 2 * 1.9 / (0.1 * 4)),
]


@pytest.mark.parametrize(("name", "settings", "wanted"), CLOSED)
def test_the_bound_is_the_closed_form(name, settings, wanted):
    rule = optimizer_named(name, **settings)
    divided = held_state(rule.update)
    v = np.array([9.0, 4.0, 1.0])
    root = v**0.25 if divided else np.ones(3)  # D^½, where D = √v
    h = np.diag(root) @ np.diag([4.0, 1.0, 0.1]) @ np.diag(root)
    state = {n: v if n in divided else np.zeros(3) for n in rule.update.state}
    found = bound(name, h, state=state, **settings)
    assert found.limit == pytest.approx(wanted, rel=1e-6)
    assert found.divided == bool(divided)


def test_bias_correction_counts_in():
    v = np.array([9.0, 4.0, 1.0])
    state = {"m": np.zeros(3), "v": v * (1 - 0.999**3)}
    h = np.diag(np.sqrt(v)) * 4.0
    found = bound("adam", h, state=state, step=3)
    assert found.limit == pytest.approx(2 * 1.9 / (0.1 * 4) * (1 - 0.9**3), rel=1e-6)


@pytest.mark.parametrize(
    ("name", "why"),
    [("lion", "unknown"), ("lbfgs", "unknown"), ("perceptron", "unknown"), ("adam", "state"), ("rmsprop", "state")],
)
def test_where_there_is_no_bound_it_is_said_why(name, why):
    found = bound(name, np.eye(2))
    assert (found.limit, found.why, found.ratio) == (None, why, None)


def test_nothing_curves_upwards_and_no_rate_is_too_large():
    assert bound("sgd", -np.eye(2)).limit == float("inf")


# ---- just below and just above ----------------------------------------------------------------------------------

LINEAR = [n for n in OPTIMIZERS if (u := optimizer_named(n).update) is not None and held_state(u) is not None]


@pytest.mark.parametrize("name", [n for n in LINEAR if not optimizer_named(n).surrogate])
@pytest.mark.parametrize("decay", [0.0, 0.2])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_bowl_is_reached_just_below_the_bound_and_left_just_above_it(name, decay, seed):
    """The rule's own formula, with what scales its steps held; on a bowl whose axes are not those of the weights."""
    rng = np.random.default_rng(seed)
    q, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    h = q @ np.diag([7.0, 3.0, 1.0, 0.5]) @ q.T
    own = optimizer_named(name, **({"weight_decay": decay} if "weight_decay" in optimizer_named(name).settings else {}))
    held = held_state(own.update)
    fixed = {n: np.full(1, 0.9) if n in own.update.single else rng.uniform(0.5, 2.0, 4) for n in held}
    moving = [n for n in own.update.state if n not in held]
    limit = bound_of(lambda v: h @ v, own, state={**fixed, **{n: np.zeros(4) for n in moving}}, step=STEP, size=4).limit

    def after(rate: float) -> float:
        values = {"w": np.ones(4), **{n: np.zeros(4) for n in moving}}
        rule = optimizer_named(own, learning_rate=rate)
        for _ in range(4000):
            found = _step(rule.update, held, {**fixed, **values, "g": h @ values["w"]}, STEP, 4, rate=rate)
            values = {n: np.array(a) for n, a in found.items()}
            if not 1e-4 < max(float(np.abs(values[n]).max()) for n in ("w", *moving)) < 1e6:
                break
        return float(np.abs(values["w"]).max())

    assert after(0.96 * limit) < 1e-3
    assert after(1.04 * limit) > 1e5


@pytest.mark.parametrize("name", ["gradient_descent", "sgd", "momentum", "nesterov"])
def test_a_training_converges_just_below_the_bound_and_diverges_just_above_it(name, rng):
    x = rng.normal(size=(50, 3)) * [3.0, 1.0, 0.5]
    t = x @ [[1.0], [-2.0], [0.5]]
    h = 2 * x.T @ x / 50

    def last(rate: float) -> float:
        net = Network([Dense(1, bias=False, weights=("normal", 1.0))])
        settings = {"learning_rate": rate, "epochs": 1500, "dtype": "float64", "batch_size": 50}
        try:
            run = net.fit(x, t, optimizer=name, **settings)
        except ArithmeticError:  # BL601: it diverged until it was not finite
            return float("inf")
        return run.history[-1]["train_loss"]

    limit = bound(name, h).limit
    assert last(0.99 * limit) < 1e-9
    assert last(1.01 * limit) > 1e3


@pytest.mark.parametrize(("factor", "converges"), [(0.98, True), (1.02, False)])
def test_adam_on_the_machine_with_its_state_held(factor, converges, rng):
    """β₂ so near to 1 that v stays, at a step so late that nothing is corrected."""
    x = rng.normal(size=(50, 3)) * [3.0, 1.0, 0.5]
    t, v = x @ [[1.0], [-2.0], [0.5]], np.array([4.0, 1.0, 0.25])
    own = {"beta1": 0.8, "beta2": 1 - 1e-13}
    late = 10**15
    limit = bound("adam", 2 * x.T @ x / 50, state={"m": np.zeros(3), "v": v}, step=late, **own).limit
    net = Network([Dense(1, bias=False)])
    net.prepare(3, dtype="float64")
    rule = optimizer_named("adam", learning_rate=factor * limit, **own)
    fitting = Fitting(net, {"x": x, "t": t}, {}, Settings(rule, batch_size=50, epochs=3000, dtype="float64"))
    fitting.loop["v"][:3] = v
    fitting.loop.state[PLACE["STEP"]] = late
    losses = []
    for _ in range(1500):
        fitting.loop.run(1)
        losses.append(float(fitting.loop["E"]))
    assert (max(losses) < 10 * losses[0]) == converges  # above it E grows until even this v gives way
    assert (losses[-1] < 1e-9) or not converges
    assert converges or max(losses) > 1e6 * losses[0]
