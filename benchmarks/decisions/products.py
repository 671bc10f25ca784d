"""docs/decisions/0010: matrix products by SciPy's BLAS and by our own tiles, with one thread and with two.

    python benchmarks/decisions/products.py [--repeats 7]

Each form has its turn in every round; the median of the rounds, in GF/s.  The layouts are those of a layer: the sum
x W, the way back δ Wᵀ, the gradient xᵀ δ.
"""

from __future__ import annotations

import argparse
import statistics

from timing import machine_line

from backlit.bench.machine import blas
from backlit.bench.native import BLAS, OURS, SMALL, Bench, Form

# rows, columns, inner size, and which operand is read transposed
PRODUCTS = (
    (32, 32, 30, 0, 0), (32, 32, 16, 0, 1), (30, 32, 32, 1, 0),
    (64, 128, 64, 0, 0), (64, 10, 128, 0, 0), (64, 128, 10, 0, 1), (128, 10, 64, 1, 0),
    (128, 256, 784, 0, 0), (784, 256, 128, 1, 0), (128, 256, 128, 0, 1),
    (256, 1024, 784, 0, 0), (256, 1024, 1024, 0, 1), (784, 1024, 256, 1, 0), (1024, 1024, 256, 1, 0),
)  # fmt: skip
FORMS = {
    "BLAS": ("", BLAS), "tiles": ("", OURS), "BLAS, its own 2": ("blas", BLAS),
    "tiles, rows": ("rows", OURS), "tiles, columns": ("columns", OURS),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    repeats = parser.parse_args().repeats
    bench = Bench("float32")
    print(machine_line())
    print(f"BLAS: {', '.join(blas())}")
    print(f"{'GF/s':26}" + "".join(f"{name:>17}" for name in FORMS))
    for m, n, k, left, right in PRODUCTS:
        found: dict[str, list[float]] = {}
        for _ in range(repeats):
            for name, (split, by) in FORMS.items():
                if split and m * n * k <= SMALL:
                    continue
                form = Form(right, left, split, by)  # a Form names the right operand first, as BLAS does
                bench.product(m, n, k, form, 0.02)  # the second core needs some ms to wake
                seconds = bench.product(m, n, k, form, 0.02)
                found.setdefault(name, []).append(2e-9 * m * n * k / seconds)
        text = f"({m}, {k}){'ᵀ' if left else ''} · ({k}, {n}){'ᵀ' if right else ''}"
        cells = (f"{statistics.median(found[name]):17.0f}" if name in found else f"{'':17}" for name in FORMS)
        print(f"{text:26}" + "".join(cells))


if __name__ == "__main__":
    main()
