"""Schedules, warm-up and clipping: the numbers of PyTorch's, native, replayable, and the same on every engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from backlit import Dense, Network
from backlit.errors import ParameterError
from backlit.optim import SCHEDULES, schedule_named
from backlit.training.loop.fitting import Fitting
from backlit.training.loop.settings import Settings
from tolerance import same_bits

ENGINES = ["compiled", "plain", "interpreter"]
RATE, EPOCHS, ROWS, BATCH = 0.1, 12, 20, 8
PER_EPOCH = 3
RNG = np.random.default_rng(5)
X, T = RNG.normal(size=(ROWS, 3)), RNG.normal(size=(ROWS, 2))

# schedule, warm-up in epochs, PyTorch's schedulers, called after every step (or every epoch)
CASES: list[tuple[str, float, Any, bool]] = [
    ("step(step_size=5, gamma=0.3)", 0, lambda s, o: s.StepLR(o, 5, 0.3), True),
    ("exponential(gamma=0.8)", 0, lambda s, o: s.ExponentialLR(o, 0.8), True),
    ("cosine", 0, lambda s, o: s.CosineAnnealingLR(o, EPOCHS * PER_EPOCH), False),
    ("cosine(eta_min=0.02)", 0, lambda s, o: s.CosineAnnealingLR(o, EPOCHS * PER_EPOCH, 0.02), False),
    ("linear", 0, lambda s, o: s.LinearLR(o, 1.0, 0.0, EPOCHS * PER_EPOCH), False),
    ("linear(start_factor=0.5, end_factor=0.9)", 0, lambda s, o: s.LinearLR(o, 0.5, 0.9, EPOCHS * PER_EPOCH), False),
    ("one_cycle", 0, lambda s, o: s.OneCycleLR(o, RATE, EPOCHS * PER_EPOCH), False),
    ("one_cycle(pct_start=0.5, div_factor=10, final_div_factor=100, cycle_momentum=0)", 0,
     lambda s, o: s.OneCycleLR(o, RATE, EPOCHS * PER_EPOCH, pct_start=0.5, div_factor=10, final_div_factor=100), False),
    ("constant", 2, lambda s, o: warm(s, o, None), False),
    ("cosine", 2, lambda s, o: warm(s, o, s.CosineAnnealingLR(o, EPOCHS * PER_EPOCH - 6)), False),
]  # fmt: skip


def warm(s: Any, o: Any, after: Any) -> Any:
    """A warm-up of six steps."""
    begin = s.LinearLR(o, 1 / 6, 1.0, 5)
    return s.SequentialLR(o, [begin, after or s.ConstantLR(o, 1.0, 1)], [6])


def start(schedule: Any = None, epochs: int = EPOCHS, **settings: Any) -> Fitting:
    net = Network([Dense(4, "tanh"), Dense(2)])
    net.prepare(3, seed=1, dtype="float64")
    given = {"optimizer": "momentum", "learning_rate": RATE, "dtype": "float64", "batch_size": BATCH} | settings
    return Fitting(net, {"x": X, "t": T}, {}, Settings.of(schedule=schedule, epochs=epochs, **given))


def in_force(fitting: Fitting, name: str = "learning_rate") -> float:
    loop = fitting.loop
    return float(loop.table[loop.train.scalars.get(f"{name}(k)", loop.train.scalars.get(name, 1))])


def rates(fitting: Fitting, name: str = "learning_rate") -> list[float]:
    found = []
    while fitting.loop.run(1):
        found.append(in_force(fitting, name))
    return found


@pytest.mark.oracle
@pytest.mark.parametrize(("schedule", "warm_up", "theirs", "by_epoch"), CASES)
def test_the_rates_are_those_of_torch(schedule, warm_up, theirs, by_epoch):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE, momentum=0.9)
    scheduler = theirs(torch.optim.lr_scheduler, optimizer)
    expected, momenta = [], []
    for step in range(EPOCHS * PER_EPOCH):
        expected.append(optimizer.param_groups[0]["lr"])
        momenta.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        if (step + 1) % PER_EPOCH == 0 or not by_epoch:
            scheduler.step() if step + 1 < EPOCHS * PER_EPOCH else None
    fitting = start(schedule, warm_up=warm_up)
    np.testing.assert_allclose(rates(fitting), expected, rtol=1e-12, atol=1e-16)
    if schedule == "one_cycle":
        np.testing.assert_allclose(rates(start(schedule), "momentum"), momenta, rtol=1e-12)


# Printed by PyTorch 2.13.0 for the first twelve epochs, so that they are compared where it is not installed too.
PRINTED = {
    "step(step_size=5, gamma=0.3)": [0.1] * 5 + [0.03] * 5 + [0.009] * 2,
    "exponential(gamma=0.8)": [0.1 * 0.8**e for e in range(12)],
}


@pytest.mark.parametrize("schedule", PRINTED)
@pytest.mark.parametrize("engine", ENGINES)
def test_the_history_holds_the_rate_of_each_epoch(schedule, engine):
    fitting = start(schedule, engine=engine)
    fitting.loop.run(10**6)
    found = [row["learning_rate"] for row in fitting.loop.epochs_done()]
    np.testing.assert_allclose(found, PRINTED[schedule], rtol=1e-12)


WORDS = ["constant", *(name for name in SCHEDULES if name != "plateau"), "plateau(patience=1, factor=0.5)"]


@pytest.mark.parametrize("schedule", WORDS)
@pytest.mark.parametrize("engine", ENGINES)
def test_slices_snapshots_and_engines_change_nothing(schedule, engine):
    warm_up = 0 if schedule == "one_cycle" else 1.5
    given = {"warm_up": warm_up, "clip_norm": 0.3, "optimizer": "nadam", "engine": engine}
    whole, parts = start(schedule, **given), start(schedule, **given)
    whole.loop.run(30)
    for n in (1, 6, 3, 20):
        parts.loop.run(n)
    assert same_bits(whole.loop["θ"], parts.loop["θ"])
    then = parts.loop.snapshot()
    fresh = start(schedule, **given)
    fresh.loop.restore(then)  # as another process would
    for loop in (whole.loop, fresh.loop):
        loop.run(6)
    assert whole.loop.epoch == EPOCHS
    assert same_bits(whole.loop.arena.kept(), fresh.loop.arena.kept())
    assert same_bits(whole.loop.history, fresh.loop.history)
    other = start(schedule, **{**given, "engine": "interpreter"})
    other.loop.run(36)
    np.testing.assert_allclose(whole.loop["θ"], other.loop["θ"], rtol=1e-9, atol=1e-12)


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("settings", "theirs"),
    [
        ({"factor": 0.5, "patience": 1.0}, {"factor": 0.5, "patience": 1}),
        ({"factor": 0.1, "patience": 0.0, "cooldown": 2.0}, {"factor": 0.1, "patience": 0, "cooldown": 2}),
        ({"factor": 0.5, "patience": 0.0, "threshold": 0.2, "min_lr": 0.01},
         {"factor": 0.5, "patience": 0, "threshold": 0.2, "min_lr": 0.01}),
    ],
)  # fmt: skip
def test_on_a_plateau_the_rate_is_cut_as_torch_cuts_it(settings, theirs):
    torch = pytest.importorskip("torch")
    fitting = start(SCHEDULES["plateau"](**settings), epochs=40, learning_rate=0.3)
    fitting.loop.run(10**6)
    done = fitting.loop.epochs_done()
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **theirs)
    expected = []
    for row in done:
        expected.append(optimizer.param_groups[0]["lr"])
        scheduler.step(row["train_loss"])
    assert len(set(expected)) > 1
    np.testing.assert_allclose([row["learning_rate"] for row in done], expected, rtol=1e-12)


def test_on_a_plateau_of_the_rows_held_out_the_rate_is_cut():
    net = Network([Dense(2)])
    run = net.fit(
        X, T, validation=(X, -T), epochs=30, schedule="plateau(patience=2, factor=0.5)", optimizer="sgd", seed=1,
        learning_rate=0.2,
    )  # fmt: skip
    assert run.settings.schedule is not None
    assert run.settings.told()["schedule"].startswith("plateau(factor=0.5, patience=2")
    found = [row["learning_rate"] for row in run.history]
    assert found[0] == 0.2
    assert found[-1] < 0.2
    assert "learning_rate" not in net.fit(X, T, epochs=1).history[0]  # one that stays is told once, in the settings


def test_a_training_longer_than_planned_stays_where_its_schedule_ended():
    fitting = start("cosine(eta_min=0.01)", epochs=4)
    rates(fitting)
    fitting.loop.forget_stop(6)
    np.testing.assert_allclose(rates(fitting), 0.01)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"schedule": "cosin"}, "BL342"),
        ({"schedule": "step(10)"}, "BL341"),
        ({"schedule": "step(every=10)"}, "BL304"),
        ({"schedule": "step(step_size=0)"}, "BL305"),
        ({"schedule": "one_cycle", "warm_up": 2}, "BL309"),
        ({"warm_up": -1}, "BL305"),
        ({"warm_up": 13}, "BL305"),
        ({"warm_up": "2"}, "BL305"),
        ({"clip_norm": -1}, "BL305"),
        ({"clip_norm": float("inf")}, "BL305"),
        ({"clip_norm": 1, "clip_value": 1}, "BL309"),
        ({"optimizer": "lbfgs", "clip_norm": 1}, "BL343"),
        ({"optimizer": "lbfgs", "schedule": "cosine"}, "BL343"),
        ({"optimizer": "sgd", "momentum": 0.9}, "BL340"),
        ({"gamma": 0.9}, "BL304"),
    ],
)
def test_what_does_not_fit_is_told(given, code):
    with pytest.raises(ParameterError) as told:
        Settings.of(epochs=12, **given)
    assert told.value.code == code


def test_the_text_of_a_schedule_makes_it_again():
    for name, make in SCHEDULES.items():
        assert schedule_named(repr(make())) == make() == schedule_named(name)
    assert schedule_named("constant") is schedule_named(None) is None
