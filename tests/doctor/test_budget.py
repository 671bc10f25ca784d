"""The budget of a diagnosis holds, and what did not fit into it is said: a tiny one is to a small network what a usual
one is to a huge one."""

from __future__ import annotations

import numpy as np
import pytest

import backlit
from backlit import Dense, Network
from backlit.doctor.checks import start
from backlit.doctor.diagnosis import examine
from backlit.doctor.finding import CHECKS
from backlit.doctor.patient import Patient
from backlit.doctor.time import LEAST, Clock, OutOfTime, affordable
from backlit.doctor.trial import Change
from backlit.training.clinic import quick as quick_look
from backlit.training.clinic.patients import patient_of, time_for_checks
from backlit.training.clinic.trials import attempt, look_again

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3000, 20)).astype(np.float32)
T = 9 * (X[:, 0] * X[:, 1] > 0)
SLACK = 4.0  # seconds, on machines that others use, too


def run_of(width=700, epochs=1, **settings):
    net = Network([Dense(width, "relu"), Dense(width, "relu"), Dense(1, "sigmoid")])
    return net.fit(X, T, epochs=epochs, learning_rate=1e-6, **settings)


@pytest.fixture(scope="module")
def large():
    return run_of()


@pytest.fixture(scope="module")
def found(large):
    return backlit.diagnose(large, budget=0.05)


def test_a_tiny_budget_holds(found):
    assert found.seconds < time_for_checks(0.05) + SLACK
    assert found.findings[0].code == "DR101"  # proved without a trial


def test_what_was_not_tried_is_said_in_every_form(found):
    assert ("trials", "too_large") in found.left_out
    facts = found.told()["about"]["too_large"]
    assert facts["needs"] > facts["had"] > 0
    assert [change["name"] for change in facts["changes"]].count("output_activation") >= 1
    for language, sentence in (("en", "too large for trials"), ("ja", "大きすぎて試行できません")):
        for said in (found.text(language, columns=10_000), found.html(language)):
            assert sentence in said
            assert f"{facts['needs']:.2g}" in said
            assert "identity" in said.split(sentence)[1]  # the change that was not tried
            assert "{" not in said.split(sentence)[1][:300]


def test_a_trial_ends_in_its_time_with_its_setting_up(large):
    outcome = attempt(large, Change("epochs", settings={"epochs": 100_000, "patience": 0}), True, 0.3)
    assert outcome.cut
    assert outcome.seconds < 0.3 + SLACK
    assert outcome.steps > 0


def test_a_replay_without_time_for_a_look_says_so(large):
    with pytest.raises(OutOfTime):
        look_again(large, [1, 2], 0.0)
    patient = patient_of(large)
    patient.looks, patient.replay = [], 0.0
    for _ in range(2):
        with pytest.raises(OutOfTime):
            _ = patient.course


def test_looks_of_the_training_stand_in_for_a_replay(large):
    patient = patient_of(large)
    patient.looks, patient.replay = ["a look"], 0.0
    assert patient.course == ["a look"]


def test_a_check_ends_between_two_pieces_and_the_others_go_on(large, monkeypatch):
    patient, passes = patient_of(large), []
    forward = Patient._forward

    def slow(self, parameters, names, others=None):
        passes.append(names)
        if len(passes) == 2:
            self.clock = Clock(0.0)  # the time is over
        return forward(self, parameters, names, others)

    monkeypatch.setattr(Patient, "_forward", slow)
    made = examine(patient, budget=0)
    late = {code for code, reason in made.left_out if reason == "late"}
    assert late
    assert set(made.passed).isdisjoint(late)
    assert {"DR403", "DR502"} & set(made.passed)  # they need no pass through the network
    assert {code for code, _ in made.left_out} | set(made.passed) | {f.code for f in made.findings} <= {
        *CHECKS, "trials", "course",
    }  # fmt: skip


def test_of_a_large_network_fewer_rows_are_looked_at(large, monkeypatch):
    assert affordable(100, 20_000) == 20_000
    assert affordable(10**12, 20_000) == LEAST
    patient = patient_of(large)
    assert len(patient.t) == len(T)
    monkeypatch.setattr("backlit.doctor.time.WORK", None)  # the default was bound: rows follow from the size alone
    monkeypatch.setattr(Patient, "size", 10**12)
    few = patient_of(large)
    assert len(few.t) == LEAST == len(few.values("end", ())["output"])


def test_first_weights_are_drawn_only_until_one_is_as_bad(monkeypatch):
    drawn = []
    whole = start.drawn_anew

    def counted(net, seed):
        drawn.append(seed)
        return {name: 100 * value for name, value in whole(net, seed).items()}

    monkeypatch.setattr(start, "drawn_anew", counted)
    net = Network([Dense(8, "relu", weights=("normal", 3.0)), Dense(1)])
    run = net.fit(X[:200], X[:200, 0], epochs=3, learning_rate=1e-7)
    assert list(start.first_loss(patient_of(run))) == []
    assert drawn == [0]


def test_time_for_checks():
    assert time_for_checks(20.0) == 12.0
    assert time_for_checks(0.1) == 1.0
    assert time_for_checks(0.0) == 10.0  # nothing is tried


# ---- the quick look after every training ----------------------------------------------------------------------------


@pytest.mark.parametrize(("took", "ill", "most"), [(40.0, True, 2.0), (40.0, False, 2.0), (0.0, True, 0.1)])
def test_the_quick_look_gets_a_twentieth_of_the_trainings_time(large, monkeypatch, took, ill, most):
    given = {}

    def noted(patient, **words):
        given.update(words)
        return examine(patient, **words)

    monkeypatch.setattr(quick_look, "examine", noted)
    monkeypatch.setattr(quick_look, "visibly_ill", lambda *_: ill)
    made = quick_look.quick(large, took, "test")
    assert 0.0 < given["within"] <= most
    assert 0.0 < given["replay"] <= most
    assert given["budget"] == 0
    assert made.seconds < most + SLACK


def test_a_quick_look_at_an_ill_network_leaves_out_what_takes_long(large, monkeypatch):
    monkeypatch.setattr(quick_look, "visibly_ill", lambda *_: True)
    monkeypatch.setattr(Patient, "pace", 100.0)
    monkeypatch.setattr("backlit.doctor.patient.SETTING_UP", 1.0)  # a network so large that a copy of it takes days
    made = quick_look.quick(large, 1.0, "test")
    left = dict(made.left_out)
    assert left["DR113"] == "quick"
    assert "DR101" in {f.code for f in made.findings}
    assert "backlit diagnose makes it" in made.text("en").replace("\n  ", " ")


def test_a_quick_look_that_has_no_time_at_all_makes_no_check(large, monkeypatch):
    monkeypatch.setattr(quick_look, "visibly_ill", lambda *_: False)
    made = quick_look.quick(large, 0.1, "test")
    assert not made.passed
    assert not made.findings
    assert {reason for _, reason in made.left_out} == {"quick"}


def test_ctrl_c_while_a_model_is_compared_leaves_what_was_found(tmp_path, large, monkeypatch):
    def stop(*given):
        raise KeyboardInterrupt

    path = large.network.save(tmp_path / "model.safetensors")
    monkeypatch.setattr("backlit.training.whole.revisiting.attempt", stop)
    found = backlit.diagnose(path, X[:300], T[:300], budget=0.5)
    assert found.findings[0].code == "DR101"
    assert ("trials", "interrupted") in found.left_out
    assert found.reference is None
