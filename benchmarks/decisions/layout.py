"""docs/decisions/0007: the three matrix products of a dense layer with the weight stored (in, out) and (out, in).

    python benchmarks/decisions/layout.py [--repeats 31]

float32, one thread.  u = x W forward; ∂E/∂x = δ Wᵀ and ∂E/∂W = xᵀ δ backward; in the other layout u = x Wᵀ,
∂E/∂x = δ W and ∂E/∂W = δᵀ x.  The first layer needs no ∂E/∂x.
"""

from __future__ import annotations

import argparse

import numpy as np
from timing import instruction_timer, machine_line, medians

from backlit.core.graph import Graph
from backlit.core.lowering import lower
from backlit.machine.runner import Machine
from backlit.ops.linear import matmul

SHAPES = ((32, 30, 32), (32, 64, 128), (128, 256, 128), (128, 784, 256))


def machine_of(product: str, layout: str, rows: int, into: int, out: int) -> Machine:
    graph = Graph()
    x, d = graph.input("x", (rows, into)), graph.input("d", (rows, out))
    inside = layout == "(in, out)"
    w = graph.input("w", (into, out) if inside else (out, into))
    made = {
        "u": lambda: matmul(x, w, tb=not inside),
        "∂x": lambda: matmul(d, w, tb=inside),
        "∂W": lambda: matmul(x, d, ta=True) if inside else matmul(d, x, ta=True),
    }[product]()
    machine = Machine(lower({"r": made}))
    rng = np.random.default_rng(0)
    for name in ("x", "d", "w"):
        if name in machine.tape.names:
            machine[name] = rng.normal(size=machine[name].shape)
    machine.run()
    return machine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=31)
    repeats = parser.parse_args().repeats
    print(machine_line())
    print("billions of operations a second; the sum is the time of all three in µs, and without ∂x")
    print(f"{'rows, in, out':17}{'stored':11}{'u':>8}{'∂x':>8}{'∂W':>8}{'all':>9}{'first layer':>13}")
    for rows, into, out in SHAPES:
        work = 2 * rows * into * out
        runs = {
            (layout, product): instruction_timer(machine_of(product, layout, rows, into, out), 20_000_000 // work + 3)
            for layout in ("(in, out)", "(out, in)")
            for product in ("u", "∂x", "∂W")
        }
        found = medians(runs, repeats)
        for layout in ("(in, out)", "(out, in)"):
            u, dx, dw = (found[layout, product] for product in ("u", "∂x", "∂W"))
            rates = "".join(f"{work / t / 1e9:8.0f}" for t in (u, dx, dw))
            print(f"{f'{rows}, {into}, {out}':17}{layout:11}{rates}{(u + dx + dw) * 1e6:9.1f}{(u + dw) * 1e6:13.1f}")


if __name__ == "__main__":
    main()
