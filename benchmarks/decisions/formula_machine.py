"""docs/decisions/0002: SiLU and its backward pass, fused, on the formula machine, and in NumPy.

    python benchmarks/decisions/formula_machine.py [--repeats 31]

float32, one thread.  "by hand" is u / (1 + exp(-u)) and its derivative with every step into an array that is there
already; "word by word" is the interpreter's way, the same formula as the machine's.
"""

from __future__ import annotations

import argparse
from unittest import mock

import numpy as np
from timing import call_timer, instruction_timer, machine_line, medians

from backlit.core.graph import Graph
from backlit.core.lowering import lower
from backlit.machine import render
from backlit.machine.runner import Machine
from backlit.ops import formula as fm
from backlit.ops.activation.gated import silu
from backlit.ops.arithmetic import mul


def tape_of(what: str, n: int):
    """One instruction: o = silu(u), or δᵘ = δᵒ · f′(u)."""
    graph = Graph()
    u = graph.input("u", (n,))
    o = silu(u)
    return lower({"r": o if what == "forward" else mul(graph.input("g", (n,)), silu.local(o))})


def machine_of(what: str, n: int, fused: bool) -> Machine:
    tape = tape_of(what, n)
    assert len(tape.instructions) == 1
    if fused:
        machine = Machine(tape, engine="compiled")
    else:
        with mock.patch.object(render, "hot_formulas", return_value=frozenset()):
            machine = Machine(tape, engine="compiled")
    fill(machine, n)
    machine.run()
    return machine


def fill(machine, n: int) -> None:
    rng = np.random.default_rng(0)
    for name in ("u", "g"):
        values = rng.normal(0, 2, n)
        if name in machine.tape.names:
            machine[name] = values


def by_hand(what: str, n: int):
    rng = np.random.default_rng(0)
    u, g = (rng.normal(0, 2, n).astype(np.float32) for _ in "ug")
    s, r = np.empty_like(u), np.empty_like(u)
    one = np.float32(1)

    def forward():
        np.negative(u, out=s)
        np.exp(s, out=s)
        np.add(s, one, out=s)
        return np.divide(u, s, out=r)

    def backward():
        np.negative(u, out=s)
        np.exp(s, out=s)
        np.add(s, one, out=s)
        np.divide(one, s, out=s)  # σ(u)
        np.subtract(one, s, out=r)
        np.multiply(u, r, out=r)
        np.add(r, one, out=r)
        np.multiply(s, r, out=r)
        return np.multiply(g, r, out=r)

    return forward if what == "forward" else backward


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=31)
    repeats = parser.parse_args().repeats
    print(machine_line())
    print(f"{'':25} | {'formula':>16}{'NumPy':>9}{'NumPy, word':>13}")
    print(f"{'ns an element':16}{'elements':>9} | {'fused':>7}{'machine':>9}{'by hand':>9}{'by word':>13}{'words':>7}")
    for what in ("forward", "backward"):
        words = fm.size(tape_of(what, 16).instructions[0].formula)
        for n in (16, 1_000, 100_000):
            times = max(3, 3_000_000 // (n + 300))
            fused, slow = machine_of(what, n, True), machine_of(what, n, False)
            plain = tape_of(what, n).instructions[0].formula
            rng = np.random.default_rng(0)
            given = {f"x{i}": rng.normal(0, 2, n).astype(np.float32) for i in range(2)}
            hand = by_hand(what, n)
            assert np.allclose(fused["r"], slow["r"], rtol=1e-6, atol=1e-7)
            assert np.allclose(fused["r"], hand(), rtol=1e-5, atol=1e-6)
            few = max(3, times // 20)
            runs = {
                "fused": instruction_timer(fused, times),
                "machine": instruction_timer(slow, times),
                "by hand": call_timer(hand, few),
                "words": call_timer(lambda plain=plain, given=given: fm.evaluate(plain, given, np.float32), few),
            }
            ns = {name: seconds / n * 1e9 for name, seconds in medians(runs, repeats).items()}
            row = f"{ns['fused']:7.2f}{ns['machine']:9.2f}{ns['by hand']:9.2f}{ns['words']:13.2f}"
            print(f"{what:16}{n:9} | {row}{words:7}")


if __name__ == "__main__":
    main()
