"""The doctor's findings on graph and data (DR1xx): a sick and a healthy example of each, and what keeps a verdict."""

from __future__ import annotations

import numpy as np
import pytest

from backlit import Activation, BatchNorm, Dense, Dropout, Network, PReLU
from backlit.doctor.checks.bend import two_fits
from backlit.doctor.differences import differences
from backlit.nn.initial import zeros
from backlit.nn.layers import Layer
from backlit.nn.layers.base import KINDS
from backlit.ops import REGISTRY
from backlit.ops.arithmetic import absolute, add, mul
from backlit.ops.declare import elementwise
from backlit.ops.reduction import mean, sum_
from backlit.training.whole.diagnosing import diagnose
from doctor.patients import bent, findings, leaning, only, refused, rows, trained

X = rows()
T = bent(X)
YES = (X[:, 0] > 0).astype(float)
CLASS = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)


# code, how, a patient that has it
SICK = {
    "DR101": lambda: trained([Dense(8, "relu"), Dense(1, "sigmoid")], X, 5 * X[:, 0], loss="squared_error"),
    "DR101 twice": lambda: trained([Dense(8, "relu"), Dense(3, "softmax"), Activation("softmax")], X, CLASS),
    "DR101 sum": lambda: trained([Dense(8, "relu"), Dense(3, "softmax")], X, X[:, :3] > 0, loss="squared_error"),
    "DR102": lambda: trained([Dense(8, "relu"), Dense(1, "softmax")], X, YES, loss="squared_error"),
    "DR103 range": lambda: trained([Dense(1)], X, YES, loss="binary_cross_entropy_from_probabilities(clip=1e-7)"),
    "DR103 sum": lambda: trained(
        [Dense(3, "sigmoid")], X, np.eye(3)[CLASS], loss="cross_entropy_from_probabilities(clip=1e-7)"
    ),
    "DR103 formula": lambda: trained([Dense(1)], X, YES, loss="-t * log(o) - (1 - t) * log(1 - o)"),
    "DR104 column": lambda: refused("DR104", [Dense(1, "sigmoid")], X, CLASS / 1.0, loss="binary_cross_entropy"),
    "DR104 empty": lambda: trained(
        [Dense(2, "softmax")], X, np.eye(3)[CLASS][:, 1:], loss="cross_entropy_from_probabilities"
    ),
    "DR105 affine": lambda: trained([Dense(8), Dense(1)], X, T),
    "DR105 left_out": lambda: trained([Dense(8), Dense(1, "sigmoid")], X, X[:, 0] * X[:, 1] > 0),
    "DR105 rows": lambda: trained([Dense(4), Dense(1, "sigmoid")], [[0, 0], [0, 1], [1, 0], [1, 1.0]], [0, 1, 1, 0]),
    "DR106": lambda: refused("DR106", [Dense(1, "sigmoid")], X, 9 * T, loss="binary_cross_entropy"),
    "DR106 alone": lambda: trained(
        [Dense(1, "sigmoid")], X, YES[:, None] * 1.0, loss="cross_entropy_from_scores(clip=1e-7)"
    ),
    "DR107": lambda: trained([Dense(1, "sigmoid")], X, YES, loss="squared_error"),
    "DR109": lambda: refused("DR109", [Dense(2, "softmax")], X, CLASS, loss="cross_entropy"),
    "DR111 flat": lambda: trained([Dense(8, "step"), Dense(1)], X, T),
    "DR111 frozen": lambda: trained([Dense(8, "tanh", trainable=False), Dense(1)], X, T),
    "DR111 all_frozen": lambda: trained([Dense(8, "tanh", trainable=False), Dense(1, trainable=False)], X, T),
    "DR111 rounding": lambda: trained([Dense(8, "tanh"), Dense(1)], X, T, optimizer="sgd", learning_rate=1e-10),
    "DR112 target": lambda: trained([Dense(8, "tanh"), Dense(1)], X, np.full(len(X), 3.0)),
    "DR112 targets": lambda: trained([Dense(2)], X, np.column_stack([T, np.ones(len(X))])),
    "DR112 constant": lambda: trained([Dense(1)], np.column_stack([X, np.ones(len(X))]), T),
    "DR112 leak": lambda: trained([Dense(1)], np.column_stack([X, T]), T),
    "DR112 contradict": lambda: trained([Dense(1)], np.vstack([X, X[:3]]), np.vstack([T, T[:3] + 1])),
    "DR112 repeat": lambda: trained([Dense(1)], np.vstack([X, X[:9]]), np.vstack([T, T[:9]])),
    "DR112 held_out": lambda: trained([Dense(1)], X, T, validation=(X[:20], T[:20])),
    "DR112 rare": lambda: trained([Dense(3, "softmax")], X, np.where(np.arange(200) == 7, 2, CLASS % 2), batch_size=8),
    "DR113 random_output": lambda: trained([Dense(8, "tanh"), Dense(1), Dropout(0.5)], X, T),
    "DR113 modes": lambda: trained(
        [Dense(8), BatchNorm(momentum=1e-5), Activation("tanh"), Dense(1)], 30 * X, T, epochs=100, learning_rate=0.02
    ),
}
# of each code a training that is well in this respect
HEALTHY = {
    "DR101": lambda: trained([Dense(8, "relu"), Dense(1, "sigmoid")], X, YES, loss="squared_error"),
    "DR102": lambda: trained([Dense(8, "relu"), Dense(2, "softmax")], X, YES.astype(int)),
    "DR103": lambda: trained([Dense(3, "softmax")], X, np.eye(3)[CLASS], loss="cross_entropy_from_probabilities"),
    "DR104": lambda: trained([Dense(3, "softmax")], X, CLASS),
    "DR105": lambda: trained([Dense(8), Dense(1)], X, X @ [1.0, 2.0, 3.0, 4.0] + rows(200, 1, 1)[:, 0]),
    "DR106": lambda: trained([Dense(1)], X, T, loss="huber"),
    "DR107": lambda: trained([Dense(1, "sigmoid")], X, YES, loss="binary_cross_entropy"),
    "DR111": lambda: trained([Dense(8, "step_sigmoid"), Dense(1)], X, T),
    "DR112": lambda: trained([Dense(8, "tanh"), Dense(1)], X, T, validation=(rows(20, 4, 9), T[:20])),
    "DR113": lambda: trained(
        [Dense(8), BatchNorm(momentum=0.3), Activation("tanh"), Dropout(0.1), Dense(1)], X, T, epochs=30
    ),
}


# ---- DR105: where the data bend ------------------------------------------------------------------------------


def test_both_fits_are_measured_and_a_line_that_is_enough_is_enough():
    fits = two_fits(SICK["DR105 affine"]())
    assert fits.linear < 0.2
    assert fits.bent > 0.5
    assert fits.z > 4
    line = two_fits(HEALTHY["DR105"]())
    assert line.linear > 0.9
    assert line.z < 2


@pytest.mark.parametrize("seed", range(12))
def test_noise_is_not_taken_for_a_bend(seed):
    x = rows(120, 6, seed)
    assert findings("DR105", trained([Dense(4), Dense(1)], x, rows(120, 1, 100 + seed), epochs=1)) == []


def test_that_a_line_cannot_do_it_is_proved_for_affine_networks_only():
    fits = two_fits(SICK["DR105 affine"]())
    assert fits.best < 0.5 * fits.bent
    assert only("DR105", SICK["DR105 affine"]()).grade == "proved"
    partly = trained([Dense(8), Dense(8), Activation("tanh"), Dense(1)], X, T)
    assert only("DR105", partly).grade == "suspected"
    assert only("DR105", SICK["DR105 left_out"]()).grade == "suspected"


def test_where_a_line_does_most_of_it_the_fault_is_another():
    mostly = 4 * X[:, :1] + T
    fits = two_fits(trained([Dense(8), Dense(1)], X, mostly))
    assert fits.z > 4
    assert findings("DR105", trained([Dense(8), Dense(1)], X, mostly, learning_rate=1e-6)) == []


def test_what_bends_between_counts():
    between = trained([Dense(8), Activation("tanh"), Dense(1)], X, T)
    assert findings("DR105", between) == []
    assert findings("DR105", trained([Dense(8), PReLU(), Dense(1)], X, T)) == []
    hidden = only("DR105", trained([Dense(8), Dropout(0.1), Dense(8), Activation("tanh"), Dense(1)], X, T))
    assert hidden.facts["layers"] == ["dense1"]


def test_the_bend_that_is_tried_mends_it():
    found = diagnose(Network([Dense(32), Dense(1)]), X, T, epochs=150, learning_rate=0.01, budget=10)
    assert (found.findings[0].code, found.findings[0].grade) == ("DR105", "proved")
    assert found.findings[0].tried[0].skill > 0.8


@pytest.mark.parametrize(("by_x", "by_t"), [(1e-3, 1.0), (1e4, 1.0), (1.0, 1e-4), (1.0, 1e5), (30.0, 0.01)])
def test_the_verdict_on_bends_has_no_unit(by_x, by_t):
    one = only("DR105", SICK["DR105 affine"]())
    x, t = by_x * X.astype(np.float32).astype(float) + by_x, by_t * T.astype(np.float32).astype(float) - by_t
    other = only("DR105", trained([Dense(8), Dense(1)], x, t, epochs=1, learning_rate=1e-9))
    for name in ("linear", "bent", "z"):
        assert other.facts[name] == pytest.approx(one.facts[name], rel=0.01, abs=0.005)


@pytest.mark.parametrize("width", [2, 16, 128])
def test_the_verdict_on_bends_has_no_width(width):
    assert only("DR105", trained([Dense(width), Dense(1)], X, T)).facts["z"] > 4


# ---- DR110: derivatives of one's own -------------------------------------------------------------------------


@pytest.fixture
def own():
    """Operations and layers of this file, forgotten afterwards."""
    before, kinds = dict(REGISTRY), dict(KINDS)
    yield
    for table, kept in ((REGISTRY, before), (KINDS, kinds)):
        for name in set(table) - set(kept):
            del table[name]


@pytest.mark.parametrize(
    ("slope", "factor"),
    [(lambda u: -1 + 0 * u, -4.0), (lambda u: 2 + 0 * u, 8.0), (lambda u: 1 + 0 * u, 4.0)],
    ids=["sign", "double", "one side"],
)
def test_a_wrong_derivative_is_found_and_named(own, slope, factor):
    leaning(slope)
    found = only("DR110", trained([Dense(6, "leaning"), Dense(1)], X, T))
    assert found.grade == "proved"
    assert found.facts["what"] == "leaning"
    assert found.facts["factor"] == pytest.approx(factor, rel=1e-3)


def test_a_right_derivative_is_silent_at_its_kink_too(own):
    @elementwise(role="activation", kinks=(0.0,), side="left")
    def folded(u):
        """|u|."""
        return absolute(u)

    x = np.where(np.arange(200)[:, None] < 100, 0.0, X)  # u = 0, exactly, in half of the rows
    patient = trained([Dense(6, "folded"), Dense(1)], x, T)
    assert findings("DR110", patient) == []


def test_a_kink_is_told_from_a_curve():
    from backlit.core.graph import Graph

    for function, kinks in ((absolute, 2), (lambda u: mul(u, u), 0)):
        graph = Graph()
        u = graph.input("u", (3,))
        (one,) = differences(sum_(function(u)), [u], {"u": np.array([0.0, 1.0, 1e-9])}, 1)
        assert (one.kinks, one.checked, one.wrong) == (kinks, 3 - kinks, False)


class Shifted(Layer, abstract=True):
    """A layer of one's own, made of the package's operations: its gradient follows from theirs."""

    def build(self, builder, inputs):
        return builder.name(add(inputs[0], inputs[0]), self, "o")


def test_a_layer_of_ones_own_is_checked_and_right():
    assert findings("DR110", trained([Dense(4, "tanh"), Shifted(), Dense(1)], X, T)) == []


def test_where_a_surrogate_is_meant_nothing_is_wrong():
    assert findings("DR110", trained([Dense(4, "step_identity"), Shifted(), Dense(1)], X, T)) == []


class Idle(Layer, abstract=True):
    """A layer that has a parameter and forgets to use it."""

    def build(self, builder, inputs):
        builder.parameter(self, "unused", (3,), zeros(), (3, 3))
        return builder.name(add(inputs[0], inputs[0]), self, "o")


# ---- DR111 ---------------------------------------------------------------------------------------------------


def test_backpropagation_through_step_learns_nothing_and_a_surrogate_does():
    found = only("DR111", SICK["DR111 flat"]())
    assert (found.grade, found.facts["names"]) == ("proved", ["dense1.weight", "dense1.bias"])
    assert found.changes[0].layers == {"dense1": {"activation": "step_sigmoid"}}
    patient = SICK["DR111 flat"]()
    for name in found.facts["names"]:
        assert np.array_equal(patient.start[name], patient.end[name]), "it is so"


def test_the_perceptrons_rule_has_a_surrogate():
    and_ = trained([Dense(1, "step")], [[0, 0], [0, 1], [1, 0], [1, 1.0]], [0, 0, 0, 1.0], optimizer="perceptron")
    assert findings("DR111", and_) == []
    assert findings("DR102", and_) == []


def test_what_is_frozen_is_a_suspicion_unless_all_is():
    assert only("DR111", SICK["DR111 frozen"]()).grade == "suspected"
    every = only("DR111", trained([Dense(8, "tanh", trainable=False), Dense(1, trainable=False)], X, T))
    assert (every.grade, every.facts["how"]) == ("proved", "all_frozen")


def test_a_parameter_without_a_path_to_the_loss_is_proved():
    found = only("DR111", trained([Dense(4, "tanh"), Idle(), Dense(1)], X, T))
    assert (found.grade, found.facts["names"]) == ("proved", ["layer1.unused"])


def test_steps_that_rounding_eats_are_proved():
    patient = SICK["DR111 rounding"]()
    found = only("DR111", patient)
    assert found.facts["share"] > 0.5
    assert found.facts["rate"] * found.facts["g"] < found.facts["ulp"]
    assert np.mean(patient.start["dense2.weight"] == patient.end["dense2.weight"]) > 0.5
    again = trained([Dense(8, "tanh"), Dense(1)], X, T, optimizer="sgd", learning_rate=1e-10, dtype="float64")
    assert findings("DR111", again) == []


@pytest.mark.parametrize("power", [-20, 20])
def test_rounding_has_no_unit_of_the_loss(power):
    """2ⁿ times the loss with 2⁻ⁿ times the rate are the same steps, to the bit."""
    factor = 2.0**power
    one = only("DR111", SICK["DR111 rounding"]())
    other = trained([Dense(8, "tanh"), Dense(1)], X, T, optimizer="sgd", learning_rate=1e-10 / factor,
                    loss=f"(t - o) ** 2 * {factor!r}")  # fmt: skip
    assert only("DR111", other).facts["share"] == pytest.approx(one.facts["share"], abs=0.05)


# ---- DR112 ---------------------------------------------------------------------------------------------------


def test_a_target_that_never_varies_is_the_root_and_all_else_a_note():
    assert diagnose(Network([Dense(1)]), X, np.ones(len(X)), epochs=2, budget=0).findings[0].code == "DR112"
    found = diagnose(Network([Dense(32, "tanh"), Dense(1)]), np.column_stack([X, np.ones(len(X))]), T,
                     epochs=200, learning_rate=0.01, budget=5)  # fmt: skip
    assert found.healthy
    assert [f.facts["how"] for f in found.notes] == ["constant"]
    assert "DR112" in found.text()


def test_where_the_answer_is_the_question_it_is_no_leak():
    assert [f for f in findings("DR112", trained([Dense(4)], X, X)) if f.facts["how"] == "leak"] == []


def test_coincidences_of_few_values_are_chance():
    rng = np.random.default_rng(3)
    x = rng.integers(0, 2, (200, 3)).astype(float)
    how = {f.facts["how"] for f in findings("DR112", trained([Dense(1, "sigmoid")], x, rng.integers(0, 2, 200)))}
    assert how == {"contradict"}


@pytest.mark.parametrize("factor", [1e-3, 8.0, 1e4])
def test_the_faults_of_rows_have_no_unit(factor):
    for name in ("constant", "contradict", "repeat"):
        one = SICK[f"DR112 {name}"]()
        one.inputs["x"] = one.inputs["x"] * factor
        assert name in {f.facts["how"] for f in findings("DR112", one)}


# ---- DR113 ---------------------------------------------------------------------------------------------------


class Centred(Layer, abstract=True):
    """Subtracts the mean of the batch, in use as well: a mistake."""

    def build(self, builder, inputs):
        (x,) = inputs
        return builder.name(add(x, mul(mean(x, axis=0, keepdims=True), -1.0)), self, "o")


def test_rows_that_have_a_say_in_each_others_answers_are_proved():
    found = only("DR113", trained([Dense(4), Centred(), Dense(1)], X, T), "rows")
    assert (found.grade, found.facts["training"]) == ("proved", False)


def test_dropout_at_its_place_is_none_of_the_outputs():
    assert findings("DR113", trained([Dropout(0.5), Dense(8), Dropout(0.5), Dense(1)], X, T)) == []
