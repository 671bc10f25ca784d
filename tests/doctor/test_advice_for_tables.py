"""What a diagnosis of a table advises: it can be typed as it stands, names rows of the file, and was seen to help."""

from __future__ import annotations

import numpy as np
import pytest

import backlit
from backlit import Dense, Network
from backlit.doctor.diagnosis import Diagnosis
from backlit.doctor.finding import Finding
from backlit.doctor.screen import reference_change
from backlit.doctor.trial import Change, Outcome
from backlit.errors import ParameterError
from backlit.report.findings import told
from backlit.training.clinic.advising import with_words, worded
from backlit.training.clinic.patients import patient_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table whose target is not its last column, with two rows that contradict each other."""
    path = tmp_path_factory.mktemp("a table") / "people.csv"
    rows = [f"{700 + 10 * a:.3f},{a:.4f},{b:.4f}" for a, b in X]
    rows[3] = rows[4].replace(rows[4].split(",")[0], "123.5")
    path.write_text("\n".join(["income,age,rank", *rows]) + "\n", encoding="utf-8")
    return path


def run_of(table, **asked):
    asked = {"target": "income", "epochs": 2, "progress": "none", "test": 0.0, "validation": 0.0, **asked}
    return backlit.train(table, **asked)


def test_target_and_settings_of_a_run_stay_in_what_is_advised(table):
    run = run_of(table, optimizer="momentum", momentum=0.5, seed=3)
    made = worded(Change("learning_rate", settings={"learning_rate": 0.25}, facts={"rate": 0.25}), run)
    assert "'target': 'income'" in str(eval(made.python, {"backlit": Caller}))
    words = eval(made.python, {"backlit": Caller})
    assert (words["momentum"], words["learning_rate"], words["seed"], words["epochs"]) == (0.5, 0.25, 3, 2)
    assert made.command.startswith(f"backlit train '{table}' --target income")  # its folder has a space
    assert "--seed 3" in made.command


class Caller:
    """What `backlit.train` was called with."""

    @staticmethod
    def train(source, **words):
        return words


def test_another_optimizer_leaves_the_settings_of_the_old_one(table):
    run = run_of(table, optimizer="momentum", momentum=0.5)
    run.facts["command"] = f"backlit train '{table}' --optimizer momentum --momentum 0.5 --batch-size 7"
    adam = worded(Change("optimizer", settings={"optimizer": "adam", "learning_rate": 0.003}), run)
    assert "momentum" not in adam.command + adam.python
    assert "--batch-size 7" in adam.command


def test_a_plain_network_brings_its_own_settings_and_no_x(table):
    run = run_of(table, l2=3.0, batch_size=7, optimizer="momentum", momentum=0.5, hidden=[5, 5])
    run.facts["command"] = (
        f"backlit train '{table}' --target income --l2 3 --batch-size 7 --hidden 5,5"
        " --optimizer momentum --momentum 0.5"
    )
    plain = worded(reference_change(patient_of(run)), run)
    words = eval(plain.python, {"backlit": Caller})
    assert (words["hidden"], words["activation"], words["optimizer"]) == ([64], "relu", "adam")
    assert not {"l2", "batch_size", "momentum", "layers"} & set(words)
    assert not any(name in plain.command for name in ("--l2", "--batch-size", "momentum", "5,5"))
    assert "--target income" in plain.command


def test_rows_stand_with_their_lines_and_in_the_unit_of_the_column(table):
    found = backlit.diagnose(run_of(table), budget=0)
    note = next(f for f in found.notes if f.facts.get("how") == "contradict")
    lines = {note.facts["line"], note.facts["other_line"]}
    assert {line.rpartition(":")[2] for line in lines} == {"5", "6"}  # the head is line 1
    assert "123.5" in (note.facts["one"], note.facts["another"])
    assert note.python == ""  # nobody has the x of a table


def with_trials(run, skills, repair):
    """A diagnosis with a finding whose changes reached these skills, and a repair that reached another."""
    changes = [Change("learning_rate", settings={"learning_rate": r}, facts={"rate": r}) for r in (0.5, 0.25)]
    tried = tuple(Outcome(c, skill, 9) for c, skill in zip(changes, skills, strict=True))
    one = Finding(
        "DR401", "measured", {"rate": 1.0}, tuple(changes), tried=tuple(sorted(tried, key=lambda o: -o.skill))
    )
    both = changes[0].joined(Change("initial", initial="he", facts={"initial": "he"}))
    made = Diagnosis(findings=[one], skill=0.0, repair=Outcome(both, repair, 9), run=run)
    return with_words(made, run)


def test_what_did_most_is_what_is_advised(table):
    made = with_trials(run_of(table), (0.1, 0.8), 0.9)
    assert "learning_rate=0.25" in made.findings[0].python
    assert told(made.told(), "en").findings[0].python == made.findings[0].python


@pytest.mark.parametrize("language", ["en", "ja"])
def test_what_did_nothing_by_itself_is_not_typed_where_more_helps(table, language):
    made = told(with_trials(run_of(table), (-0.5, 0.001), 0.9).told(), language)
    assert made.findings[0].command == made.findings[0].python == ""
    assert made.own_repair is not None
    assert "initial='he'" in made.own_repair.python
    alone = told(with_trials(run_of(table), (-0.5, 0.001), 0.0).told(), language)
    assert alone.findings[0].command  # nothing helps: what there is


def test_a_repair_is_told_once():
    same = Outcome(Change("l2", settings={"l2": 0.01}, facts={"l2": 0.01}), 0.9, 9)
    one = Finding("DR501", "measured", {"how": "gap"}, (same.change,))
    net = Network([Dense(1)])
    run = net.fit(X, X[:, 0], epochs=1)
    assert told(with_words(Diagnosis(findings=[one], repair=same, run=run), run).told(), "en").own_repair is None


def test_the_end_of_a_range_that_has_none_is_infinite():
    found = backlit.diagnose(Network([Dense(3, "tanh"), Dense(1, "relu")]), X, X[:, 0], epochs=1, budget=0)
    assert "0 to ∞" in found.text("en")
    assert "nan" not in found.text("en").lower()


def test_what_was_stopped_is_not_healthy():
    made = Diagnosis(passed=["DR101"], left_out=[("trials", "interrupted")], skill=0.1)
    assert "healthy" not in made.text("en")


def test_bars_leave_room_for_names_where_there_is_little(table):
    text = with_trials(run_of(table), (0.1, 0.8), 0.9).text("en", columns=40)
    assert "learning rate" in text
    lines = [line for line in text.splitlines() if "█" in line or "··" in line]
    assert lines
    assert all(len(line) <= 40 for line in lines)


@pytest.mark.parametrize("budget", ["20s", float("nan"), -1, None])
def test_a_budget_that_is_no_time(budget):
    with pytest.raises(ParameterError, match="BL305"):
        backlit.diagnose("xor", budget=budget)


def test_rows_that_do_not_go_together_are_told():
    net = [Dense(3, "relu"), Dense(1)]
    assert backlit.diagnose(Network(net), X, X[:9, 0], budget=0).findings[0].facts["error"] == "BL213"
    assert backlit.diagnose(Network(net), X, budget=0).findings[0].facts["error"] == "BL212"


def test_a_folder_of_runs_names_one(table, tmp_path):
    run_of(table, out=tmp_path / "runs")
    with pytest.raises(ParameterError, match="people-1"):
        backlit.diagnose(tmp_path / "runs")
