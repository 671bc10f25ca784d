"""Several labels a row and rows of different weight, together: scores, baselines, worst rows, groups, reports."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

import backlit
from backlit.cli.app import app
from backlit.report.numbers import percent, wilson
from backlit.training.rows import evidence, metrics
from backlit.training.rows.label_scores import each_label, edge_of
from backlit.training.rows.scores import effective, scores
from backlit.training.rows.weighting import load_weighted
from backlit.training.whole.baseline import baselines

TAGS = ["red", "round"]
QUICK = {"target": TAGS, "task": "multilabel", "epochs": 12, "progress": "none"}


@pytest.fixture
def path(tmp_path):
    """Two inputs, two labels, weights from 0 to 3; a comment stands before the header."""
    rng = np.random.default_rng(3)
    x, w = rng.normal(size=(120, 2)).round(3), rng.integers(0, 4, 120)
    t = (x @ np.array([[1.0, -1.0], [0.5, 1.0]]) + rng.normal(size=(120, 2)) > 0.3).astype(int)
    rows = [f"{a},{b},{v},{r},{o}" for (a, b), v, (r, o) in zip(x.tolist(), w, t.tolist(), strict=True)]
    (tmp_path / "tags.csv").write_text("\n".join(["a,b,w,red,round", *rows]) + "\n", encoding="utf-8")
    return tmp_path / "tags.csv"


@pytest.mark.parametrize("edge", [0.0, 0.5])
def test_each_label_of_weighted_rows_is_that_of_rows_repeated(edge, rng):
    w = rng.integers(0, 4, 60)
    again = np.repeat(np.arange(60), w)
    t, out = rng.integers(0, 2, (60, 2)).astype(float), rng.normal(size=(60, 2))
    found = each_label(out, t, TAGS, edge, w.astype(float))
    for one, whole, plain in zip(
        found, each_label(out[again], t[again], TAGS, edge), each_label(out, t, TAGS, edge), strict=True
    ):
        for key in ("accuracy", "precision", "recall", "f1", "roc_auc"):
            assert one[key] == pytest.approx(whole[key])
            assert one[key] != plain[key]
        assert [one[key] for key in ("rows", "told", "right")] == [plain[key] for key in ("rows", "told", "right")]


def test_importance_of_labels_counts_rows_by_their_weight(rng):
    x = rng.normal(size=(80, 2))
    t = (x > 0).astype(float)
    w = np.where(x[:, 1] > 0, 1.0, 0.0)

    def predict(x):  # wrong wherever the weight is 0
        return np.where((x[:, 1] > 0)[:, None], x > 0, x <= 0).astype(float)

    whole = evidence.importance(predict, x, t, "multilabel", weight=w)
    kept = w > 0
    alone = evidence.importance(predict, x[kept], t[kept], "multilabel")
    assert whole[0]["mean"] == pytest.approx(alone[0]["mean"], abs=0.1)
    assert evidence.importance(predict, x, t, "multilabel")[0]["mean"] < whole[0]["mean"] - 0.05


@pytest.mark.parametrize("task", ["classification", "multilabel"])
def test_the_interval_of_a_share_of_rows_counts_what_weighted_rows_tell(task, rng):
    w = rng.integers(0, 4, 60).astype(float)
    t = rng.integers(0, 2, 60) if task == "classification" else rng.integers(0, 2, (60, 2)).astype(float)
    first = rng.random((60, 1))
    out = np.hstack([first, 1 - first])
    name = "accuracy" if task == "classification" else "exact"
    found = scores(task, out, t, weight=w)[name]
    assert (found["low"], found["high"]) == pytest.approx(wilson(found["value"], effective(w)))
    assert found["high"] - found["low"] > np.diff(wilson(found["value"], 60))[0]
    nothing = scores(task, out, t, weight=np.zeros(60))[name]
    assert np.isnan([nothing["value"], nothing["low"], nothing["high"]]).all()


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "hinge"])
def test_a_training_of_labels_is_judged_with_weights_and_tells_lines(loss, path, tmp_path):
    run = backlit.train(path, sample_weight="w", loss=loss, out=tmp_path / "runs", report=True, **QUICK)
    table, w = load_weighted(path, "w", target=TAGS, task="multilabel")
    rows = backlit.data.split(table, test=0.2, validation=0.15, seed=0).test
    again = np.repeat(rows, w[rows].astype(int))
    edge, out = edge_of(run.network.loss), run.network.predict(table.x)
    assert run.result["test"] == pytest.approx(metrics.labels(out[again], table.t[again], edge))
    assert run.result["test"] != pytest.approx(metrics.labels(out[rows], table.t[rows], edge))
    for key in ("accuracy", "exact"):
        assert run.facts["scores"][key]["value"] == pytest.approx(run.result["test"][key])
    whole = each_label(out[again], table.t[again], TAGS, edge)
    for one, same in zip(run.facts["labels"], whole, strict=True):
        assert one["recall"] == pytest.approx(same["recall"])
    text = path.read_text("utf-8").splitlines()
    assert run.facts["worst"]
    for row in run.facts["worst"]:
        cells = text[row["line"] - 1].split(",")
        assert int(cells[3 + TAGS.index(row["target"])]) == row["true"] != row["predicted"]
    page = (run.folder / "report.html").read_text("utf-8")
    assert "The lines are those of the file" in page
    assert "the counts are of rows" in page


def test_simple_models_of_labels_learn_and_are_judged_with_weights(path):
    run = backlit.train(path, sample_weight="w", **QUICK)
    table, w = load_weighted(path, "w", target=TAGS, task="multilabel")
    parts = backlit.data.split(table, test=0.2, validation=0.15, seed=0)
    learned = np.concatenate([parts.train, parts.validation])
    again, rows = np.repeat(learned, w[learned].astype(int)), np.repeat(parts.test, w[parts.test].astype(int))
    constant = np.tile(table.t[again].mean(axis=0), (len(rows), 1))
    found = run.facts["baselines"]
    assert {key: found["constant"][key] for key in ("accuracy", "exact")} == pytest.approx(
        metrics.labels(constant, table.t[rows])
    )
    flipped = replace(table, t=np.where(w[:, None] > 0, table.t, 1 - table.t))  # only where the weight is 0
    given = (parts, run.network.preparation, parts.test, 0)
    one, two, plain = baselines(table, *given, w), baselines(flipped, *given, w), baselines(flipped, *given)
    assert one["linear"] == found["linear"] == two["linear"] != plain["linear"]


def test_seeds_and_folds_of_labels_are_judged_together_with_weights(path, tmp_path):
    seeds = backlit.repeat(path, seeds=2, sample_weight="w", out=tmp_path / "s", **QUICK)
    table, w = load_weighted(path, "w", target=TAGS, task="multilabel")
    rows = backlit.data.split(table, test=0.2, validation=0.15, seed=0).test
    again = np.repeat(rows, w[rows].astype(int))
    assert seeds.result["ensemble"] == pytest.approx(
        metrics.labels(seeds.network.predict(table.x[again]), table.t[again])
    )
    folds = backlit.cross_validate(path, folds=2, sample_weight="w", out=tmp_path / "f", **QUICK)
    for group in (seeds, folds):
        page = (group.folder / "report.html").read_text("utf-8")
        assert percent(group.result["network"]["accuracy"]["mean"]) in page.replace("&nbsp;", "\u00a0")
        assert "weights of rows" in page


def test_evaluate_full_of_labels_with_weights(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    words = [
        "train",
        "tags.csv",
        "--target",
        "red",
        "--target",
        "round",
        "--task",
        "multilabel",
        "--weight-column",
        "w",
    ]
    assert CliRunner().invoke(app, [*words, "--epochs", "5", "--progress", "none"]).exit_code == 0
    found = json.loads(CliRunner().invoke(app, ["evaluate", "runs/tags-1", "tags.csv", "--full", "--json"]).stdout)
    table, w = load_weighted(path, "w", target=TAGS, task="multilabel")
    out = backlit.load("runs/tags-1").predict(table.x)
    assert found["weighted_by"] == "w"
    assert found["exact"] == pytest.approx(metrics.labels(out, table.t, weight=w)["exact"])
    assert found["scores"]["exact"]["value"] == pytest.approx(found["exact"])
    assert [one["label"] for one in found["labels"]] == TAGS
    assert found["labels"][0]["f1"] == pytest.approx(each_label(out, table.t, TAGS, weight=w)[0]["f1"])
    assert {"line", "target", "output"} <= found["worst"][0].keys()
    shown = CliRunner().invoke(app, ["evaluate", "runs/tags-1", "tags.csv", "--full"]).stdout
    assert "weights of rows" in shown
    assert "line" in shown
