"""What a step costs with each optimizer, and what schedule, clipping and weight decay add: µs and ratios to Adam.

All of them in one process, in turns; of many rounds the least counts.  `python benchmarks/decisions/optimizers.py`.
"""

from __future__ import annotations

import os
import platform
import time
from typing import Any

import numpy as np

from backlit import Dense, Network
from backlit.optim import OPTIMIZERS
from backlit.training.loop.fitting import Fitting
from backlit.training.loop.settings import Settings

ROUNDS, SECONDS = 25, 0.02
SIZES = {"30-32-16-2": (30, (32, 16), 2), "784-256-128-10": (784, (256, 128), 10)}


def fitting(size: str, **given: Any) -> Fitting:
    features, hidden, out = SIZES[size]
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(1024, features)), np.eye(out)[rng.integers(0, out, 1024)]
    net = Network([*(Dense(n, "relu") for n in hidden), Dense(out, "softmax")])
    net.prepare(features, seed=0)
    settings = Settings.of(epochs=10**6, batch_size=32, loss="cross_entropy", threads=1, **given)
    return Fitting(net, {"x": x, "t": t}, {}, settings)


def measured(kinds: dict[str, Fitting]) -> dict[str, float]:
    """The least µs a step of each, in turns."""
    least = dict.fromkeys(kinds, np.inf)
    steps = {}
    for name, one in kinds.items():
        one.loop.run(64)
        begin = time.perf_counter()
        one.loop.run(64)
        steps[name] = max(32, int(SECONDS / ((time.perf_counter() - begin) / 64)))
    for _ in range(ROUNDS):
        for name, one in kinds.items():
            begin = time.perf_counter()
            done = one.loop.run(steps[name])
            least[name] = min(least[name], (time.perf_counter() - begin) / done * 1e6)
    return least


def main() -> None:
    about = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{about}; one thread, batch 32, float32")
    more: dict[str, dict[str, Any]] = {
        "adam": {}, "adam, a second time": {}, "adam, cosine": {"schedule": "cosine", "warm_up": 1},
        "adam, clip_value": {"clip_value": 1.0}, "adam, clip_norm": {"clip_norm": 1.0},
        "adam, weight_decay": {"weight_decay": 1e-4},
    }  # fmt: skip
    others = [name for name in OPTIMIZERS if name not in ("adam", "perceptron", "lbfgs", "gradient_descent")]
    more |= {name: {"optimizer": name} for name in others}
    found = {size: measured({name: fitting(size, **given) for name, given in more.items()}) for size in SIZES}
    print(f"{'µs a step (ratio to adam)':26}" + "".join(f"{size:>22}" for size in SIZES))
    for name in more:
        cells = [f"{found[s][name]:9.2f} ({found[s][name] / found[s]['adam']:.2f})" for s in SIZES]
        print(f"{name:26}" + "".join(f"{cell:>22}" for cell in cells))


if __name__ == "__main__":
    main()
