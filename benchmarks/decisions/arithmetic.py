"""docs/decisions/0004: what fast-math flags would give and take, and the words against what Numba and NumPy have.

    python benchmarks/decisions/arithmetic.py [--repeats 31]

float32, 10,000 numbers, one thread, nanoseconds an element.
"""

from __future__ import annotations

import argparse
import math
from functools import partial

import numba
import numpy as np
from timing import call_timer, instruction_timer, machine_line, medians

from backlit.core.graph import Graph
from backlit.core.lowering import lower
from backlit.machine.runner import Machine
from backlit.ops import REGISTRY

N = 10_000
SOME = {"contract", "reassoc", "nsz", "arcp"}
FLAGS = {"none": False, "some": SOME, "all": True}
F = np.float32


def adam_of(flags):
    """Adam's step, as a loop over the weights."""

    @numba.njit(error_model="numpy", fastmath=flags)
    def adam(w, g, m, v):
        for i in range(w.size):
            m[i] = F(0.9) * m[i] + F(0.1) * g[i]
            v[i] = F(0.999) * v[i] + F(0.001) * (g[i] * g[i])
            w[i] -= F(1e-3) * m[i] / (F(math.sqrt(v[i])) + F(1e-8))

    return adam


def sum_of(flags):
    """A sum as one writes it."""

    @numba.njit(error_model="numpy", fastmath=flags)
    def total(x):
        a = F(0)
        for i in range(x.size):
            a += x[i]
        return a

    return total


def isnan_of(flags):
    @numba.njit(error_model="numpy", fastmath=flags)
    def count(x):
        found = 0
        for i in range(x.size):
            if x[i] != x[i]:
                found += 1
        return found

    return count


def loop_of(word):
    @numba.njit(error_model="numpy")
    def loop(x, y):
        for i in range(x.size):
            y[i] = word(x[i])

    return loop


def machine_of(name: str, x, **attrs) -> Machine:
    """One operation of the registry as a tape of one instruction."""
    graph = Graph()
    machine = Machine(lower({"r": REGISTRY[name](graph.input("x", x.shape), **attrs)}))
    machine["x"] = x
    machine.run()
    return machine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=31)
    repeats = parser.parse_args().repeats
    print(machine_line())
    rng = np.random.default_rng(0)
    x = rng.normal(0, 2, N).astype(F)
    with_nan = x.copy()
    with_nan[7] = np.nan

    times = 100
    runs = {}
    for name, flags in FLAGS.items():
        w, g, m, v = (np.abs(rng.normal(size=N)).astype(F) for _ in range(4))
        runs["adam", name] = call_timer(partial(adam_of(flags), w, g, m, v), times)
        runs["sum", name] = call_timer(partial(sum_of(flags), x), times)
    runs["sum", "ours"] = instruction_timer(machine_of("sum", x, axis=None), times)
    found = medians(runs, repeats)
    print(f"{'fast-math flags':20}{'Adam':>8}{'sum':>8}   NaN found in an array with one")
    for name, flags in FLAGS.items():
        seen = "yes" if isnan_of(flags)(with_nan) == 1 else "no"
        print(f"{name:20}{found['adam', name] / N * 1e9:8.2f}{found['sum', name] / N * 1e9:8.2f}   {seen}")
    print(f"{'eight accumulators':20}{'':8}{found['sum', 'ours'] / N * 1e9:8.2f}   (flags: none)")

    y = np.empty_like(x)
    print(f"\n{'word':20}{'ours':>8}{'Numba':>8}{'NumPy':>8}")
    for name, scalar, vector in (
        ("exp", math.exp, np.exp), ("log1p", math.log1p, np.log1p), ("tanh", math.tanh, np.tanh),
    ):  # fmt: skip
        given = np.abs(x) if name == "log1p" else x
        found = medians(
            {
                "Numba": call_timer(partial(loop_of(scalar), given, y), 20),
                "NumPy": call_timer(partial(vector, given, out=y), times),
                "ours": instruction_timer(machine_of(name, given), times),
            },
            repeats,
        )
        print(f"{name:20}" + "".join(f"{found[key] / N * 1e9:8.2f}" for key in ("ours", "Numba", "NumPy")))


if __name__ == "__main__":
    main()
