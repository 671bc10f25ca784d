"""The lens in the report of a training: every task and kind of network, and what is left out."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest

import backlit
from backlit import messages
from backlit.nn import Activation, BatchNorm, Dense, Dropout, PReLU, Residual
from backlit.training.looks import looking
from backlit.training.whole import pipeline

SECTIONS = ("sample", "chain", "gradient-checks", "rate", "signals", "activations")


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return backlit.train("digits", epochs=3, progress="none", out=tmp_path_factory.mktemp("runs"))


def page(run):
    return (run.folder / "report.html").read_text("utf-8")


def test_the_report_shows_a_worked_row_a_chain_rule_checks_rates_layers_and_cards(digits):
    text = page(digits)
    for key in SECTIONS:
        assert f'<section id="{key}"' in text
        assert f'href="#{key}"' in text
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert len(text.encode()) < 500_000
    assert "<script" not in text
    told = json.loads((digits.folder / "run.json").read_text("utf-8"))["lens"]
    assert told["sample"]["closes"] is True
    assert max(check["worst"] for check in told["gradient_checks"]) < 1e-5
    assert [check["name"] for check in told["gradient_checks"]] == list(digits.network.parameters())
    assert [fork["word"] for fork in told["rates"]["forks"]] == ["falls"] * 3
    assert told["curvature"]["verdict"] == "below"


def test_the_worked_row_is_the_one_that_was_missed_most(digits):
    told = digits.facts["lens"]["sample"]
    worst = digits.facts["worst"][0]
    assert told["row"] == worst["row"]
    assert told["why"] == "worst"
    assert (told["true"], told["answer"]) == (worst["true"], worst["predicted"])
    assert told["E"] == pytest.approx(-math.log(worst["share_true"]), rel=1e-4)


def test_the_histograms_count_every_value_at_the_start_and_at_the_end(digits):
    found = digits.facts["lens"]["signals"]
    width = digits.network.summary()[1]["output"][0]
    first = found["layers"][0]
    for symbol in ("u", "o", "f′"):
        assert [sum(counts) for counts in first["values"][symbol]["counts"]] == [found["rows"] * width] * 2
    rows = looking._own_rows(digits, looking.SAMPLED)
    u = rows["x"] @ digits.origin.values["dense1.weight"] + digits.origin.values["dense1.bias"]
    assert first["values"]["u"]["start"]["mean"] == pytest.approx(float(u.mean()), abs=1e-5)
    assert first["values"]["u"]["start"]["mean"] != first["values"]["u"]["end"]["mean"]


def test_the_same_run_gives_the_same_page_in_either_language(digits):
    pages = {}
    for language in ("en", "ja"):
        sections = digits.looked.sections(language)
        assert [s.key for s in sections] == list(SECTIONS)
        pages[language] = [(s.title, s.intro, s.facts, s.markup) for s in sections]
        assert pages[language] == [(s.title, s.intro, s.facts, s.markup) for s in digits.looked.sections(language)]
    assert messages.language() == "en", "the language of the process stays what it was"
    assert pages["en"][0][0] == "One row, worked through"
    assert pages["ja"][0][0] == "1 行の計算をたどる"


def numbers(rng, classes):
    x = rng.normal(size=(120, 5))
    return x, (x[:, 0] > 0).astype(int) if classes else x @ rng.normal(size=(5, 1))


@pytest.mark.parametrize(
    ("layers", "settings"),
    [
        ([Dense(6, "relu"), Dropout(0.3), Dense(1)], {"optimizer": "sgd"}),
        ([Dense(6), BatchNorm(), Activation("tanh"), Dense(1)], {"optimizer": "momentum", "l2": 0.01}),
        ([Dense(5, "elu"), Residual(Dense(5, "u / (1 + abs(u))")), Dense(1)], {"optimizer": "adamw"}),
        ([Dense(6), PReLU(), Dense(1)], {"optimizer": "lbfgs"}),
        ([Dense(6, "sigmoid"), Dense(2, "softmax")], {"class_weight": "balanced", "learning_rate": "auto"}),
        ([Dense(1, "step")], {"optimizer": "perceptron", "loss": "squared_error"}),
    ],
)
def test_every_kind_of_network_and_training_has_its_sections(rng, tmp_path, layers, settings):
    classes = getattr(layers[-1], "activation", None) in ("softmax", "step")
    run = backlit.train(numbers(rng, classes), layers=layers, epochs=4, progress="none", out=tmp_path, **settings)
    text = page(run)
    assert '<section id="gradient-checks"' in text
    assert run.looked.left_out == {}
    assert run.facts["lens"]["signals"]["layers"]
    assert json.loads((run.folder / "run.json").read_text("utf-8"))["lens"]


def test_of_several_labels_and_of_columns_of_words(tmp_path, rng):
    x = rng.normal(size=(90, 3))
    labels = (x[:, :2] > 0).astype(int)
    run = backlit.train((x, labels), task="multilabel", epochs=3, progress="none", out=tmp_path)
    assert '<section id="sample"' in page(run)
    assert "answer" not in run.facts["lens"]["sample"]


def test_a_large_network_does_without_what_takes_long_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(looking, "WORK", 1000.0)
    run = backlit.train("iris", epochs=2, progress="none", out=tmp_path)
    assert run.looked.left_out == dict.fromkeys(("sample", "checks", "signals", "curvature", "rates"), "large")
    assert page(run).count("Left out, as it would take long") == 5


def test_ctrl_c_while_the_lens_looks_keeps_the_run(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "look", interrupted)
    with pytest.raises(KeyboardInterrupt):
        backlit.train("iris", epochs=2, progress="none", out=tmp_path)
    (folder,) = tmp_path.iterdir()
    told = json.loads((folder / "run.json").read_text("utf-8"))
    assert told["result"]["stopped"] == "epochs"
    assert "test" in told["result"]
    assert backlit.load(folder / "model.safetensors").predict(np.zeros((1, 4))).shape == (1, 3)
    assert (folder / "report.html").exists()


def test_ctrl_c_while_the_report_is_written_keeps_the_run(tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(looking.Looked, "sections", interrupted)
    with pytest.raises(KeyboardInterrupt):
        backlit.train("iris", epochs=2, progress="none", out=tmp_path)
    (folder,) = tmp_path.iterdir()
    assert json.loads((folder / "run.json").read_text("utf-8"))["lens"]["sample"]
    assert (folder / "last.safetensors").exists()
    assert (folder / "config.toml").exists()


def test_without_a_report_and_in_a_group_nobody_looks(tmp_path):
    run = backlit.train("iris", epochs=2, progress="none", out=tmp_path, report=False)
    assert run.looked is None
    assert "lens" not in run.facts
    group = backlit.cross_validate("iris", folds=2, epochs=2, progress=None, out=tmp_path)
    assert all("lens" not in facts for facts in group.members.values())


def test_a_training_that_breaks_has_a_report_too(tmp_path, rng):
    x = rng.normal(size=(50, 2))
    settings = {"layers": [Dense(4), Dense(1)], "optimizer": "sgd", "learning_rate": 1e9, "epochs": 60}
    with pytest.raises(backlit.errors.TrainingError):
        backlit.train((x, x[:, :1]), progress="none", out=tmp_path, **settings)
    (folder,) = tmp_path.iterdir()
    assert '<section id="verdict"' in (folder / "report.html").read_text("utf-8")
    assert "lens" not in json.loads((folder / "run.json").read_text("utf-8"))


def test_the_gradient_checks_find_a_wrong_gradient(tmp_path, monkeypatch):
    """The numbers of the table are measured: with a wrong rule for tanh they say so."""
    from backlit.core import gradcheck

    true = gradcheck._check_one
    monkeypatch.setattr(
        gradcheck, "_check_one", lambda name, place, exact, *rest: true(name, place, 1.5 * exact, *rest)
    )
    run = backlit.train("iris", epochs=2, progress="none", out=tmp_path)
    assert all(0.3 < check["median"] < 0.51 or check["worst"] > 0.3 for check in run.facts["lens"]["gradient_checks"])
