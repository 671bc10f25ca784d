"""Two runs as `Run` describes them: a classification of digits and a regression."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest

SETTINGS = {
    "optimizer": "adam",
    "learning_rate": 0.001,
    "batch_size": 32,
    "epochs": 100,
    "patience": 15,
    "loss": "cross_entropy",
    "seed": 0,
    "dtype": "float32",
    "threads": 1,
    "engine": "compiled",
}
DIGITS: dict[str, Any] = {
    "format": 1,
    "backlit": "0.1.0",
    "name": "digits",
    "created": "2026-01-01T12:00:00Z",
    "command": "backlit train digits --epochs 50",
    "python": 'backlit.train("digits", epochs=50)',
    "settings": SETTINGS,
    "data": {
        "name": "digits",
        "source": "Alpaydin and Kaynak (1998), https://archive.ics.uci.edu/dataset/80",
        "rows": 1797,
        "features": [f"pixel_{row}_{column}" for row in range(8) for column in range(8)],
        "target": ["digit"],
        "task": "classification",
        "classes": [str(k) for k in range(10)],
        "split": {"train": 1149, "validation": 288, "test": 360},
        "stratified": True,
        "sha256": "0123456789abcdef" * 4,
    },
    "architecture": [
        {
            "name": "dense1",
            "kind": "Dense",
            "activation": "relu",
            "output": [128],
            "parameters": 8320,
            "trainable": True,
        },
        {"name": "dropout1", "kind": "Dropout", "output": [128], "parameters": 0},
        {"name": "dense2", "kind": "Dense", "activation": "softmax", "output": [10], "parameters": 1290},
    ],
    "parameters": 9610,
    "result": {
        "epochs": 41,
        "best_epoch": 26,
        "stopped": "early",
        "seconds": 0.8,
        "steps": 1476,
        "microseconds_per_step": 31.0,
        "train": {"loss": 0.01, "accuracy": 0.999},
        "validation": {"loss": 0.09, "accuracy": 0.972},
        "test": {"loss": 0.08, "accuracy": 0.978},
    },
    "baselines": {"constant": {"loss": 2.3, "accuracy": 0.1}, "linear": {"loss": 0.2, "accuracy": 0.94}},
    "confusion": {
        "classes": [str(k) for k in range(10)],
        "counts": [[35 if a == b else int((a, b) in ((8, 1), (3, 5))) for b in range(10)] for a in range(10)],
    },
    "residuals": None,
}
T = [25.0 + 3.4 * k for k in range(90)]
DIABETES: dict[str, Any] = {
    **DIGITS,
    "name": "diabetes",
    "settings": {**SETTINGS, "loss": "mse"},
    "data": {
        "name": "diabetes",
        "rows": 442,
        "features": ["age", "bmi"],
        "target": ["progression"],
        "task": "regression",
        "split": {"train": 282, "validation": 71, "test": 89},
    },
    "result": {
        "epochs": 30,
        "best_epoch": 30,
        "stopped": "epochs",
        "test": {"loss": 0.5, "rmse": 44.1, "mae": 40.0, "r2": 0.62},
    },
    "baselines": {"constant": {"rmse": 71.7, "r2": -0.001}, "linear": {"rmse": 57.9, "r2": 0.35}},
    "confusion": None,
    "residuals": {
        "target": "progression",
        "t": T,
        "o": [t + 40 * math.sin(7 * k) for k, t in enumerate(T)],
    },
}


def falling(epochs: int) -> list[dict[str, Any]]:
    """A history in which all goes well; the training loss spans more than two decades from 41 epochs on."""
    return [
        {
            "epoch": k,
            "train_loss": 2.3 * math.exp(-k / 8),
            "valid_loss": 0.1 + 2 * math.exp(-k / 8),
            "valid_accuracy": 0.97 - 0.6 * math.exp(-k / 5),
        }
        for k in range(1, epochs + 1)
    ]


@pytest.fixture
def digits() -> dict[str, Any]:
    return copy.deepcopy(DIGITS)


@pytest.fixture
def diabetes() -> dict[str, Any]:
    return copy.deepcopy(DIABETES)


@pytest.fixture
def history() -> list[dict[str, Any]]:
    return falling(41)
