"""Scores, their intervals, and the evidence beside them: by definition, by scikit-learn, and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from backlit.training.rows import evidence
from backlit.training.rows.scores import SAMPLES, interval, of_classes, of_numbers, scores


def shares_of(rng, rows: int, classes: int, levels: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Shares that know something of t; with `levels`, few different values, so that many are equal."""
    t = rng.integers(0, classes, rows)
    raw = rng.random((rows, classes)) + 0.8 * np.eye(classes)[t]
    if levels:
        raw = np.ceil(raw * levels)
    return raw / raw.sum(axis=1, keepdims=True), t


def plain(score, rows: int) -> dict[str, float]:
    return {name: float(v[0]) for name, v in score(np.ones((1, rows))).items()}


@pytest.mark.oracle
@pytest.mark.parametrize("levels", [0, 3])
@pytest.mark.parametrize("classes", [2, 3, 6])
def test_scores_of_classes_are_scikit_learns(classes, levels, rng):
    sk = pytest.importorskip("sklearn.metrics")
    for rows in (60, 333):
        shares, t = shares_of(rng, rows, classes, levels)
        found, answers = plain(of_classes(shares, t), rows), shares.argmax(axis=1)
        asked = shares[:, 1] if classes == 2 else shares
        assert found == {
            "accuracy": pytest.approx(sk.accuracy_score(t, answers)),
            "balanced_accuracy": pytest.approx(sk.balanced_accuracy_score(t, answers)),
            "f1": pytest.approx(sk.f1_score(t, answers, average="macro")),
            "roc_auc": pytest.approx(sk.roc_auc_score(t, asked, multi_class="ovr")),
            "loss": pytest.approx(sk.log_loss(t, shares, labels=range(classes))),
            "brier": pytest.approx(brier(sk, t, shares)),
        }


def brier(sk, t, shares) -> float:
    if shares.shape[1] == 2:
        return sk.brier_score_loss(t, shares[:, 1])
    return float(np.square(shares - np.eye(shares.shape[1])[t]).sum(axis=1).mean())


@pytest.mark.oracle
@pytest.mark.parametrize("targets", [1, 3])
def test_scores_of_numbers_are_scikit_learns(targets, rng):
    sk = pytest.importorskip("sklearn.metrics")
    t = 1e4 + rng.normal(size=(50, targets))
    o = t + 0.3 * rng.normal(size=t.shape)
    assert plain(of_numbers(o, t), 50) == {
        "rmse": pytest.approx(sk.mean_squared_error(t, o) ** 0.5),
        "mae": pytest.approx(sk.mean_absolute_error(t, o)),
        "r2": pytest.approx(sk.r2_score(t, o)),
    }


@pytest.mark.parametrize("kind", ["classes", "numbers"])
def test_a_weight_is_a_row_that_often(kind, rng):
    if kind == "classes":
        out, t = shares_of(rng, 30, 4, levels=4)
        make = of_classes
    else:
        out, t = rng.normal(size=(30, 2)), rng.normal(size=(30, 2))
        make = of_numbers
    for _ in range(5):
        counts = rng.multinomial(30, np.full(30, 1 / 30))
        rows = np.repeat(np.arange(30), counts)
        weighted = {name: float(v[0]) for name, v in make(out, t)(counts[None].astype(float)).items()}
        assert weighted == pytest.approx(plain(make(out[rows], t[rows]), 30), nan_ok=True)


def test_an_interval_holds_the_truth_about_as_often_as_it_says(rng):
    """The accuracy of answers that are right with 0.8: 200 sets of 100 rows."""
    held = 0
    for _ in range(200):
        right = rng.random(100) < 0.8
        shares = np.where(right[:, None], [[0.9, 0.1]], [[0.1, 0.9]])
        found = interval(of_classes(shares, np.zeros(100, int)), 100)["accuracy"]
        held += found["low"] <= 0.8 <= found["high"]
    assert 178 <= held <= 199  # 95 %, a little less for so few rows


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution(rng):
    t = rng.normal(size=(4000, 1))
    found = scores("regression", np.zeros_like(t), t)["mae"]
    half = 1.96 * np.abs(t).std() / 4000**0.5
    assert found["value"] == pytest.approx(np.abs(t).mean())
    assert (found["low"], found["high"]) == pytest.approx(
        (found["value"] - half, found["value"] + half), abs=0.15 * half
    )


def test_the_same_seed_draws_the_same_samples(rng):
    shares, t = shares_of(rng, 40, 3)
    assert scores("classification", shares, t) == scores("classification", shares, t)
    assert scores("classification", shares, t) != scores("classification", shares, t, seed=1)


def test_samples_in_pieces_are_those_of_one_piece(rng, monkeypatch):
    shares, t = shares_of(rng, 40, 3)
    whole = scores("classification", shares, t)
    monkeypatch.setattr("backlit.training.rows.scores.AT_A_TIME", 40 * (SAMPLES // 7))
    assert scores("classification", shares, t) == whole


def test_nothing_hides_a_share_of_zero_for_the_truth():
    shares, t = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]), np.array([1, 1, 1])
    found = scores("classification", shares, t)
    assert found["loss"]["value"] == np.inf
    assert np.isnan(found["roc_auc"]["value"])
    assert np.isnan(found["roc_auc"]["low"])
    assert found["accuracy"]["value"] == pytest.approx(1 / 3)


def test_outputs_that_are_no_shares_have_no_loss():
    found = scores("classification", np.array([[1.2, -0.3], [0.1, 0.8]]), np.array([0, 1]))
    assert set(found) == {"accuracy", "balanced_accuracy", "f1"}


def test_the_worst_rows_are_the_surest_mistakes():
    shares = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]])
    found = evidence.worst_rows("classification", shares, np.array([0, 0, 0, 1]), np.array([7, 3, 5, 1]), ("a", "b"))
    assert [(r["row"], r["true"], r["predicted"], r["share_true"]) for r in found] == [
        (3, "a", "b", 0.2), (1, "b", "a", 0.3), (5, "a", "b", 0.4),
    ]  # fmt: skip
    o, t = np.array([[1.0, 2.0], [0.0, 0.0]]), np.array([[1.0, 2.5], [3.0, 0.0]])
    found = evidence.worst_rows("regression", o, t, np.arange(2), ("p", "q"))
    assert [(r["row"], r["target"], r["error"]) for r in found] == [(1, "p", -3.0), (0, "q", -0.5)]


def test_true_shares_are_calibrated_and_boasting_is_not(rng):
    p = rng.uniform(0.5, 1, 20_000)
    t = (rng.random(20_000) >= p).astype(int)
    honest = evidence.calibration(np.column_stack([p, 1 - p]), t)
    assert honest["error"] < 0.02
    assert [b["low"] for b in honest["bins"]] == [0.5, 0.6, 0.7, 0.8, 0.9]
    boast = np.where(p > 0.5, 0.99, p)
    assert evidence.calibration(np.column_stack([boast, 1 - boast]), t)["error"] == pytest.approx(0.24, abs=0.02)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_only_a_column_that_is_used_has_importance(task, rng):
    x = rng.normal(size=(500, 3))
    t = (x[:, 1] > 0).astype(int) if task == "classification" else x[:, 1:2]

    def predict(x):
        return np.column_stack([-x[:, 1], x[:, 1]]) if task == "classification" else x[:, 1:2]

    found = evidence.importance(predict, x, t, task)
    assert [f["mean"] for f in found[::2]] == [0, 0]
    # half of the shuffled signs are wrong; and R² of an independent copy is -1
    assert found[1]["mean"] == pytest.approx({"classification": 0.5, "regression": 2.0}[task], abs=0.15)
    assert 0 < found[1]["spread"] < 0.1


@pytest.mark.oracle
def test_importance_is_scikit_learns_but_for_the_shuffles(rng):
    inspection = pytest.importorskip("sklearn.inspection")
    linear = pytest.importorskip("sklearn.linear_model").LinearRegression()
    x = rng.normal(size=(400, 3))
    t = x @ [[1.0], [0.5], [0.0]] + 0.1 * rng.normal(size=(400, 1))
    linear.fit(x, t)
    known = inspection.permutation_importance(linear, x, t, n_repeats=20, random_state=0)
    found = evidence.importance(linear.predict, x, t, "regression")
    assert [f["mean"] for f in found] == pytest.approx(known.importances_mean, abs=0.1)


def test_importance_of_many_rows_asks_some_of_them_and_of_too_many_columns_none(rng):
    asked = []

    def predict(x):
        asked.append(len(x))
        return x[:, :1]

    x = rng.normal(size=(1000, 4))
    evidence.importance(predict, x, x[:, :1], "regression", most=4000)
    assert asked == [200, *[1000] * 4]
    assert evidence.importance(predict, x, x[:, :1], "regression", most=400) == []
