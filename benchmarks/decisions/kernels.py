"""docs/decisions/0002: what a compiled kernel costs: time to compile, time to load, memory; and a new network.

    python benchmarks/decisions/kernels.py [--kernels 12]

In processes of their own, with a cache folder of their own.  Memory is what the process holds (Linux only).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

CHILD = """
import sys, time
import numpy as np
from backlit.machine import render, unit
from backlit.ops import parse
from backlit.ops import formula as fm

def held():
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096 / 1e6
    except OSError:
        return float("nan")

def kernel(text):
    begin = time.perf_counter()
    unit.kernel_address("fused", text, "float32")
    return time.perf_counter() - begin

def text(i):
    formula = fm.number([parse(f"u / (1 + abs(u)) * exp(-u) + {i} * u")])[0]
    return render.fused_text(formula, 1, 0, [-1])

kernel(text(1000))  # the first one also loads Numba
before = held()
times = [kernel(text(i)) for i in range(int(sys.argv[1]))]
memory = (held() - before) / len(times)
begin = time.perf_counter()
unit.kernel_address("formula", f"BLOCK = {render.BLOCK}\\n\\n" + render.formula_machine_text(), "float32")
machine = time.perf_counter() - begin
from backlit.machine.backend import unit_body
begin = time.perf_counter()
unit.functions("loop", unit_body("loop"), "float32")
loop = time.perf_counter() - begin
print(*times, memory, machine, loop)
"""

NETWORK = """
import time
import numpy as np
from backlit.machine import unit
from backlit.nn import Dense
from backlit.training.objects.network import Network
rng = np.random.default_rng(0)

def first_step(widths):
    x = rng.normal(size=(64, widths[0])); t = x[:, 0]
    begin = time.perf_counter()
    Network([*(Dense(w, "silu") for w in widths[1:]), Dense(1)]).fit(x, t, epochs=1)
    return time.perf_counter() - begin

first = first_step((30, 32, 16))
known = len(unit.compiled)
later = sorted(first_step((30, 20 + i, 10 + i)) for i in range(9))[4]
typed = len(unit.compiled)
x = rng.normal(size=(64, 3))
begin = time.perf_counter()
Network([Dense(5, "u / (1 + abs(u)) + sin(u)"), Dense(1)]).fit(x, x[:, 0], epochs=1)
print(first, known, later, typed - known, time.perf_counter() - begin, len(unit.compiled) - typed)
"""


def child(source: str, folder: str, *arguments: str) -> list[float]:
    environment = {**os.environ, "BACKLIT_CACHE": folder}
    done = subprocess.run(
        [sys.executable, "-c", source, *arguments], env=environment, capture_output=True, text=True, check=True
    )
    return [float(word) for word in done.stdout.split()]


def main() -> None:
    from timing import machine_line

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernels", type=int, default=12)
    n = parser.parse_args().kernels
    print(machine_line())
    with tempfile.TemporaryDirectory() as folder:
        for way in ("compiled", "loaded"):
            *times, memory, machine, loop = child(CHILD, folder, str(n))
            print(f"a fused kernel {way}: {statistics.median(times) * 1e3:6.1f} ms, {memory:.2f} MB;"
                  f"  the formula machine: {machine * 1e3:6.0f} ms;  the loop: {loop * 1e3:6.0f} ms")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        for state in ("empty", "filled"):
            first, known, later, more, typed, new = child(NETWORK, folder)
            print(f"cache {state}: first network trained after {first * 1e3:6.0f} ms, {known:.0f} units compiled;"
                  f"  another shape {later * 1e3:.0f} ms, {more:.0f};  a typed formula {typed * 1e3:.0f} ms, {new:.0f}"
            )  # fmt: skip


if __name__ == "__main__":
    main()
