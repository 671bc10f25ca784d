"""scikit-learn's MLP: `partial_fit` on the rows in the epoch's order, which is one epoch without its own shuffling."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import numpy as np

from ..workloads import Array, Asking, Workload
from . import Learner, Unsuited, Ways

ACTIVATIONS = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic"}


def estimator(w: Workload) -> Any:
    """A fitted estimator with the workload's weights, and an optimizer that has not begun."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    if w.hidden not in ACTIVATIONS or w.last == "sigmoid" or w.batch_norm or w.dropout or w.optimizer == "adamw":
        raise Unsuited("no_layer")
    kind = MLPClassifier if w.classes else MLPRegressor
    made = kind(
        hidden_layer_sizes=w.sizes[1:-1], activation=ACTIVATIONS[w.hidden], solver=w.optimizer, alpha=0.0,
        batch_size=w.batch, learning_rate_init=w.learning_rate, shuffle=False, momentum=0.0, random_state=0,
    )  # fmt: skip
    x, t = w.data()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if w.classes:
            made.partial_fit(x, t, classes=np.arange(w.sizes[-1]))
        else:
            made.partial_fit(x, t[:, 0])
    made.coefs_ = [weight.copy() for weight, _ in w.weights()]
    made.intercepts_ = [bias.copy() for _, bias in w.weights()]
    del made._optimizer  # its running means are those of the epoch before
    return made


class Partial(Learner):
    """Whole epochs by `partial_fit`."""

    # its Adam puts eps before the correction of √v̂
    tolerances: ClassVar[dict[str, float]] = {"float32": 1e-3, "float64": 1e-3}

    def __init__(self, workload: Workload) -> None:
        super().__init__(workload)
        self.estimator = estimator(workload)
        self.x, t = workload.data()
        self.t = t if workload.classes else t[:, 0]
        self.estimator.t_ = 0

    def epoch(self, order: Array) -> Any:
        self.estimator.partial_fit(self.x[order], self.t[order])
        return self.estimator.loss_curve_[-1]

    def finish(self, found: Any) -> None:
        """Nothing is under way when an epoch returns."""

    def loss_of(self, found: Any) -> float:
        return float(found)


def learner(w: Workload) -> Learner:
    """scikit-learn's training of a workload."""
    return Partial(w)


def answerer(asking: Asking) -> Ways:
    """`predict_proba` for classes, else `predict`."""
    made = estimator(asking.network)
    if asking.network.classes:
        return {"predict_proba": made.predict_proba}
    return {"predict": lambda x: made.predict(x).reshape(-1, 1)}
