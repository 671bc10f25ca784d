"""How a diagnosis is told: text, page, notebook, JSON, the quick one after a training; in both languages."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import backlit
from backlit import Dense, Network, messages
from backlit.doctor.diagnosis import Diagnosis, examine, in_order, order
from backlit.doctor.finding import Finding
from backlit.doctor.signs import signs
from backlit.doctor.trial import Change, Outcome
from backlit.messages import places
from backlit.report import render
from backlit.report.findings import share, told
from backlit.training.clinic.patients import patient_of
from backlit.training.clinic.quick import quick, visibly_ill

RATE = Change("learning_rate", settings={"learning_rate": 0.1}, facts={"rate": 0.1}, command="backlit train a.csv",
              python="backlit.train('a.csv', learning_rate=0.1)")  # fmt: skip
PLAIN = Outcome(Change("reference"), 0.9, 1300)


def made(**more):
    """A diagnosis with a root, a consequence, a note and something left out."""
    facts = {"rate": 1.0, "r": 5.0, "raised": 0.5, "looks": 20, "ceiling": 0.4}
    later = Finding("DR503", "measured", {"skill": 0.0, "shuffled": 0.0})
    root = Finding("DR401", "measured", facts, (RATE,), (later,), (Outcome(RATE, 0.75, 200, cut=True),))
    found = {
        "findings": [root], "passed": ["DR101", "DR204"], "left_out": [("DR403", "no_training"), ("trials", "cut")],
        "skill": 0.25, "reference": PLAIN, "repair": Outcome(RATE, 0.75, 200),
    }  # fmt: skip
    return Diagnosis(**{**found, **more})


def test_one_that_learns_too_little_for_no_reason_that_was_found_is_not_called_healthy():
    found = made(findings=[], repair=None, ill=True)
    assert not found.healthy
    assert found.told()["healthy"] is False
    assert found.text("en").startswith("undecided: ")
    assert "判定できません" in found.text("ja")
    assert not told(found.told(), "en").healthy


TEXT = """\
Found: the learning rate 1 is too high
Its skill is 25 %; a plain network on the same rows has 90 % (0 %: a constant answer, 100 %: no
mistake)."""


def test_the_text_tells_the_root_first_with_evidence_trials_and_remedy():
    text = made().text("en")
    assert text.startswith(TEXT)
    lines = text.splitlines()
    order = ("DR401  measured", "  evidence", "  limit", "  how sure", "  so", "  tried", "  try", "  Python",
             "  follows", "  more")  # fmt: skip
    at = [next(k for k, line in enumerate(lines) if line.startswith(start)) for start in order]
    assert at == sorted(at)
    assert any(re.search(r"learning rate 0\.1 +█{15}·{5} +0\.75  200 steps  cut short$", line) for line in lines)
    assert any(line.strip() == "backlit train a.csv" for line in lines)
    assert "2 checks passed: DR101 DR204" in lines
    assert "there was no training to look at: DR403" in text
    assert "Repair:" not in text  # it is the root's own remedy, and was told


@pytest.mark.parametrize("columns", [80, 100])
@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_no_line_is_wider_than_asked(language, columns):
    for line in made(passed=[check.code for check in in_order()]).text(language, columns).splitlines():
        assert places(line) <= columns or "backlit.train" in line, line


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_healthy_network_is_told_so_with_every_check_by_name(language):
    codes = [check.code for check in in_order()]
    text = made(findings=[], repair=None, passed=codes, left_out=[]).text(language)
    assert str(len(codes)) in text.splitlines()[0]
    assert all(messages.catalogue(language)["doctor_names"][code] in text for code in codes)


def test_signs_that_no_trial_bore_out_are_told():
    passed = [check.code for check in in_order() if check.code not in ("DR402", "DR401", "DR503")]
    text = made(passed=passed, left_out=[]).text("en").replace("\n", " ")
    assert "Signs that no trial bore out, the nearest first: DR402." in text


def test_it_survives_numbers_that_are_not_finite_and_codes_of_another_version():
    nothing = Outcome(RATE, float("nan"), 0, broken=True)
    facts = {"rate": 1.0, "r": float("nan"), "raised": np.float64("inf")}
    odd = made(findings=[Finding("DR401", "measured", facts, (RATE,), tried=(nothing,))], skill=float("nan"))
    again = json.loads(odd.json())
    assert again["skill"] is None
    assert "broke" in odd.text("en")
    again["findings"][0]["code"] = "DR999"
    again["findings"][0]["tried"][0]["change"]["name"] = "of_the_future"
    said = told(again, "en")
    assert (said.findings[0].what, said.findings[0].tried[0].label) == ("DR999", "of_the_future")


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_the_page_holds_all_and_runs_nothing(language):
    net = Network([Dense(8, "relu"), Dense(1)])
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2))
    found = backlit.diagnose(net, x, x[:, 0] * 100, epochs=5, budget=10)
    page = found.html(language)
    assert f'<html lang="{language}">' in page
    assert "<script" not in page
    assert "<svg" in page  # what was tried, and the vital signs where time allowed several looks
    assert "r = ΔᵀHΔ" in page
    for one in found.findings:
        assert f'id="{one.code}"' in page
    assert page == found.html(language)


def test_names_from_the_data_are_escaped():
    facts = {"wide": "<b>age</b>", "names": ["<i>"], "layer": "<u>"}
    page = made(findings=[Finding("DR204", "suspected", facts)], about={"name": "<a>"}).html("en")
    assert not re.search(r"<(b|i|u|a)>", page)


def test_a_notebook_shows_a_card_and_the_same_words():
    found = made()
    bundle = found._repr_mimebundle_()
    assert bundle["text/plain"] == found.text() == str(found) == found.__rich__().plain
    assert "DR401" in bundle["text/html"]
    assert "<script" not in bundle["text/html"]


def test_shares_of_what_was_learned():
    assert [share(s) for s in (None, -2.0, 0.0, 0.456, 1.0)] == ["–", "0 %", "0 %", "46 %", "100 %"]


# ---- vital signs, the quick diagnosis, the report -----------------------------------------------------------------


def test_vital_signs_in_short():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 3))
    run = Network([Dense(4, "relu"), Dense(1)]).fit(x, x[:, 0], epochs=30)
    patient = patient_of(run)
    found = signs(patient.course)
    assert found["steps"][0] == 1
    assert len(found["steps"]) == len(found["r"]) == len(found["layers"]["dense1"]["dead"]) <= 40
    assert set(found["ratio"]) == {"dense1.weight", "dense1.bias", "dense2.weight", "dense2.bias"}
    assert "dead" not in found["layers"]["dense2"]  # linear: its slope is never 0
    assert json.loads(json.dumps(found)) == found
    assert signs([]) == {}


def test_after_a_training_that_went_well_nothing_is_found_and_next_to_nothing_spent():
    run = backlit.train("iris", progress="none")
    assert run.facts["diagnosis"]["quick"]
    assert run.facts["diagnosis"]["findings"] == []
    short, long = quick(run, 0.1, "test"), quick(run, 100.0, "test")
    assert (short.passed, short.seconds, short.findings) == ([], 0.0, [])
    assert {reason for _, reason in short.left_out} == {"quick"}
    assert len(long.passed) > 10
    assert long.findings == []


def test_visibly_ill_is_what_a_linear_model_beats_by_far_and_by_more_than_chance():
    facts = {"baselines": {"constant": {"accuracy": 0.5}, "linear": {"accuracy": 0.9}},
             "data": {"task": "classification", "split": {"test": 100}}}  # fmt: skip
    ill = [visibly_ill({"test": {"accuracy": a}}, facts, "test") for a in (0.5, 0.6, 0.69, 0.75, 0.95)]
    assert ill == [True, True, True, False, False]
    facts["data"]["split"]["test"] = 4  # four rows say nothing
    assert not visibly_ill({"test": {"accuracy": 0.5}}, facts, "test")
    assert not visibly_ill({"test": {"accuracy": 0.5}}, {}, "test")


def test_a_network_that_is_visibly_ill_is_looked_at_and_its_run_and_report_tell(tmp_path):
    run = backlit.train("breast_cancer", learning_rate=1e-7, epochs=3, out=tmp_path, progress="none")
    found = json.loads((run.folder / "run.json").read_text(encoding="utf-8"))["diagnosis"]
    assert found["quick"]
    assert found["findings"]
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert 'id="diagnosis"' in page
    assert found["findings"][0]["code"] in page
    assert "backlit diagnose" in page
    assert 'id="diagnosis"' not in render({"name": "x"}, [], "en")


def test_a_run_that_broke_has_its_quick_diagnosis(tmp_path):
    left = []
    with pytest.raises(backlit.errors.TrainingError):
        backlit.train("moons", learning_rate=1e6, optimizer="sgd", out=tmp_path, progress="none", left=left)
    assert left[0].facts["diagnosis"]["findings"]
    assert quick(left[0], 0.0, "").findings


# ---- ended before it is done --------------------------------------------------------------------------------------


def test_ctrl_c_in_a_trial_ends_the_trials_and_keeps_what_was_found():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2))
    run = Network([Dense(8, "tanh"), Dense(1)]).fit(x, x[:, 0] + x[:, 1] ** 2, epochs=3, learning_rate=1e-7)
    patient, count = patient_of(run), []

    def attempt(change, hold_out, seconds, whole=patient.attempt):
        count.append(change)
        if len(count) == 4:
            raise KeyboardInterrupt
        return whole(change, hold_out, seconds)

    patient.attempt = attempt
    found = examine(patient, budget=5)
    assert found.findings
    assert ("trials", "interrupted") in found.left_out
    assert "stopped by Ctrl-C" in found.text("en")
    assert len(count) == 4


def test_ctrl_c_in_a_check_leaves_the_rest_out(monkeypatch):
    run = Network([Dense(1)]).fit([[0.0], [1.0]], [1.0, 3.0], epochs=2)
    patient = patient_of(run)

    def stop(at, seconds):
        raise KeyboardInterrupt

    patient.look_again = stop
    found = examine(patient, budget=5)
    assert "DR101" in found.passed
    assert any(reason == "interrupted" for _, reason in found.left_out)


# ---- what cannot be diagnosed ---------------------------------------------------------------------------------------


def test_what_python_cannot_diagnose():
    run = backlit.train("iris", epochs=2, progress="none")
    run.origin = None
    with pytest.raises(backlit.BacklitError, match="BL381"):
        backlit.diagnose(run)


def test_a_source_in_python_and_a_run_that_is_pickled(tmp_path):
    import pickle

    found = backlit.diagnose("iris", epochs=30, budget=1)
    assert found.about["name"] == "iris"
    assert found.run.facts["diagnosis"]["quick"]
    run = backlit.train("iris", epochs=5, out=tmp_path, progress="none")
    again = pickle.loads(pickle.dumps(run))
    assert again.diagnosis.skill == pytest.approx(run.diagnosis.skill)


def test_without_trials_no_suspicion_is_told_of_a_network_that_works():
    found = backlit.diagnose("iris", epochs=100, budget=0)  # its loss is still falling: DR403 would be suspected
    assert found.skill > 0.5
    assert found.healthy
    assert [one.code for one in found.others] == ["DR403"]
    assert ("trials", "no_budget") in found.left_out


def test_checks_for_which_there_is_no_time_left_are_told():
    run = Network([Dense(1)]).fit([[0.0], [1.0]], [1.0, 3.0], epochs=2)
    found = examine(patient_of(run), budget=0, within=-1.0)
    assert {"DR503", "DR204", "DR206"} & set(found.passed) == set()  # these go through the network, or take a while
    assert {"DR101", "DR502"} <= set(found.passed)  # these take none
    assert {reason for code, reason in found.left_out if code != "trials"} == {"late"}
    assert "no time left for these checks" in found.text("en").replace("\n ", "")


# ---- root and consequence -------------------------------------------------------------------------------------------


def dead_and_too_fast(own: float) -> list[Finding]:
    """Units that died, with a remedy of this skill, and a rate whose remedy has 0.9."""
    facts = {"rate": 20.0, "r": 40.0, "raised": 1.0, "looks": 10, "ceiling": 1.0}
    dead = {"layer": "dense1", "dead": 16, "units": 16, "rows": 300, "born": 1, "at_most": 0.01}
    leaky = Change("hidden_activation", facts={"activation": "leaky_relu"})
    return [
        Finding("DR303", "proved", dead, (leaky,), tried=(Outcome(leaky, own, 400),)),
        Finding("DR401", "measured", facts, (RATE,), tried=(Outcome(RATE, 0.9, 400),)),
    ]


def test_what_came_about_in_the_training_stands_under_what_brought_it_about():
    (root,) = order(dead_and_too_fast(float("nan")))
    assert root.code == "DR401"
    assert [f.code for f in root.consequences] == ["DR303"]
    assert [f.code for f in order(dead_and_too_fast(0.8))] == ["DR303", "DR401"], "its own remedy is as good"


def test_a_rate_that_kills_units_is_the_root():
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 1, size=(300, 3))
    t = np.sin(4 * x[:, 0]) + x[:, 1]
    net = Network([Dense(16, "relu"), Dense(1)])
    root = backlit.diagnose(net, x, t, epochs=40, optimizer="sgd", learning_rate=20.0, budget=20).findings[0]
    assert root.code == "DR401"
    assert "DR303" in [f.code for f in root.consequences]


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_signs_of_a_healthy_network_are_no_suspicions(language):
    passed = [check.code for check in in_order() if check.code != "DR402"]
    say = messages.catalogue(language)["doctor_faces"]
    well = made(findings=[], repair=None, passed=passed, left_out=[], skill=0.9).text(language)
    assert say["spared"].partition(":")[0] in " ".join(well.split()) or language == "ja"
    assert say["little"] not in well
    both = made(findings=[], repair=None, passed=passed, left_out=[], skill=0.1,
                reference=Outcome(Change("reference"), 0.2, 1300)).told()  # fmt: skip
    more = told(both, language).more
    assert say["little"] in more
    assert say["spared_little"].partition(":")[0] in " ".join(more)
    assert say["spared"].partition(":")[0] not in " ".join(more)


def test_a_note_has_its_evidence_and_the_lines_that_mend_it():
    x = np.random.default_rng(0).normal(size=(60, 2))
    net = Network([Dense(16, "tanh"), Dense(1)])
    found = backlit.diagnose(
        net, np.vstack([x, x[:9]]), np.r_[x[:, 0], x[:9, 0]], epochs=200, learning_rate=0.01, budget=5
    )
    (note,) = [f for f in found.notes if f.facts["how"] == "repeat"]
    assert "9 pairs of equal rows among 69, the first: rows 0 and 60" in " ".join(found.text("en").split())
    assert note.python in found.text("en").replace("\n      ", "\n")


def test_the_figures_of_a_finding_stand_with_its_certainty():
    from backlit.cli.explain import measured, with_rates

    page = with_rates(messages.entry("DR203", "en")["page"].strip().splitlines(), measured("DR203"))
    at = [page.index(head) for head in ("How sure", "Example")]
    assert sum("runs of programs" in line or "no program" in line for line in page[at[0] : at[1]]) == 2
