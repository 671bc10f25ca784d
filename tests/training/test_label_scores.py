"""Several labels a row: scores by scikit-learn and by hand, losses that fit, what is counted while a network trains."""

from __future__ import annotations

import numpy as np
import pytest

import backlit
from backlit.core.interpret import Interpreter
from backlit.data import Table
from backlit.errors import ParameterError
from backlit.training.loop.fitting import judging_tape
from backlit.training.loop.settings import Settings
from backlit.training.rows import evidence, metrics
from backlit.training.rows.label_scores import each_label, edge_of, of_labels
from backlit.training.rows.scores import plain_scores, scores

NAMES = ("red", "round", "big")


def tagged(rng, rows: int = 300) -> Table:
    """Three labels: two follow from the columns, one is rare."""
    x = rng.normal(size=(rows, 3))
    t = np.column_stack([x[:, 0] > 0, x[:, 1] + 0.3 * rng.normal(size=rows) > 0, x[:, 2] > 1.5]).astype(float)
    return Table(x=x, t=t, features=("a", "b", "c"), target=NAMES, task="multilabel", name="tags")


def shares_of(rng, rows: int, labels: int) -> tuple[np.ndarray, np.ndarray]:
    t = (rng.random((rows, labels)) < 0.4).astype(float)
    return np.clip(0.5 + 0.3 * (2 * t - 1) + 0.35 * rng.normal(size=t.shape), 0.01, 0.99).round(2), t


@pytest.mark.oracle
@pytest.mark.parametrize("labels", [1, 2, 5])
def test_scores_of_labels_are_scikit_learns(labels, rng):
    sk = pytest.importorskip("sklearn.metrics")
    for rows in (40, 211):
        o, t = shares_of(rng, rows, labels)
        said, each = (o >= 0.5).astype(int), range(labels)
        # for one label scikit-learn sees two classes, whose F1 of the label is its "binary" one
        f1 = {a: sk.f1_score(t, said, average=a if labels > 1 else "binary") for a in ("micro", "macro")}
        assert plain_scores("multilabel", o, t) == {
            "accuracy": pytest.approx(1 - sk.hamming_loss(t, said)),
            "exact": pytest.approx(sk.accuracy_score(t, said)),
            "f1_micro": pytest.approx(f1["micro"]),
            "f1_macro": pytest.approx(f1["macro"]),
            "hamming": pytest.approx(sk.hamming_loss(t, said)),
            "roc_auc": pytest.approx(sk.roc_auc_score(t, o, average="macro")),
            "loss": pytest.approx(np.mean([sk.log_loss(t[:, k], o[:, k]) for k in each])),
            "brier": pytest.approx(np.mean([sk.brier_score_loss(t[:, k], o[:, k]) for k in each])),
        }
        for k, found in enumerate(each_label(o, t, list(map(str, each)))):
            assert found["precision"] == pytest.approx(sk.precision_score(t[:, k], said[:, k]))
            assert found["recall"] == pytest.approx(sk.recall_score(t[:, k], said[:, k]))
            assert found["f1"] == pytest.approx(sk.f1_score(t[:, k], said[:, k]))
            assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(t[:, k], o[:, k]))
            tn, fp, fn, tp = sk.confusion_matrix(t[:, k], said[:, k]).ravel()
            assert (found["rows"], found["told"], found["right"]) == (tp + fn, tp + fp, tp)
            assert found["accuracy"] == pytest.approx((tp + tn) / rows)


def test_a_weight_is_a_row_that_often(rng):
    o, t = shares_of(rng, 30, 3)
    for _ in range(5):
        counts = rng.multinomial(30, np.full(30, 1 / 30))
        rows = np.repeat(np.arange(30), counts)
        weighted = {name: float(v[0]) for name, v in of_labels(o, t)(counts[None].astype(float)).items()}
        assert weighted == pytest.approx(plain_scores("multilabel", o[rows], t[rows]), nan_ok=True)


def test_a_label_that_nobody_has_is_left_out_of_the_means():
    o, t = np.array([[0.9, 0.1], [0.2, 0.3], [0.6, 0.2]]), np.array([[1, 0], [0, 0], [0, 0]])
    found = plain_scores("multilabel", o, t)
    assert found["f1_macro"] == found["f1_micro"] == pytest.approx(2 / 3)
    assert found["roc_auc"] == 1.0
    alone = each_label(o, t, ["a", "b"])[1]
    assert np.isnan([alone[k] for k in ("precision", "recall", "f1", "roc_auc")]).all()
    assert alone["accuracy"] == 1.0
    nobody = plain_scores("multilabel", o[:, 1:], t[:, 1:])
    assert np.isnan(nobody["f1_macro"])
    assert np.isnan(nobody["roc_auc"])


def test_nothing_is_hidden():
    t = np.array([[1.0, 0.0], [0.0, 0.0]])
    assert plain_scores("multilabel", np.array([[0.0, 0.1], [0.2, 0.3]]), t)["loss"] == np.inf
    broken = np.array([[np.nan, 0.1], [0.2, np.nan]])
    found = plain_scores("multilabel", broken, t)
    assert (found["accuracy"], found["exact"]) == (0.5, 0.0)
    assert "loss" not in found
    assert metrics.labels(broken, t) == {"accuracy": 0.5, "exact": 0.0}


def test_signs_are_told_from_0_on_and_have_no_loss(rng):
    t = (rng.random((50, 2)) < 0.5).astype(float)
    o = 2 * t - 1 + 1.2 * rng.normal(size=t.shape)
    found, right = scores("multilabel", o, t, edge=edge_of("hinge")), (o >= 0) == (t == 1)
    assert found["accuracy"]["value"] == right.mean()
    assert found["exact"]["value"] == right.all(axis=1).mean()
    assert found["exact"]["low"] < found["exact"]["value"] < found["exact"]["high"]
    assert not {"loss", "brier"} & set(found)


def test_the_worst_rows_are_those_with_the_surest_wrong_label():
    o, t = np.array([[0.9, 0.2], [0.6, 0.9], [0.1, 0.4]]), np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    found = evidence.worst_rows("multilabel", o, t, np.array([4, 7, 9]), ["red", "round"])
    assert [(row["row"], row["target"], row["true"], row["predicted"], row["output"]) for row in found] == [
        (4, "red", 0, 1, 0.9), (7, "red", 0, 1, 0.6),
    ]  # fmt: skip


def test_every_label_is_an_answer_of_the_calibration(rng):
    o = rng.random((20_000, 2))
    exact = evidence.calibration(o, (rng.random(o.shape) < o).astype(float), each=True)
    assert sum(b["rows"] for b in exact["bins"]) == 40_000
    assert exact["error"] < 0.02


@pytest.mark.parametrize("loss", [None, "hinge", "squared_hinge", "binary_cross_entropy", "squared_error"])
def test_losses_of_yes_and_no_learn_labels(loss, rng, tmp_path):
    table = tagged(rng)
    run = backlit.train(table, loss=loss, epochs=150, progress="none", out=tmp_path, report=True)
    found, simple = run.result["test"], run.facts["baselines"]
    assert found["accuracy"] > 0.88 > simple["constant"]["accuracy"]
    assert simple["linear"].keys() >= {"accuracy", "exact", "f1_macro", "roc_auc", "loss", "brier"}
    assert run.facts["scores"]["accuracy"]["value"] == pytest.approx(found["accuracy"])
    assert [one["label"] for one in run.facts["labels"]] == list(NAMES)
    again = backlit.load(run.folder)
    out = again.predict(table.x)
    answers = again.preparation.restore(out, edge_of(again.loss))
    assert metrics.labels(out, table.t, edge_of(again.loss))["accuracy"] == pytest.approx((answers == table.t).mean())


@pytest.mark.parametrize("loss", ["cross_entropy", "cross_entropy_from_probabilities", "kl_divergence", "poisson"])
def test_losses_of_one_class_or_of_counts_are_refused(loss, rng):
    with pytest.raises(ParameterError) as caught:
        backlit.train(tagged(rng), loss=loss, epochs=2, progress="none")
    assert caught.value.code == "BL325"
    assert "hinge" in str(caught.value)


def test_a_softmax_layer_of_ones_own_is_refused_too(rng):
    with pytest.raises(ParameterError, match="BL325"):
        backlit.train(tagged(rng), layers=[backlit.Dense(3, "softmax")], epochs=2, progress="none")


@pytest.mark.parametrize("engine", ["compiled", "interpreter"])
@pytest.mark.parametrize("loss", ["hinge", "binary_cross_entropy"])
def test_labels_and_whole_rows_are_counted_while_a_network_trains(loss, engine, rng):
    table = tagged(rng)
    run = backlit.train(table, loss=loss, epochs=6, progress="none", engine=engine, baselines=False)
    best = run.history[run.result["best_epoch"] - 1]
    assert best["valid_accuracy"] == pytest.approx(run.result["validation"]["accuracy"])
    assert best["valid_exact"] == pytest.approx(run.result["validation"]["exact"])
    assert all(row["valid_exact"] <= row["valid_accuracy"] <= 1 for row in run.history)


def test_labels_of_a_network_that_is_fitted_by_hand_are_counted(rng):
    table = tagged(rng)
    net = backlit.Network([backlit.Dense(8, "tanh"), backlit.Dense(3, "sigmoid")])
    run = net.fit(table.x, table.t, validation=(table.x, table.t), loss="binary_cross_entropy", epochs=5)
    best = run.history[run.result["best_epoch"] - 1]
    found = net.evaluate(table.x, table.t)
    assert found == metrics.labels(net.predict(table.x), table.t)
    assert best["valid_accuracy"] == pytest.approx(found["accuracy"])
    assert best["valid_exact"] == pytest.approx(found["exact"])


def test_a_row_that_is_no_number_is_seen_in_the_count(rng):
    net = backlit.Network([backlit.Dense(2, "sigmoid")])
    net.prepare([2], seed=0)
    settings = Settings.of(loss="binary_cross_entropy")
    run = Interpreter(judging_tape(net, settings, count="labels"), rows=2)
    for name, value in net.values.items():
        run.arena[name] = value
    found = []
    for bad in (1.0, np.nan):
        run.arena["x"], run.arena["t"] = [[1.0, 2.0], [bad, 1.0]], [[1.0, 0.0], [0.0, 0.0]]
        run.run()
        found.append(float(run.arena["hits"]))
    assert 0 <= found[0] <= 4
    assert np.isnan(found[1])


@pytest.mark.parametrize(("rows", "told"), [(100, True), (900, False)])
def test_a_training_affords_the_interval_of_ranks_for_few_rows_only(rows, told, rng, tmp_path):
    run = backlit.train(tagged(rng, rows), epochs=2, progress="none", out=tmp_path, baselines=False)
    assert ("low" in run.facts["scores"]["roc_auc"]) == told


def test_folds_and_a_break_of_a_training_of_labels(rng, tmp_path):
    table = tagged(rng)
    group = backlit.cross_validate(table, folds=2, loss="hinge", epochs=20, progress="none", out=tmp_path)
    assert group.result["network"]["exact"]["mean"] > group.result["linear"]["exact"]["mean"] - 0.3
    together = group.network
    said = together.preparation.restore(together.predict(table.x), edge_of(together.loss))
    assert (said == table.t).mean() > 0.85
    whole = backlit.train(table, epochs=30, patience=0, progress="none", out=tmp_path)
    part = backlit.train(table, epochs=10, patience=0, progress="none", out=tmp_path)
    again = backlit.resume(part.folder, source=table, epochs=30, progress="none")
    assert again.history == whole.history
    assert all(np.array_equal(v, whole.network.values[n]) for n, v in again.network.values.items())
