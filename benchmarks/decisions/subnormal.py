"""docs/speed.md: steps whose gradients are subnormal numbers, next to steps with ordinary ones.

    python benchmarks/decisions/subnormal.py [--repeats 15]

64-64-64-10 tanh, batches of 64, float32, one thread.  The loss is (o - t)² times a factor, which makes the gradients,
or their squares in the optimizer's state, as small as is wanted.  The least time of a thread: others do not count.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from timing import machine_line

from backlit import Dense, Network
from backlit.training.loop.fitting import Fitting
from backlit.training.loop.settings import Settings

FACTORS = (1.0000001, 1e-19, 1e-20, 1e-21, 1e-37, 1e-40)
STEPS = 100


def loop_of(factor: float, optimizer: str) -> object:
    rng = np.random.default_rng(0)
    net = Network([Dense(64, "tanh"), Dense(64, "tanh"), Dense(10)])
    net.prepare(64, seed=0)
    rows = {"x": rng.normal(size=(640, 64)), "t": rng.normal(size=(640, 10))}
    given = {"optimizer": optimizer, "learning_rate": 1e-6, "epochs": 10**6, "batch_size": 64, "threads": 1}
    return Fitting(net, rows, {}, Settings.of(loss=f"(o - t)**2 * {factor!r}", **given)).loop


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    repeats = parser.parse_args().repeats
    print(machine_line())
    print(f"{'times a step, factor:':22}" + "".join(f"{factor:>9.0e}" for factor in FACTORS))
    for optimizer in ("sgd", "adam", "rmsprop"):
        loops = {factor: loop_of(factor, optimizer) for factor in FACTORS}
        least = dict.fromkeys(FACTORS, np.inf)
        for _ in range(repeats):
            for factor, loop in loops.items():
                begin = time.thread_time()
                loop.run(STEPS)
                least[factor] = min(least[factor], (time.thread_time() - begin) / STEPS)
        print(f"{optimizer:22}" + "".join(f"{least[factor] / least[FACTORS[0]]:9.2f}" for factor in FACTORS))


if __name__ == "__main__":
    main()
