"""A column of the table as the weights of its rows: no input, but in training and in every measure."""

from __future__ import annotations

import json

import numpy as np
import pytest

import backlit
from backlit.errors import BacklitError
from backlit.training.rows import metrics, scores
from backlit.training.rows.evidence import calibration, importance
from backlit.training.rows.weighting import load_weighted

QUICK = {"epochs": 6, "progress": "none", "hidden": [5]}


@pytest.fixture
def path(tmp_path):
    """A table of two inputs, weights (some 0) and an answer; the weights stand before the answer."""
    rng = np.random.default_rng(5)
    x, w = rng.normal(size=(80, 2)).round(3), rng.integers(0, 4, 80)
    answers = np.where(x.sum(axis=1) + rng.normal(size=80) > 0, "yes", "no")
    rows = [f"{a},{b},{v},{t}" for (a, b), v, t in zip(x.tolist(), w, answers, strict=True)]
    (tmp_path / "a.csv").write_text("\n".join(["a,b,w,answer", *rows]) + "\n", encoding="utf-8")
    return tmp_path / "a.csv"


def without_weights(path):
    """The same table without the column, and the column."""
    rows = [line.split(",") for line in path.read_text("utf-8").splitlines()]
    other = path.parent / "plain.csv"
    other.write_text("\n".join(f"{a},{b},{t}" for a, b, _, t in rows) + "\n", encoding="utf-8")
    return other, np.array([float(row[2]) for row in rows[1:]])


def test_the_column_is_no_input_and_trains_as_an_array_of_weights_does(path):
    other, w = without_weights(path)
    named = backlit.train(path, sample_weight="w", **QUICK)
    given = backlit.train(other, sample_weight=w, **QUICK)
    assert named.network.features == [2]
    assert [c.name for c in named.network.preparation.features] == ["a", "b"]
    assert named.history == given.history
    assert named.history != backlit.train(other, **QUICK).history
    assert named.facts["data"]["weight"] == "w"


def test_a_run_is_looked_at_with_its_weights(path):
    """What looks at a recorded run reads the column again: curvature, slices of the loss, the replay of the path."""
    run = backlit.train(path, sample_weight="w", out=path.parent / "runs", **QUICK)
    found = backlit.curvature(run.folder)
    assert found.of == len(backlit.data.split(load_weighted(path, "w")[0], test=0.2, validation=0.15, seed=0).train)
    assert found.loss == pytest.approx(backlit.landscape(run.folder, points=3).found.loss)
    assert backlit.landscape(run.folder, along="path", points=3).same
    other, _ = without_weights(path)
    plain = backlit.train(other, out=path.parent / "runs", **QUICK)
    assert backlit.curvature(plain.folder).loss != found.loss


def test_the_verdict_of_the_report_knows_how_much_weighted_rows_tell(path):
    """Wilson's interval of as many rows of one weight: wider than that of all rows."""
    from backlit.report.numbers import percent, wilson

    run = backlit.train(path, sample_weight="w", **QUICK)
    _, w = load_weighted(path, "w")
    told = run.facts["data"]["worth"]["test"]
    test = backlit.data.split(load_weighted(path, "w")[0], test=0.2, validation=0.15, seed=0).test
    assert told == pytest.approx(w[test].sum() ** 2 / np.square(w[test]).sum())
    assert told < len(test)
    share = run.facts["baselines"]["constant"]["accuracy"] + 1e-6  # so near that an interval is told
    run.result["test"]["accuracy"] = share
    assert percent(wilson(share, told)[0]) in run.report(language="en")


def test_measures_are_those_of_rows_repeated(path):
    """Weights that are whole numbers are rows that are there so many times."""
    run = backlit.train(path, sample_weight="w", baselines=False, **QUICK)
    table, w = load_weighted(path, "w")
    parts = backlit.data.split(table, test=0.2, validation=0.15, seed=0)
    rows = np.repeat(parts.test, w[parts.test].astype(int))
    wanted = metrics.classes(run.network.predict(table.x[rows]), table.t[rows])
    assert run.result["test"] == pytest.approx(wanted)
    assert run.result["test"] != metrics.classes(run.network.predict(table.x[parts.test]), table.t[parts.test])


def test_all_right_is_one_whatever_the_weights(rng):
    for rows in range(1, 300, 7):
        assert metrics.mean(np.ones(rows), rng.uniform(0.1, 3, rows)) == 1.0
    assert np.isnan(metrics.mean(np.ones(3), np.zeros(3)))


@pytest.mark.parametrize("task", ["classification", "regression", "multilabel"])
def test_every_weighted_score_is_that_of_rows_repeated(task, rng):
    w = rng.integers(0, 4, 50)
    again = np.repeat(np.arange(50), w)
    t = rng.integers(0, 3, 50) if task == "classification" else rng.normal(size=(50, 2))
    out = rng.random((50, 3 if task == "classification" else 2))
    if task == "classification":
        out /= out.sum(axis=1, keepdims=True)
    if task == "multilabel":
        t = (t > 0).astype(float)
    weight = w.astype(float)
    assert metrics.measure(task, out, t, weight=weight) == pytest.approx(metrics.measure(task, out[again], t[again]))
    found = scores.plain_scores(task, out, t, weight=weight)
    assert found == pytest.approx(scores.plain_scores(task, out[again], t[again]))
    told = scores.scores(task, out, t, weight=weight)
    for name, value in found.items():
        assert told[name]["value"] == pytest.approx(value)
        assert told[name]["low"] <= value <= told[name]["high"]
    if task != "regression":
        each = task == "multilabel"
        found, wanted = calibration(out, t, weight, each=each), calibration(out[again], t[again], each=each)
        assert found["error"] == pytest.approx(wanted["error"])
        assert [b["right"] for b in found["bins"]] == pytest.approx([b["right"] for b in wanted["bins"]])


def test_importance_counts_rows_by_their_weight(rng):
    x = rng.normal(size=(60, 2))
    t = (x[:, 0] > 0).astype(int)
    w = np.where(x[:, 1] > 0, 1.0, 0.0)

    def predict(x):  # right, by the first column, where the weight is not 0
        right = np.eye(2)[(x[:, 0] > 0).astype(int)]
        return np.where((x[:, 1] > 0)[:, None], right, 0.5)

    one, two = importance(predict, x, t, "classification", weight=w)
    assert one["mean"] > 0.3
    assert two["mean"] > 0  # shuffled in, rows of no answer take part


def test_constant_and_linear_answers_are_weighted_too(path):
    other, w = without_weights(path)
    named = backlit.train(path, sample_weight="w", **QUICK).facts["baselines"]
    plain = backlit.train(other, sample_weight=w, **QUICK).facts["baselines"]
    table, w = load_weighted(path, "w")
    parts = backlit.data.split(table, test=0.2, validation=0.15, seed=0)
    learned = np.concatenate([parts.train, parts.validation])
    best = np.bincount(table.t[learned], weights=w[learned]).argmax()
    assert named["constant"]["accuracy"] == pytest.approx(
        w[parts.test][table.t[parts.test] == best].sum() / w[parts.test].sum()
    )
    assert named != plain


def test_numbers_are_learned_and_judged_with_weights(tmp_path):
    x = np.random.default_rng(1).normal(size=(60, 3)).round(3)
    lines = [f"{a},{1 + abs(b):.3f},{a + c:.3f}" for a, b, c in x.tolist()]
    (tmp_path / "n.csv").write_text("\n".join(["a,w,t", *lines]), encoding="utf-8")
    run = backlit.train(tmp_path / "n.csv", sample_weight="w", **QUICK)
    assert set(run.facts["baselines"]) == {"constant", "linear"}
    assert np.isfinite(run.result["test"]["r2"])


@pytest.mark.parametrize("last", ["answer", "w"])
def test_the_target_is_the_last_of_the_other_columns(path, last):
    if last == "w":
        rows = [line.split(",") for line in path.read_text("utf-8").splitlines()]
        path.write_text("\n".join(f"{a},{b},{t},{w}" for a, b, w, t in rows) + "\n", encoding="utf-8")
    table, w = load_weighted(path, "w")
    assert (table.target, table.features, table.task) == (("answer",), ("a", "b"), "classification")
    assert w.sum() > 0


def test_frames_bundled_sets_and_arrays_have_such_columns_too():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1.0, 2.0, 4.0], "t": [0.5, 1.5, 0.1], "w": [1, 0, 2]})
    table, w = load_weighted(frame, "w")
    assert (table.features, table.target, w.tolist()) == (("a",), ("t",), [1, 0, 2])
    table, w = load_weighted("iris", "petal width (cm)")
    assert (table.x.shape, len(w)) == ((150, 3), 150)


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("a,w,b\n1,2,3.5\n2,,4.5\n", "BL322", "a.csv:3"),
        ("a,w,b\n1,2,3.5\n2,-1,4.5\n", "BL322", "-1"),
        ("a,w,b\n1,0,3.5\n2,0,4.5\n", "BL322", "0, 0, …"),
        ("a,weight,b\n1,2,3.5\n2,1,4.5\n", "BL205", "weight"),
        ("w,b\n1,3.5\n2,4.5\n", "BL216", "w, b"),
        ("a,w,b\n1,2,3.5\n2,x,4.5\n", "BL206", "'x'"),
    ],
)
def test_what_is_no_weight_is_told_with_its_place(text, code, told, tmp_path):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    with pytest.raises(BacklitError) as caught:
        backlit.train(tmp_path / "a.csv", sample_weight="w", **QUICK)
    assert caught.value.code == code
    assert told in str(caught.value)


def test_the_weights_are_not_the_target(path):
    with pytest.raises(BacklitError) as caught:
        backlit.train(path, target="w", sample_weight="w", **QUICK)
    assert caught.value.code == "BL322"


def test_a_run_with_such_a_column_is_gone_on_with_and_repeated(path, tmp_path):
    half = backlit.train(path, sample_weight="w", patience=0, out=tmp_path / "out", **QUICK)
    more = backlit.resume(half.folder, epochs=9, progress="none")
    whole = backlit.train(path, sample_weight="w", patience=0, **{**QUICK, "epochs": 9})
    assert more.history == whole.history
    assert more.result["test"] == whole.result["test"]
    group = backlit.repeat(path, seeds=2, sample_weight="w", out=tmp_path / "out", **QUICK)
    assert group.network.preparation.weight == "w"
    members = [facts["result"]["test"]["loss"] for facts in group.members.values()]
    assert group.result["ensemble"]["loss"] < max(members)


def test_evaluate_weights_as_the_training_did(path, tmp_path, monkeypatch):
    from click.testing import CliRunner

    from backlit.cli.app import app

    monkeypatch.chdir(tmp_path)
    words = ["train", "a.csv", "--weight-column", "w", "--test", "0", "--epochs", "5", "--progress", "none"]
    assert CliRunner().invoke(app, words).exit_code == 0
    whole = json.loads(CliRunner().invoke(app, ["evaluate", "runs/a-1", "a.csv", "--json"]).stdout)
    table, w = load_weighted("a.csv", "w")
    net = backlit.load("runs/a-1")
    assert whole["weighted_by"] == "w"
    assert whole["seen_in_training"]
    assert whole["accuracy"] == pytest.approx(metrics.classes(net.predict(table.x), table.t, w)["accuracy"])
    without_weights(path)
    plain = CliRunner().invoke(app, ["evaluate", "runs/a-1", "plain.csv", "--json"])
    assert "[BL323]" in plain.stderr
    assert "weighted_by" not in json.loads(plain.stdout)
    answers = CliRunner().invoke(app, ["predict", "runs/a-1", "plain.csv"])
    assert answers.stdout == CliRunner().invoke(app, ["predict", "runs/a-1", "a.csv"]).stdout
    shown = CliRunner().invoke(app, ["evaluate", "runs/a-1", "a.csv", "--full"]).stdout
    assert "weights of rows  w" in shown
