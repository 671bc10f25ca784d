"""Several labels a row, a training that began with a model, and one interval for one score, in the report."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import numpy as np
import pytest

import backlit
from backlit import messages
from backlit.data import Table
from backlit.report import render
from backlit.report.numbers import percent, wilson
from report.test_report_page import check


def words_of(page: str) -> str:
    body = page[page.index("<body>") :]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " "))


@pytest.fixture(scope="module")
def tags(tmp_path_factory) -> backlit.training.Run:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(200, 3))
    t = np.column_stack([x[:, 0] > 0, x[:, 1] + 0.8 * rng.normal(size=200) > 0]).astype(float)
    table = Table(x=x, t=t, features=("a", "b", "c"), target=("red", "round"), task="multilabel", name="tags")
    return backlit.train(table, epochs=40, progress="none", out=tmp_path_factory.mktemp("runs"))


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_labels_are_told_one_by_one(language, tags):
    page = render(tags.describe(), tags.history, language)
    check(page)
    text = words_of(page)
    assert '<section id="labels"' in page
    for one in tags.facts["labels"]:
        cells = [str(one[k]) for k in ("rows", "told", "right")]
        shares = [percent(one[k]) for k in ("accuracy", "precision", "recall")]
        assert " ".join([one["label"], *cells, *shares]).replace("\u00a0", " ") in text
    found = tags.result["test"]
    for key in ("accuracy", "exact"):
        assert percent(found[key]).replace("\u00a0", " ") in text
    said = messages.catalogue(language)["report"]
    for key in ("score_exact_name", "score_hamming_name", "score_f1_micro_name", "curve_exact", "term_hamming"):
        assert said[key] in text
    assert "f1_micro" not in text
    worst = tags.facts["worst"][0]
    assert f"{worst['row']} {worst['target']} {said['yes' if worst['true'] else 'no']}" in text


def test_the_first_sentence_and_the_tables_say_the_same_interval(tags):
    text = words_of(render(tags.describe(), tags.history))
    own = tags.facts["scores"]["accuracy"]
    ends = [percent(own[end]).replace("\u00a0", " ") for end in ("low", "high")]
    assert f"({ends[0]} to {ends[1]})" in text.partition("What was measured")[0]
    assert " ".join(ends) in text.partition("All scores on these rows")[2]


def test_an_accuracy_has_wilsons_interval_wherever_it_is_told(tmp_path):
    run = backlit.train("iris", progress="none", out=tmp_path)
    found, rows = run.result["test"]["accuracy"], 30
    own = run.facts["scores"]["accuracy"]
    assert (own["low"], own["high"]) == wilson(found, rows)
    text = words_of(render(run.describe(), run.history))
    ends = [percent(own[end]).replace("\u00a0", " ") for end in ("low", "high")]
    assert f"({ends[0]} to {ends[1]})" in text.partition("What was measured")[0]
    assert " ".join(ends) in text.partition("All scores on these rows")[2]


def test_the_interval_of_an_error_is_that_of_the_table(tmp_path):
    run = backlit.train("diabetes", progress="none", out=tmp_path, epochs=30)
    facts = run.describe()
    high = facts["scores"]["rmse"]["high"]
    for linear, even in ((0.999 * high, True), (1.001 * high, False)):
        facts["baselines"]["linear"]["rmse"] = linear
        text = words_of(render(facts, run.history)).partition("What was measured")[0]
        assert ("which is less than" in text) == even


def test_rows_without_a_mistake_have_no_bootstrap_interval():
    from backlit.training.rows.scores import scores

    shares, t = np.eye(2)[[0, 1, 0, 1]] * 0.8 + 0.1, np.array([0, 1, 0, 1])
    found = scores("classification", shares, t)
    assert np.isnan([found["f1"]["low"], found["f1"]["high"]]).all()
    assert 0.5 < found["accuracy"]["low"] < found["accuracy"]["high"] == pytest.approx(1)
    page = render({"scores": found, "data": {"task": "classification"}, "result": {"test": {"accuracy": 1.0}}}, [])
    assert re.search(r"F1 \(macro\) 1\.00 – –", words_of(page))


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_a_training_that_began_with_a_model_says_so(language, tmp_path):
    first = backlit.train("iris", epochs=3, progress="none", out=tmp_path)
    same = backlit.data.load("iris")
    other = replace(same, classes=("first", "second", "third"))  # another question: the head is new
    said = messages.catalogue(language)["report"]
    for table, sentence, drawn in ((same, "start_kept", False), (other, "start_new", True)):
        run = backlit.train(table, start=first.folder, freeze="body", epochs=3, progress="none", out=tmp_path)
        page = render(run.describe(), run.history, language)
        check(page)
        section = words_of("<body>" + page[page.index('<section id="start"') : page.index('<section id="data"')])
        assert said[sentence] in section
        assert str(first.folder) in section
        assert f"{said['start_frozen']} dense1" in section
        assert (f"{said['start_drawn']} dense2" in section) == drawn
    assert '<section id="start"' not in render(first.describe(), first.history, language)


def test_the_best_epoch_of_a_run_that_broke_at_once_is_not_told(digits):
    digits["result"] |= {"stopped": "not finite", "epochs": 0, "best_epoch": 0}
    assert "best epoch was 0" not in words_of(render(digits, []))
