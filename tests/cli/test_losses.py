"""Losses, penalties and weights of classes on the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest

import backlit
from backlit.training import Network
from backlit.training.objects.run import read_run

QUICK = ("--epochs", "3", "--progress", "none", "--no-baselines", "--no-report")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("asked", "settings"),
    [
        (["--loss", "huber(delta=0.5)"], {"loss": "huber", "delta": 0.5}),
        (["--l1", "0.001", "--l2", "0.01"], {"l1": 0.001, "l2": 0.01}),
        (["--loss", "abs(t - o)**1.5"], {"loss": "abs(t - o)**1.5"}),
        (["--loss", "quantile(q=0.9, reduction=rows)"], {"loss": "quantile", "q": 0.9, "reduction": "rows"}),
    ],
)
def test_what_is_asked_for_is_trained_and_remembered(asked, settings, call):
    done = call("train", "diabetes", *asked, *QUICK)
    assert (done.code, done.err) == (0, "")
    facts = read_run("runs/diabetes-1")[0]
    assert settings.items() <= facts["settings"].items()
    names = {"__builtins__": {}, "backlit": backlit}
    again = eval(facts["python"].replace("out='runs'", "out='again', progress='none'"), names)  # what it says is so
    model = backlit.load("runs/diabetes-1")
    assert all(np.array_equal(v, model.values[n]) for n, v in again.network.values.items())
    shown = call("show", "runs/diabetes-1", "--tape")
    assert shown.code == 0
    assert "∂E/∂dense1.weight" in shown.out
    assert ("* 0.005" in shown.out) == ("l2" in settings)  # half of it, of the sum of squares


def test_classes_can_be_weighted_and_smoothed(call):
    for weight in ("balanced", "malignant=3,benign=1"):
        done = call("train", "breast_cancer", "--class-weight", weight, "--label-smoothing", "0.1", *QUICK)
        assert (done.code, done.err) == (0, "")
    first, second = (read_run(f"runs/breast_cancer-{n}")[0]["settings"] for n in (1, 2))
    assert first["class_weight"] == "balanced"
    assert second["class_weight"] == {"0": 3.0, "1": 1.0}
    assert first["label_smoothing"] == 0.1


def test_one_sigmoid_unit_answers_with_classes_and_shares(call):
    assert call("train", "breast_cancer", "--loss", "binary_cross_entropy", *QUICK[:2], *QUICK[2:]).code == 0
    shares = call("predict", "runs/breast_cancer-1", "breast_cancer", "--proba").out.splitlines()
    assert shares[0] == "malignant,benign"
    assert all(sum(map(float, line.split(","))) == pytest.approx(1, abs=1e-6) for line in shares[1:])
    answers = call("predict", "runs/breast_cancer-1", "breast_cancer").out.splitlines()
    assert set(answers[1:]) == {"malignant", "benign"}
    assert call("evaluate", "runs/breast_cancer-1", "breast_cancer").code == 0


def test_a_hinge_answers_with_classes_and_has_no_shares(call):
    assert call("train", "breast_cancer", "--loss", "hinge", *QUICK).code == 0
    answers = call("predict", "runs/breast_cancer-1", "breast_cancer").out.splitlines()
    assert set(answers[1:]) == {"malignant", "benign"}
    for language, word in (("en", "shares"), ("ja", "割合")):
        done = call("predict", "runs/breast_cancer-1", "breast_cancer", "--proba", "--lang", language)
        assert done.code == 2
        assert word in done.err


def test_a_model_with_one_sigmoid_unit_and_no_preparation_can_be_evaluated(call, rng):
    net = Network([backlit.Dense(1, "sigmoid")])
    table = backlit.data.load("breast_cancer")
    net.fit(table.x, table.t, loss="binary_cross_entropy", epochs=2)
    net.save("model.safetensors")
    done = call("evaluate", "model.safetensors", "breast_cancer", "--json")
    assert done.code == 0
    assert net.evaluate(table.x, table.t)["accuracy"] == pytest.approx(json.loads(done.out)["accuracy"])


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        (["--loss", "hubber"], "huber"), (["--loss", "abs(t)"], "BL331"), (["--loss", "abs(t - o"], "BL401"),
        (["--loss", "huber(beta=1)"], "BL304"), (["--loss", "huber(delta=0)"], "BL305"),
        (["--l1", "-1"], "0 ≤ x"), (["--label-smoothing", "1"], "< 1"), (["--class-weight", "much"], "balanced"),
        (["--class-weight", "setosa=-1"], "BL330"), (["--class-weight", "rose=2"], "BL330"),
        (["--loss", "hinge", "--label-smoothing", "0.1"], "BL332"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "ja"])
def test_what_cannot_be_is_told_in_a_sentence(asked, word, language, call):
    done = call("train", "iris", *asked, *QUICK, "--lang", language)
    assert done.code != 0
    assert word in done.err
    assert "Traceback" not in done.err
