"""The doctor's findings on a training's start (DR2xx): a sick and a healthy example of each, what keeps a verdict."""

from __future__ import annotations

import numpy as np
import pytest

from backlit import Dense, Network
from backlit.training.clinic.patients import patient_of
from backlit.training.whole.diagnosing import diagnose
from doctor.patients import bent, findings, only, rows, trained

X = rows()
T = bent(X)
CLASS = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
LARGE, SMALL = ("normal", 30.0), ("normal", 1e-3)
UNEVEN = X * [1e-3, 1.0, 1e3, 1.0]

SICK = {
    "DR201": lambda: trained([Dense(16, "relu", weights=LARGE), Dense(1, weights=LARGE)], X, T, epochs=10),
    "DR202 large": lambda: trained([Dense(16, "relu", weights=LARGE), Dense(1, weights=LARGE)], X, T),
    "DR202 small": lambda: trained([Dense(16, "relu", weights=SMALL), Dense(1, weights=SMALL)], X, T),
    "DR203 still": lambda: trained([Dense(8, "tanh", weights=0.5), Dense(1, weights=0.1)], X, T),
    "DR203 parted": lambda: trained([Dense(8, "tanh", weights=0.5), Dense(1)], X, T, epochs=20),
    "DR204 crooked": lambda: trained([Dense(1)], UNEVEN, T, optimizer="sgd", learning_rate=1e-7),
    "DR204 shifted": lambda: trained([Dense(1)], 1000 + X, T, optimizer="sgd", learning_rate=1e-7),
    "DR204 size": lambda: trained([Dense(16, "sigmoid"), Dense(1)], 8 * X, T, epochs=200),
    "DR205 far": lambda: trained([Dense(16, "tanh"), Dense(1)], X, 3e5 + 1e5 * T),
    "DR205 steep": lambda: trained([Dense(16, "tanh"), Dense(1)], X, 50 * T, optimizer="sgd", learning_rate=0.05,
                                   epochs=30),
    "DR205 faint": lambda: trained([Dense(16, "tanh"), Dense(1)], X, 1e-4 * T, optimizer="sgd", learning_rate=0.01),
    "DR206 shares": lambda: trained([Dense(8, "step"), Dense(3, "softmax", weights=0.0)], 0 * X, CLASS, epochs=400,
                                    learning_rate=0.01, batch_size=200),
    "DR206 mean": lambda: trained([Dense(1, weights=0.0)], 0 * X, T, epochs=300, learning_rate=0.02, batch_size=200),
    "DR206 even": lambda: trained([Dense(3, "softmax", weights=0.0)], X, CLASS, optimizer="sgd", learning_rate=1e-9),
    "DR206 median": lambda: trained([Dense(1, weights=0.0, biases=1.0)], X, np.where(np.arange(len(X)) % 9, 1.0, 9.0),
                                    loss="absolute_error", optimizer="sgd", learning_rate=1e-9),
    "DR206 one": lambda: trained([Dense(1, "step", biases=1.0, weights=0.0)], X, T > -1, loss="squared_error"),
    "DR206 zero": lambda: trained([Dense(8, "relu", biases=-50.0), Dense(1)], X, T + 3.0, optimizer="sgd",
                                  learning_rate=1e-9),
}  # fmt: skip
HEALTHY = {
    "DR201": lambda: trained([Dense(16, "relu"), Dense(1)], X, T, epochs=10),
    "DR202": lambda: trained([Dense(64, "relu"), Dense(16, "tanh"), Dense(16, "sigmoid"), Dense(1)], X, T),
    "DR203": lambda: trained([Dense(8, "tanh"), Dense(1, weights=0.0)], X, T),
    "DR204": lambda: trained([Dense(16, "tanh"), Dense(1)], X * [1.0, 2.0, 0.5, 1.0], T, epochs=30),
    "DR205": lambda: trained([Dense(16, "tanh"), Dense(1)], X, T, epochs=200),
    "DR206": lambda: trained([Dense(16, "tanh"), Dense(1)], X, T, epochs=100, learning_rate=0.01),
}


# ---- DR201, DR202, DR203: first weights ----------------------------------------------------------------------


def test_a_bad_start_is_measured_against_fresh_draws():
    facts = only("DR201", SICK["DR201"]()).facts
    assert facts["first"] > 100 * facts["most"] > facts["usual"] > facts["baseline"]
    assert facts["share"] > 0.5
    assert facts["gain"] > 10


@pytest.mark.parametrize("factor", [1e-4, 1e4])
def test_the_first_loss_has_no_unit(factor):
    made = trained([Dense(16, "relu", weights=LARGE), Dense(1, weights=LARGE)], X, T, epochs=10,
                   loss=f"(t - o) ** 2 * {factor!r}")  # fmt: skip
    one, other = only("DR201", SICK["DR201"]()).facts, only("DR201", made).facts
    assert other["first"] / one["first"] == pytest.approx(factor, rel=1e-3)
    assert other["share"] == one["share"]


@pytest.mark.parametrize("width", [4, 32, 256])
@pytest.mark.parametrize("rule", ["xavier", "he", "lecun", "he_uniform"])
def test_what_any_rule_draws_is_of_the_right_size_whatever_the_width(width, rule):
    made = trained([Dense(width, "relu", weights=rule), Dense(width, "relu", weights=rule), Dense(1)], X, T, epochs=1)
    assert findings("DR202", made) == []


@pytest.mark.parametrize("width", [4, 32, 256])
def test_the_size_of_weights_is_told_for_every_width(width):
    def gain(std):
        made = trained([Dense(width, "relu", weights=("normal", std)), Dense(1)], X, T, epochs=1)
        return [f.facts["how"] for f in findings("DR202", made)]

    assert gain(20 / width**0.5) == ["large"]
    assert gain(0.01 / width**0.5) == ["small"]


@pytest.mark.parametrize(("by_x", "by_t"), [(1e-3, 1.0), (1e3, 1e3)])
def test_the_verdicts_on_weights_do_not_ask_for_the_data(by_x, by_t):
    for layers, code in (
        ([Dense(16, "relu", weights=SMALL), Dense(1, weights=SMALL)], "DR202"),
        ([Dense(8, "tanh", weights=0.5), Dense(1, weights=0.1)], "DR203"),
    ):
        assert only(code, trained(layers, by_x * X, by_t * T, learning_rate=1e-6))


def test_a_last_layer_may_begin_at_zero():
    made = trained([Dense(3, "softmax", weights=0.0)], X, CLASS, epochs=20)
    assert findings("DR203", made) == []


# ---- DR204, DR205: inputs and targets ------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [0.25, 4.0])
def test_crooked_inputs_are_crooked_in_every_unit(factor):
    made = trained([Dense(1)], factor * UNEVEN, T, optimizer="sgd", learning_rate=1e-9)
    assert only("DR204", made).facts["how"] == "crooked"


@pytest.mark.parametrize("copies", [1, 8])
def test_inputs_are_no_larger_where_there_are_more_of_them(copies):
    wide = np.tile(X, (1, copies))
    assert [f for f in findings("DR204", trained([Dense(1)], wide, T, epochs=30)) if f.facts["how"] == "size"] == []


@pytest.mark.parametrize("factor", [2.0**-10, 2.0**10])
def test_targets_are_measured_in_the_unit_of_the_first_outputs(factor):
    """Targets and last weights in another unit, with the rate that belongs to it: the same verdict."""

    def verdict(scale, level):
        net = Network([Dense(16, "tanh"), Dense(1)])
        net.prepare(4)
        net.values["dense2.weight"] *= np.float32(scale)
        left = []
        net.fit(X, scale * level * T, epochs=3, optimizer="sgd", learning_rate=1e-9, left=left)
        return [f.facts["growth"] for f in findings("DR205", patient_of(left[0]))]

    for level in (1.0, 1e4):
        one, other = verdict(1.0, level), verdict(factor, level)
        assert len(one) == len(other)
        assert other == pytest.approx(one, rel=1e-3)


def test_scaled_targets_mend_it():
    net = Network([Dense(16, "tanh"), Dense(1)])
    found = diagnose(net, X, 3e5 + 1e5 * T, epochs=100, learning_rate=0.01, budget=8)
    assert "DR205" in [f.code for f in found.findings]
    assert next(f for f in found.findings if f.code == "DR205").tried[0].skill > 0.5


# ---- DR206 ---------------------------------------------------------------------------------------------------


def test_the_constant_is_the_closed_form():
    facts = only("DR206", SICK["DR206 even"]()).facts
    assert facts["constant"] == pytest.approx(np.log(3), rel=1e-12)
    assert facts["loss"] == pytest.approx(np.log(3), rel=1e-4)
    facts = only("DR206", SICK["DR206 shares"]()).facts
    p = np.bincount(CLASS) / len(CLASS)
    assert facts["constant"] == pytest.approx(float(-(p * np.log(p)).sum()), rel=1e-9)
    facts = only("DR206", SICK["DR206 mean"]()).facts
    assert facts["constant"] == pytest.approx(float(T.var()), rel=1e-6)


@pytest.mark.parametrize("factor", [2.0**-12, 2.0**12])
def test_a_frozen_loss_has_no_unit(factor):
    made = trained([Dense(3, "softmax", weights=0.0)], X, np.eye(3)[CLASS], optimizer="sgd",
                   learning_rate=1e-9 / factor, loss=f"(t - o) ** 2 * {factor!r}")  # fmt: skip
    assert only("DR206", made).facts["how"] == "even"


def test_it_is_a_symptom_and_names_no_fault():
    found = only("DR206", SICK["DR206 even"]())
    assert (found.symptom, found.category) == (True, "")
