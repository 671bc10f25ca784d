"""With default settings the network is as good as the best linear model, in the mean over ten stratified splits.

The linear model is scikit-learn's, on standardised features, with the best of three penalties by cross-validation; it
learns from the training and the validation rows together, and is judged on the same test rows as the network.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import backlit
from backlit.data import Split, Table, load, split
from backlit.training.runs import defaults

pytestmark = [pytest.mark.slow, pytest.mark.oracle]
SEEDS = range(10)


def parts_of(table: Table, seed: int) -> Split:
    """The split that `backlit.train` makes with this seed."""
    return split(table, test=defaults.TEST, validation=defaults.VALIDATION, seed=seed)


def linear(table: Table, parts: Split) -> float:
    """Accuracy or R² of the best linear model on the test rows."""
    pytest.importorskip("sklearn")
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    rows = np.concatenate([parts.train, parts.validation])
    if table.task == "regression":
        model: Any = make_pipeline(StandardScaler(), LinearRegression())
        model.fit(table.x[rows], table.t[rows, 0])
        return float(model.score(table.x[parts.test], table.t[parts.test, 0]))
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=10_000))
    model = GridSearchCV(pipeline, {"logisticregression__C": [0.1, 1, 10]}, cv=5)
    with threadpool_limits(1):  # tables of this size are learned ten times quicker by one thread
        model.fit(table.x[rows], table.t[rows])
    return float(model.score(table.x[parts.test], table.t[parts.test]))


def network(name: str, seed: int) -> float:
    test = backlit.train(name, seed=seed, progress="none", baselines=False).result["test"]
    return float(test["accuracy"] if "accuracy" in test else test["r2"])


def means(name: str) -> tuple[float, float]:
    table = load(name)
    ours = [network(name, seed) for seed in SEEDS]
    theirs = [linear(table, parts_of(table, seed)) for seed in SEEDS]
    told = [f"{np.mean(a):.4f} ± {np.std(a, ddof=1) / len(a) ** 0.5:.4f}" for a in (ours, theirs)]
    print(f"\n{name}: network {told[0]}, linear {told[1]}")
    return float(np.mean(ours)), float(np.mean(theirs))


@pytest.mark.parametrize(
    ("name", "margin"), [("iris", 0.005), ("wine", 0.005), ("breast_cancer", 0.005), ("diabetes", 0.02)]
)
def test_a_small_table_is_learned_as_well_as_by_the_best_linear_model(name, margin):
    ours, theirs = means(name)
    assert ours >= theirs - margin


def test_digits_are_learned_better_than_by_any_linear_model():
    ours, theirs = means("digits")
    assert ours >= 0.977
    assert ours >= theirs + 0.005


def test_the_split_of_the_comparison_is_the_one_that_was_trained_on():
    table = load("wine")
    run = backlit.train("wine", seed=4, progress="none", baselines=False, epochs=5)
    parts = parts_of(table, 4)
    assert run.facts["data"]["split"] == {
        "train": len(parts.train),
        "validation": len(parts.validation),
        "test": len(parts.test),
    }
    known, rows = run.network.predict(table.x[parts.test]).argmax(axis=1), table.t[parts.test]
    counts = np.array(run.facts["confusion"]["counts"])
    assert counts.sum(axis=1).tolist() == np.bincount(rows).tolist()
    assert run.result["test"]["accuracy"] == np.mean(known == rows)
