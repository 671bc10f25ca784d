"""Inputs that tell nothing of the targets, and steps that go up."""

from __future__ import annotations

import numpy as np
import pytest

from backlit import Dense, Network
from backlit.core.lowering import Update
from backlit.ops import formula as fm
from backlit.optim.rule import OPTIMIZERS, Optimizer, enter
from backlit.training.whole.diagnosing import diagnose
from doctor.patients import bent, findings, only, rows, trained

X = rows(300)
T = bent(X)
APART = T[np.random.default_rng(1).permutation(len(T))]


def net():
    return Network([Dense(16, "tanh"), Dense(1)])


# ---- DR112: shuffled apart -----------------------------------------------------------------------------------


def shuffled_apart():
    """What is found first where the rows of inputs and targets do not belong together."""
    return diagnose(net(), X, APART, epochs=3, learning_rate=1e-3, budget=5)


def test_rows_that_were_shuffled_apart_are_the_root_whatever_trials_do():
    found = shuffled_apart()
    first = found.findings[0]
    assert (first.code, first.grade, first.facts["how"]) == ("DR112", "measured", "unrelated")
    assert first.facts["z"] <= 2
    assert first.facts["skill"] <= 2 * first.facts["error"]
    assert found.repair is None  # what can be remembered is no remedy
    assert not found.reference.fresh
    assert "DR112" not in found.passed


def test_rows_that_belong_together_are_not():
    found = diagnose(net(), X, T, epochs=3, learning_rate=1e-5, budget=5)
    assert found.findings
    assert "unrelated" not in {f.facts.get("how") for f in (*found.findings, *found.notes)}


def test_a_table_that_was_learned_by_heart_gets_a_note():
    found = diagnose(Network([Dense(400, "relu"), Dense(1)]), X, APART, epochs=400, optimizer="adam",
                     learning_rate=0.01, budget=5)  # fmt: skip
    assert found.skill > 0.5
    assert found.healthy
    assert "unrelated" in {f.facts.get("how") for f in found.notes}


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_the_unit_of_the_targets_does_not_matter(scale):
    found = diagnose(net(), X, scale * APART, epochs=3, budget=5)
    assert "unrelated" in {f.facts.get("how") for f in (*found.findings, *found.notes)}


# ---- DR110: uphill -------------------------------------------------------------------------------------------


def negated(name: str) -> str:
    """A rule of one's own, whose sign is wrong."""

    def make(**settings: float) -> Optimizer:
        base = OPTIMIZERS[name](**settings)
        assert base.update is not None
        formulas = tuple(fm.substitute(f, {"g": -fm.symbol("g")}) for f in base.update.formulas)
        return Optimizer(own, base.settings, Update(formulas, base.update.state, base.update.scalars))

    own = f"{name}_up"
    enter(own, make, "Uphill.")
    return own


def going_up(name="sgd"):
    """What is found of such a rule."""
    try:
        return diagnose(
            Network([Dense(6, "tanh"), Dense(1)]), X, T, optimizer=negated(name), epochs=3, budget=2
        ).findings[0]
    finally:
        del OPTIMIZERS[f"{name}_up"]


@pytest.fixture
def up():
    yield negated
    for name in [n for n in OPTIMIZERS if n.endswith("_up")]:
        del OPTIMIZERS[name]


@pytest.mark.parametrize("name", ["sgd", "momentum", "adam", "rmsprop"])
def test_steps_uphill_are_proved_by_the_first_one(up, name):
    found = only("DR110", trained([Dense(6, "tanh"), Dense(1)], X, T, optimizer=up(name)), "uphill")
    assert found.grade == "proved"
    assert found.facts["slope"] > 0
    assert found.facts["after"] > found.facts["loss"]


def test_the_doctor_names_them_first_and_a_rule_of_ours_learns(up):
    found = diagnose(net(), X, T, optimizer=up("sgd"), epochs=200, budget=5)
    assert found.findings[0].code == "DR110"
    assert found.findings[0].tried[0].skill > 0.5


@pytest.mark.parametrize(
    "settings",
    [{"optimizer": name} for name in ("sgd", "adam", "lion", "adagrad", "nesterov")]
    + [{"optimizer": "adamw", "weight_decay": 10.0}, {"optimizer": "sgd", "learning_rate": 30.0}],
)
def test_rules_that_go_down_are_left_in_peace_however_long_their_steps(settings):
    assert findings("DR110", trained([Dense(6, "tanh"), Dense(1)], X, T, **settings)) == []
